"""ISO/IEC 19794-2:2011 (version "030"), off-card: read into the model of `kiosk.biometrics.minutiae`.

Clause 8: a header of 15 bytes (letters, version, length, number of representations, certification flag), then for each
representation its length, capture date and device, quality blocks of 5 bytes, certification blocks of 3 if the flag is
set, finger, resolution, size, the length of a minutia (5 bytes without quality, 6 with), the minutiae, and extended
data. ANSI/INCITS 378-2009 begins alike; it is known by lengths that do not add up when it is read so.
"""

import struct

from kiosk.biometrics.minutiae import COORDINATE_MAX, MAX_VIEWS, Kind, Minutia, Template, TemplateError, View

VERSION = b"030\x00"
HEADER = struct.Struct(">4s4sIHB")
CAPTURE = struct.Struct(">I9sBHHB")
"""Length, date and time, technology, vendor and type of the device, number of quality blocks."""
FINGER = struct.Struct(">BBHHBHHBB")
"""Position, number, resolution in x and y, impression, width, height, minutia length and ending type, count."""
MINUTIA = struct.Struct(">HHB")
QUALITY_BYTES, CERTIFICATION_BYTES = 5, 3
NOT_REPORTED = (254, 255)
"""Qualities that say: not reported, could not be computed."""

Size = tuple[int, int, int, int]
"""Width, height, resolution in x and y."""


def parse(data: bytes | bytearray) -> Template:
    """The record in `data`; TemplateError. All its representations must have one size and resolution."""
    if len(data) < HEADER.size:
        raise TemplateError(f"{len(data)} bytes: shorter than the 15-byte record header")
    _, _, length, count, certified = HEADER.unpack_from(data)
    if length != len(data):
        raise TemplateError(f"offset 8: the record says {length} bytes but has {len(data)}")
    pieces = _pieces(data, count)
    if certified > 1:
        raise TemplateError(f"offset 14: certification flag {certified}; 0 and 1 are defined")
    if not 1 <= count <= MAX_VIEWS:
        raise TemplateError(f"offset 12: {count} representations; 1 to {MAX_VIEWS} are understood")
    read = [_representation(data, start, end, bool(certified)) for start, end in pieces]
    size = read[0][0]
    if any(other != size for other, _ in read):
        raise TemplateError("representations of different sizes or resolutions are not understood")
    width, height, x_resolution, y_resolution = size
    return Template(width, height, tuple(view for _, view in read), x_resolution, y_resolution)


def _pieces(data: bytes | bytearray, count: int) -> list[tuple[int, int]]:
    """Where each representation begins and ends."""
    pieces: list[tuple[int, int]] = []
    at = HEADER.size
    while len(pieces) < count and at + 4 <= len(data):
        end = at + int.from_bytes(data[at : at + 4], "big")
        if not at + CAPTURE.size + FINGER.size + 2 <= end <= len(data):
            break
        pieces.append((at, end))
        at = end
    if len(pieces) < count or at != len(data):
        raise TemplateError(
            f"offset {at}: the representations' lengths do not add up (ANSI/INCITS 378-2009 or damaged)"
        )
    return pieces


def _representation(data: bytes | bytearray, at: int, end: int, certified: bool) -> tuple[Size, View]:
    blocks = CAPTURE.unpack_from(data, at)[5]
    at += CAPTURE.size
    quality = data[at] if blocks else 0
    if quality > 100 and quality not in NOT_REPORTED:
        raise TemplateError(f"offset {at}: finger quality {quality}; 0 to 100, 254 and 255 are defined")
    at += QUALITY_BYTES * blocks
    if certified:
        _needs(at + 1, end)
        at += 1 + CERTIFICATION_BYTES * data[at]
    _needs(at + FINGER.size, end)
    position, number, x_res, y_res, impression, width, height, kind, count = FINGER.unpack_from(data, at)
    if position > 10:
        raise TemplateError(f"offset {at}: finger position {position}; 0 to 10 are defined")
    if number > 15 or impression > 29:
        raise TemplateError(f"offset {at + 1}: representation {number}, impression type {impression}: out of range")
    if not (width and height and x_res and y_res):
        raise TemplateError(f"offset {at + 2}: image size or resolution is zero")
    each = kind >> 4
    if each not in (5, 6):
        raise TemplateError(f"offset {at + 11}: minutiae of {each} bytes; 5 and 6 are defined")
    at += FINGER.size
    _needs(at + each * count + 2, end)
    minutiae = tuple(_minutia(data, at + each * n, each, width, height) for n in range(count))
    at += each * count
    extended = int.from_bytes(data[at : at + 2], "big")
    if at + 2 + extended != end:
        raise TemplateError(f"offset {at}: {extended} bytes of extended data do not end with the representation")
    kept = bytes(data[at + 2 : end])
    score = 0 if quality in NOT_REPORTED else quality
    # Contact-less impressions (from 24 on) have no code in four bits; the model keeps those of 2005.
    view = View(minutiae, position, number, impression if impression <= 15 else 0, score, kept)
    return (width, height, x_res, y_res), view


def _minutia(data: bytes | bytearray, at: int, each: int, width: int, height: int) -> Minutia:
    first, second, angle = MINUTIA.unpack_from(data, at)
    x, y = first & COORDINATE_MAX, second & COORDINATE_MAX
    if x >= width or y >= height:
        raise TemplateError(f"offset {at}: a minutia lies outside the {width}x{height} image")
    quality = data[at + 5] if each == 6 else 254
    if quality > 100 and quality not in NOT_REPORTED:
        raise TemplateError(f"offset {at + 5}: minutia quality {quality}; 0 to 100, 254 and 255 are defined")
    return Minutia(Kind(first >> 14), x, y, angle, 0 if quality in NOT_REPORTED else quality, second >> 14)


def _needs(at: int, end: int) -> None:
    if at > end:
        raise TemplateError(f"offset {end}: the representation ends too early")
