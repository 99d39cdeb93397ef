"""A finger made ready for the matcher: every minutia with a description of what lies around it.

What a minutia sees is a set of neighbours: where each lies in the minutia's own frame, and how it is turned. Two such
sets are compared by kernel correlation: the sum, over all pairs of neighbours, of how near they lie and how alike they
are turned (Tsin and Kanade, "A correlation-based approach to robust point set registration", ECCV 2004). The kernel is
written as an inner product of random Fourier features (Rahimi and Recht, NIPS 2007), so that comparing all minutiae of
two fingers is one matrix product. Distances are taken on a logarithmic scale: far neighbours may move further.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kiosk.biometrics.template import DPI_500, Template, View

Floats = NDArray[np.float32]
Complexes = NDArray[np.complex64]

REACH: Final = 40.0
"""Deviation of the weight of a neighbour over its distance, in pixels at 500 dpi: about four ridges."""
NEIGHBOURS: Final = 20
WARP: Final = 30.0
"""Distance in pixels from which on the scale is rather logarithmic than linear."""
PLACE: Final = 7.0
"""Deviation of the kernel over places, in warped pixels."""
FEATURES: Final = 96
HARMONICS: Final = (-2, -1, 0, 1, 2)
HARMONIC_WEIGHTS: Final = (0.12, 0.23, 0.30, 0.23, 0.12)
"""The kernel over directions, as a Fourier series."""
MOST_MINUTIAE: Final = 120
"""Bounds time and memory for a record of 255 minutiae: those nearest to the middle are taken."""

_chance = np.random.default_rng(1)  # the features are a constant of the matcher: always the same ones
FREQUENCIES: Final[Floats] = np.stack(
    (
        _chance.normal(size=FEATURES) / PLACE,
        _chance.normal(size=FEATURES) / PLACE,
        _chance.choice(HARMONICS, p=HARMONIC_WEIGHTS, size=FEATURES),
    )
).astype(np.float32)


class Points(NamedTuple):
    """The minutiae of one view, no two alike. `place` in pixels at 500 dpi as x + iy, y upwards; `course` the direction
    as a complex number of length 1; `seen` (minutiae, 2 * FEATURES), each row of length 1 or 0."""

    place: Complexes
    course: Complexes
    seen: Floats

    def wipe(self) -> None:
        """Overwrites everything with zeros."""
        for array in self:
            array.fill(0)


def points_of(template: Template, view: View) -> Points:
    """The minutiae of `view`, brought to 500 dpi, doubles dropped, at most MOST_MINUTIAE."""
    rows = sorted({(one.x, one.y, one.angle) for one in view.minutiae})
    raw = np.array(rows, np.float32).reshape(-1, 3)
    place = raw[:, 0] * (DPI_500 / template.x_resolution) - 1j * raw[:, 1] * (DPI_500 / template.y_resolution)
    if len(place) > MOST_MINUTIAE:
        middle = np.median(place.real) + 1j * np.median(place.imag)
        kept = np.argsort(np.abs(place - middle), kind="stable")[:MOST_MINUTIAE]
        place, raw = place[kept], raw[kept]
    place = place.astype(np.complex64)
    course = np.exp(1j * raw[:, 2] * (2 * np.pi / 256)).astype(np.complex64)
    return Points(place, course, _seen(place, course))


def _seen(place: Complexes, course: Complexes) -> Floats:
    count = len(place)
    if count < 2:
        return np.zeros((count, 2 * FEATURES), np.float32)
    offset = place[None, :] - place[:, None]
    distance = np.abs(offset)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : min(NEIGHBOURS, count - 1)]
    far = np.take_along_axis(distance, nearest, axis=1)
    weight = np.exp(-0.5 * (far / REACH) ** 2)
    own = np.conj(course)[:, None]
    frame = np.take_along_axis(offset, nearest, axis=1) * own * (WARP * np.log1p(far / WARP) / np.maximum(far, 1e-3))
    turn = np.angle(course[nearest] * own)
    phase = np.stack((frame.real, frame.imag, turn), axis=2) @ FREQUENCIES
    weighted = weight[:, None, :]
    seen = np.concatenate((weighted @ np.cos(phase), weighted @ np.sin(phase)), axis=2)[:, 0]
    length = np.sqrt((seen * seen).sum(axis=1, keepdims=True))
    return np.asarray(seen / np.maximum(length, 1e-6), np.float32)
