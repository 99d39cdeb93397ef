"""The two jobs that turn a picture into a printer's bytes: the card's panels, and the ticket's raster."""

from collections.abc import Iterator

from escpos.printer import Dummy
from PIL import Image, ImageDraw

from benchmarks.rival import Duel
from drivers.card_printer.evolis.job import render_job
from drivers.card_printer.evolis.options import Options
from drivers.card_printer.evolis.raster import colour_panels
from drivers.contract.card_printer import FACE_SIZE
from drivers.contract.thermal_printer import Picture
from drivers.thermal_printer.escpos.encoder import WIDTH_DOTS, encode

Panels = tuple[bytes, bytes, bytes, bytes]
SLIP_SIZE = (WIDTH_DOTS, 800)
"""About the area of a ticket of 100 mm."""


def duels() -> Iterator[Duel]:
    face, slip = _face(), _slip()
    yield Duel(
        "card: artwork to Y, M, C, K panels", lambda: _separated(face), "every pixel by itself", lambda: _plain(face)
    )
    yield Duel("card: artwork to the bytes of the whole job", lambda: render_job(face), "", None)
    yield Duel(
        "ticket: picture to ESC/POS, guarded against real-time commands",
        lambda: b"".join(encode((Picture(slip),))),
        "python-escpos alone",
        lambda: _escpos(slip),
        same=False,
    )


def _face() -> Image.Image:
    """Colours everywhere, black text-like bars, white paper: every branch of the separation."""
    face = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * turn).resize(FACE_SIZE) for turn in range(3)])
    draw = ImageDraw.Draw(face)
    for top in range(60, 560, 40):
        draw.rectangle((60, top, 700, top + 14), fill="black")
        draw.rectangle((720, top, 980, top + 30), fill="white")
    return face


def _slip() -> Image.Image:
    slip = Image.new("L", SLIP_SIZE, 255)
    draw = ImageDraw.Draw(slip)
    for row in range(0, SLIP_SIZE[1], 24):
        draw.rectangle((row % 97, row, SLIP_SIZE[0] - row % 61, row + 11), fill=0)
    return slip


def _separated(face: Image.Image) -> Panels:
    yellow, magenta, cyan, black = (dots for _, dots in colour_panels(face, Options()))
    return yellow, magenta, cyan, black


def _plain(face: Image.Image) -> Panels:
    """The rule of the panels, said once for each dot: lines along the card, the first dot at the bottom edge."""
    width, height = face.size
    pixels = face.tobytes()
    yellow, magenta, cyan, black = bytearray(), bytearray(), bytearray(), bytearray()
    for x in range(width):
        bits = 0
        for y in range(height - 1, -1, -1):
            at = 3 * (y * width + x)
            red, green, blue = pixels[at : at + 3]
            ink = red == green == blue == 0
            yellow.append(0 if ink else 255 - blue)
            magenta.append(0 if ink else 255 - green)
            cyan.append(0 if ink else 255 - red)
            bits = bits << 1 | ink
        black += bits.to_bytes(height // 8, "big")
    return bytes(yellow), bytes(magenta), bytes(cyan), bytes(black)


def _escpos(slip: Image.Image) -> bytes:
    pen = Dummy(profile="TM-T20II")
    pen.image(slip, impl="bitImageRaster", fragment_height=128)
    return bytes(pen.output)
