"""The ticket's raster: a picture turned into a receipt printer's bytes."""

from collections.abc import Iterator

from escpos.printer import Dummy
from PIL import Image, ImageDraw

from benchmarks.rival import Duel
from drivers.contract.thermal_printer import Picture
from drivers.thermal_printer.escpos.encoder import WIDTH_DOTS, encode

SLIP_SIZE = (WIDTH_DOTS, 800)
"""About the area of a ticket of 100 mm."""


def duels() -> Iterator[Duel]:
    slip = _slip()
    yield Duel(
        "ticket: picture to ESC/POS, guarded against real-time commands",
        lambda: b"".join(encode((Picture(slip),))),
        "python-escpos alone",
        lambda: _escpos(slip),
        same=False,
    )


def _slip() -> Image.Image:
    slip = Image.new("L", SLIP_SIZE, 255)
    draw = ImageDraw.Draw(slip)
    for row in range(0, SLIP_SIZE[1], 24):
        draw.rectangle((row % 97, row, SLIP_SIZE[0] - row % 61, row + 11), fill=0)
    return slip


def _escpos(slip: Image.Image) -> bytes:
    pen = Dummy(profile="TM-T20II")
    pen.image(slip, impl="bitImageRaster", fragment_height=128)
    return bytes(pen.output)
