"""The specimen person with whom a technician tries a card: invented, and marked so in every field that has room."""

import base64
import io
from datetime import date

from PIL import Image, ImageDraw

from kiosk.biometrics import template
from kiosk.cards.record import CardRecord

DOCUMENT_NUMBER = "SPECIMEN0"
_RIDGES = 40


def specimen() -> CardRecord:
    """Always the same."""
    return CardRecord.model_validate(
        {
            "nik": "9999014101010001",
            "name": "CONTOH SPECIMEN",
            "birth_place": "KOTA CONTOH",
            "birth_date": date(2001, 1, 1),
            "sex": "PEREMPUAN",
            "blood": "-",
            "address": "JL. SPECIMEN NO. 0",
            "rt_rw": "000/000",
            "village": "DESA CONTOH",
            "district": "KECAMATAN CONTOH",
            "regency": "KOTA CONTOH",
            "province": "PROVINSI SPECIMEN",
            "religion": "-",
            "marital": "-",
            "occupation": "SPECIMEN",
            "citizenship": "WNI",
            "valid_until": "SEUMUR HIDUP",
            "issue_place": "KOTA CONTOH",
            "issue_date": date(2026, 1, 1),
            "document_number": DOCUMENT_NUMBER,
            "photo": base64.b64encode(_portrait()),
            "signature": base64.b64encode(_signature()),
            "fingers": [
                {"position": "right_index", "template": base64.b64encode(_finger(2))},
                {"position": "left_index", "template": base64.b64encode(_finger(7))},
            ],
        }
    )


def _portrait() -> bytes:
    """A head that is nobody's."""
    picture = Image.new("RGB", (480, 640), (200, 60, 50))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 460, 420, 860), fill=(70, 80, 110))
    draw.ellipse((140, 140, 340, 420), fill=(222, 190, 160))
    for x in (195, 265):
        draw.ellipse((x, 250, x + 20, 270), fill=(40, 30, 30))
    draw.arc((190, 300, 290, 370), 20, 160, fill=(120, 60, 60), width=6)
    draw.text((240, 600), "SPECIMEN", fill="white", anchor="mm", font_size=48)
    return _saved(picture, "JPEG")


def _signature() -> bytes:
    picture = Image.new("L", (480, 160), 255)
    ImageDraw.Draw(picture).line((20, 120, 90, 30, 140, 130, 220, 40, 260, 120, 460, 60), fill=0, width=6)
    return _saved(picture, "PNG")


def _finger(position: int) -> bytes:
    """Minutiae on a spiral, which no finger has."""
    points = tuple(
        template.Minutia(
            template.Kind(1 + index % 2),
            150 + (index * 31 % 120) * (1 if index % 2 else -1),
            150 + (index * 53 % 120) * (1 if index % 3 else -1),
            (index * 37 + position) % 256,
            60,
        )
        for index in range(_RIDGES)
    )
    return template.encode(template.Template(300, 300, (template.View(points, position, quality=60),)))


def _saved(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()
