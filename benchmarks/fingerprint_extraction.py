"""How long libfprint's detector takes for one finger image, through the helper process and back."""

import asyncio
from statistics import median
from time import perf_counter

from PIL import Image
from rich.console import Console

from drivers.contract.fingerprint_scanner import FingerImage
from drivers.fingerprint_scanner.libfprint import Extractor
from sim.data import IMPRESSIONS, finger_image, finger_names

ROUNDS = 5


def run() -> None:
    """Prints one row: median and worst over the specimens, ROUNDS times each."""
    times = asyncio.run(_times())
    Console().print(
        f"finger image to libfprint's minutiae, through the helper: {median(times):.1f} ms median, "
        f"{max(times):.1f} ms worst of {len(times)}"
    )


async def _times() -> list[float]:
    extractor, times = Extractor(), []
    await extractor.start()
    try:
        for image in [_image(name, impression) for name in finger_names() for impression in IMPRESSIONS] * ROUNDS:
            begun = perf_counter()
            await extractor.minutiae(image)
            times.append((perf_counter() - begun) * 1000)
    finally:
        await extractor.stop()
    return times


def _image(name: str, impression: int) -> FingerImage:
    with Image.open(finger_image(name, impression)) as opened:
        grey = opened.convert("L")
        return FingerImage(grey.width, grey.height, 500, bytearray(grey.tobytes()))
