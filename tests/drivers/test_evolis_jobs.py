"""Whole jobs of every kind, read back by the tests' own parser: what `kiosk card render` writes, other ribbons, both
sides, packed colours, compressed panels, varnish, ICC colours, and what a job costs in memory."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from benchmarks import card_job
from drivers.card_printer.evolis import Options
from drivers.card_printer.evolis.job import render_job
from drivers.card_printer.evolis.panels import compressed
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause
from tests.drivers.evolis_job import HEIGHT, WIDTH, Job, black, ink, lines, parsed, step

YMCKO = ["Db;y;256;", "Db;m;256;", "Db;c;256;", "Db;k;2;", "Db;o;2;"]
GRID = [(x, y) for x in range(0, WIDTH, 5) for y in range(0, HEIGHT, 7)]


def artwork(seed: int = 5) -> Image.Image:
    """Noise with bars of pure black, so that every dot is a place of its own."""
    face = Image.frombytes("RGB", (WIDTH, HEIGHT), random.Random(seed).randbytes(WIDTH * HEIGHT * 3))
    draw = ImageDraw.Draw(face)
    for left in range(40, 900, 160):
        draw.rectangle((left, left // 2, left + 70, left // 2 + 33), fill=(0, 0, 0))
    return face


def white() -> Image.Image:
    return Image.new("RGB", (WIDTH, HEIGHT), "white")


def job(face: Image.Image, back: Image.Image | None = None, **options: object) -> Job:
    return parsed(render_job(face, Options.model_validate(options), back))


def pixel(face: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    found = face.getpixel((x, y))
    assert isinstance(found, tuple)
    return found  # type: ignore[return-value]  # an RGB pixel is a triple


def test_what_kiosk_card_render_writes_is_the_artwork_dot_for_dot(tmp_path: Path) -> None:
    face = artwork()
    face.save(tmp_path / "front.png")
    words = [
        "card",
        "render",
        "--front",
        tmp_path / "front.png",
        "--model",
        "evolis-primacy2",
        "--out",
        tmp_path / "job",
    ]
    subprocess.run([sys.executable, "-m", "kiosk.cli", *map(str, words)], check=True, timeout=60, capture_output=True)

    read = parsed((tmp_path / "job").read_bytes())
    assert list(read.front) == YMCKO, "one panel of each ink, in the order of the ribbon"
    assert not read.back
    yellow, magenta, cyan, k, o = read.front.values()
    assert len(yellow) == len(magenta) == len(cyan) == 1016 * 648
    assert len(k) == len(o) == 1016 * 81

    dots = face.tobytes()
    for x in range(WIDTH):  # every dot: nothing of the black panel may be guessed
        for y in range(HEIGHT):
            at = 3 * (y * WIDTH + x)
            assert black(k, x, y) == (dots[at : at + 3] == b"\0\0\0"), (x, y)
    for x, y in GRID:
        red, green, blue = pixel(face, x, y)
        expected = (0, 0, 0) if red == green == blue == 0 else (255 - blue, 255 - green, 255 - red)
        assert (ink(yellow, x, y), ink(magenta, x, y), ink(cyan, x, y)) == expected, (x, y)
    assert o == b"\xff" * (1016 * 81), "full varnish"


def test_both_sides_from_the_command_line(tmp_path: Path) -> None:
    artwork().save(tmp_path / "front.png")
    white().save(tmp_path / "back.png")
    words = ["--front", tmp_path / "front.png", "--back", tmp_path / "back.png", "--out", tmp_path / "job"]
    command = [sys.executable, "-m", "kiosk.cli", "card", "render", *map(str, words)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    read = parsed((tmp_path / "job").read_bytes())
    assert list(read.front) == list(read.back) == YMCKO
    assert not any(read.back["Db;y;256;"])
    assert any(read.front["Db;y;256;"])


@pytest.mark.parametrize(
    ("ribbon", "front", "back", "setting"),
    [
        ("ymcko", "ymcko", "ymcko", "Pr;0;t"),
        ("half-ymcko", "ymcko", "ymcko", "Pr;0;t"),
        ("ymckok", "ymcko", "k", "Pr;ymckok"),
        ("k", "k", "k", "Pr;100;t"),
        ("ko", "ko", "ko", "Pr;ko"),
    ],
)
def test_each_ribbon_gets_the_panels_that_it_has(ribbon: str, front: str, back: str, setting: str) -> None:
    read = job(white(), white(), ribbon=ribbon)
    assert "".join(text.split(";")[1] for text in read.front) == front
    assert "".join(text.split(";")[1] for text in read.back) == back
    assert setting in read.settings


def test_the_ribbon_code_of_another_printer_can_be_given() -> None:
    assert "Pr;7;t" in job(white(), ribbon="half-ymcko", ribbon_code="7").settings


@pytest.mark.parametrize("bits", [5, 6, 7])
def test_packed_colours_are_the_nearest_level_of_every_dot(bits: int) -> None:
    face, levels = artwork(), 1 << bits
    read = job(face, colour_bits=bits)
    assert list(read.front)[:3] == [f"Db;{name};{levels};" for name in "ymc"]
    assert [len(panel) for panel in list(read.front.values())[:3]] == [1016 * 648 * bits // 8] * 3
    panel = read.front[f"Db;y;{levels};"]
    for x, y in GRID[::7]:
        red, green, blue = pixel(face, x, y)
        wanted = 0 if red == green == blue == 0 else round((255 - blue) * (levels - 1) / 255)
        assert step(panel, bits, x, y) == wanted, (x, y)


def test_compressed_panels_are_the_same_panels_and_smaller() -> None:
    face = white()
    ImageDraw.Draw(face).rectangle((100, 200, 300, 240), fill=(0, 0, 0))
    plain, small = job(face), job(face, compressed=True)
    assert small.front["Dbc;k;2;"] == plain.front["Db;k;2;"]
    assert small.front["Dbc;o;2;"] == plain.front["Db;o;2;"]
    small_bytes, plain_bytes = (len(render_job(face, Options(ribbon="k", compressed=on))) for on in (True, False))
    assert small_bytes < plain_bytes / 4


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([b"\x00" * 81, b"\xff" * 81]) | st.binary(min_size=81, max_size=81), max_size=6))
def test_any_lines_come_back_from_their_compressed_form(some: list[bytes]) -> None:
    panel = b"".join(some).ljust(1016 * 81, b"\x00")
    packed = compressed(panel)
    assert lines(packed, 0) == (panel, len(packed)), "exactly 1016 lines, nothing left over"


def test_what_goes_to_the_black_panel_is_chosen_in_the_profile() -> None:
    face = white()
    face.paste((0, 0, 0), (100, 100, 110, 110))
    face.paste((30, 48, 10), (200, 100, 210, 110))
    for how, pure, dark in (("pure", True, False), ("dark", True, True), ("none", False, False)):
        read = job(face, black=how)
        k = read.front["Db;k;2;"]
        assert (black(k, 105, 105), black(k, 205, 105)) == (pure, dark)
        assert ink(read.front["Db;y;256;"], 105, 105) == (0 if pure else 255), "colour is laid where black is not"
        assert ink(read.front["Db;y;256;"], 205, 105) == (0 if dark else 245)


def test_a_black_ribbon_shows_a_picture_by_threshold_or_by_scattered_dots() -> None:
    grey = Image.new("RGB", (WIDTH, HEIGHT), (100, 100, 100))
    dots = WIDTH * HEIGHT

    def covered(how: str) -> float:
        return sum(byte.bit_count() for byte in job(grey, ribbon="k", mono=how).front["Db;k;2;"]) / dots

    assert covered("threshold") == 1
    assert covered("dither") == pytest.approx(155 / 255, abs=0.01)
    assert not any(job(white(), ribbon="k", mono="dither").front["Db;k;2;"])


def test_the_varnish_leaves_the_chip_contacts_bare_on_the_front_only() -> None:
    read = job(white(), white(), varnish="contacts")
    o = read.front["Db;o;2;"]
    # ISO/IEC 7816-2: contact C1 begins 10.25 mm from the left and 19.23 mm from the top; C8 ends at 19.87 and 28.55 mm.
    per_mm = 300 / 25.4
    left, right, top, bottom = (round(mm * per_mm) for mm in (10.25, 19.87, 19.23, 28.55))
    assert not any(black(o, x, y) for x in (left, right) for y in (top, bottom))
    assert black(o, left - 60, top)
    assert black(o, right + 60, bottom)
    assert sum(byte.bit_count() for byte in o) == WIDTH * HEIGHT - (256 - 100) * (354 - 210)
    assert read.back["Db;o;2;"] == b"\xff" * (1016 * 81)


def test_colour_where_a_half_panel_has_none_is_refused_and_black_is_not() -> None:
    face = white()
    face.paste((200, 20, 20), (600, 100, 900, 400))
    face.paste((0, 0, 0), (10, 10, 300, 60))
    assert any(job(face, ribbon="half-ymcko").front["Db;m;256;"])
    with pytest.raises(DeviceError, match="outside columns 0 to 507") as refused:
        job(face, ribbon="half-ymcko", half_begins=0)
    assert (refused.value.cause, refused.value.completion) == (DeviceCause.RIBBON_WRONG, Completion.INVALID_DATA)


def test_an_icc_profile_changes_the_colours_and_not_the_black(tmp_path: Path) -> None:
    profile = tmp_path / "printer.icc"
    profile.write_bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    face = artwork()
    plain, managed = job(face), job(face, colour_profile=str(profile))
    assert managed.front["Db;k;2;"] == plain.front["Db;k;2;"]
    # sRGB to sRGB is the identity, up to rounding: so the path itself adds nothing of its own.
    for name in YMCKO[:3]:
        assert max(abs(ink(managed.front[name], x, y) - ink(plain.front[name], x, y)) for x, y in GRID) <= 3


def grey_cmyk_profile() -> bytes:
    """The smallest ICC.1 output profile: Lab to CMYK by one lut8Type (ICC.1:2004, 10.8) with two points for each axis,
    all darkness on K, none on C, M and Y."""
    axis = bytes(range(256))
    corners = b"".join(bytes((0, 0, 0, 255 if dark else 0)) for dark in (1, 1, 1, 1, 0, 0, 0, 0))
    one = (0x10000).to_bytes(4, "big")
    matrix = b"".join(one if at % 4 == 0 else bytes(4) for at in range(9))
    lut = b"mft1" + bytes(4) + bytes((3, 4, 2, 0)) + matrix + axis * 3 + corners + axis * 4
    tags = (1).to_bytes(4, "big") + b"B2A0" + (144).to_bytes(4, "big") + len(lut).to_bytes(4, "big")
    size = (144 + len(lut)).to_bytes(4, "big")
    head = size + bytes(4) + b"\x02\x10\x00\x00" + b"prtrCMYKLab " + bytes(12) + b"acsp"
    white = bytes.fromhex("0000f6d6000100000000d32d")  # D50, the illuminant of every profile
    return head.ljust(68, b"\0") + white.ljust(60, b"\0") + tags + lut


def test_a_cmyk_profiles_black_is_folded_into_the_three_colours(tmp_path: Path) -> None:
    profile = tmp_path / "printer.icc"
    profile.write_bytes(grey_cmyk_profile())
    face = white()
    face.paste((119, 119, 119), (100, 100, 200, 200))  # half way from black to white in Lab: L* is 50
    face.paste((0, 0, 0), (300, 100, 400, 200))
    read = job(face, colour_profile=str(profile))
    for name in YMCKO[:3]:
        panel = read.front[name]
        assert ink(panel, 150, 150) == pytest.approx(128, abs=3)
        assert ink(panel, 10, 10) == 0, "paper takes no ink"
        assert ink(panel, 350, 150) == 0, "black has its own panel"
    assert black(read.front["Db;k;2;"], 350, 150)
    assert not black(read.front["Db;k;2;"], 150, 150), "shades are no business of the resin panel"


@pytest.mark.parametrize("content", [None, b"no profile", "lab"])
def test_a_profile_that_is_of_no_use_is_named_before_anything_moves(
    tmp_path: Path, content: bytes | str | None
) -> None:
    profile = tmp_path / "printer.icc"
    if content == "lab":
        content = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    if isinstance(content, bytes):
        profile.write_bytes(content)
    with pytest.raises(DeviceError, match=r"printer\.icc") as refused:
        job(white(), colour_profile=str(profile))
    assert refused.value.completion is Completion.INVALID_DATA


def test_a_job_takes_at_most_three_times_its_bytes_of_memory() -> None:
    size, more = card_job.memory()
    assert 2_139_696 < size < 2_140_359
    assert size < more <= card_job.MEMORY * size, f"{more} bytes for a job of {size}"
