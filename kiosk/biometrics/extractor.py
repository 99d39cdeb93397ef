"""Finger image to minutiae: the classic chain, one small function per step.

normalise -> where is the finger -> which way do the ridges run -> enhance along them (Gabor) -> black and white ->
one-pixel skeleton -> endings and bifurcations (crossing number) -> drop those that pores, creases and the border make.

Method: Maltoni et al., Handbook of Fingerprint Recognition, chapter 3. Works at 500 dpi; other images are scaled first.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from drivers.contract.fingerprint_scanner import FingerImage
from kiosk.biometrics.skeleton import SkeletonMinutia, find_minutiae, thin
from kiosk.biometrics.template import DPI_500, Kind, Minutia, Template, View

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

WORKING_DPI: Final = 500
ORIENTATIONS: Final = 16
RIDGE_PERIODS: Final = (6.0, 14.0)
"""Shortest and longest plausible distance between ridges in pixels at 500 dpi (0.3 to 0.7 mm)."""
USUAL_PERIOD: Final = 9.0
BORDER: Final = 12
"""Pixels inside the edge of the finger within which an ending is only where the picture stops."""
MOST_MINUTIAE: Final = 120


def extract(image: FingerImage) -> Template:
    """One view with the minutiae of `image`, in the pixels of `image`; no minutiae if there is no finger on it."""
    scale = WORKING_DPI / image.dpi
    picture = np.frombuffer(image.pixels, np.uint8).reshape(image.height, image.width).astype(np.float32)
    if scale != 1.0:
        picture = ndimage.zoom(picture, scale, order=1)
    try:
        found = _minutiae(picture)
    finally:
        picture.fill(0)  # what is made of it on the way cannot be reached, but this is the finger itself
    minutiae = tuple(
        Minutia(
            Kind.ENDING if one.ending else Kind.BIFURCATION,
            min(int(one.x / scale), image.width - 1),
            min(int(one.y / scale), image.height - 1),
            round(one.angle * 256 / (2 * np.pi)) % 256,
        )
        for one in found
    )
    resolution = DPI_500 if image.dpi == WORKING_DPI else round(image.dpi / 2.54)
    return Template(image.width, image.height, (View(minutiae),), resolution, resolution)


def _minutiae(picture: Floats) -> list[SkeletonMinutia]:
    flat = normalise(picture)
    finger = segment(picture)
    if np.count_nonzero(finger) < 40 * 40:
        return []
    orientation, coherence = orientation_field(flat)
    ridges = enhance(flat, orientation, ridge_period(flat, finger)) > 0
    ridges = _without_specks(ridges & finger, 24)
    ridges = ~_without_specks(~ridges, 24) & finger
    inside = ndimage.distance_transform_edt(np.pad(finger, 1))[1:-1, 1:-1]
    good = (inside > BORDER) & (coherence > 0.35)
    found = [one for one in find_minutiae(thin(ridges)) if good[one.y, one.x]]
    return [_along_the_ridges(one, float(orientation[one.y, one.x])) for one in found[:MOST_MINUTIAE]]


def _along_the_ridges(one: SkeletonMinutia, orientation: float) -> SkeletonMinutia:
    """A few skeleton pixels tell up from down; the direction itself is the field's, which is far less noisy."""
    same_way = np.cos(one.angle - orientation) >= 0
    return replace(one, angle=orientation if same_way else orientation + np.pi)


def normalise(picture: Floats) -> Floats:
    """Mean 0 and deviation 1 in every neighbourhood of about two ridges; ridges positive."""
    mean = ndimage.gaussian_filter(picture, 8.0)
    spread = np.sqrt(np.maximum(ndimage.gaussian_filter((picture - mean) ** 2, 10.0), 1.0))
    return np.asarray((mean - picture) / np.maximum(spread, 6.0), np.float32)


def segment(picture: Floats) -> Mask:
    """Where the finger is: the largest connected place with strong contrast, its holes filled."""
    contrast = ndimage.gaussian_filter((picture - ndimage.gaussian_filter(picture, 6.0)) ** 2, 8.0)
    strong = contrast > max(0.2 * float(np.percentile(contrast, 95)), 60.0)
    labels, count = ndimage.label(strong)
    if not count:
        return np.zeros(picture.shape, np.bool_)
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.asarray(ndimage.binary_fill_holes(largest), np.bool_)


def orientation_field(flat: Floats) -> tuple[Floats, Floats]:
    """(direction along the ridges in 0..pi, counter-clockwise from the x axis as seen; coherence 0..1), per pixel."""
    gx = ndimage.gaussian_filter(flat, 1.0, order=(0, 1))
    gy = -ndimage.gaussian_filter(flat, 1.0, order=(1, 0))
    gxx, gyy, gxy = (ndimage.gaussian_filter(product, 7.0) for product in (gx * gx, gy * gy, gx * gy))
    across = np.arctan2(2 * gxy, gxx - gyy) / 2
    coherence = np.hypot(gxx - gyy, 2 * gxy) / np.maximum(gxx + gyy, 1e-6)
    return np.asarray((across + np.pi / 2) % np.pi, np.float32), np.asarray(coherence, np.float32)


def ridge_period(flat: Floats, finger: Mask) -> float:
    """The commonest distance between ridges in pixels: the peak of the spectrum over all directions."""
    power = np.abs(np.fft.fft2(np.where(finger, flat, 0.0))) ** 2
    radius = np.hypot(np.fft.fftfreq(flat.shape[0])[:, None], np.fft.fftfreq(flat.shape[1])[None, :])
    shortest, longest = RIDGE_PERIODS
    bands = np.linspace(1 / longest, 1 / shortest, 28)
    which = np.digitize(radius.ravel(), bands)
    energy = np.bincount(which, power.ravel(), minlength=len(bands) + 1)[1:-1]
    smooth = ndimage.gaussian_filter1d(energy, 1.5)
    peak = int(np.argmax(smooth))
    if peak in (0, len(smooth) - 1):
        return USUAL_PERIOD
    return float(2 / (bands[peak] + bands[peak + 1]))


def enhance(flat: Floats, orientation: Floats, period: float) -> Floats:
    """Each pixel filtered by the even Gabor wavelet of its own ridge direction (nearest of ORIENTATIONS)."""
    rows, columns = flat.shape
    shape = (fft.next_fast_len(rows + 32, real=True), fft.next_fast_len(columns + 32, real=True))
    padded = np.pad(flat, ((16, shape[0] - rows - 16), (16, shape[1] - columns - 16)))
    spectrum = fft.rfft2(padded)
    fy = -fft.fftfreq(shape[0])[:, None]
    fx = fft.rfftfreq(shape[1])[None, :]
    # A Gaussian of deviation s in space is one of 1/(2 pi s) in frequency; long along the ridge, short across it.
    along, across = 1 / (2 * np.pi * 0.55 * period), 1 / (2 * np.pi * 0.40 * period)
    nearest = np.round(orientation / (np.pi / ORIENTATIONS)).astype(np.intp) % ORIENTATIONS
    out = np.zeros_like(flat)
    for index in range(ORIENTATIONS):
        here = nearest == index
        if not here.any():
            continue
        theta = index * np.pi / ORIENTATIONS + np.pi / 2  # the wave runs across the ridge
        u = fx * np.cos(theta) + fy * np.sin(theta)
        v = -fx * np.sin(theta) + fy * np.cos(theta)
        wave = np.exp(-((u - 1 / period) ** 2) / (2 * across**2)) + np.exp(-((u + 1 / period) ** 2) / (2 * across**2))
        response = wave * np.exp(-(v**2) / (2 * along**2))
        filtered = fft.irfft2(spectrum * response.astype(np.float32), s=shape)[16 : 16 + rows, 16 : 16 + columns]
        out[here] = filtered[here]
    return out


def _without_specks(mask: Mask, smallest: int) -> Mask:
    """`mask` without connected pieces of fewer than `smallest` pixels."""
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(sizes[labels] >= smallest, np.bool_)
