"""Fitting text on a card: it shrinks, then wraps between words, then refuses. It is never cut and never overflows.

Letters are set without grey edges, so that every dot of them is pure black and goes to the printer's black panel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

BLACK = (0, 0, 0)
LEADING = 1.22
"""Line height over type size."""


class FaceError(ValueError):
    """A card face that cannot be drawn as it should be. The text names the field and never shows its content."""


@dataclass(frozen=True, slots=True)
class Block:
    """Text laid out: its lines, type and height in dots."""

    lines: tuple[str, ...]
    font: ImageFont.FreeTypeFont
    line_height: int

    @property
    def height(self) -> int:
        return self.line_height * len(self.lines)

    def draw(self, draw: ImageDraw.ImageDraw, x: float, y: float, *, centred_in: float = 0.0) -> None:
        """Draws the lines from (x, y), the top left corner; with `centred_in`, each in the middle of that width."""
        for number, line in enumerate(self.lines):
            baseline = y + number * self.line_height + rise(self.line_height)
            if centred_in:
                draw.text((x + centred_in / 2, baseline), line, font=self.font, fill=BLACK, anchor="ms")
            else:
                draw.text((x, baseline), line, font=self.font, fill=BLACK, anchor="ls")


def rise(line_height: int) -> int:
    """From the top of a line to its baseline. The type's own ascent would leave too much air above capitals."""
    return round(line_height * 0.78)


@cache
def typeface(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def fit(text: str, path: Path, *, width: float, sizes: tuple[int, int], lines: int, field: str) -> Block:
    """The largest setting of `text` within `width` dots: one line from size `sizes[0]` down to `sizes[1]`, else up to
    `lines` lines at the smallest size. FaceError if that does not hold it either, or a letter is not in the type."""
    clean = " ".join(text.split())
    _check_letters(clean, path, field)
    largest, smallest = sizes
    # Width grows with size nearly in proportion, so one measurement says where to begin.
    natural = typeface(path, largest).getlength(clean)
    for size in range(min(largest, int(largest * width / max(natural, 1)) + 1), smallest - 1, -1):
        font = typeface(path, size)
        if font.getlength(clean) <= width:
            return Block((clean,), font, round(size * LEADING))
    font = typeface(path, smallest)
    wrapped = tuple(_wrap(clean, font, width))
    if len(wrapped) > lines or any(font.getlength(line) > width for line in wrapped):
        raise FaceError(
            f"{field}: {len(clean)} characters do not fit on the card, not in {lines} lines of the smallest type; "
            "ask the centre for the abbreviated form"
        )
    return Block(wrapped, font, round(smallest * LEADING))


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and font.getlength(longer) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def _check_letters(text: str, path: Path, field: str) -> None:
    if not all(letter == " " or _known(letter, path) for letter in text):
        raise FaceError(f"{field}: holds a character that the card's typeface does not have")


@cache
def _known(letter: str, path: Path) -> bool:
    return letter.isprintable() and _shape(letter, path) != _shape("\U0010ffff", path)


def _shape(letter: str, path: Path) -> bytes:
    canvas = Image.new("1", (48, 48))
    ImageDraw.Draw(canvas).text((8, 36), letter, font=typeface(path, 24), fill=1, anchor="ls")
    return canvas.tobytes()
