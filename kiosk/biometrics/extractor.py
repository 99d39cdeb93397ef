"""Finger image to minutiae: one detector for the images of every scanner and for pictures in the registry's records.

The detector is libfprint's (NIST's mindtct), reached as `drivers.contract.fingerprint_scanner.MinutiaeDetector`: the
one that the threshold of `kiosk.biometrics.policy` was set with. It was made for 500 dpi; other images are scaled.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from drivers.contract.fingerprint_scanner import FingerImage, MinutiaeDetector
from kiosk.biometrics.template import Kind, Minutia, Template, View

DETECTOR_DPI: Final = 500
NEAR_ENOUGH: Final = 0.05
"""Sensors of 508 and 512 dpi are not scaled: ridges are no more alike than that from finger to finger."""
CM_PER_INCH: Final = 2.54
LIMIT: Final = 255


def extract(image: FingerImage, detector: MinutiaeDetector) -> Template:
    """One view with the minutiae of `image`. Their kind is OTHER: the detector does not tell.

    What was made of the image on the way is overwritten; the image itself is the caller's. Errors of the detector.
    """
    scale = DETECTOR_DPI / image.dpi
    picture = image if abs(scale - 1) < NEAR_ENOUGH else _scaled(image, scale)
    try:
        found = detector.minutiae(picture)[:LIMIT]
    finally:
        if picture is not image:
            picture.wipe()
    minutiae = tuple(Minutia(Kind.OTHER, one.x, one.y, one.angle) for one in found)
    per_cm = round(picture.dpi / CM_PER_INCH)
    return Template(picture.width, picture.height, (View(minutiae),), per_cm, per_cm)


def _scaled(image: FingerImage, scale: float) -> FingerImage:
    """`image` at DETECTOR_DPI."""
    grey = np.frombuffer(image.pixels, np.uint8).reshape(image.height, image.width).astype(np.float32)
    rows = _weights(image.height, scale) @ grey
    scaled = rows @ _weights(image.width, scale).T
    height, width = scaled.shape
    pixels = bytearray(width * height)
    np.frombuffer(pixels, np.uint8).reshape(height, width)[:] = np.round(scaled)
    for left_over in (grey, rows, scaled):
        left_over.fill(0)
    return FingerImage(width, height, DETECTOR_DPI, pixels, image.pad)


def _weights(size: int, scale: float) -> NDArray[np.float32]:
    """(new size, size): what each old pixel gives to each new one, falling off linearly; rows sum to 1."""
    reach = max(1.0, 1 / scale)
    middles = (np.arange(max(round(size * scale), 1)) + 0.5) / scale
    weight = np.maximum(1 - np.abs(middles[:, None] - (np.arange(size) + 0.5)) / reach, 0)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)
