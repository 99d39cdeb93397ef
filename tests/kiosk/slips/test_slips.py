"""The slips besides the ticket, as paper: what stands on them, what never does, and their pictures in docs."""

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from drivers.contract.thermal_printer import Columns, Text
from kiosk.api.blanks import DayClosed, FedReckoned
from kiosk.slips import closing_blocks, letter_blocks, masked
from tests.kiosk.slips.samples import CLOSE, JAKARTA, KIOSK, LETTER, OFFICE, RECEIPT, SLIPS, paper

DOCS = Path(__file__).parents[3] / "docs"


async def test_a_receipt_says_what_when_and_where_and_that_it_is_free() -> None:
    picture, text = await paper(SLIPS["receipt"])
    for expected in ("TANDA TERIMA", "PRR-000417", "KTP-el diserahkan", "KIOSK-CONTOH-01", "di loket", "GRATIS"):
        assert expected in text
    assert "23-11-2026" in text
    assert "12:12 WIB" in text
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [RECEIPT.number]


async def test_a_letters_slip_says_how_long_it_holds_and_shows_no_birth_date() -> None:
    picture, text = await paper(SLIPS["letter"])
    for expected in ("470/0123/XI/2026", "23-05-2027", "blangko KTP-el habis", "Bukan bukti identitas"):
        assert expected in text
    assert "317123******0001" in text
    assert LETTER.nik not in text
    assert LETTER.nik not in repr(LETTER)
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [LETTER.token]


@pytest.mark.parametrize("wrong", ["", "317123456789000", "31712345678900011", "317123456789000x", "３171234567890001"])
def test_what_is_no_nik_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(ValueError, match="16 digits") as caught:
        masked(wrong)
    assert not wrong or wrong not in str(caught.value)


async def test_a_days_close_shows_the_count_beside_the_books_and_is_signed_by_two() -> None:
    picture, text = await paper(SLIPS["close"])
    for expected in ("TUTUP HARI", "Pengambilan KTP-el", "131/131", "45/44 (-1)", "135/135", "2914", "OFFICER-2"):
        assert expected in text
    assert "SELISIH / DIFFERENCE: kasus/case 3" in text
    assert "Kasus 3: HILANG / MISSING, Hopper" in text
    assert "OFFICER-1: 1 override, 1 load" in text
    assert CLOSE.audit_head in text.replace(" ", "").replace("\n", "")
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [CLOSE.witness]


def test_only_a_count_that_agrees_is_said_to_agree() -> None:
    even = CLOSE.model_copy(
        update={
            "counts": [one.model_copy(update={"difference": 0, "case": None}) for one in CLOSE.counts],
            "cases": [],
            "fed": None,
        }
    )

    def said(day: DayClosed) -> list[str]:
        blocks = closing_blocks(day, KIOSK, OFFICE, simulated=False, timezone=JAKARTA)
        return [
            block.text if isinstance(block, Text) else block.right
            for block in blocks
            if isinstance(block, (Text, Columns))
        ]

    assert "Hitungan cocok / The count agrees" in said(even)
    assert "tidak ada / none" in said(even)  # the printer said nothing, and the slip says so
    odd = even.model_copy(update={"fed": FedReckoned(before=10, now=15, booked=4, difference=1, case=7)})
    assert "SELISIH / DIFFERENCE: kasus/case 7" in said(odd)
    assert "4/5 (+1)" in said(odd)
    assert not any("cocok" in line for line in said(odd))


def test_only_a_simulated_slip_says_that_it_is_worthless() -> None:
    real = letter_blocks(LETTER, OFFICE, simulated=False, timezone=JAKARTA)
    assert not any(isinstance(block, Text) and "SPECIMEN" in block.text for block in real)


@pytest.mark.parametrize("name", SLIPS)
async def test_the_picture_in_docs_is_what_comes_out_of_the_printer_today(name: str) -> None:
    picture, _ = await paper(SLIPS[name])
    with Image.open(DOCS / f"slip-{name}.png") as kept:
        same = kept.convert("L").tobytes() == picture.convert("1").convert("L").tobytes()
    assert same, "python -m tests.tools.make_slip_previews"
    assert picture.height / 8 < (250 if name == "close" else 200), "millimetres"
