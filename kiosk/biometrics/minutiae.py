"""What a minutiae record says, whichever edition of the format it came in."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

COORDINATE_MAX = 0x3FFF
MAX_VIEWS = 16
"""View numbers have four bits; more views of one finger than that cannot be told apart. Bounds time and memory."""
DPI_500 = 197
"""Pixels per centimetre of 500 dots per inch, as the standard rounds it."""


class TemplateError(ValueError):
    """Bytes that are no finger record of an edition that is read here. Says which field, where; nothing personal."""


class Kind(IntEnum):
    """Minutia type, two bits."""

    OTHER = 0
    ENDING = 1
    BIFURCATION = 2
    RESERVED = 3


class Minutia(NamedTuple):
    """`x`, `y` in pixels from the top left corner, 0..16383. `angle` 0..255 in units of 360/256 degrees, counter-
    clockwise from the x axis, pointing up the ridge of an ending and up the valley of a bifurcation. `quality` 0..100
    or 0 for not reported. `reserved` are the two unused bits before y."""

    kind: Kind
    x: int
    y: int
    angle: int
    quality: int = 0
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """One impression of one finger. `position` 0 unknown, 1-5 right thumb to little, 6-10 left thumb to little.
    `number` and `impression` 0..15. `quality` 0..100. `extended` is kept as it came."""

    minutiae: tuple[Minutia, ...]
    position: int = 0
    number: int = 0
    impression: int = 0
    quality: int = 0
    extended: bytes = b""


@dataclass(frozen=True, slots=True)
class Template:
    """A record. `width`, `height` in pixels, `x_resolution`, `y_resolution` in pixels per centimetre. `equipment` is
    the capture equipment word (4 bits compliance, 12 bits device type); `reserved` the last byte of the header."""

    width: int
    height: int
    views: tuple[View, ...]
    x_resolution: int = DPI_500
    y_resolution: int = DPI_500
    equipment: int = 0
    reserved: int = 0

    def __repr__(self) -> str:
        return f"Template({self.width}x{self.height}, {len(self.views)} views)"
