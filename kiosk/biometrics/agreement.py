"""One finger laid over many: how well does each agree with it?

1. The pairs of minutiae whose surroundings are most alike are the candidates ("local structure").
2. Relaxation: each candidate is held up by the others that it fits together with, in distance, in turn and in bearing
   (Rosenfeld, Hummel and Zucker, "Scene labeling by relaxation operations", 1976). What one rigid motion explains
   survives. ("global consistency")
3. The strongest candidate and those that fit with it lay one finger over the other; the minutiae that fall together
   improve the motion once; then minutiae are paired one to one, each with its best.
4. The score is what agrees, in place and in surroundings, against what ought to agree where the two fingers overlap.

Many fingers are worked on at once, as arrays (fingers, ...), because NumPy's cost is by the call. Every step treats
both sides alike, so that exchange gives the same score but for rounding. The constants were chosen on FVC2002; how, and
what they achieve on sets they were not chosen on, is in docs/fingerprint.md.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kiosk.biometrics.surroundings import Complexes, Floats, Points

Indices = NDArray[np.intp]

CANDIDATES: Final = 64
SLACK: Final = 8.0
STRETCH: Final = 0.07
"""Two minutiae may be further apart in one finger than in the other by SLACK pixels and STRETCH of their distance..."""
TURN: Final = 0.35
"""...and they and their bearing may be turned by so much, in radians; all these are 1.6 deviations."""
STEEPNESS: Final = 2.5
ROUNDS: Final = 5
STRONGEST: Final = 2
"""Rounds of power iteration, which leave the largest group that hangs together."""
SUPPORT: Final = 10.0
"""So many agreeing candidates double the weight of one in a round."""

NEAR: Final = 4.0
NEAR_GROWS: Final = 0.05
"""Deviation of the place of a minutia in pixels, and its growth with distance from where the fingers were pinned."""
NEAR_TURN: Final = 0.30
LEAST_AGREEMENT: Final = 0.05
COVER: Final = 45.0
"""A minutia lies where the fingers overlap if the other has COVERED minutiae within so many pixels..."""
COVERED: Final = 2
LEAST_OVERLAP: Final = 15.0
"""...and fewer than this many in the overlap prove little, however well they agree."""
LEAST_PAIRS: Final = 5
"""Fewer pairs than this fall together by chance in any two fingers: score 0."""
DIRECTIONS: Final = 100.0
"""Square pixels: what the directions weigh against the places in the fit of the turn."""
SCALE: Final = 10.0
NOWHERE: Final = 1e5


class Shelf(NamedTuple):
    """Fingers beside each other, padded to the largest: `place`, `course` (fingers, minutiae), `seen` (fingers,
    minutiae, features). Padding sees nothing and lies far away, each piece elsewhere: it agrees with nothing."""

    place: Complexes
    course: Complexes
    seen: Floats


class _Motion(NamedTuple):
    """Turn about `there` by `turn`, then `there` comes to lie on `here`: (fingers, 1) each."""

    here: Complexes
    there: Complexes
    turn: Complexes


class _Pairing(NamedTuple):
    """`partner` (fingers, minutiae): the probe's minutia for each of the finger's. `agreement`: 0 where there is none.
    `apart`: squared pixels (fingers, minutiae, probe's minutiae)."""

    partner: Indices
    agreement: Floats
    apart: Floats


def shelf(fingers: list[Points]) -> Shelf:
    most = max(len(one.place) for one in fingers)
    place = np.tile(((NOWHERE * (2 + np.arange(most))) * (1 + 1j)).astype(np.complex64), (len(fingers), 1))
    course = np.ones((len(fingers), most), np.complex64)
    seen = np.zeros((len(fingers), most, fingers[0].seen.shape[1]), np.float32)
    for row, one in enumerate(fingers):
        count = len(one.place)
        place[row, :count], course[row, :count], seen[row, :count] = one
    return Shelf(place, course, seen)


def agreements(probe: Points, others: Shelf) -> Floats:
    """The score of `probe` with each finger of `others`, (fingers,), 0 upwards."""
    fingers, most = others.place.shape
    if min(len(probe.place), most) < LEAST_PAIRS:
        return np.zeros(fingers, np.float32)
    alike = (others.seen.reshape(fingers * most, -1) @ probe.seen.T).reshape(fingers, most, -1)
    ours, theirs, first = _candidates(alike)
    one = probe.place[ours], probe.course[ours]
    other = np.take_along_axis(others.place, theirs, 1), np.take_along_axis(others.course, theirs, 1)
    consistent = _consistency(*one, *other)
    consistent[(ours[:, :, None] == ours[:, None, :]) | (theirs[:, :, None] == theirs[:, None, :])] = 0
    motion = _motion(_strongest(first, consistent), *one, *other)
    partner, agreement, _ = _paired(probe, others, motion)
    motion = _motion(agreement, probe.place[partner], probe.course[partner], others.place, others.course)
    return _scores(_paired(probe, others, motion), alike)


def _candidates(alike: Floats) -> tuple[Indices, Indices, Floats]:
    """(probe's minutia, finger's minutia, likeness) of the most alike pairs, each (fingers, CANDIDATES)."""
    flat = alike.reshape(len(alike), -1)
    count = min(CANDIDATES, flat.shape[1])
    best = np.argpartition(flat, -count, axis=1)[:, -count:]
    theirs, ours = np.divmod(best, alike.shape[2])
    return ours, theirs, np.maximum(np.take_along_axis(flat, best, 1), 0)


def _consistency(place: Complexes, course: Complexes, place_2: Complexes, course_2: Complexes) -> Floats:
    """How well any two candidates fit together, 0..1, (fingers, candidates, candidates)."""
    turn = course * np.conj(course_2)
    between, between_2 = place[:, :, None] - place[:, None, :], place_2[:, :, None] - place_2[:, None, :]
    far, far_2 = np.abs(between), np.abs(between_2)
    mean = (far + far_2) * np.float32(0.5)
    longer = (far - far_2) / (SLACK + STRETCH * mean)
    same_turn = turn.real[:, :, None] * turn.real[:, None, :] + turn.imag[:, :, None] * turn.imag[:, None, :]
    bearing = between * np.conj(between_2)
    same_bearing = bearing.real * turn.real[:, :, None] + bearing.imag * turn.imag[:, :, None]
    same_bearing /= np.maximum(far * far_2, 1)
    same_bearing = np.minimum(same_bearing, same_bearing.transpose(0, 2, 1))
    tolerance = TURN + 4 / np.maximum(mean, 4)  # of two minutiae close together the bearing says little
    # For a small angle, 2 - 2 cos is its square.
    error = longer * longer + (2 - 2 * same_turn) / TURN**2 + (2 - 2 * same_bearing) / (tolerance * tolerance)
    return np.asarray(np.exp(np.float32(-0.5 * STEEPNESS) * error), np.float32)


def _strongest(first: Floats, consistent: Floats) -> Floats:
    """The weight of each candidate in the largest group that fits together, (fingers, CANDIDATES)."""
    weight = first[:, :, None]
    for _ in range(ROUNDS):
        weight = 0.5 * weight + (0.5 / SUPPORT) * (consistent @ weight)
    for _ in range(STRONGEST):
        weight = consistent @ weight
        weight /= np.maximum(weight.max(axis=1, keepdims=True), 1e-6)
    weight = weight[:, :, 0]
    best = weight.argmax(axis=1)[:, None]
    fits = np.take_along_axis(consistent, best[:, :, None], 1)[:, 0]
    np.put_along_axis(fits, best, 1, 1)
    return np.asarray(weight * fits, np.float32)


def _motion(weight: Floats, place: Complexes, course: Complexes, place_2: Complexes, course_2: Complexes) -> _Motion:
    """The rigid motion that lays the second on the first with the least squared error, all (fingers, pairs)."""
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-6)
    here = (weight * place).sum(axis=1, keepdims=True) / total
    there = (weight * place_2).sum(axis=1, keepdims=True) / total
    turn = (place - here) * np.conj(place_2 - there) + DIRECTIONS * course * np.conj(course_2)
    turn = (weight * turn).sum(axis=1, keepdims=True)
    return _Motion(here, there, turn / np.maximum(np.abs(turn), 1e-6))


def _paired(probe: Points, others: Shelf, motion: _Motion) -> _Pairing:
    """Who falls on whom after `motion`: one to one, each the other's best."""
    place = (others.place - motion.there) * motion.turn
    course = others.course * motion.turn
    near = NEAR + NEAR_GROWS * np.abs(place)
    own = probe.place - motion.here
    near_own = NEAR + NEAR_GROWS * np.abs(own)
    dx = place.real[:, :, None] - own.real[:, None, :]
    dy = place.imag[:, :, None] - own.imag[:, None, :]
    apart = dx * dx + dy * dy
    same_course = course.real[:, :, None] * probe.course.real + course.imag[:, :, None] * probe.course.imag
    error = apart / near[:, :, None] / near_own[:, None, :] + (2 - 2 * same_course) / np.float32(NEAR_TURN**2)
    partner, back = error.argmin(axis=2), error.argmin(axis=1)
    best = np.exp(-0.5 * np.take_along_axis(error, partner[:, :, None], 2)[:, :, 0])
    mutual = np.take_along_axis(back, partner, 1) == np.arange(partner.shape[1])
    agreement = np.where(mutual & (best > LEAST_AGREEMENT), best, np.float32(0))
    return _Pairing(partner, agreement, apart)


def _scores(pairing: _Pairing, alike: Floats) -> Floats:
    partner, agreement, apart = pairing
    pairs = np.count_nonzero(agreement, axis=1)
    together = agreement.sum(axis=1)
    surroundings = np.maximum(np.take_along_axis(alike, partner[:, :, None], 2)[:, :, 0], 0)
    covered = (apart < COVER * COVER).view(np.uint8)
    ours = np.maximum((covered.sum(axis=1, dtype=np.uint8) >= COVERED).sum(axis=1), pairs)
    theirs = np.maximum((covered.sum(axis=2, dtype=np.uint8) >= COVERED).sum(axis=1), pairs)
    overlap = np.maximum(np.sqrt(ours * theirs), LEAST_OVERLAP)
    score = SCALE * together * (agreement * surroundings).sum(axis=1) / overlap**1.5
    return np.asarray(np.where(pairs < LEAST_PAIRS, 0, score), np.float32)
