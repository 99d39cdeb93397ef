"""A grey picture of 576x800 to ESC/POS raster: our way against python-escpos' bitImageRaster, the same dots.

python -m benchmarks.raster
"""

import subprocess
import sys
import time

from escpos.printer import Dummy
from PIL import Image
from rich.console import Console

from benchmarks.rival import Duel, NotTheSame, fought
from drivers.thermal_printer.escpos import raster

SIZE = (576, 800)
ASKED = 2.5
ROUNDS = 31
PEN = Dummy(profile="TM-T20II")
HEADER = 8
"""Bytes of GS v 0 before its dots."""


def picture() -> Image.Image:
    """Every grey in both directions: the error diffusion has all to do."""
    across = Image.linear_gradient("L").rotate(90).resize(SIZE)
    return Image.blend(Image.linear_gradient("L").resize(SIZE), across, 0.5)


def ours(image: Image.Image) -> bytes:
    return b"".join(raster.commands(image, SIZE[0]))


def theirs(image: Image.Image) -> bytes:
    PEN.clear()
    PEN.image(image, impl="bitImageRaster")
    output: bytes = PEN.output
    return output


def same_dots(image: Image.Image) -> None:
    """NotTheSame unless both burn the same dots, but for those that would be a command."""
    mine = b"".join(piece[HEADER:] for piece in raster.commands(image, SIZE[0]))
    if mine != raster.without_realtime(theirs(image)[HEADER:]):
        raise NotTheSame("raster")


def run() -> None:
    """In a process of its own: how far other work has stretched the heap decides half of the rival's time, because its
    copies of the picture are given back to the system each time unless something larger came before."""
    subprocess.run([sys.executable, "-m", "benchmarks.raster"], check=True)


def fight() -> None:
    image = picture()
    same_dots(image)
    duel = Duel("raster", lambda: ours(image), "python-escpos", lambda: theirs(image), same=False)
    mine, rival = fought(duel, ROUNDS, time.process_time, settled=True)
    if rival is not None:
        Console().print(
            f"slip: {SIZE[0]}x{SIZE[1]} grey to ESC/POS, same dots, processor time, {ROUNDS} rounds in turns: "
            f"{mine.median:.1f} ms (best {mine.best:.1f}); python-escpos 3.1: {rival.median:.1f} ms (best "
            f"{rival.best:.1f}); {rival.median / mine.median:.1f}x (best {rival.best / mine.best:.1f}x), "
            f"asked {ASKED}x",
            soft_wrap=True,
        )


if __name__ == "__main__":
    fight()
