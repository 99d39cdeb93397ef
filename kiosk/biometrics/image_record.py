"""ISO/IEC 19794-4:2005 finger image records ("FIR"): when the registry sends the picture, we extract both sides
ourselves, which errs less than another maker's minutiae.

Clause 7: a record header of 32 bytes, then for each view a header of 14 bytes (its length, finger, number, quality,
impression, width, height) and the pixels, dark ridges on light. Read: 8 bits, uncompressed or PNG. WSQ, JPEG and JPEG
2000 are refused by name.
"""

import io
import struct

from PIL import Image

from drivers.contract.fingerprint_scanner import FingerImage
from kiosk.biometrics.minutiae import MAX_VIEWS, TemplateError

MAGIC = b"FIR\x00"
VERSION = b"010\x00"
HEADER = struct.Struct(">4s4sHIHHBBHHHHBBH")
"""Letters, version, length (48 bits), device, level, fingers, unit, scan and image resolution, depth, compression."""
VIEW = struct.Struct(">IBBBBBHHB")
COMPRESSIONS = {0: "none", 1: "packed bits", 2: "WSQ", 3: "JPEG", 4: "JPEG 2000", 5: "PNG"}
NONE, PNG = 0, 5
PER_INCH, PER_CM = 1, 2
MAX_SIDE = 1000
"""Pixels: two inches at 500 dpi. Bounds time and memory."""
DPI_RANGE = range(250, 1101)


def parse(data: bytes | bytearray) -> list[FingerImage]:
    """The pictures of the record in `data`, which must be exactly one record. TemplateError."""
    if len(data) < HEADER.size:
        raise TemplateError(f"{len(data)} bytes: shorter than the 32-byte record header")
    magic, version, high, low, _, _, count, unit, _, _, x_res, y_res, depth, compression, _ = HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise TemplateError("offset 0: no finger image record of version 010 (ISO/IEC 19794-4:2005)")
    if high << 32 | low != len(data):
        raise TemplateError(f"offset 8: the record says {high << 32 | low} bytes but has {len(data)}")
    if not 1 <= count <= MAX_VIEWS:
        raise TemplateError(f"offset 18: {count} views; 1 to {MAX_VIEWS} are understood")
    if unit not in (PER_INCH, PER_CM):
        raise TemplateError(f"offset 19: scale unit {unit}; 1 and 2 are defined")
    dpi = x_res if unit == PER_INCH else round(x_res * 2.54)
    if x_res != y_res or dpi not in DPI_RANGE:
        raise TemplateError(f"offset 24: {x_res} x {y_res} pixels per unit; one resolution of 250 to 1100 dpi is read")
    if depth != 8 or compression not in (NONE, PNG):
        kind = COMPRESSIONS.get(compression, str(compression))
        raise TemplateError(f"offset 28: {depth} bits, compression {kind}; 8 bits, none or PNG, are read")
    pictures, at = [], HEADER.size
    for _ in range(count):
        if at + VIEW.size > len(data):
            raise TemplateError(f"offset {at}: the record ends before the view header")
        length, _, _, _, _, _, width, height, _ = VIEW.unpack_from(data, at)
        if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
            raise TemplateError(f"offset {at + 9}: {width}x{height} pixels; up to {MAX_SIDE} a side are read")
        if length < VIEW.size or at + length > len(data):
            raise TemplateError(f"offset {at}: a view of {length} bytes does not fit the record")
        body = bytearray(data[at + VIEW.size : at + length])
        pictures.append(FingerImage(width, height, dpi, _pixels(body, width, height, compression, at)))
        at += length
    if at != len(data):
        raise TemplateError(f"offset {at}: {len(data) - at} bytes after the last view")
    return pictures


def _pixels(body: bytearray, width: int, height: int, compression: int, at: int) -> bytearray:
    if compression == PNG:
        try:
            with Image.open(io.BytesIO(body), formats=("PNG",)) as picture:
                fits = picture.size == (width, height) and picture.mode == "L"
                body = bytearray(picture.tobytes()) if fits else bytearray()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise TemplateError(f"offset {at}: no readable PNG") from error
    if len(body) != width * height:
        raise TemplateError(f"offset {at}: {len(body)} bytes of pixels; {width}x{height} are {width * height}")
    return body
