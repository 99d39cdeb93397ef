"""How long a finger image takes to its minutiae, as in the kiosk: through libfprint's helper process and back."""

from statistics import median
from time import perf_counter

from PIL import Image
from rich.console import Console

from drivers.contract.fingerprint_scanner import FingerImage
from drivers.fingerprint_scanner.libfprint import Extractor
from kiosk.biometrics.extractor import extract
from sim.data import IMPRESSIONS, finger_image, finger_names

ROUNDS = 5


def run() -> None:
    """Prints one row: median and worst over the specimens, ROUNDS times each."""
    times = _times()
    Console().print(
        f"finger image to minutiae, through libfprint's helper: {median(times):.1f} ms median, "
        f"{max(times):.1f} ms worst of {len(times)}"
    )


def _times() -> list[float]:
    detector, times = Extractor(), []
    detector.start()
    try:
        for image in [_image(name, impression) for name in finger_names() for impression in IMPRESSIONS] * ROUNDS:
            begun = perf_counter()
            extract(image, detector)
            times.append((perf_counter() - begun) * 1000)
    finally:
        detector.stop()
    return times


def _image(name: str, impression: int) -> FingerImage:
    with Image.open(finger_image(name, impression)) as opened:
        grey = opened.convert("L")
        return FingerImage(grey.width, grey.height, 500, bytearray(grey.tobytes()))
