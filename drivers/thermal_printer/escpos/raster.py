"""Pictures to GS v 0, by Pillow and NumPy: the same dots as python-escpos 3.1's bitImageRaster, without its detours.

Greys become dots by Pillow's error diffusion (Floyd and Steinberg), pure black and white stay what they are. The whole
picture is turned into dots first and sliced afterwards, so that no slice's edge shows in a grey. The diffusion is what
takes the time (`make bench`): each dot waits for its neighbour's error, so nothing makes it faster here.
"""

import re
from collections.abc import Iterator

import numpy as np
from PIL import Image

SLICE_ROWS = 128
"""Rows of one command: some printers print long pictures as text (python-escpos issue 631)."""
_WITHOUT_ALPHA = ("1", "L", "RGB")
_REALTIME = re.compile(rb"\x10(?=[\x04\x05\x14])")


def commands(image: Image.Image, width_dots: int) -> Iterator[bytes]:
    """The picture, at most `width_dots` wide, centred; one GS v 0 for each SLICE_ROWS rows, without real-time
    commands in them."""
    dots = centred(ink(image), width_dots)
    width_bytes = dots.width // 8
    data = without_realtime(packed(dots))
    for top in range(0, dots.height, SLICE_ROWS):
        rows = min(SLICE_ROWS, dots.height - top)
        header = b"\x1dv0\x00" + width_bytes.to_bytes(2, "little") + rows.to_bytes(2, "little")
        yield header + data[top * width_bytes : (top + rows) * width_bytes]


def ink(image: Image.Image) -> Image.Image:
    """One bit a dot, set where it is burnt. What is transparent is paper."""
    if image.mode not in _WITHOUT_ALPHA:
        opaque = Image.new("RGBA", image.size, "white")
        opaque.alpha_composite(image.convert("RGBA"))
        image = opaque.convert("RGB")
    grey = ~np.asarray(image if image.mode == "L" else image.convert("L"))
    return Image.frombuffer("L", image.size, grey.data, "raw", "L", 0, 1).convert("1")


def centred(dots: Image.Image, width_dots: int) -> Image.Image:
    """Paper to the left, and to the right up to a whole byte."""
    left = (width_dots - dots.width) // 2
    if not left and dots.width % 8 == 0:
        return dots
    row = Image.new("1", ((left + dots.width + 7) // 8 * 8, dots.height))
    row.paste(dots, (left, 0))
    return row


def packed(dots: Image.Image) -> bytes:
    """Eight dots a byte, the leftmost in the highest bit; the width is a multiple of 8.

    Pillow holds a byte for each dot, 0 or 255, and its own `tobytes` packs them one by one; NumPy does eight at once.
    """
    return np.packbits(np.frombuffer(dots.tobytes("raw", "L"), np.uint8)).tobytes()


def without_realtime(raster: bytes) -> bytes:
    """A printer obeys DLE EOT, DLE ENQ and DLE DC4 even in the middle of a picture; one lost dot prevents that."""
    return _REALTIME.sub(b"\x00", raster)
