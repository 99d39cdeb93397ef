"""Matching fingers, against a plain matcher that needs no library.

Accuracy is not a matter of these specimens, which are synthetic: see docs/fingerprint.md.
"""

import math
from collections import Counter
from collections.abc import Iterator

from benchmarks.rival import Duel
from kiosk.biometrics.matcher import Gallery, identify, prepare, score
from kiosk.biometrics.template import Kind, Minutia, Template, View, encode, parse
from sim.data import finger_names, finger_template

MIXED = 100
"""Matches per round, over all specimens."""
NEAR, TURN = 12.0, 12
"""Pixels, and 256ths of a circle."""
LARGEST = encode(
    Template(
        256, 288, tuple(View(tuple(Minutia(Kind.OTHER, n, n, n) for n in range(255)), number=v) for v in range(16))
    )
)


def duels() -> Iterator[Duel]:
    records = [parse(finger_template(name)) for name in finger_names()]
    ready = [prepare(record) for record in records]
    one, other = records[:2]
    mixed = Gallery([ready[n % len(ready)] for n in range(MIXED)])
    many = Gallery([ready[n % len(ready)] for n in range(3000)])
    yield Duel("finger: one against one, both prepared", lambda: score(ready[0], ready[1]), "", None)
    yield Duel("finger: one against one, from the records", lambda: score(one, other), "", None)
    yield Duel(
        f"finger: {MIXED} matches in a mixed gallery",
        lambda: mixed.scores(ready[0]),
        "plain Python: vote on shift and turn, then pair",
        lambda: [_plain(one, records[n % len(records)]) for n in range(MIXED)],
        same=False,
    )
    yield Duel("finger: the largest record there can be, parsed", lambda: parse(LARGEST), "", None)
    yield Duel("finger: short-list out of 3,000", lambda: identify(ready[0], many), "", None)


def _plain(probe: Template, reference: Template) -> float:
    """The commonest of all shifts and turns between any two minutiae, then pairs, nearest first."""
    ours, theirs = probe.views[0].minutiae, reference.views[0].minutiae
    votes: Counter[tuple[int, int, int]] = Counter()
    for a in ours:
        for b in theirs:
            votes[_cell(a, b)] += 1
    best = max(votes, key=lambda cell: votes[cell])
    turn, dx, dy = best[0] * TURN, best[1] * 2 * NEAR, best[2] * 2 * NEAR
    taken: set[int] = set()
    pairs = 0
    for a in ours:
        x, y = _turned(a, turn)
        near = [
            (math.hypot(x + dx - b.x, y + dy - b.y), n)
            for n, b in enumerate(theirs)
            if n not in taken and (a.angle + turn - b.angle + TURN) % 256 <= 2 * TURN
        ]
        if near and min(near)[0] < 2 * NEAR:
            taken.add(min(near)[1])
            pairs += 1
    return pairs * pairs / (len(ours) * len(theirs))


def _cell(a: Minutia, b: Minutia) -> tuple[int, int, int]:
    step = round(((b.angle - a.angle) % 256) / TURN)
    x, y = _turned(a, step * TURN)
    return step, round((b.x - x) / (2 * NEAR)), round((b.y - y) / (2 * NEAR))


def _turned(one: Minutia, turn: float) -> tuple[float, float]:
    """Counter-clockwise as seen, y downwards."""
    c, s = math.cos(turn * math.tau / 256), math.sin(turn * math.tau / 256)
    return one.x * c + one.y * s, one.y * c - one.x * s
