"""The slips besides the ticket, as paper: what stands on them, what never does, and their pictures in docs."""

from dataclasses import replace
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from drivers.contract.thermal_printer import Text
from kiosk.slips import closing_blocks, letter_blocks, masked
from tests.kiosk.slips.samples import CARDS, CLOSE, JAKARTA, LETTER, OFFICE, RECEIPT, SLIPS, paper

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


async def test_a_days_close_adds_up_and_is_signed_by_two() -> None:
    _, text = await paper(SLIPS["close"])
    for expected in ("TUTUP HARI", "Pengambilan KTP-el", "131/131", "-131", "2914", "Petugas 1", "Petugas 2"):
        assert expected in text
    assert CLOSE.audit_digest in text.replace(" ", "").replace("\n", "")
    assert "Semua blangko ada" in text
    assert CARDS.missing == 0


def test_a_blank_that_is_nowhere_is_printed_as_missing() -> None:
    odd = replace(CLOSE, cards=replace(CARDS, at_close=145))
    said = [
        block.text
        for block in closing_blocks(odd, OFFICE, simulated=False, timezone=JAKARTA)
        if isinstance(block, Text)
    ]
    assert "SELISIH / DIFFERENCE: +1" in said
    assert not any("Semua blangko" in line for line in said)


def test_only_a_simulated_slip_says_that_it_is_worthless() -> None:
    real = letter_blocks(LETTER, OFFICE, simulated=False, timezone=JAKARTA)
    assert not any(isinstance(block, Text) and "SPECIMEN" in block.text for block in real)


@pytest.mark.parametrize("name", SLIPS)
async def test_the_picture_in_docs_is_what_comes_out_of_the_printer_today(name: str) -> None:
    picture, _ = await paper(SLIPS[name])
    with Image.open(DOCS / f"slip-{name}.png") as kept:
        assert kept.convert("L").tobytes() == picture.convert("1").convert("L").tobytes(), (
            "python -m tests.tools.make_slip_previews"
        )
    assert picture.height / 8 < 200, "millimetres"
