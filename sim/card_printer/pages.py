"""The pictures in a PDF of card faces: as much of ISO 32000-1 as such a file needs, and no more.

Found are the image objects in the order of the file: raw RGB of 8 bits, Flate-compressed, of the size of a card.
"""

import re
import zlib

from PIL import Image

SIZE = (1016, 648)
PAGES_MAX = 2
_OBJECT = re.compile(rb"\d+ 0 obj\s*<<(.{0,400}?)>>\s*stream\r?\n", re.DOTALL)
_ENTRY = re.compile(rb"/(Subtype|Width|Height|ColorSpace|BitsPerComponent|Filter|Length)\s*/?([A-Za-z0-9]+)")


class Unreadable(ValueError):
    """No PDF of one or two card faces."""


def faces(pdf: bytes) -> list[Image.Image]:
    """The one or two faces in `pdf`, 1016x648 RGB. Unreadable."""
    if not pdf.startswith(b"%PDF-"):
        raise Unreadable("no PDF")
    found = []
    for start in _OBJECT.finditer(pdf):
        entries = {name.decode(): value.decode() for name, value in _ENTRY.findall(start[1])}
        if entries.get("Subtype") == "Image":
            found.append(_picture(entries, pdf[start.end() :]))
            if len(found) > PAGES_MAX:
                raise Unreadable("more than two faces")
    if not found:
        raise Unreadable("no picture")
    return found


def _picture(entries: dict[str, str], rest: bytes) -> Image.Image:
    kind = tuple(entries.get(name) for name in ("Width", "Height", "ColorSpace", "BitsPerComponent", "Filter"))
    if kind != (str(SIZE[0]), str(SIZE[1]), "DeviceRGB", "8", "FlateDecode") or not entries.get("Length", "").isdigit():
        raise Unreadable(f"a picture of a kind that no card has: {kind}")
    size = SIZE[0] * SIZE[1] * 3
    try:
        dots = zlib.decompressobj().decompress(rest[: int(entries["Length"])], size + 1)
    except zlib.error as error:
        raise Unreadable("a damaged picture") from error
    if len(dots) != size:
        raise Unreadable("a picture with too few or too many dots")
    return Image.frombytes("RGB", SIZE, dots)
