"""From artwork to the ink of each panel. Geometry: traffic of the maker's own software.

The artwork is turned 90 degrees clockwise: the stream has 1016 lines of 648 dots, line index = card x, dot index =
647 - y. By default pure black (0, 0, 0) goes to the K panel and to no other; everything else is Y = 255-B, M = 255-G,
C = 255-R. The maker's software applies a colour profile of its own that is unpublished, so colours here are plain
complements, unless the profile of the kiosk names an ICC profile (`colour.py`).
Pillow does it in well under 60 ms on a desktop core; NumPy was measured slower.
"""

from collections.abc import Iterator
from functools import cache, partial

from PIL import Image, ImageChops, ImageDraw, ImageOps

from drivers.card_printer.evolis.colour import through_profile
from drivers.card_printer.evolis.options import Options
from drivers.card_printer.evolis.panels import DOTS, LINES, MONO_BYTES
from drivers.contract.card_printer import FACE_SIZE
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause

CONTACTS = (100, 210, 256, 354)
"""Left, top, right, bottom in dots of the hole for the contacts: ISO/IEC 7816-2 puts them between 10.25 and 19.87 mm
from the left edge and 19.23 and 28.55 mm from the top; about 1.5 mm around them for the module's own plate."""
MONO_FROM = 128
"""Grey levels below this are black on a black ribbon."""
_UPRIGHT = Image.Transpose.ROTATE_270
"""Pillow turns anticlockwise: this is 90 degrees clockwise."""


def checked(face: Image.Image) -> Image.Image:
    """`face` if it is 1016x648 RGB; else DeviceError INVALID_DATA: nothing is scaled or cut in silence."""
    if face.size != FACE_SIZE or face.mode != "RGB":
        raise DeviceError(
            DeviceCause.PROTOCOL,
            f"card artwork is {face.width}x{face.height} {face.mode}; it must be {LINES}x{DOTS} RGB (ID-1 at 300 dpi)",
            completion=Completion.INVALID_DATA,
        )
    return face


def colour_panels(face: Image.Image, options: Options) -> Iterator[tuple[str, bytes]]:
    """`y`, `m`, `c` with one byte of ink per dot, then `k` with one bit per dot; one at a time, for memory."""
    black = _black(checked(face), options)
    if options.colour_profile is None:
        inks: Iterator[tuple[str, Image.Image]] = _complements(face)
    else:
        inks = through_profile(face, options.colour_profile)
    yield from map(partial(_bare, black), inks)  # keeps no picture longer than needed
    yield "k", _bits(black.transpose(_UPRIGHT))


def _bare(black: Image.Image, named: tuple[str, Image.Image]) -> tuple[str, bytes]:
    """The dots of one ink, none under black: it would only blur the edges of letters."""
    name, ink = named
    return name, ImageChops.subtract(ink, black).transpose(_UPRIGHT).tobytes()


def _complements(face: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    for name, channel in (("y", 2), ("m", 1), ("c", 0)):
        yield name, ImageChops.invert(face.getchannel(channel))


def black_panel(face: Image.Image, options: Options) -> bytes:
    """The one panel of a black ribbon, one bit per dot."""
    grey = ImageOps.invert(checked(face).transpose(_UPRIGHT).convert("L"))
    if options.mono == "dither":
        return grey.convert("1").tobytes()
    return _bits(grey.point([0] * (256 - MONO_FROM) + [255] * MONO_FROM))


@cache
def varnish_panel(kind: str) -> bytes:
    """`full` or `contacts`, one bit per dot."""
    if kind == "full":
        return b"\xff" * MONO_BYTES
    card = Image.new("L", FACE_SIZE, 255)
    left, top, right, bottom = CONTACTS
    ImageDraw.Draw(card).rectangle((left, top, right - 1, bottom - 1), fill=0)
    return _bits(card.transpose(_UPRIGHT))


def _black(face: Image.Image, options: Options) -> Image.Image:
    """255 where the black panel prints."""
    if options.black == "none":
        return Image.new("L", face.size)
    brightest = ImageChops.lighter(face.getchannel(0), face.getchannel(1))
    brightest = ImageChops.lighter(brightest, face.getchannel(2))
    darkest = 0 if options.black == "pure" else options.black_below
    return brightest.point([255] * (darkest + 1) + [0] * (255 - darkest))


def _bits(mask: Image.Image) -> bytes:
    return mask.convert("1", dither=Image.Dither.NONE).tobytes()
