"""A resident who does not exist."""

import base64
import io
from datetime import date
from typing import Any

from PIL import Image

from kiosk.cards.record import CardRecord


def photo(width: int = 720, height: int = 960) -> bytes:
    """A JPEG with enough in it that it does not become small by itself."""
    noise = Image.effect_noise((width // 4, height // 4), 90).resize((width, height))
    out = io.BytesIO()
    Image.merge("RGB", (noise, noise.rotate(180), Image.radial_gradient("L").resize((width, height)))).save(out, "JPEG")
    return out.getvalue()


def resident(**other: Any) -> CardRecord:
    """SITI SPECIMEN; any field may be another."""
    return CardRecord.model_validate(
        {
            "nik": "3201015705900001",
            "name": "SITI SPECIMEN",
            "birth_place": "BOGOR",
            "birth_date": date(1990, 5, 17),
            "sex": "PEREMPUAN",
            "blood": "O",
            "address": "JL. CONTOH NO. 1",
            "rt_rw": "001/002",
            "village": "CONTOH",
            "district": "CONTOH TENGAH",
            "regency": "KOTA CONTOH",
            "province": "CONTOH",
            "religion": "ISLAM",
            "marital": "BELUM KAWIN",
            "occupation": "GURU",
            "citizenship": "WNI",
            "valid_until": "SEUMUR HIDUP",
            "issue_place": "KOTA CONTOH",
            "issue_date": date(2026, 1, 2),
            "document_number": "SPC000001",
            "photo": base64.b64encode(photo()),
            "fingers": (),
            **other,
        }
    )
