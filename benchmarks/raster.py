"""A grey picture of 576x800 to ESC/POS raster: Pillow alone against python-escpos' bitImageRaster, the same dots."""

from escpos.printer import Dummy
from PIL import Image
from rich.console import Console

from benchmarks.rival import Duel, NotTheSame, fought
from drivers.thermal_printer.escpos import raster

SIZE = (576, 800)
HEADER = 8
"""Bytes of GS v 0 before its dots."""


def picture() -> Image.Image:
    """Every grey in both directions: the error diffusion has all to do."""
    across = Image.linear_gradient("L").rotate(90).resize(SIZE)
    return Image.blend(Image.linear_gradient("L").resize(SIZE), across, 0.5)


def ours(image: Image.Image) -> bytes:
    return b"".join(raster.commands(image, SIZE[0]))


def theirs(image: Image.Image) -> bytes:
    pen = Dummy(profile="TM-T20II")
    pen.image(image, impl="bitImageRaster")
    output: bytes = pen.output
    return output


def same_dots(image: Image.Image) -> None:
    """NotTheSame unless both burn the same dots, but for those that would be a command."""
    mine = b"".join(piece[HEADER:] for piece in raster.commands(image, SIZE[0]))
    if mine != raster.without_realtime(theirs(image)[HEADER:]):
        raise NotTheSame("raster")


def run() -> None:
    image = picture()
    same_dots(image)
    mine, rival = fought(
        Duel("raster", lambda: ours(image), "python-escpos", lambda: theirs(image), same=False),
    )
    if rival is not None:
        Console().print(
            f"slip: {SIZE[0]}x{SIZE[1]} grey to ESC/POS, same dots: {mine.median:.1f} ms (best {mine.best:.1f}); "
            f"python-escpos 3.1: {rival.median:.1f} ms (best {rival.best:.1f}), {rival.median / mine.median:.1f}x",
            soft_wrap=True,
        )
