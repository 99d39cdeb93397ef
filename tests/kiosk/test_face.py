"""The card's face: whole, legible, in the right ink, and honest when something does not fit."""

import base64
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from kiosk import fonts
from kiosk.cards.face import render_front
from kiosk.cards.layout import PRINTED, TEMPLATE, TemplateError, layout
from kiosk.cards.record import CardRecord
from kiosk.cards.typesetting import FaceError, fit

PHOTO_AREA = (771, 139, 965, 397)


def png(image: Image.Image, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    image.save(held, kind)
    return base64.b64encode(held.getvalue())


def portrait() -> bytes:
    picture = Image.new("RGB", (480, 640), (178, 30, 40))
    ImageDraw.Draw(picture).ellipse((130, 120, 350, 420), fill=(0, 0, 0))
    return png(picture, "JPEG")


def signature() -> bytes:
    picture = Image.new("L", (400, 160), 255)
    ImageDraw.Draw(picture).line((20, 120, 200, 20, 380, 140), fill=0, width=6)
    return png(picture)


def record(**changes: Any) -> CardRecord:
    fields: dict[str, Any] = {
        "nik": "3174014501900001",
        "name": "SITI CONTOH",
        "birth_place": "JAKARTA",
        "birth_date": date(1990, 1, 5),
        "sex": "PEREMPUAN",
        "blood": "O",
        "address": "JL. CONTOH RAYA NO. 17",
        "rt_rw": "004/011",
        "village": "CONTOH UTARA",
        "district": "CONTOH LAMA",
        "regency": "KOTA CONTOH SELATAN",
        "province": "DKI JAKARTA",
        "religion": "ISLAM",
        "marital": "KAWIN",
        "occupation": "KARYAWAN SWASTA",
        "citizenship": "WNI",
        "valid_until": "SEUMUR HIDUP",
        "issue_place": "KOTA CONTOH SELATAN",
        "issue_date": date(2024, 3, 2),
        "document_number": "SPC000123",
        "photo": portrait(),
        "signature": signature(),
        "fingers": (),
    }
    return CardRecord.model_validate({**fields, **changes})


def black(face: Image.Image) -> Image.Image:
    """255 where the face is pure black, which is what goes to the black panel."""
    red, green, blue = face.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue).point([255] + [0] * 255)


def test_the_face_is_a_card_at_300_dpi() -> None:
    face = render_front(record(), specimen=True)
    assert (face.size, face.mode) == ((1016, 648), "RGB")


@pytest.mark.parametrize(
    "changed",
    [
        {"province": "BALI"}, {"regency": "KOTA LAIN"}, {"nik": "3174014501900002"}, {"name": "BUDI CONTOH"},
        {"birth_place": "MEDAN"}, {"birth_date": date(1991, 1, 5)}, {"sex": "LAKI-LAKI"}, {"blood": "AB"},
        {"address": "JL. LAIN"}, {"rt_rw": "001/002"}, {"village": "LAIN"}, {"district": "LAIN"},
        {"religion": "HINDU"}, {"marital": "BELUM KAWIN"}, {"occupation": "PETANI"}, {"citizenship": "WNA"},
        {"valid_until": "01-02-2030"}, {"issue_place": "KOTA LAIN"}, {"issue_date": date(2024, 3, 9)},
        {"signature": None}, {"photo": png(Image.new("RGB", (480, 640), "blue"), "JPEG")},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_every_field_the_law_asks_for_shows_on_the_face(changed: dict[str, Any]) -> None:
    one, other = render_front(record(), specimen=True), render_front(record(**changed), specimen=True)
    assert ImageChops.difference(one, other).getbbox() is not None


def test_all_text_is_pure_black_without_grey_edges() -> None:
    with_name, without = render_front(record(), specimen=True), render_front(record(name="."), specimen=True)
    changed = ImageChops.difference(with_name, without).convert("L").point([0] + [255] * 255)
    inked = ImageChops.lighter(black(with_name), black(without))
    assert ImageChops.subtract(changed, inked).getbbox() is None, "a dot of text that is neither black nor ground"


def test_the_photo_gives_nothing_to_the_black_panel() -> None:
    assert black(render_front(record(), specimen=False)).crop(PHOTO_AREA).getbbox() is None


def test_the_specimen_mark_is_plain_to_see_and_takes_no_letter_away() -> None:
    marked, plain = render_front(record(), specimen=True), render_front(record(), specimen=False)
    where = ImageChops.difference(marked, plain)
    box = where.getbbox()
    assert box is not None
    assert box[2] - box[0] > 800
    assert box[3] - box[1] > 400
    assert ImageChops.difference(black(marked), black(plain)).getbbox() is None
    photo = where.crop(PHOTO_AREA).convert("L").point([0] * 40 + [255] * 216)
    assert photo.getbbox() is not None, "the photo is marked too"


def test_long_fields_shrink_and_wrap_and_stay_on_the_card() -> None:
    face = render_front(
        record(
            name="RADEN MAS PANJI ARYO CONTOHNEGORO WIRATMADJA SURYADININGRAT PUTRA BENDORO HADIWINOTO CONTOH, S.T.",
            address="JALAN PERINTIS CONTOH KILOMETER DUA BELAS PERUMAHAN GRIYA PESONA BLOK CC NOMOR 127 LANTAI DUA",
            birth_place="KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO",
            occupation="ANGGOTA LEMBAGA TINGGI NEGARA LAINNYA DAN SEJENISNYA",
            regency="KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO",
            issue_place="KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO",
        ),
        specimen=False,
    )
    text = black(face)
    margins = [(0, 0, 1016, 12), (0, 630, 1016, 648), (0, 0, 30, 648), (990, 0, 1016, 648), (740, 120, 758, 648)]
    for margin in margins:
        assert text.crop(margin).getbbox() is None, f"text in {margin}"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "W" * 120}, "name"),
        ({"address": "W" * 120}, "address"),
        ({"village": "W" * 60}, "village"),
        ({"province": "W" * 60}, "province"),
        ({"issue_place": "W" * 60}, "issue_place"),
        ({"name": "SITI \u4e00"}, "name"),
        ({"name": "SITI\u0007"}, "name"),
        ({"photo": base64.b64encode(b"not a picture")}, "photo"),
        ({"photo": base64.b64encode(base64.b64decode(portrait())[:700])}, "photo"),
        ({"signature": base64.b64encode(b"\x89PNG\r\n\x1a\n1234")}, "signature"),
    ],
)
def test_what_cannot_be_drawn_whole_is_refused_naming_the_field_only(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(FaceError) as refused:
        render_front(record(**changed), specimen=True)
    assert str(refused.value).startswith(f"{field}:")
    assert "SITI" not in str(refused.value)
    assert "WWW" not in str(refused.value)


def test_many_long_fields_together_are_refused_rather_than_squeezed() -> None:
    long = "WWWWWWW " * 7
    with pytest.raises(FaceError, match="too long together"):
        render_front(
            record(
                name=long + long[:24], address=long + long[:24], birth_place=long, village=long, district=long,
                occupation=long, religion=long[:40], marital=long[:40],
            ),
            specimen=True,
        )  # fmt: skip


def test_a_line_of_text_is_as_large_as_its_room_allows() -> None:
    def set_in(width: float) -> tuple[float, int]:
        block = fit("KABUPATEN CONTOH", fonts.REGULAR, width=width, sizes=(30, 15), lines=2, field="f")
        return block.font.size, len(block.lines)

    assert set_in(1000) == (30, 1)
    size, lines = set_in(200)
    assert (15 < size < 30, lines) == (True, 1)
    assert set_in(120) == (15, 2)


def test_the_typefaces_come_with_their_licence() -> None:
    assert fonts.REGULAR.is_file()
    assert fonts.BOLD.is_file()
    assert "SIL OPEN FONT LICENSE" in fonts.REGULAR.with_name("OFL.txt").read_text()


# -- the template ------------------------------------------------------------------------------------------------------
def test_the_template_names_every_printed_field_of_the_record() -> None:
    named = TEMPLATE.read_text()
    drawn_apart = {"nik", "issue_place", "issue_date", "document_number"}
    for field in PRINTED - drawn_apart:
        assert f"{{{field}" in named or f"{{{field}_" in named, field


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('text = "{name}"', 'text = "{nama}"', r"rows\.field\.0\.text: .*no such field: nama"),
        ("size = [36, 20]", "size = [20, 36]", r"header\.0\.size: .*largest size comes first"),
        ("value = [280, 730]", "value = [280, 1730]", r"rows\.value\.1"),
        ("gap = 14", "gape = 14", r"issue\.(gap|gape)"),
        ("[photo]", "[photo", "not TOML"),
    ],
)
def test_a_wrong_template_is_refused_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    wrong = tmp_path / "face.toml"
    text = TEMPLATE.read_text()
    assert old in text
    wrong.write_text(text.replace(old, new, 1))
    with pytest.raises(TemplateError, match=complaint):
        layout(wrong)


def test_the_template_decides_where_a_field_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = tmp_path / "face.toml"
    moved.write_text(TEMPLATE.read_text().replace("top = 184", "top = 214", 1))
    before = render_front(record(), specimen=False)
    monkeypatch.setattr("kiosk.cards.face.layout", lambda: layout(moved))
    after = render_front(record(), specimen=False)
    assert black(before).crop((40, 184, 730, 212)).getbbox() is not None
    assert black(after).crop((40, 184, 730, 212)).getbbox() is None
