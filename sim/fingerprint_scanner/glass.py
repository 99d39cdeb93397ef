"""What the sensor makes of the finger on its glass."""

from functools import lru_cache
from pathlib import Path

from PIL import Image

PICTURE_DPI = 500
"""Resolution of specimen pictures that do not say their own."""

_HIGH, _LOW = bytes(grey & 0xF0 for grey in range(256)), bytes(grey >> 4 for grey in range(256))
"""A pixel's four bits as the left and as the right one of a byte."""


def seen(picture: Path, dpi: int, size: tuple[int, int] | None = None) -> Image.Image:
    """The picture in greys (0 = ridge) at `dpi`; with a `size` in pixels, as glass of that size sees it: the middle of
    the finger on the middle of the glass, what is outside cut off, glass that it does not cover white."""
    with Image.open(picture) as opened:
        finger: Image.Image = opened.convert("L")
        said = opened.info.get("dpi", (PICTURE_DPI,))[0]
    scale = dpi / float(said)
    if abs(scale - 1) > 0.002:
        scaled = (max(round(finger.width * scale), 1), max(round(finger.height * scale), 1))
        finger = finger.resize(scaled, Image.Resampling.BICUBIC)
    if size is None:
        return finger
    glass = Image.new("L", size, 255)
    glass.paste(finger, ((size[0] - finger.width) // 2, (size[1] - finger.height) // 2))
    return glass


@lru_cache(maxsize=32)
def pressed(picture: Path, width: int, height: int, dpi: int) -> bytes:
    """The image buffer, `width` x `height` pixels of 4 bits, two per byte, left pixel in the high nibble, 0 = ridge."""
    pixels = seen(picture, dpi, (width, height)).tobytes()
    left, right = pixels[::2].translate(_HIGH), pixels[1::2].translate(_LOW)
    return (int.from_bytes(left, "big") | int.from_bytes(right, "big")).to_bytes(len(left), "big")
