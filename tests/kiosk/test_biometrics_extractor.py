"""Minutiae are found where they are, pointing the way ISO/IEC 19794-2 wants."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.contract.fingerprint_scanner import FingerImage
from kiosk.biometrics.extractor import extract
from kiosk.biometrics.skeleton import find_minutiae, thin
from kiosk.biometrics.template import Kind, Minutia


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


def found(picture: FingerImage) -> tuple[Minutia, ...]:
    return extract(picture).views[0].minutiae


@pytest.mark.parametrize(("side", "angle"), [(1, 0), (-1, 128)])
def test_a_new_ridge_is_one_minutia_where_it_begins_pointing_along_it(side: int, angle: int) -> None:
    (one,) = found(ridges_with_one_more(side))
    assert math.hypot(one.x - 128, one.y - 144) < 8
    assert abs((one.angle - angle + 128) % 256 - 128) < 12  # 17 degrees
    assert one.kind in (Kind.ENDING, Kind.BIFURCATION)


def test_a_finer_sensor_gives_the_same_minutia_in_its_own_pixels() -> None:
    picture = ridges_with_one_more(1, period=18.0, width=512, height=576)
    template = extract(FingerImage(picture.width, picture.height, 1000, picture.pixels))
    (one,) = template.views[0].minutiae
    assert (template.width, template.height, template.x_resolution) == (512, 576, 394)
    assert math.hypot(one.x - 256, one.y - 288) < 16


def test_an_empty_glass_has_no_minutiae() -> None:
    assert found(image(np.full((288, 256), 250.0))) == ()
    assert found(image(np.full((288, 256), 0.0))) == ()


def test_a_fork_points_into_its_valley_and_an_ending_up_its_ridge() -> None:
    picture = np.zeros((60, 80), np.bool_)
    picture[30, 5:40] = True  # a ridge from the left that forks to the right
    for step in range(30):
        picture[30 - step // 2, 40 + step] = picture[30 + step // 2, 40 + step] = True
    minutiae = find_minutiae(thin(picture))
    (fork,) = (one for one in minutiae if not one.ending)
    assert abs(fork.x - 41) <= 2
    assert math.cos(fork.angle) > 0.95
    tail = min((one for one in minutiae if one.ending), key=lambda one: one.x)
    assert (tail.x, tail.y) == (5, 30)
    assert math.cos(tail.angle) > 0.99


def test_a_skeleton_is_one_pixel_wide_and_in_one_piece() -> None:
    picture = np.zeros((40, 90), np.bool_)
    picture[15:24, 10:80] = True
    skeleton = thin(picture)
    assert skeleton.sum(axis=0).max() == 1
    assert 55 <= skeleton.sum() <= 70


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 120), st.integers(16, 120), st.integers(0, 2**32 - 1))
def test_any_picture_whatever_has_a_record(width: int, height: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width))
    template = extract(image(noise))
    assert all(one.x < width and one.y < height for one in template.views[0].minutiae)
