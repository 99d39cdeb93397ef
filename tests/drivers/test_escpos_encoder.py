"""A slip's blocks become the bytes that the manual asks for, and nothing a printer would take for a command."""

import re

import pytest
from escpos.printer import Dummy
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks import raster as raster_bench
from drivers.contract.errors import DeviceError
from drivers.contract.thermal_printer import Align, Block, Columns, Feed, Picture, Qr, Rule, Text
from drivers.contract.words import Completion, JobOutcome
from drivers.thermal_printer.escpos import raster
from drivers.thermal_printer.escpos.encoder import COLUMNS, encode, plain
from drivers.thermal_printer.escpos.models import MODELS
from tests.golden.escpos import golden

GOLDEN: tuple[Block, ...] = (
    Text("Kantor Contoh", bold=True, align=Align.CENTRE),
    Text("A-017", size=8, align=Align.CENTRE),
    Rule(),
    Columns("Menunggu", "7 orang"),
    Feed(2),
    Qr("ANJ1-017", module=6),
    Text("Café – “x”"),
)


def lines(*blocks: Block) -> list[str]:
    """The text lines among the bytes, by what they print."""
    text = b"".join(encode(blocks)[1:-1]).decode("latin-1")
    return re.sub(r"\x1d!.|\x1b[Eatd].", "", text).split("\n")[:-1]


def test_a_ticket_is_byte_for_byte_what_the_manual_asks_for() -> None:
    assert b"".join(encode(GOLDEN)) == golden("ticket")


def test_a_broken_slip_is_cut_off_before_the_next_begins() -> None:
    with_cut = encode(GOLDEN, cut_first=True)
    assert with_cut[1] == b"\x1dVB\x00"
    assert with_cut[:1] + with_cut[2:] == encode(GOLDEN)


def test_a_long_line_is_wrapped_between_words_at_its_size() -> None:
    said = lines(Text("Dinas Kependudukan dan Pencatatan Sipil", size=3))
    assert said == ["Dinas", "Kependudukan dan", "Pencatatan Sipil"]
    assert all(len(line) <= COLUMNS // 3 for line in said)


def test_a_word_longer_than_the_paper_is_broken_and_not_lost() -> None:
    assert "".join(lines(Text("x" * 100))) == "x" * 100


def test_columns_that_do_not_fit_one_line_take_two() -> None:
    left, right = "L" * 40, "R" * 20
    assert lines(Columns(left, right)) == [left, right.rjust(COLUMNS)]


def test_an_empty_line_is_a_line() -> None:
    assert lines(Text("")) == [""]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Ketut\x1b@\x10\x04\x01\x07Sari", "Ketut@Sari"),
        ("dua\nbaris\tdan\u2028lagi", "dua baris dan lagi"),
        ("Müller Ñandú €5", "Müller Ñandú €5"),
        ("Ştefan Đỗ", "Ştefan Đo"),
        ("e\u0301", "é"),
        ("Łukasz Kovačević Öztürk Žemaitė", "Łukasz Kovačević Öztürk Žemaitė"),
        ("漢字 \U0001f600", "?? ?"),
        ("nol\u200blebar\ufeff", "nollebar"),
    ],
)
def test_what_no_page_shows_becomes_its_plain_letter_and_commands_disappear(given: str, shown: str) -> None:
    assert plain(given) == shown


@given(st.text(max_size=200))
@settings(max_examples=2000, deadline=None)
def test_no_text_brings_a_control_byte_to_the_printer(text: str) -> None:
    body = b"".join(encode((Text(text), Columns(text, text)))[1:-1])
    bare = re.sub(rb"\x1d!.|\x1b[Eatd].", b"", body, flags=re.DOTALL)
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", bare)


def test_a_qr_code_is_made_smaller_until_it_fits_the_paper() -> None:
    stream = b"".join(encode((Qr("x" * 500, module=16),)))
    module = stream[stream.index(b"\x1d(k\x03\x001C") + 7]
    assert 1 < module < 16
    assert (4 + 85 + 4) * module <= 576, "version 17 with level M holds 504 bytes in 85 modules a side"


@pytest.mark.parametrize("data", ["a\x10\x04\x01", "a\nb", "x" * 3000])
def test_a_code_that_cannot_be_is_refused(data: str) -> None:
    with pytest.raises(DeviceError) as caught:
        encode((Qr(data),))
    assert caught.value.completion is Completion.INVALID_DATA
    assert caught.value.outcome is JobOutcome.FAILED
    assert data not in str(caught.value), "a code is nobody's business"


def test_a_picture_wider_than_the_paper_is_refused() -> None:
    with pytest.raises(DeviceError, match="577x1"):
        encode((Picture(Image.new("L", (577, 1))),))


def test_no_picture_holds_a_command_that_printers_obey_at_once() -> None:
    rows = bytes.fromhex("1004011005021014") * 9
    picture = Image.frombytes("1", (576, 200), rows * 200).convert("L").point(lambda grey: 255 - grey)
    pieces = encode((Picture(picture),))
    assert len([piece for piece in pieces if b"\x1dv0" in piece]) == 2, "in slices of 128 rows"
    for piece in pieces:
        assert not re.search(rb"\x10[\x04\x05\x14]", piece)


def test_a_picture_in_grey_burns_the_dots_of_python_escpos() -> None:
    raster_bench.same_dots(raster_bench.picture())


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "LA"])
@pytest.mark.parametrize("size", [(1, 1), (8, 3), (575, 130), (576, 129)])
def test_a_picture_of_any_kind_and_size_burns_the_dots_of_python_escpos(mode: str, size: tuple[int, int]) -> None:
    image = Image.linear_gradient("L").resize(size).convert("RGBA").convert(mode)
    pen = Dummy(profile="TM-T20II")
    pen.image(image, impl="bitImageRaster")
    left = (576 - size[0]) // 2
    mine = b"".join(raster.commands(image, 576))
    theirs = Image.frombytes("1", ((size[0] + 7) // 8 * 8, size[1]), pen.output[8:])
    rows = []
    while mine:
        width, height = mine[4] + 256 * mine[5], mine[6] + 256 * mine[7]
        rows.append(Image.frombytes("1", (8 * width, height), mine[8 : 8 + width * height]))
        mine = mine[8 + width * height :]
    top = 0
    for part in rows:
        expected = theirs.crop((0, top, size[0], top + part.height))
        got = part.crop((left, 0, left + size[0], part.height))
        assert got.tobytes() == raster.without_realtime(expected.tobytes()) or got.tobytes() == expected.tobytes()
        top += part.height
    assert top == size[1]


def test_a_narrower_printer_gets_narrower_lines_and_refuses_wider_pictures() -> None:
    narrow = MODELS["tm-t88vi"]
    assert len(encode((Rule(),), narrow)[1].rstrip(b"\n").split(b"\x1bt\x00")[-1]) == 42
    with pytest.raises(DeviceError, match=r"expected 1\.\.512"):
        encode((Picture(Image.new("L", (513, 1))),), narrow)


def test_a_printer_with_few_code_pages_gets_plain_letters() -> None:
    assert plain("Łukasz Kovačević", MODELS["custom-kpm"]) == "?ukasz Kovacevic"
