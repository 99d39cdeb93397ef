"""The one-pixel skeleton of a black-and-white picture, and the minutiae on it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Pixel = tuple[int, int]

# The eight neighbours in order around the pixel, as (row, column) steps, starting at the top.
AROUND: tuple[Pixel, ...] = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))

TRACE = 12
"""Pixels followed along a ridge to measure its direction."""
SPUR = 10
"""A ridge shorter than this between two minutiae is a spur, a bridge or an island, not a ridge."""
TOGETHER = 7.0
"""Minutiae closer than this (pixels) are the two sides of a gap or a blot; a real pair is further apart."""


@dataclass(frozen=True, slots=True)
class SkeletonMinutia:
    """`angle` in radians, 0..2 pi, counter-clockwise as seen: up the ridge (ending) or up the valley (bifurcation)."""

    x: int
    y: int
    angle: float
    ending: bool


def _transitions(code: int) -> int:
    """How often the ring of neighbours goes from empty to set: the crossing number."""
    bits = [code >> n & 1 for n in range(8)]
    return sum(1 for n in range(8) if not bits[n] and bits[(n + 1) % 8])


def _deletable(step: int) -> Mask:
    """Table over all 256 neighbourhoods for the two half-steps of Zhang and Suen's thinning (CACM 27(3), 1984)."""
    table = np.zeros(256, np.bool_)
    for code in range(256):
        north, east, south, west = (code >> n & 1 for n in (0, 2, 4, 6))
        if step == 0:
            free = not (north and east and south) and not (east and south and west)
        else:
            free = not (north and east and west) and not (north and south and west)
        table[code] = free and 2 <= code.bit_count() <= 6 and _transitions(code) == 1
    return table


_STEPS = (_deletable(0), _deletable(1))
_CROSSINGS = np.array([_transitions(code) for code in range(256)], np.uint8)
# Pixels Zhang-Suen leaves on diagonal steps: removable if two neighbouring sides are set and nothing is cut off.
_CORNERS = np.array(
    [
        _transitions(code) == 1
        and 2 <= code.bit_count() <= 4
        and any(code >> a & 1 and code >> b & 1 for a, b in ((0, 2), (2, 4), (4, 6), (6, 0)))
        for code in range(256)
    ],
    np.bool_,
)


def _codes(padded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The neighbourhood of every pixel as eight bits; `padded` has one empty pixel all around."""
    rows, columns = padded.shape[0] - 2, padded.shape[1] - 2
    code = np.zeros((rows, columns), np.uint8)
    for bit, (dy, dx) in enumerate(AROUND):
        code |= padded[1 + dy : 1 + dy + rows, 1 + dx : 1 + dx + columns] << bit
    return code


def thin(mask: Mask) -> Mask:
    """The skeleton of `mask`, same shape: lines one pixel wide, connected as the shapes were."""
    padded = np.pad(mask, 1).astype(np.uint8)
    inner = padded[1:-1, 1:-1]
    while True:
        changed = False
        for table in _STEPS:
            gone = table[_codes(padded)] & (inner == 1)
            if gone.any():
                inner[gone] = 0
                changed = True
        if not changed:
            break
    for y, x in np.argwhere(_CORNERS[_codes(padded)] & (inner == 1)):
        if _CORNERS[_codes(padded[y : y + 3, x : x + 3])[0, 0]]:
            inner[y, x] = 0
    return inner.astype(np.bool_)


def find_minutiae(skeleton: Mask) -> list[SkeletonMinutia]:
    """Endings and bifurcations of `skeleton`, without spurs, bridges, islands, gaps and blots; top to bottom."""
    padded = np.pad(skeleton, 1).astype(np.uint8)
    crossings = np.where(skeleton, _CROSSINGS[_codes(padded)], 0)
    special = {(int(y), int(x)): int(crossings[y, x]) for y, x in np.argwhere((crossings == 1) | (crossings >= 3))}
    doomed: set[Pixel] = set()
    found: list[SkeletonMinutia] = []
    for place, crossing in special.items():
        paths = [_trace(padded, place, step, special) for step in _exits(padded, place)]
        for path in paths:
            if len(path) < SPUR and path and path[-1] in special:
                doomed.update((place, path[-1]))
        angles = sorted(_angle(place, path[-1]) for path in paths if path)
        if crossing == 1 and len(angles) == 1:
            found.append(SkeletonMinutia(place[1], place[0], angles[0], ending=True))
        elif crossing == 3 and len(angles) == 3:
            found.append(SkeletonMinutia(place[1], place[0], _valley(angles), ending=False))
        else:
            doomed.add(place)
    kept = [one for one in found if (one.y, one.x) not in doomed]
    return _apart(kept)


def _exits(padded: NDArray[np.uint8], place: Pixel) -> list[Pixel]:
    """The first pixel of each ridge that leaves `place`: one per group of set neighbours."""
    y, x = place[0] + 1, place[1] + 1
    ring = [bool(padded[y + dy, x + dx]) for dy, dx in AROUND]
    exits = []
    for n in range(8):
        if ring[n] and not ring[n - 1]:
            group = [n]
            while ring[(group[-1] + 1) % 8] and len(group) < 8:
                group.append((group[-1] + 1) % 8)
            straight = [m for m in group if m % 2 == 0]
            dy, dx = AROUND[straight[0] if straight else group[0]]
            exits.append((place[0] + dy, place[1] + dx))
    return exits


def _trace(padded: NDArray[np.uint8], start: Pixel, first: Pixel, special: dict[Pixel, int]) -> list[Pixel]:
    """The ridge from `start` by way of `first`, at most TRACE pixels, ending early at the next minutia."""
    path = [first]
    seen = {start, first}
    seen.update((start[0] + dy, start[1] + dx) for dy, dx in AROUND)
    while len(path) < TRACE and path[-1] not in special:
        y, x = path[-1]
        ahead = [
            (y + dy, x + dx) for dy, dx in AROUND if padded[y + dy + 1, x + dx + 1] and (y + dy, x + dx) not in seen
        ]
        if not ahead:
            break
        junctions = [pixel for pixel in ahead if pixel in special]
        sides = [pixel for pixel in ahead if pixel[0] == y or pixel[1] == x]
        step = (junctions or sides or ahead)[0]
        seen.update(ahead)
        path.append(step)
    return path


def _angle(place: Pixel, towards: Pixel) -> float:
    """Counter-clockwise as seen: rows grow downwards."""
    return math.atan2(place[0] - towards[0], towards[1] - place[1]) % (2 * math.pi)


def _valley(angles: list[float]) -> float:
    """The middle of the narrowest gap between three branches: the valley that the fork encloses."""
    gaps = [((angles[(n + 1) % 3] - angles[n]) % (2 * math.pi), angles[n]) for n in range(3)]
    gap, start = min(gaps)
    return (start + gap / 2) % (2 * math.pi)


def _apart(minutiae: list[SkeletonMinutia]) -> list[SkeletonMinutia]:
    """Without every pair closer than TOGETHER, and without two endings that face each other over a torn ridge."""
    if not minutiae:
        return []
    x, y, angle = (np.array([getattr(one, name) for one in minutiae], np.float64) for name in ("x", "y", "angle"))
    ending = np.array([one.ending for one in minutiae])
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(distance, np.inf)
    opposed = np.cos(angle[:, None] - angle) < -0.7
    torn = (distance < 2 * TOGETHER) & opposed & ending[:, None] & ending
    bad = ((distance < TOGETHER) | torn).any(axis=1)
    return [one for one, drop in zip(minutiae, bad, strict=True) if not drop]
