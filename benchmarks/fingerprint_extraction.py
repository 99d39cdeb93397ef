"""How long a finger image takes to its minutiae, as in the kiosk: through libfprint's helper process and back."""

import resource
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
    """Prints one row: wall time, median and worst, and processor time of both processes, over the specimens."""
    images = [_image(name, impression) for name in finger_names() for impression in IMPRESSIONS] * ROUNDS
    _, idle = _worked([])
    times, spent = _worked(images)
    Console().print(
        f"finger image to minutiae, through libfprint's helper: {median(times):.1f} ms median, {max(times):.1f} ms "
        f"worst of {len(times)}; {(spent - idle) / len(times):.1f} ms of processor time each"
    )


def _worked(images: list[FingerImage]) -> tuple[list[float], float]:
    """(ms of each image, processor time in ms of it all, the helper's start included)."""
    before = _processor()
    detector, times = Extractor(), []
    detector.start()
    try:
        for image in images:
            begun = perf_counter()
            extract(image, detector)
            times.append((perf_counter() - begun) * 1000)
    finally:
        detector.stop()
    return times, _processor() - before


def _processor() -> float:
    """Of this process and the children it has waited for, in ms."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used) * 1000


def _image(name: str, impression: int) -> FingerImage:
    with Image.open(finger_image(name, impression)) as opened:
        grey = opened.convert("L")
        return FingerImage(grey.width, grey.height, 500, bytearray(grey.tobytes()))
