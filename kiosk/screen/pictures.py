"""The screen's pictograms, drawn with Pillow at four times their size and scaled down, so that edges are smooth.

Each gives an RGBA image on a clear ground. Plain shapes on purpose: readable at arm's length, in any language.
"""

from functools import cache

import segno
from PIL import Image, ImageDraw

from kiosk.screen.present.model import Picture
from kiosk.screen.theme import COLOURS

SCALE = 4
UNITS = 100
"""Pictures are drawn on a square of 100 x 100 units."""
CLEAR = "#00000000"
"""Cuts a hole: what lies behind the picture shows."""

Point = tuple[float, float]


class _Pen:
    """Draws in units on a large square."""

    def __init__(self, size: int) -> None:
        self.image = Image.new("RGBA", (size * SCALE, size * SCALE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)
        self._unit = size * SCALE / UNITS

    def _px(self, *units: float) -> list[float]:
        return [unit * self._unit for unit in units]

    def box(self, x: float, y: float, w: float, h: float, colour: str, *, r: float = 3, line: float = 0) -> None:
        place, radius = self._px(x, y, x + w, y + h), r * self._unit
        if line:
            self._draw.rounded_rectangle(place, radius, outline=colour, width=round(line * self._unit))
        else:
            self._draw.rounded_rectangle(place, radius, fill=colour)

    def dot(self, x: float, y: float, r: float, colour: str) -> None:
        self._draw.ellipse(self._px(x - r, y - r, x + r, y + r), fill=colour)

    def ring(self, x: float, y: float, r: float, colour: str, line: float) -> None:
        self._draw.ellipse(self._px(x - r, y - r, x + r, y + r), outline=colour, width=round(line * self._unit))

    def path(self, points: list[Point], colour: str, line: float) -> None:
        """A line with round ends and joints."""
        flat = [number for point in points for number in self._px(*point)]
        self._draw.line(flat, fill=colour, width=round(line * self._unit), joint="curve")
        for x, y in points:
            self.dot(x, y, line / 2, colour)

    def shape(self, points: list[Point], colour: str) -> None:
        self._draw.polygon([number for point in points for number in self._px(*point)], fill=colour)

    def arrow(self, x: float, top: float, bottom: float, colour: str) -> None:
        self.path([(x, top), (x, bottom - 3)], colour, 5)
        self.shape([(x - 10, bottom - 10), (x + 10, bottom - 10), (x, bottom + 2)], colour)

    def finger(self, foot: Point, tip: Point, width: float, colour: str) -> None:
        self.path([foot, tip], colour, width)


@cache
def picture(name: Picture, size: int, *, inverse: bool = False) -> Image.Image:
    """`size` px square; `inverse` for a dark ground (white strokes)."""
    pen = _Pen(size)
    ink = COLOURS["on_primary"] if inverse else COLOURS["primary"]
    _DRAW[name](pen, ink, CLEAR)
    return pen.image.resize((size, size), Image.Resampling.LANCZOS)


def _queue(pen: _Pen, ink: str, ground: str) -> None:
    pen.box(22, 8, 56, 84, ink, r=7)
    pen.box(34, 22, 32, 6, ground)
    pen.box(34, 38, 32, 20, ground, r=2)
    pen.box(34, 68, 20, 5, ground)
    pen.box(34, 78, 32, 5, ground)
    for y in (30, 62):
        pen.dot(22, y, 4, ground)
        pen.dot(78, y, 4, ground)


def _card(pen: _Pen, ink: str, ground: str) -> None:
    pen.box(6, 20, 88, 60, ink, r=8)
    pen.box(16, 32, 26, 36, ground, r=4)
    pen.dot(29, 44, 6.5, ink)
    pen.box(19, 53, 20, 15, ink, r=7)
    pen.box(50, 34, 34, 6, ground)
    pen.box(50, 47, 34, 6, ground)
    pen.box(50, 60, 22, 6, ground)


def _slip(pen: _Pen, ink: str, ground: str) -> None:
    """A slip with a QR code held before a scanner's beam."""
    pen.box(24, 2, 52, 62, COLOURS["card"], r=4)
    pen.box(24, 2, 52, 62, ink, r=4, line=2.5)
    pen.box(32, 9, 26, 4, ink, r=2)
    for x, y in ((33, 19), (55, 19), (33, 41)):
        pen.box(x, y, 12, 12, ink, r=1, line=3)
        pen.box(x + 4.4, y + 4.4, 3.2, 3.2, ink, r=0)
    for x, y in (
        (49, 20),
        (49, 26),
        (50, 33),
        (56, 34),
        (62, 34),
        (35, 35),
        (41, 35),
        (50, 41),
        (56, 47),
        (63, 42),
        (62, 50),
    ):
        pen.box(x, y, 4, 4, ink, r=0)
    pen.shape([(50, 86), (22, 62), (78, 62)], COLOURS["tint"])
    pen.path([(22, 62), (78, 62)], COLOURS["on_wrong"], 2)
    pen.box(34, 82, 32, 15, ink, r=5)
    pen.box(42, 86, 16, 5, COLOURS["tint"], r=2)


def _take_paper(pen: _Pen, ink: str, ground: str) -> None:
    pen.box(8, 6, 84, 26, ink, r=6)
    pen.box(24, 18, 52, 6, COLOURS["header"], r=3)
    pen.box(28, 21, 44, 48, COLOURS["card"], r=2)
    pen.box(28, 21, 44, 48, ink, r=2, line=2)
    pen.box(37, 32, 26, 4, ink)
    pen.box(37, 42, 26, 12, ink, r=2)
    pen.box(37, 60, 26, 3, ink)
    pen.arrow(50, 74, 94, COLOURS["good"])


def _take_card(pen: _Pen, ink: str, ground: str) -> None:
    pen.box(4, 6, 92, 26, ink, r=6)
    pen.box(14, 18, 72, 6, COLOURS["header"], r=3)
    pen.box(19, 21, 62, 42, COLOURS["card"], r=4)
    pen.box(19, 21, 62, 42, ink, r=4, line=2)
    pen.box(26, 30, 17, 24, ink, r=2)
    pen.box(50, 31, 24, 4, ink)
    pen.box(50, 40, 24, 4, ink)
    pen.box(50, 49, 15, 4, ink)
    pen.arrow(50, 69, 94, COLOURS["good"])


def _check(pen: _Pen, ink: str, ground: str) -> None:
    pen.dot(50, 50, 44, COLOURS["good"])
    pen.path([(30, 52), (44, 66), (71, 36)], COLOURS["card"], 9)


def _info(pen: _Pen, ink: str, ground: str) -> None:
    pen.dot(50, 50, 44, COLOURS["warn"])
    pen.ring(50, 50, 44, COLOURS["on_warn"], 4)
    pen.box(45.5, 24, 9, 34, COLOURS["on_warn"], r=4.5)
    pen.dot(50, 72, 6, COLOURS["on_warn"])


def _staff(pen: _Pen, ink: str, ground: str) -> None:
    pen.dot(50, 26, 17, ink)
    pen.box(20, 48, 60, 50, ink, r=24)
    pen.box(4, 72, 92, 12, COLOURS["header"], r=4)
    pen.box(10, 82, 80, 16, COLOURS["tint"], r=3)


def _wait(pen: _Pen, ink: str, ground: str) -> None:
    pen.dot(50, 50, 44, COLOURS["tint"])
    pen.ring(50, 50, 44, ink, 5)
    pen.path([(50, 24), (50, 52), (68, 62)], ink, 6)


_DRAW = {
    Picture.QUEUE: _queue,
    Picture.CARD: _card,
    Picture.SLIP: _slip,
    Picture.TAKE_PAPER: _take_paper,
    Picture.TAKE_CARD: _take_card,
    Picture.CHECK: _check,
    Picture.INFO: _info,
    Picture.STAFF: _staff,
    Picture.WAIT: _wait,
}

_FINGERS: dict[str, tuple[Point, Point, float]] = {
    "thumb": ((32, 74), (11, 50), 13),
    "index": ((35, 55), (29, 16), 11.5),
    "middle": ((47, 52), (46, 9), 11.5),
    "ring": ((59, 54), (62, 14), 11.5),
    "little": ((70, 59), (78, 27), 10.5),
}
"""Foot, tip and width of each finger of a right hand seen from its back, thumb on the left."""


@cache
def hand(position: str, size: int) -> Image.Image:
    """A hand from its back with one finger marked; `position` as `right_index`. An unknown position marks none."""
    pen = _Pen(size)
    side, _, name = position.partition("_")
    skin, outline, mark = COLOURS["card"], COLOURS["primary"], COLOURS["primary"]
    for grow, colour in ((4.0, outline), (0.0, skin)):
        pen.box(28 - grow / 2, 46 - grow / 2, 48 + grow, 50 + grow, colour, r=16 + grow / 2)
        for foot, tip, width in _FINGERS.values():
            pen.finger(foot, tip, width + grow, colour)
    if name in _FINGERS:
        foot, tip, width = _FINGERS[name]
        middle = ((foot[0] * 0.35 + tip[0] * 0.65), (foot[1] * 0.35 + tip[1] * 0.65))
        pen.finger(middle, tip, width, mark)
        for r in (1.6, 3.6):
            pen.ring(tip[0], tip[1], r, skin, 0.9)
    image = pen.image.resize((size, size), Image.Resampling.LANCZOS)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if side == "left" else image


@cache
def qr(text: str, size: int) -> Image.Image:
    """The QR code of `text`, dark on white with its quiet zone, at most `size` px square."""
    code = segno.make(text, error="m", micro=False)
    rows = [list(row) for row in code.matrix_iter(border=4)]
    image = Image.new("L", (len(rows), len(rows)))
    image.putdata([0 if dark else 255 for row in rows for dark in row])
    side = max(1, size // len(rows)) * len(rows)
    return image.resize((side, side), Image.Resampling.NEAREST).convert("RGBA")
