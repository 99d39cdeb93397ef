"""From artwork to the panels of a YMCKO ribbon. Geometry and panel sizes: shared reference, printers, 1.4.

The artwork is turned 90 degrees clockwise: the stream has 1016 lines of 648 dots, line index = card x, dot index =
647 - y. Pure black (0, 0, 0) goes to the K panel and to no other; everything else is Y = 255-B, M = 255-G, C = 255-R.
The maker's software applies a colour profile of its own that is unpublished, so colours here are plain complements.
Pillow does it in well under 60 ms on a desktop core; NumPy was measured slower.
"""

from dataclasses import dataclass

from PIL import Image, ImageChops

from drivers.contract.card_printer import FACE_SIZE
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause

LINES, DOTS = FACE_SIZE
COLOUR_BYTES = LINES * DOTS
"""658,368: 8 bits per dot, 255 = most ink."""
MONO_BYTES = LINES * DOTS // 8
"""82,296: 81 bytes per line, most significant bit first, 1 = print."""


@dataclass(frozen=True, slots=True)
class Panels:
    yellow: bytes
    magenta: bytes
    cyan: bytes
    black: bytes


def separate(face: Image.Image) -> Panels:
    """The panels of `face`. DeviceError INVALID_DATA if it is not 1016x648 RGB: nothing is scaled or cut in silence."""
    if face.size != FACE_SIZE or face.mode != "RGB":
        raise DeviceError(
            DeviceCause.PROTOCOL,
            f"card artwork is {face.width}x{face.height} {face.mode}; it must be {LINES}x{DOTS} RGB (ID-1 at 300 dpi)",
            completion=Completion.INVALID_DATA,
        )
    red, green, blue = face.transpose(Image.Transpose.ROTATE_270).split()  # 270 degrees anticlockwise
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    black = brightest.point([255] + [0] * 255)
    return Panels(
        yellow=ImageChops.subtract(ImageChops.invert(blue), black).tobytes(),
        magenta=ImageChops.subtract(ImageChops.invert(green), black).tobytes(),
        cyan=ImageChops.subtract(ImageChops.invert(red), black).tobytes(),
        black=black.convert("1", dither=Image.Dither.NONE).tobytes(),
    )
