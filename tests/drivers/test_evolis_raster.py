"""Every dot of the artwork lands where the format says, in the right ink, as read back by the tests' own parser."""

import random

import pytest
from PIL import Image, ImageDraw

from drivers.card_printer.evolis import Options
from drivers.card_printer.evolis.job import render_job
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion
from tests.drivers.evolis_job import HEIGHT, WIDTH, black, commands, ink

PANELS = ["Db;y;256;", "Db;m;256;", "Db;c;256;", "Db;k;2;", "Db;o;2;"]


def panels(face: Image.Image, options: Options | None = None) -> dict[str, bytes]:
    return {text: panel for text, panel in commands(render_job(face, options)) if panel}


def white() -> Image.Image:
    return Image.new("RGB", (WIDTH, HEIGHT), "white")


def test_the_job_is_laid_out_as_the_makers_own_jobs_are() -> None:
    job = render_job(white())
    texts = [text for text, _ in commands(job)]
    assert texts[texts.index("Ss") :] == ["Ss", "Sr", *PANELS, "Se"]
    assert texts[: texts.index("Ss")] == ["Pem;2", "Pwres;300;300;0", "Pr;0;t", "Pcem;N", "Mr;s"]
    # 3 colour panels of 658,368 and 2 of 82,296 bytes; the maker's whole job has 2,140,359, of which 663 are text.
    assert 3 * 658_368 + 2 * 82_296 == 2_139_696
    assert 2_139_696 < len(job) < 2_140_359


def test_every_dot_has_its_place_and_its_ink() -> None:
    chance = random.Random(7)
    face = Image.frombytes("RGB", (WIDTH, HEIGHT), chance.randbytes(WIDTH * HEIGHT * 3))
    drawn = face.load()
    assert drawn is not None
    for _ in range(2000):
        drawn[chance.randrange(WIDTH), chance.randrange(HEIGHT)] = (0, 0, 0)
    y_panel, m_panel, c_panel, k_panel, _ = panels(face).values()
    places = [(0, 0), (WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH - 1, HEIGHT - 1)]
    places += [(x, y) for x in range(0, WIDTH, 3) for y in range(0, HEIGHT, 2)]
    blacks = 0
    for x, y in places:
        red, green, blue = drawn[x, y]  # type: ignore[misc]  # an RGB pixel is a triple
        is_black = (red, green, blue) == (0, 0, 0)
        blacks += is_black
        expected = (0, 0, 0) if is_black else (255 - blue, 255 - green, 255 - red)
        assert (ink(y_panel, x, y), ink(m_panel, x, y), ink(c_panel, x, y)) == expected, (x, y)
        assert black(k_panel, x, y) == is_black, (x, y)
    assert blacks > 100, "the picture must exercise the black panel"


def test_one_black_dot_is_one_bit_most_significant_first() -> None:
    face = white()
    face.putpixel((3, HEIGHT - 1), (0, 0, 0))  # line 3, dot 0
    face.putpixel((3, HEIGHT - 1 - 10), (0, 0, 0))  # line 3, dot 10: byte 1, the third bit from the left
    k_panel = panels(face)["Db;k;2;"]
    assert {at: byte for at, byte in enumerate(k_panel) if byte} == {3 * 81: 0b1000_0000, 3 * 81 + 1: 0b0010_0000}


def test_nearly_black_is_colour_and_white_takes_no_ink() -> None:
    face = white()
    face.putpixel((5, 5), (0, 0, 1))
    found = panels(face)
    assert not any(found["Db;k;2;"])
    assert ink(found["Db;y;256;"], 5, 5) == 254
    assert sum(found["Db;y;256;"]) == 254
    assert sum(found["Db;c;256;"]) == 255


def test_the_varnish_covers_the_whole_card_or_is_left_out() -> None:
    assert panels(white())["Db;o;2;"] == b"\xff" * 82_296
    assert "Db;o;2;" not in panels(white(), Options(varnish="none"))


def test_the_profile_decides_the_letters_that_are_unproven() -> None:
    texts = [text for text, _ in commands(render_job(white(), Options(hold_tray="M", ribbon_code="100")))]
    assert "Pcem;M" in texts
    assert "Pr;100;t" in texts


@pytest.mark.parametrize(("size", "mode"), [((648, 1016), "RGB"), ((1016, 647), "RGB"), ((1016, 648), "RGBA")])
def test_artwork_of_another_shape_is_refused_not_stretched(size: tuple[int, int], mode: str) -> None:
    with pytest.raises(DeviceError, match=f"{size[0]}x{size[1]} {mode}.*must be 1016x648 RGB") as refused:
        render_job(Image.new(mode, size))
    assert refused.value.completion is Completion.INVALID_DATA


def test_text_drawn_in_black_is_on_the_black_panel_only() -> None:
    face = white()
    draw = ImageDraw.Draw(face)
    draw.rectangle((100, 200, 300, 240), fill=(0, 0, 0))
    found = panels(face)
    assert sum(byte.bit_count() for byte in found["Db;k;2;"]) == 201 * 41
    assert not any(any(found[name]) for name in PANELS[:3])
