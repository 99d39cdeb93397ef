"""Characters: which one a byte means in the chosen code page, and its dots.

Sources: Epson's character code tables by number; font A is 12x24 dots and font B 9x17 (TM-T20II technical reference).
"""

from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

PAGES = {
    0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737", 15: "iso8859_7",
    16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 33: "cp775", 34: "cp855", 35: "cp861", 36: "cp862",
    37: "cp864", 38: "cp869", 39: "iso8859_2", 40: "iso8859_15", 44: "cp1125", 45: "cp1250", 46: "cp1251",
    47: "cp1253", 48: "cp1254", 49: "cp1255", 50: "cp1256", 51: "cp1257", 52: "cp1258",
}  # fmt: skip
CELLS = {0: (12, 24), 1: (9, 17)}
"""Width and height of a character in dots, by font number."""

_FONTS = Path(__file__).parent.parent / "fonts"


def decode(data: bytes, page: int) -> str:
    """What these bytes print in code page `page`; what the page leaves open prints a space."""
    return data.decode(PAGES.get(page, "cp437"), errors="replace").replace("\ufffd", " ")


def cell(font: int, wide: int, high: int) -> tuple[int, int]:
    """Width and height in dots of an enlarged character."""
    width, height = CELLS[font]
    return width * wide, height * high


@lru_cache(maxsize=32)
def _font(bold: bool, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONTS / ("DejaVuSansMono-Bold.ttf" if bold else "DejaVuSansMono.ttf"), size)


@lru_cache(maxsize=2048)
def glyph(char: str, font: int, bold: bool, wide: int, high: int) -> Image.Image:
    """The character's dots, ink 255, in a cell `wide` x `high` (1..8) times the font's own.

    A real printer enlarges its dots; here the outline is drawn anew, so that a large number is smooth.
    """
    width, height = CELLS[font]
    scale = max(wide, high)
    em = height * scale * 5 // 6  # DejaVu Sans Mono is 0.602 em wide: 20 pixels to a column of 12
    outline = _font(bold, em)
    cell = Image.new("L", (width * scale, height * scale), 0)
    ascent, descent = outline.getmetrics()
    top = (cell.height - ascent - descent) // 2
    ImageDraw.Draw(cell).text((0, top), char, fill=255, font=outline)
    if wide != high:
        cell = cell.resize((width * wide, height * high), Image.Resampling.LANCZOS)
    return cell.point(lambda grey: 255 if grey >= 110 else 0)
