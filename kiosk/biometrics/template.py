"""ISO/IEC 19794-2:2005 finger minutiae records ("FMR", version " 20"): strict parser and encoder.

Layout: reference of the standard, clause 7 (record header 24 bytes, then per view a 4-byte header, 6 bytes per
minutia, a 2-byte length and that many bytes of extended data). All numbers are big endian. A record that this module
accepts is encoded again byte for byte.

The 2011 edition ("030") and ANSI/INCITS 378 begin with the same three letters; both are refused by name.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

MAGIC = b"FMR\x00"
VERSION_2005 = b" 20\x00"
RECORD_HEADER = struct.Struct(">4s4sIHHHHHBB")
VIEW_HEADER = struct.Struct(">BBBB")
MINUTIA = struct.Struct(">HHBB")
EXTENDED_LENGTH = struct.Struct(">H")

COORDINATE_MAX = 0x3FFF
MAX_VIEWS = 16
"""View numbers have four bits; more views of one finger than that cannot be told apart. Bounds time and memory."""
DPI_500 = 197
"""Pixels per centimetre of 500 dots per inch, as the standard rounds it."""


class TemplateError(ValueError):
    """Bytes that are no finger minutiae record of the 2005 edition. Says which field, where; nothing personal."""


class Kind(IntEnum):
    """Minutia type, two bits."""

    OTHER = 0
    ENDING = 1
    BIFURCATION = 2
    RESERVED = 3


@dataclass(frozen=True, slots=True)
class Minutia:
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


def parse(data: bytes) -> Template:
    """The record in `data`, which must be exactly one record. TemplateError says what is wrong and at which offset."""
    if len(data) < RECORD_HEADER.size:
        raise TemplateError(f"{len(data)} bytes: shorter than the 24-byte record header")
    magic, version, length, equipment, width, height, x_resolution, y_resolution, views, reserved = (
        RECORD_HEADER.unpack_from(data)
    )
    if magic != MAGIC:
        raise TemplateError("offset 0: does not begin with FMR: not a finger minutiae record")
    if version != VERSION_2005:
        raise TemplateError("offset 4: not version 20 (ISO/IEC 19794-2:2005); ask the registry for that edition")
    if length != len(data):
        raise TemplateError(f"offset 8: the record says {length} bytes but has {len(data)} (INCITS 378 or cut off)")
    if not (width and height and x_resolution and y_resolution):
        raise TemplateError("offset 14: image size or resolution is zero")
    if not 1 <= views <= MAX_VIEWS:
        raise TemplateError(f"offset 22: {views} views; 1 to {MAX_VIEWS} are understood")
    parsed = []
    offset = RECORD_HEADER.size
    for _ in range(views):
        view, offset = _view(data, offset, width, height)
        parsed.append(view)
    if offset != len(data):
        raise TemplateError(f"offset {offset}: {len(data) - offset} bytes after the last view")
    return Template(width, height, tuple(parsed), x_resolution, y_resolution, equipment, reserved)


def _view(data: bytes, offset: int, width: int, height: int) -> tuple[View, int]:
    _needs(data, offset, VIEW_HEADER.size, "view header")
    position, number_impression, quality, count = VIEW_HEADER.unpack_from(data, offset)
    if position > 10:
        raise TemplateError(f"offset {offset}: finger position {position}; 0 to 10 are defined")
    if quality > 100:
        raise TemplateError(f"offset {offset + 2}: finger quality {quality}; 0 to 100 are defined")
    offset += VIEW_HEADER.size
    _needs(data, offset, count * MINUTIA.size + EXTENDED_LENGTH.size, f"{count} minutiae and the extended data length")
    minutiae = []
    for _ in range(count):
        minutiae.append(_minutia(data, offset, width, height))
        offset += MINUTIA.size
    (extended_length,) = EXTENDED_LENGTH.unpack_from(data, offset)
    offset += EXTENDED_LENGTH.size
    _needs(data, offset, extended_length, "extended data")
    extended = bytes(data[offset : offset + extended_length])
    view = View(tuple(minutiae), position, number_impression >> 4, number_impression & 15, quality, extended)
    return view, offset + extended_length


def _minutia(data: bytes, offset: int, width: int, height: int) -> Minutia:
    first, second, angle, quality = MINUTIA.unpack_from(data, offset)
    x, y = first & COORDINATE_MAX, second & COORDINATE_MAX
    if x >= width or y >= height:
        raise TemplateError(f"offset {offset}: a minutia lies outside the {width}x{height} image")
    if quality > 100:
        raise TemplateError(f"offset {offset + 5}: minutia quality {quality}; 0 to 100 are defined")
    return Minutia(Kind(first >> 14), x, y, angle, quality, second >> 14)


def _needs(data: bytes, offset: int, size: int, what: str) -> None:
    if offset + size > len(data):
        raise TemplateError(f"offset {offset}: the record ends before the {what}")


def encode(template: Template) -> bytes:
    """The record's bytes. TemplateError if a value does not fit its field."""
    try:
        body = b"".join(_encode_view(view) for view in template.views)
        header = RECORD_HEADER.pack(
            MAGIC,
            VERSION_2005,
            RECORD_HEADER.size + len(body),
            template.equipment,
            template.width,
            template.height,
            template.x_resolution,
            template.y_resolution,
            len(template.views),
            template.reserved,
        )
    except struct.error as error:
        raise TemplateError(f"a value does not fit its field: {error}") from error
    record = header + body
    parse(record)
    return record


def _encode_view(view: View) -> bytes:
    if not (0 <= view.number <= 15 and 0 <= view.impression <= 15):
        raise TemplateError("view number and impression type have four bits each")
    parts = [VIEW_HEADER.pack(view.position, view.number << 4 | view.impression, view.quality, len(view.minutiae))]
    for minutia in view.minutiae:
        if max(minutia.x, minutia.y) > COORDINATE_MAX or min(minutia.x, minutia.y) < 0:
            raise TemplateError(f"coordinates are 0 to {COORDINATE_MAX}")
        parts.append(
            MINUTIA.pack(
                minutia.kind << 14 | minutia.x, minutia.reserved << 14 | minutia.y, minutia.angle, minutia.quality
            )
        )
    parts.append(EXTENDED_LENGTH.pack(len(view.extended)))
    parts.append(view.extended)
    return b"".join(parts)
