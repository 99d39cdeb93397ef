"""Pictures to GS v 0, by Pillow alone: the same dots as python-escpos 3.1's bitImageRaster, without its detours.

Greys become dots by Pillow's error diffusion (Floyd and Steinberg), pure black and white stay what they are. The whole
picture is turned into dots first and sliced afterwards, so that no slice's edge shows in a grey.
"""

from collections.abc import Iterator

from PIL import Image, ImageChops

SLICE_ROWS = 128
"""Rows of one command: some printers print long pictures as text (python-escpos issue 631)."""
_WITHOUT_ALPHA = ("1", "L", "RGB")


def commands(image: Image.Image, width_dots: int) -> Iterator[bytes]:
    """The picture, at most `width_dots` wide, centred; one GS v 0 for each SLICE_ROWS rows, without real-time
    commands in them."""
    dots = centred(ink(image), width_dots)
    width_bytes = dots.width // 8
    data = without_realtime(dots.tobytes())
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
    return ImageChops.invert(image if image.mode == "L" else image.convert("L")).convert("1")


def centred(dots: Image.Image, width_dots: int) -> Image.Image:
    """Paper to the left, and to the right up to a whole byte."""
    left = (width_dots - dots.width) // 2
    if not left and dots.width % 8 == 0:
        return dots
    row = Image.new("1", ((left + dots.width + 7) // 8 * 8, dots.height))
    row.paste(dots, (left, 0))
    return row


def without_realtime(raster: bytes) -> bytes:
    """A printer obeys DLE EOT, DLE ENQ and DLE DC4 even in the middle of a picture; one lost dot prevents that."""
    for second in (b"\x04", b"\x05", b"\x14"):
        raster = raster.replace(b"\x10" + second, b"\x00" + second)
    return raster
