"""How alike two sets of minutiae are, whatever the shift and turn between them.

1. Each minutia is described by its surroundings: where its neighbours lie, seen from it. Pairs of minutiae whose
   surroundings agree best are the candidates ("local structure").
2. Each candidate lays one finger over the other; a rigid fit to the minutiae that fall together improves it.
3. Minutiae are paired one to one, nearest first; the score is how much of what overlaps agrees.

Exchange of the two sides gives the same score but for rounding: every step treats them alike.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kiosk.biometrics.template import Template, View

Floats = NDArray[np.float64]

NEIGHBOURHOOD: Final = 90.0
"""Pixels at 500 dpi; about ten ridges."""
NEIGHBOURS: Final = 20
NEAR: Final = 11.0
"""Pixels by which two minutiae may lie apart and still be the same one; skin stretches by about a ridge."""
TURN: Final = np.radians(22.0)
"""Angle by which their directions may differ."""
CANDIDATES: Final = 40
LEAST_PAIRS: Final = 5
"""Fewer pairs than this fall together by chance in any two fingers: score 0."""
MOST_MINUTIAE: Final = 140
"""Bounds the time for a record of 255 minutiae: those nearest to the middle are taken."""


class _Points(NamedTuple):
    """Minutiae in pixels at 500 dpi, y upwards; angles in radians."""

    xy: Floats
    angle: Floats


def score(probe: Template, reference: Template) -> float:
    """0 (nothing in common) upwards; grows with the number of agreeing minutiae and with their share of the overlap.

    The best pair of views counts. The policy module knows from which score on two fingers are taken for the same.
    """
    ours = [_points(probe, view) for view in probe.views]
    theirs = [_points(reference, view) for view in reference.views]
    return max((_score(one, other) for one in ours for other in theirs), default=0.0)


def _points(template: Template, view: View) -> _Points:
    scale = np.array((197 / template.x_resolution, -197 / template.y_resolution))
    raw = np.array([(one.x, one.y) for one in view.minutiae], np.float64).reshape(-1, 2)
    xy = raw * scale
    angle = np.array([one.angle for one in view.minutiae], np.float64) * (2 * np.pi / 256)
    if len(xy) > MOST_MINUTIAE:
        kept = np.argsort(((xy - np.median(xy, axis=0)) ** 2).sum(axis=1), kind="stable")[:MOST_MINUTIAE]
        xy, angle = xy[kept], angle[kept]
    return _Points(xy, angle)


def _score(a: _Points, b: _Points) -> float:
    if min(len(a.angle), len(b.angle)) < LEAST_PAIRS:
        return 0.0
    likeness = _likeness(_seen_from_each(a), _seen_from_each(b))
    order = np.argsort(-likeness, axis=None, kind="stable")[: 2 * CANDIDATES]
    values = likeness.ravel()[order]
    # Candidates as good as the last one are tried too: which of them comes first depends on which side is which.
    best = order[(values > 0) & (values >= values[:CANDIDATES][-1])]
    pairs = (divmod(int(flat), likeness.shape[1]) for flat in best)
    return max((_aligned_score(a, b, i, j) for i, j in pairs), default=0.0)


def _seen_from_each(points: _Points) -> tuple[Floats, Floats]:
    """For each minutia its nearest NEIGHBOURS in its own frame: complex positions (NaN where there are fewer within
    NEIGHBOURHOOD) and turned angles, both of shape (minutiae, NEIGHBOURS)."""
    z = points.xy[:, 0] + 1j * points.xy[:, 1]
    offset = z[None, :] - z[:, None]
    distance = np.abs(offset)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :NEIGHBOURS]
    frame = np.take_along_axis(offset, nearest, axis=1) * np.exp(-1j * points.angle)[:, None]
    frame[np.take_along_axis(distance, nearest, axis=1) > NEIGHBOURHOOD] = np.nan
    return frame, points.angle[nearest] - points.angle[:, None]


def _likeness(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> Floats:
    """For each minutia of `a` and each of `b`: how well their surroundings agree, 0..1."""
    places_a, angles_a = a
    places_b, angles_b = b
    have_a, have_b = (np.count_nonzero(~np.isnan(places), axis=1) for places in (places_a, places_b))
    reach_b = 0.065 * np.abs(places_b)
    out = np.zeros((len(places_a), len(places_b)))
    for i, (place, angle) in enumerate(zip(places_a, angles_a, strict=True)):
        # The further away, the more a small error of direction moves a neighbour.
        reach = NEAR * 0.6 + 0.065 * np.abs(place)[None, :, None] + reach_b[:, None, :]
        close = np.abs(places_b[:, None, :] - place[None, :, None]) < reach
        close &= np.cos(angles_b[:, None, :] - angle[None, :, None]) > np.cos(TURN * 1.3)
        common = np.minimum(close.any(axis=2).sum(axis=1), close.any(axis=1).sum(axis=1))
        out[i] = common * common / np.maximum(have_a[i] * have_b, 9)
    return out


def _aligned_score(a: _Points, b: _Points, i: int, j: int) -> float:
    """Lays minutia `i` of `a` on `j` of `b`, fits twice, and scores what falls together."""
    turn = float(b.angle[j] - a.angle[i])
    shift = b.xy[j] - a.xy[i] @ _rotation(turn)
    for slack in (1.8, 1.3):
        pairs = _paired(a, b, turn, shift, slack)
        if len(pairs) < LEAST_PAIRS:
            return 0.0
        turn, shift = _fit(a.xy[pairs[:, 0]], b.xy[pairs[:, 1]])
    pairs = _paired(a, b, turn, shift, 1.0)
    count = len(pairs)
    if count < LEAST_PAIRS:
        return 0.0
    moved = a.xy @ _rotation(turn) + shift
    common_a = _inside_box(moved, b.xy)
    common_b = _inside_box((b.xy - shift) @ _rotation(-turn), a.xy)
    share = count * count / (max(common_a, count) * max(common_b, count))
    apart = np.hypot(*(moved[pairs[:, 0]] - b.xy[pairs[:, 1]]).T) / NEAR
    return float((1 - 0.5 * apart).sum() * share)


def _rotation(turn: float) -> Floats:
    """For row vectors, counter-clockwise by `turn`."""
    c, s = np.cos(turn), np.sin(turn)
    return np.array(((c, s), (-s, c)))


def _paired(a: _Points, b: _Points, turn: float, shift: Floats, slack: float) -> NDArray[np.intp]:
    """One-to-one pairs (row of a, row of b), nearest first, within `slack` times NEAR and TURN."""
    moved = a.xy @ _rotation(turn) + shift
    distance = np.hypot(*(moved[:, None, :] - b.xy[None, :, :]).transpose(2, 0, 1))
    agree = np.cos(a.angle[:, None] + turn - b.angle[None, :]) > np.cos(TURN * slack)
    rows, columns = np.nonzero((distance < NEAR * slack) & agree)
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    pairs: list[tuple[int, int]] = []
    most = min(distance.shape)
    for nth in np.argsort(distance[rows, columns], kind="stable"):
        row, column = int(rows[nth]), int(columns[nth])
        if row not in taken_a and column not in taken_b:
            taken_a.add(row)
            taken_b.add(column)
            pairs.append((row, column))
            if len(pairs) == most:
                break
    return np.array(pairs, np.intp).reshape(-1, 2)


def _fit(a: Floats, b: Floats) -> tuple[float, Floats]:
    """The turn and shift that lay `a` on `b` with the least squared error."""
    middle_a, middle_b = a.mean(axis=0), b.mean(axis=0)
    da, db = a - middle_a, b - middle_b
    turn = float(np.arctan2((da[:, 0] * db[:, 1] - da[:, 1] * db[:, 0]).sum(), (da * db).sum()))
    return turn, middle_b - middle_a @ _rotation(turn)


def _inside_box(points: Floats, other: Floats) -> int:
    """How many of `points` lie where `other` has minutiae at all."""
    low, high = other.min(axis=0) - NEAR, other.max(axis=0) + NEAR
    return int(np.count_nonzero(((points >= low) & (points <= high)).all(axis=1)))
