"""The right way and the wrong ways side by side: proof that the checkers can see.

`python -m tests.reliability --disk N` prints it.

Records: the journal's own transactions, cut at the calls that reach the disk (records.py). Jobs: the whole card path on
such a disk, cut there and at every movement and message (path.py). Only the first line of each table is how Anjungan
works; the others are what most programs do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.reliability import records
from tests.reliability.campaign import Findings, campaign
from tests.reliability.path import LYING
from tests.reliability.planted import AFTER, OURS

DOUBLED = "finished cards of one person are out"


@dataclass(frozen=True)
class JobWay:
    name: str
    program: str
    disk: str


JOBS = (
    JobWay("intents first, synchronous FULL", OURS, "FULL"),
    JobWay("intents first, synchronous NORMAL", OURS, "NORMAL"),
    JobWay("intents first, synchronous OFF", OURS, "OFF"),
    JobWay("intents first, FULL on a disk that lies", OURS, LYING),
    JobWay("records after doing, synchronous FULL", AFTER, "FULL"),
)
"""The first is ours."""


def of_records(count: int, *, seed: int = 1, workers: int = 1) -> Iterator[tuple[records.Way, records.Tally]]:
    for way in (records.OURS, *records.WRONG):
        share = count if way is records.OURS else max(count // 10, 100)
        yield way, records.campaign(way, share, seed=seed, workers=workers)


def of_jobs(count: int, *, seed: int = 1, workers: int = 1) -> Iterator[tuple[JobWay, Findings]]:
    for way in JOBS:
        share = count if way is JOBS[0] else max(count // 10, 100)
        yield way, campaign(share, seed=seed, workers=workers, disk=way.disk, program=way.program)


def report(cuts: int, jobs: int, *, seed: int = 1, workers: int = 1, say: Callable[[str], None] = print) -> bool:
    """Prints both tables; whether ours did no harm and every wrong way was seen to do some."""
    well = True
    say(f"{'records':42} {'cuts':>7} {'clean':>7} {'lost':>7} {'corrupt':>7}")
    for way, tally in of_records(cuts, seed=seed, workers=workers):
        say(f"{way.name:42} {tally.cuts:7} {tally.clean:7} {tally.lost:7} {tally.corrupt:7}")
        well &= (tally.clean == tally.cuts) is (way is records.OURS)
        if way is records.OURS and tally.first:
            say(f"  {tally.first}")
    say(f"{'jobs':42} {'played':>7} {'clean':>7} {'harmed':>7} {'doubled':>7}")
    for job_way, found in of_jobs(jobs, seed=seed, workers=workers):
        doubled = sum(any(DOUBLED in one for one in violations) for _, violations in found.failed)
        say(f"{job_way.name:42} {found.schedules:7} {found.schedules - found.harmed:7} {found.harmed:7} {doubled:7}")
        well &= (found.harmed == 0) is (job_way is JOBS[0])
        if job_way is JOBS[0]:
            well &= not found.failed
            for schedule, violations in found.failed[:3]:
                say(f"  {schedule}: {violations}")
    return well
