"""A record as the files of a chip: the logical data structure of ICAO Doc 9303-10.

SIMULATED CARD PROFILE. The layout follows the open standard for identity documents; it is not the layout of the e-KTP's
chip, which is not public and can be written only with the ministry's SAM.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from PIL import Image

from kiosk.cards.record import CardRecord
from kiosk.cards.tlv import tlv

EF_COM = 0x011E
"""Doc 9303-10, table 38."""

FACE_SIZES = ((480, 640), (360, 480), (240, 320), (180, 240), (120, 160), (90, 120))
QUALITIES = (80, 70, 60, 50, 40, 30, 20)
PIXELS_PER_BYTE = 24
"""More than this many pixels for each byte of a JPEG, and a face is blocks; then rather fewer pixels."""


class PhotoError(ValueError):
    """The record's photo is no picture, or cannot be made small enough for the chip."""


@dataclass(frozen=True, slots=True)
class ChipFiles:
    """`contents`: file identifier to bytes, in the order of writing. `digest`: what the chip must compute over them.

    The digest is SHA-256 over each file in ascending order of identifier: identifier (2 bytes), length (4), content.
    """

    contents: Mapping[int, bytes] = field(repr=False)
    digest: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "contents", MappingProxyType(dict(self.contents)))
        total = hashlib.sha256()
        for file, content in sorted(self.contents.items()):
            total.update(file.to_bytes(2, "big") + len(content).to_bytes(4, "big") + content)
        object.__setattr__(self, "digest", total.digest())


def com(*tags: int) -> bytes:
    """EF.COM (Doc 9303-10, 4.6.1): LDS version 1.7, Unicode 4.0.0, the data groups that are there."""
    return tlv(0x60, tlv(0x5F01, b"0107"), tlv(0x5F36, b"040000"), tlv(0x5C, bytes(tags)))


def personal_details(record: CardRecord) -> bytes:
    """Content of DG11 (Doc 9303-10, 4.7.11). Fields of several parts are separated by `<`."""
    address = (
        record.address,
        f"RT/RW {record.rt_rw}",
        record.village,
        record.district,
        record.regency,
        record.province,
    )
    fields = {
        0x5F0E: "<".join(record.name.split()),
        0x5F10: record.nik,
        0x5F2B: record.birth_date.strftime("%Y%m%d"),
        0x5F11: record.birth_place,
        0x5F42: "<".join(part for part in address if part),
    }
    tags = b"".join(tag.to_bytes(2, "big") for tag in fields)
    return tlv(0x5C, tags) + b"".join(tlv(tag, text.encode("utf-8")) for tag, text in fields.items())


def face_template(photo: bytes, limit: int) -> bytes:
    """Content of DG2 in at most `limit` bytes (Doc 9303-10, 4.7.2): one biometric information template around an
    ISO/IEC 19794-5 record."""
    jpeg, width, height = small_jpeg(photo, limit - 100)
    header = tlv(0xA1, tlv(0x80, b"\x01\x01"), tlv(0x81, b"\x02"), tlv(0x87, b"\x01\x01"), tlv(0x88, b"\x00\x08"))
    template = tlv(0x7F60, header, tlv(0x5F2E, face_record(jpeg, width, height)))
    return tlv(0x7F61, tlv(0x02, b"\x01"), template)


def face_record(jpeg: bytes, width: int, height: int) -> bytes:
    """ISO/IEC 19794-5:2005, 5.4 to 5.7: one full frontal JPEG in 24-bit colour, nothing said of the person in it."""
    block = 20 + 12 + len(jpeg)
    record = b"FAC\x00010\x00" + (14 + block).to_bytes(4, "big") + (1).to_bytes(2, "big")
    information = block.to_bytes(4, "big") + bytes(16)  # no feature points; gender, eyes, hair, pose: unspecified
    image = b"\x01\x00" + width.to_bytes(2, "big") + height.to_bytes(2, "big") + b"\x01\x02" + bytes(4)
    return record + information + image + jpeg


def small_jpeg(photo: bytes, limit: int) -> tuple[bytes, int, int]:
    """The picture in portrait 3:4, as large and as good as `limit` bytes allow: (JPEG, width, height)."""
    try:
        with Image.open(io.BytesIO(photo)) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PhotoError("the photo is no picture that can be read") from error
    for size in FACE_SIZES:
        if size[0] * size[1] > limit * PIXELS_PER_BYTE:
            continue
        fitted = _cropped(picture).resize(size, Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            out = io.BytesIO()
            fitted.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= limit:
                return out.getvalue(), *size
    raise PhotoError(f"the photo cannot be made smaller than {limit} bytes")


def _cropped(picture: Image.Image) -> Image.Image:
    """The largest 3:4 part around the middle."""
    width = min(picture.width, picture.height * 3 // 4) or 1
    height = min(picture.height, width * 4 // 3) or 1
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))
