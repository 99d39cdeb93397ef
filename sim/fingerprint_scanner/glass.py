"""What the sensor makes of the finger on its glass."""

from pathlib import Path

from PIL import Image

PICTURE_DPI = 500
"""Resolution of specimen pictures that do not say their own."""


def pressed(picture: Path, width: int, height: int, dpi: int) -> bytes:
    """The image buffer, `width` x `height` pixels of 4 bits, two per byte, left pixel in the high nibble, 0 = ridge.

    The finger lies with the middle of its picture on the middle of the glass; what is outside is cut off, and glass
    that it does not cover is white.
    """
    with Image.open(picture) as opened:
        finger = opened.convert("L")
        said = opened.info.get("dpi", (PICTURE_DPI,))[0]
    scale = dpi / float(said)
    if abs(scale - 1) > 0.002:
        size = (max(round(finger.width * scale), 1), max(round(finger.height * scale), 1))
        finger = finger.resize(size, Image.Resampling.BICUBIC)
    glass = Image.new("L", (width, height), 255)
    glass.paste(finger, ((width - finger.width) // 2, (height - finger.height) // 2))
    pixels = glass.tobytes()
    return bytes((left & 0xF0) | (right >> 4) for left, right in zip(pixels[::2], pixels[1::2], strict=True))
