"""The simulated receipt printer against others' software: python-escpos draws, zxing reads, dots are compared."""

import asyncio
import random

import pytest
import zxingcpp
from escpos.printer import Dummy
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from sim.clock import run
from sim.seam.pipe import PipeEnd, pipe
from sim.thermal_printer.escpos import Simulator
from sim.thermal_printer.interpreter import Act, Interpreter, Line
from sim.thermal_printer.language import Stream
from sim.thermal_printer.paper import CUTTER_DOTS
from sim.world import World
from tests.golden.escpos import golden

CUT = b"\x1dVB\x00"


def drawn(acts: list[Act]) -> None:
    """Lines are drawn only for who looks; what cannot be drawn would not be found without looking."""
    for act in acts:
        if isinstance(act, Line) and act.draw is not None:
            assert act.draw().height == act.inked


class Desk:
    """A host's cable to a printer, and what came back over it."""

    def __init__(self, *, pace: float = 1.0) -> None:
        self.world = World()
        self.printer = Simulator(self.world, pace=pace)
        self.heard = b""
        self.line: PipeEnd

    async def plug(self) -> "Desk":
        self.line, device = pipe()
        loop = asyncio.get_running_loop()
        self.tasks = [loop.create_task(self.printer.serve(device)), loop.create_task(self._listen(self.line))]
        return self

    async def _listen(self, line: PipeEnd) -> None:
        while data := await line.read():
            self.heard += data

    async def send(self, data: bytes, wait: float = 30.0) -> bytes:
        """Sends, waits, and returns what was answered meanwhile."""
        self.heard = b""
        await self.line.write(data)
        await asyncio.sleep(wait)
        return self.heard


def slip(data: bytes) -> tuple[Image.Image, str]:
    """The one slip these bytes print."""

    async def printed() -> World:
        desk = await Desk().plug()
        await desk.send(data, 120.0)
        return desk.world

    world = run(printed())
    assert len(world.slips) == 1
    return world.slips[0].picture, world.slips[0].text


def drawing(width: int, height: int) -> Image.Image:
    """Black dots on white, no two rows or columns alike."""
    chance = random.Random(width * height)
    dots = bytes(chance.choice((0, 255)) for _ in range(width * height))
    return Image.frombytes("L", (width, height), dots)


def body(picture: Image.Image, width: int, height: int, *, left: int = 32) -> Image.Image:
    """The piece of a slip that lies under the printable area's left edge, below the blank that was inside."""
    return picture.crop((left, CUTTER_DOTS, left + width, CUTTER_DOTS + height))


# -- what other software sends -----------------------------------------------------------------------------------


@pytest.mark.parametrize("impl", ["bitImageRaster", "graphics", "bitImageColumn"])
@pytest.mark.parametrize("size", [(8, 8), (576, 48), (100, 200), (333, 31)])
def test_pictures_come_out_dot_for_dot_however_they_are_sent(impl: str, size: tuple[int, int]) -> None:
    picture = drawing(*size)
    pen = Dummy(profile="TM-T20II")
    pen.image(picture, impl=impl)
    pen.cut(feed=False)
    printed = body(slip(b"\x1b@" + pen.output)[0], *size)
    assert ImageChops.difference(printed, picture).getbbox() is None


@pytest.mark.parametrize(("wide", "high"), [(True, False), (False, True), (False, False)])
def test_low_density_doubles_the_dots(wide: bool, high: bool) -> None:
    picture = drawing(64, 24)
    pen = Dummy(profile="TM-T20II")
    pen.image(picture, impl="bitImageRaster", high_density_horizontal=wide, high_density_vertical=high)
    pen.cut(feed=False)
    size = (64 * (1 if wide else 2), 24 * (1 if high else 2))
    printed = body(slip(pen.output)[0], *size)
    assert ImageChops.difference(printed, picture.resize(size, Image.Resampling.NEAREST)).getbbox() is None


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("content", ["1", "ANJ1-8F3K2M9QXW4T7YBN", "https://contoh.go.id/antre?n=A-017&t=" + "x" * 150])
def test_a_native_qr_code_is_read_by_a_scanner(content: str, level: int) -> None:
    pen = Dummy(profile="TM-T20II")
    pen.set(align="center")
    pen.ln(2)
    pen.qr(content, native=True, size=5, ec=level)
    pen.ln(2)
    pen.cut(feed=False)
    picture, text = slip(pen.output)
    found = zxingcpp.read_barcodes(picture)
    assert [code.text for code in found] == [content]
    assert f"[QR:{content}]" in text
    assert abs(sum(corner.x for corner in _corners(found[0])) / 4 - 320) < 4, "in the middle of the paper"


def _corners(code: zxingcpp.Barcode) -> list[zxingcpp.Point]:
    place = code.position
    return [place.top_left, place.top_right, place.bottom_left, place.bottom_right]


def test_text_in_the_code_pages_of_python_escpos_reads_as_it_was_written() -> None:
    written = "Señor Müller – 5 € “ya” Łódź Привет Ωmega ═╬═"
    pen = Dummy(profile="TM-T20II")
    pen.textln(written)
    pen.cut(feed=False)
    assert slip(pen.output)[1] == written


def test_the_manuals_bytes_print_the_ticket() -> None:
    picture, text = slip(golden("ticket"))
    assert text.splitlines() == [
        "Kantor Contoh",
        "A-017",
        "─" * 48,
        "Menunggu" + " " * 33 + "7 orang",
        "[QR:ANJ1-017]",
        "Café – “x”",
    ]
    assert picture.width == 640
    assert zxingcpp.read_barcodes(picture)[0].text == "ANJ1-017"


# -- geometry ----------------------------------------------------------------------------------------------------


def ink(picture: Image.Image) -> tuple[int, int, int, int]:
    box = ImageChops.invert(picture).getbbox()
    assert box is not None
    return box


def test_size_multiplies_and_alignment_moves() -> None:
    small, large = ink(slip(b"H\n" + CUT)[0]), ink(slip(b"\x1d!\x77H\n" + CUT)[0])
    assert (large[2] - large[0]) / (small[2] - small[0]) == pytest.approx(8, rel=0.25)
    assert (large[3] - large[1]) / (small[3] - small[1]) == pytest.approx(8, rel=0.25)
    left, middle, right = (ink(slip(b"\x1ba" + bytes((n,)) + b"H\n" + CUT)[0])[0] for n in range(3))
    assert (middle - left, right - left) == ((576 - 12) // 2, 576 - 12)


def test_a_line_of_49_characters_goes_on_in_the_next() -> None:
    assert slip(b"x" * 49 + b"\n" + CUT)[1] == "x" * 48 + "\nx"


def test_bold_is_heavier_and_reverse_is_white_on_black() -> None:
    def black(data: bytes) -> int:
        return slip(data + CUT)[0].histogram()[0]

    assert black(b"\x1bE\x01HALO\n") > black(b"HALO\n") * 1.2
    assert black(b"\x1dB\x01HALO\n") == 4 * 12 * 24 - black(b"HALO\n")


def test_a_slip_begins_with_the_blank_paper_between_head_and_cutter_and_uses_up_the_roll() -> None:
    async def two() -> World:
        desk = await Desk().plug()
        await desk.send((b"A\n" + CUT) * 2)
        return desk.world

    world = run(two())
    assert [ink(one.picture)[1] >= CUTTER_DOTS for one in world.slips] == [True, True]
    used = sum(one.picture.height for one in world.slips) / 8
    assert 80_000 - world.paper_mm == pytest.approx(used, abs=0.01)


def test_cutting_without_feeding_cuts_what_is_at_the_cutter() -> None:
    async def cut() -> World:
        desk = await Desk().plug()
        await desk.send(b"satu\n" + b"\x1dV\x00" + b"\x1bd\x08" + b"\x1dV\x00")
        return desk.world

    world = run(cut())
    assert world.slip_texts == ["", "satu"], "the line was still below the cutter when the first cut came"


# -- status ------------------------------------------------------------------------------------------------------


async def test_a_busy_or_stopped_printer_answers_at_once() -> None:
    desk = await Desk().plug()
    await desk.line.write(b"panjang\n" * 100)
    assert await desk.send(b"\x10\x04\x01\x10\x04\x04", 0.01) == bytes.fromhex("12 12")
    desk.printer.faults.fail_repeatedly("cover-open")
    assert await desk.send(b"\x10\x04\x01\x10\x04\x02", 0.01) == bytes.fromhex("1a 16")
    desk.printer.faults.clear()
    desk.world.paper_mm = 0
    assert await desk.send(b"\x10\x04\x02\x10\x04\x04", 0.01) == bytes.fromhex("32 7e")


async def test_a_queued_question_is_answered_when_its_turn_comes() -> None:
    desk = await Desk().plug()
    assert await desk.send(b"baris\n" * 40 + b"\x1dr\x01", 0.9) == b""
    assert await desk.send(b"", 0.2) == b"\x00", "40 lines of 30 dots take one second at 150 mm/s"


async def test_changes_are_pushed_once_asked_for_and_only_those() -> None:
    desk = await Desk().plug()
    assert await desk.send(b"\x1da\x08", 1) == bytes.fromhex("10 00 00 00")
    desk.printer.faults.fail_repeatedly("paper-low")
    assert await desk.send(b"", 1) == bytes.fromhex("10 00 03 00")
    desk.printer.faults.fail_repeatedly("head-hot")
    assert await desk.send(b"", 1) == b"", "errors were not asked for"
    desk.printer.faults.clear()
    assert await desk.send(b"", 1) == bytes.fromhex("10 00 00 00")
    assert await desk.send(b"\x1b@", 1) == b""
    desk.printer.faults.fail_repeatedly("paper-low")
    assert await desk.send(b"", 1) == b"", "ESC @ ends it"


async def test_a_printer_without_paper_goes_on_where_it_stopped_when_it_gets_some() -> None:
    desk = await Desk().plug()
    desk.world.paper_mm = 2
    await desk.send(b"satu\ndua\n" + CUT)
    assert desk.world.slips == []
    desk.world.load_paper()
    await asyncio.sleep(5)
    assert desk.world.slip_texts == ["satu\ndua"]


async def test_clearing_forgets_what_was_not_printed_even_half_a_picture() -> None:
    desk = await Desk().plug()
    await desk.send(b"\x1dv0\x00\x48\x00\xff\x0f" + b"\xaa" * 100, 1)
    assert await desk.send(b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", 1) == bytes.fromhex("37 25 00")
    await desk.send(b"lagi\n" + CUT)
    assert desk.world.slip_texts == ["lagi"]


async def test_a_stuck_cutter_stops_everything_until_it_is_free_and_told_so() -> None:
    desk = await Desk().plug()
    desk.printer.faults.fail_repeatedly("cutter")
    await desk.send(b"satu\n" + CUT)
    assert await desk.send(b"\x10\x04\x03", 0.01) == b"\x1a"
    desk.printer.faults.clear()
    await asyncio.sleep(5)
    assert desk.world.slips == [], "free, but not told"
    await desk.send(b"\x10\x05\x01")
    assert desk.world.slip_texts == ["satu"], "DLE ENQ 1 goes on where it stopped"


async def test_without_power_it_hears_nothing_and_afterwards_remembers_nothing() -> None:
    desk = await Desk().plug()
    await desk.line.write(b"\x1d!\x77" + b"besar\n" * 20)
    await asyncio.sleep(0.3)
    desk.printer.power_cut()
    assert await desk.send(b"\x10\x04\x01hilang\n", 5) == b""
    desk.printer.power_on()
    await desk.send(b"kecil\n" + CUT)
    (text,) = desk.world.slip_texts
    assert text.startswith("besar")
    assert text.endswith("kecil")
    assert "hilang" not in text
    assert desk.world.slips[0].picture.height < 20 * 192


async def test_it_goes_on_printing_when_the_host_dies() -> None:
    desk = await Desk().plug()
    await desk.line.write(b"tiket\n" * 10 + CUT)
    await asyncio.sleep(0.05)
    await desk.line.close()
    await asyncio.sleep(5)
    assert desk.world.slip_texts == ["\n".join(["tiket"] * 10)]


# -- any bytes ---------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=60), max_size=5))
@settings(max_examples=10_000, deadline=None)
def test_any_bytes_are_commands_in_whatever_pieces_they_come(pieces: list[bytes]) -> None:
    whole, parts = Stream(), Stream()
    whole.feed(b"".join(pieces))
    joined = list(iter(whole.next, None))
    split = []
    for piece in pieces:
        parts.feed(piece)
        split += list(iter(parts.next, None))
    flat = [[(c.name, c.data) for c in commands if c.name != "text"] for commands in (joined, split)]
    assert flat[0] == flat[1]
    assert len(whole) == len(parts)
    printer = Interpreter()
    for command in joined:
        drawn(printer.obey(command))


@given(
    st.lists(st.sampled_from([b"\x1b", b"\x1d", b"\x1c", b"\x10", b"\x00", b"(", b"k", b"L", b"v0", b"1", b"P", b"A"]))
)
@settings(max_examples=2000, deadline=None)
def test_nor_do_beginnings_of_commands_crash_it(words: list[bytes]) -> None:
    stream, printer = Stream(), Interpreter()
    stream.feed(b"".join(words) + bytes(40))
    while command := stream.next():
        drawn(printer.obey(command))


async def test_after_a_flood_of_nonsense_it_still_answers_and_prints() -> None:
    desk = await Desk().plug()
    chance = random.Random(7)
    await desk.send(chance.randbytes(20_000), 600)
    await desk.send(b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", 5)
    assert await desk.send(b"\x10\x04\x01", 1) == b"\x12"
    await desk.send(b"\x1b@masih hidup\n" + CUT)
    assert desk.world.slip_texts[-1].endswith("masih hidup")
