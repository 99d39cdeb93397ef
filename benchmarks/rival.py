"""One figure: our way, timed against a rival that is simple enough to be trusted."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 7


class NotTheSame(AssertionError):
    """Our way and the rival's give different bytes: a figure about that would be worth nothing."""


@dataclass(frozen=True, slots=True)
class Duel:
    what: str
    ours: Callable[[], object]
    rival_name: str
    rival: Callable[[], object] | None
    same: bool = True
    """Both must give equal results."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds; the median of ROUNDS, and the best."""

    median: float
    best: float


def fought(duel: Duel) -> tuple[Figure, Figure | None]:
    """Times both sides. NotTheSame if they disagree where they must not."""
    if duel.rival is None:
        return _timed(duel.ours), None
    if duel.same and duel.ours() != duel.rival():
        raise NotTheSame(duel.what)
    return _timed(duel.ours), _timed(duel.rival)


def _timed(work: Callable[[], object]) -> Figure:
    work()
    spans = []
    gc.disable()
    try:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            work()
            spans.append((time.perf_counter() - start) * 1000)
    finally:
        gc.enable()
    return Figure(statistics.median(spans), min(spans))
