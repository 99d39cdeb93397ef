"""How alike two fingers are, whatever the shift and turn between them; and which of many a finger is most like.

The work is in `kiosk.biometrics.surroundings` (done once for each finger) and `kiosk.biometrics.agreement` (done for
each pair). `prepare` keeps the first for a finger that is compared more than once.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from kiosk.biometrics.agreement import agreements, shelf
from kiosk.biometrics.surroundings import Points, points_of
from kiosk.biometrics.template import Template

AT_ONCE: Final = 8
"""Fingers worked on at once: enough to spread the cost of a call, few enough for a processor's cache."""

# On one thread: the matrices are small, and threads that wait for each other make a busy machine three times slower.
threadpool_limits(limits=1, user_api="blas")


class Finger:
    """A finger made ready: its views, as the matcher needs them. It says nothing about itself when shown."""

    __slots__ = ("views",)

    def __init__(self, views: list[Points]) -> None:
        self.views = views

    def wipe(self) -> None:
        """Overwrites what was made of the finger. It scores nothing afterwards."""
        for view in self.views:
            view.wipe()
        self.views = []


def prepare(template: Template) -> Finger:
    """About a millisecond for each view."""
    return Finger([points_of(template, view) for view in template.views])


class Gallery:
    """Many fingers made ready, kept in groups of like size. About 40 kB for each view."""

    def __init__(self, fingers: Sequence[Finger]) -> None:
        self._count = len(fingers)
        rows = [(view, index) for index, finger in enumerate(fingers) for view in finger.views]
        rows.sort(key=lambda row: len(row[0].place))
        groups = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
        self._shelves = [shelf([view for view, _ in group]) for group in groups]
        self._whose = np.array([index for _, index in rows], np.intp)

    def scores(self, probe: Finger) -> list[float]:
        """The score of `probe` with each finger, in the order given: its best view with the finger's best."""
        best = np.zeros(self._count, np.float32)
        for view in probe.views:
            found = [agreements(view, group) for group in self._shelves]
            np.maximum.at(best, self._whose, np.concatenate([np.zeros(0, np.float32), *found]))
        return [float(score) for score in best]


def score(probe: Template | Finger, reference: Template | Finger) -> float:
    """0 (nothing in common) upwards, below 120; the same if the sides are exchanged, but for rounding.

    The best pair of views counts. `kiosk.biometrics.policy` knows from which score on two fingers are the same.
    """
    return Gallery([_ready(reference)]).scores(_ready(probe))[0]


def identify(probe: Template | Finger, gallery: Gallery | Sequence[Template | Finger]) -> list[tuple[int, float]]:
    """(index in `gallery`, score) of every finger, the most alike first.

    A short-list for a person or for a second question, never a decision: among 3,000 fingers, three strangers are to
    be expected above a threshold that one stranger in a thousand passes.
    """
    ready = gallery if isinstance(gallery, Gallery) else Gallery([_ready(one) for one in gallery])
    return sorted(enumerate(ready.scores(_ready(probe))), key=lambda pair: -pair[1])


def _ready(finger: Template | Finger) -> Finger:
    return finger if isinstance(finger, Finger) else prepare(finger)
