"""ISO/IEC 19794-2 finger minutiae records ("FMR"): strict parser of two editions, encoder of the first.

Layout of 2005 (version " 20"): reference of the standard, clause 7 (record header 24 bytes, then per view a 4-byte
header, 6 bytes per minutia, a 2-byte length and that many bytes of extended data). All numbers are big endian. A
record of 2005 that this module accepts is encoded again byte for byte; one of 2011 is read into the same model.

ANSI/INCITS 378 begins with the same letters and is refused by name. The edition of 2004 also says " 20", but the two
bytes after it (or, if they are zero, the next four) are its length; that of 2009 also says "030", but its counts and
lengths do not add up when it is read as ISO/IEC 19794-2:2011.
"""

import struct

from kiosk.biometrics import edition_2011
from kiosk.biometrics.minutiae import (
    COORDINATE_MAX,
    DPI_500,
    MAX_VIEWS,
    Kind,
    Minutia,
    Template,
    TemplateError,
    View,
)

__all__ = ["DPI_500", "Kind", "Minutia", "Template", "TemplateError", "View", "encode", "parse"]

HEAD = 8
MAGIC = b"FMR\x00"
VERSION_2005 = b" 20\x00"
RECORD_HEADER = struct.Struct(">4s4sIHHHHHBB")
VIEW_HEADER = struct.Struct(">BBBB")
MINUTIA = struct.Struct(">HHBB")
EXTENDED_LENGTH = struct.Struct(">H")
KINDS = tuple(Kind)


def parse(data: bytes | bytearray) -> Template:
    """The record in `data`, which must be exactly one record. TemplateError says what is wrong and at which offset."""
    if len(data) < HEAD:
        raise TemplateError(f"{len(data)} bytes: shorter than any record's header")
    if data[:4] != MAGIC:
        raise TemplateError("offset 0: does not begin with FMR: not a finger minutiae record")
    version = bytes(data[4:8])
    if version == edition_2011.VERSION:
        return edition_2011.parse(data)
    if version != VERSION_2005:
        raise TemplateError("offset 4: neither version 20 (ISO/IEC 19794-2:2005) nor 030 (2011)")
    return _parse_2005(data)


def _parse_2005(data: bytes | bytearray) -> Template:
    if len(data) < RECORD_HEADER.size:
        raise TemplateError(f"{len(data)} bytes: shorter than the 24-byte record header")
    _, _, length, equipment, width, height, x_resolution, y_resolution, views, reserved = RECORD_HEADER.unpack_from(
        data
    )
    if length != len(data):
        if len(data) in (length >> 16, (length & 0xFFFF) << 16 | equipment):
            raise TemplateError("offset 8: an ANSI/INCITS 378-2004 record; ask the registry for ISO/IEC 19794-2")
        raise TemplateError(f"offset 8: the record says {length} bytes but has {len(data)}")
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


def _view(data: bytes | bytearray, offset: int, width: int, height: int) -> tuple[View, int]:
    _needs(data, offset, VIEW_HEADER.size, "view header")
    position, number_impression, quality, count = VIEW_HEADER.unpack_from(data, offset)
    if position > 10:
        raise TemplateError(f"offset {offset}: finger position {position}; 0 to 10 are defined")
    if quality > 100:
        raise TemplateError(f"offset {offset + 2}: finger quality {quality}; 0 to 100 are defined")
    offset += VIEW_HEADER.size
    _needs(data, offset, count * MINUTIA.size + EXTENDED_LENGTH.size, f"{count} minutiae and the extended data length")
    minutiae = _minutiae(data, offset, count, width, height)
    offset += count * MINUTIA.size
    (extended_length,) = EXTENDED_LENGTH.unpack_from(data, offset)
    offset += EXTENDED_LENGTH.size
    _needs(data, offset, extended_length, "extended data")
    extended = bytes(data[offset : offset + extended_length])
    view = View(minutiae, position, number_impression >> 4, number_impression & 15, quality, extended)
    return view, offset + extended_length


def _minutiae(data: bytes | bytearray, offset: int, count: int, width: int, height: int) -> tuple[Minutia, ...]:
    found: list[Minutia] = []
    for first, second, angle, quality in MINUTIA.iter_unpack(memoryview(data)[offset : offset + count * MINUTIA.size]):
        x, y = first & COORDINATE_MAX, second & COORDINATE_MAX
        if x >= width or y >= height or quality > 100:
            at = offset + len(found) * MINUTIA.size
            if quality > 100:
                raise TemplateError(f"offset {at + 5}: minutia quality {quality}; 0 to 100 are defined")
            raise TemplateError(f"offset {at}: a minutia lies outside the {width}x{height} image")
        found.append(Minutia(KINDS[first >> 14], x, y, angle, quality, second >> 14))
    return tuple(found)


def _needs(data: bytes | bytearray, offset: int, size: int, what: str) -> None:
    if offset + size > len(data):
        raise TemplateError(f"offset {offset}: the record ends before the {what}")


def encode(template: Template) -> bytes:
    """The bytes of a record of the 2005 edition. TemplateError if a value does not fit its field."""
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
