"""One figure: our way, timed against a rival that is simple enough to be trusted."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 7
Clock = Callable[[], float]
"""Seconds."""


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
    """Milliseconds; the median of all rounds, and the best."""

    median: float
    best: float


def fought(
    duel: Duel, rounds: int = ROUNDS, clock: Clock = time.perf_counter, *, settled: bool = False
) -> tuple[Figure, Figure | None]:
    """Times both sides in turns, so that what else the machine does meets both. NotTheSame if they disagree where they
    must not.

    `time.process_time` as the clock leaves out the time in which other programs had the core. `settled`: each timed
    call follows an untimed one of its own side, so that it finds the heap as that side leaves it, not as the other."""
    sides = [duel.ours] if duel.rival is None else [duel.ours, duel.rival]
    results = [side() for side in sides]
    if duel.same and any(result != results[0] for result in results):
        raise NotTheSame(duel.what)
    spans: list[list[float]] = [[] for _ in sides]
    gc.disable()
    try:
        for _ in range(rounds):
            for side, spent in zip(sides, spans, strict=True):
                if settled:
                    side()
                start = clock()
                side()
                spent.append((clock() - start) * 1000)
    finally:
        gc.enable()
    figures = [Figure(statistics.median(spent), min(spent)) for spent in spans]
    return figures[0], figures[1] if len(figures) > 1 else None
