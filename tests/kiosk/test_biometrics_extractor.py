"""Minutiae are found where they are, pointing the way ISO/IEC 19794-2 wants: libfprint's detector, as in the kiosk."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, FoundMinutia, MinutiaeDetector, RetryReason
from drivers.fingerprint_scanner.libfprint import Extractor
from kiosk.biometrics.extractor import extract
from kiosk.biometrics.template import Template, encode, parse


@pytest.fixture(scope="module")
def detector() -> Iterator[Extractor]:
    one = Extractor()
    yield one
    one.stop()


def image(pixels: NDArray[np.generic], dpi: int = 500) -> FingerImage:
    height, width = pixels.shape
    return FingerImage(
        width, height, dpi, bytearray(np.asarray(pixels, np.float64).clip(0, 255).astype(np.uint8).tobytes())
    )


def ridges_with_one_more(side: int, period: float = 9.0, width: int = 256, height: int = 288) -> FingerImage:
    """Level ridges under an oval finger, with one ridge more to the right (side 1) or left (side -1) of the middle."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    dy, dx = y - height / 2, x - width / 2
    wave = np.cos(2 * np.pi * y / period + np.arctan2(dy, dx * side))
    finger = (dx / (0.47 * width)) ** 2 + (dy / (0.47 * height)) ** 2 < 1
    return image(np.where(finger, 128 + 110 * wave, 250))


def in_the_middle(template: Template) -> tuple[float, float, int]:
    """(x, y, angle) of the only minutia away from the finger's edge; x and y from the middle, as parts of the size."""
    places = [
        (one.x / template.width - 0.5, one.y / template.height - 0.5, one.angle) for one in template.views[0].minutiae
    ]
    (only,) = (one for one in places if math.hypot(one[0], one[1]) < 0.3)
    return only


@pytest.mark.parametrize(("side", "angle"), [(1, 0), (-1, 128)])
def test_a_new_ridge_is_one_minutia_where_it_begins_pointing_along_it(
    detector: Extractor, side: int, angle: int
) -> None:
    x, y, found = in_the_middle(extract(ridges_with_one_more(side), detector))
    assert math.hypot(x * 256, y * 288) < 10
    assert abs((found - angle + 128) % 256 - 128) < 12  # 17 degrees


@pytest.mark.parametrize("dpi", [250, 508, 750, 1000])
def test_a_finer_or_coarser_sensor_gives_the_same_minutia(detector: Extractor, dpi: int) -> None:
    scale = dpi / 500
    picture = ridges_with_one_more(1, 9.0 * scale, round(256 * scale), round(288 * scale))
    picture = FingerImage(picture.width, picture.height, dpi, picture.pixels)
    before = bytes(picture.pixels)
    template = extract(picture, detector)
    x, y, angle = in_the_middle(template)
    assert math.hypot(x * 256, y * 288) < 12
    assert abs((angle + 128) % 256 - 128) < 12
    assert template.width / template.x_resolution == pytest.approx(256 / 197, rel=0.02), "the same size in cm"
    assert bytes(picture.pixels) == before, "the image is the caller's"


def test_what_is_found_makes_a_record(detector: Extractor) -> None:
    template = extract(ridges_with_one_more(1), detector)
    assert parse(encode(template)) == template


class Watching(MinutiaeDetector):
    """Keeps hold of the image that it was given."""

    def __init__(self, found: int = 0) -> None:
        self.image: FingerImage
        self._found = found

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def minutiae(self, image: FingerImage) -> tuple[FoundMinutia, ...]:
        self.image = image
        if not self._found:
            assert any(image.pixels)
            raise CaptureRetry(RetryReason.TOO_POOR)
        return tuple(FoundMinutia(n % image.width, 1, 0) for n in range(self._found))


def test_a_scaled_copy_is_wiped_whatever_comes_of_it() -> None:
    watching = Watching()
    with pytest.raises(CaptureRetry):
        extract(FingerImage(100, 100, 1000, bytearray(b"\x40" * 10_000)), watching)
    assert (watching.image.width, watching.image.height) == (50, 50)
    assert not any(watching.image.pixels)


def test_no_more_minutiae_than_a_record_holds() -> None:
    template = extract(FingerImage(100, 100, 500, bytearray(10_000)), Watching(found=300))
    assert len(template.views[0].minutiae) == 255
