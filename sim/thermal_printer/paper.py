"""The paper between the roll and the hand: 80 mm wide, 8 dots to the millimetre, the cutter some way above the head."""

from typing import NamedTuple

from PIL import Image

from sim.thermal_printer.interpreter import Draw
from sim.world import Slip

DOTS_PER_MM = 8
PAPER_WIDTH = 640
"""80 mm of paper, of which the head reaches the middle 72."""
CUTTER_DOTS = 112
"""Head to cutter, 14 mm: a slip begins with so much blank paper, as receipts do."""
LONGEST = 16_000
"""Dots (2 m) after which a strip that nobody cuts tears off by its own weight; bounds the memory."""


class _Band(NamedTuple):
    """Of what `draw` gives, the rows from `first` are burnt into the paper from `top`, `rows` of them."""

    top: int
    first: int
    rows: int
    draw: Draw


class Strip:
    """The paper that has left the roll and is not cut off. Its last CUTTER_DOTS are still inside."""

    def __init__(self) -> None:
        self._begin([], [])

    def _begin(self, bands: list[_Band], texts: list[tuple[int, str]]) -> None:
        """A strip of which nothing is above the cutter: `bands` are inside."""
        self._bands = bands
        self._texts = texts
        self.length = CUTTER_DOTS
        self.printed = 0
        """Dots that moved since the last cut."""

    def say(self, text: str) -> None:
        """The line that begins here reads `text`."""
        self._texts.append((self.length, text))

    def burn(self, draw: Draw, first: int, rows: int) -> None:
        """Burns `rows` of a line from its row `first` into the paper that is now at the head."""
        self._bands.append(_Band(self.length, first, rows, draw))

    def advance(self, rows: int) -> None:
        self.length += rows
        self.printed += rows

    def cut(self) -> Slip | None:
        """Cuts at the cutter. The slip, with its text line by line; None if nothing was above the cutter."""
        at = self.length - CUTTER_DOTS
        if at <= 0:
            return None
        above = [band for band in self._bands if band.top < at]
        inside = [_lowered(band, at) for band in self._bands if band.top + band.rows > at]
        text = "\n".join(line for row, line in self._texts if row < at)
        self._begin(inside, [(row - at, line) for row, line in self._texts if row >= at])
        return Slip(text, lambda: _drawn(above, at))


def _lowered(band: _Band, at: int) -> _Band:
    """What is left of a band below a cut at row `at`, counted from there."""
    gone = max(at - band.top, 0)
    return band._replace(top=band.top + gone - at, first=band.first + gone, rows=band.rows - gone)


def _drawn(bands: list[_Band], height: int) -> Image.Image:
    """Black on white."""
    slip = Image.new("L", (PAPER_WIDTH, height), 255)
    for band in bands:
        dots = band.draw()
        dots = dots.crop((0, band.first, dots.width, band.first + band.rows))
        slip.paste(dots.point(lambda ink: 255 - ink), ((PAPER_WIDTH - dots.width) // 2, band.top))
    return slip
