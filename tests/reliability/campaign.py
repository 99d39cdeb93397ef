"""The campaign of single card jobs: which schedules are played, on how many cores, and what is said of them.

First every moment of the plain job is cut once, with each power-on behaviour and with kioskd alone dying; then come
schedules drawn from the seed: a second and a third cut in the recovery, a device fault, a slow or absent resident,
somebody who takes what lies in the exit while all is dark. A schedule is its seed and its number, so one line replays
it. A branch that a campaign of this size must reach and does not is a failure: a harness that tests nothing is green.
"""

import json
import logging
import multiprocessing
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from tempfile import TemporaryDirectory

from kiosk.cards.maker import CardMaker
from tests.reliability.path import RAM, Cut, Maker, Outcome, Schedule, as_words, from_words, play, work_in
from tests.reliability.planted import OURS, PROGRAMS

POWER_ON = ("keep", "eject", "reject", None)
FAULTS = (
    "card-printer/jam",
    "card-printer/power-loss",
    "card-printer/silence",
    "card-printer/corrupt",
    "card-encoder/card-torn",
    "card-encoder/dead-chip",
    "card-encoder/chip-write-error",
    "card-encoder/no-card",
    "card-encoder/dead-chip lasting",
    "card-encoder/chip-write-error lasting",
    "card-printer/jam lasting",
)
HANDS = {"quick": 6, "late": 2, "absent": 2}
"""How soon the card is taken, and how often in ten."""
LATER = 140
"""A later cut strikes within so many moments of the recovery and the visit after it."""
CHUNK = 25

# What a start finds, by the state in which the job stood: rows of the table in docs/reliability.md.
_FOUND = {
    "authorised": "void",
    "feed_intent": "void scrapped captured unknown",
    "fed": "unfinished captured unknown",
    "encode_intent": "unfinished captured unknown",
    "encoded": "unfinished captured unknown",
    "verified": "unfinished captured unknown",
    "print_intent": "scrapped captured unknown",
    "printed": "held captured unknown",
    "present_intent": "held captured unknown",
    "presented": "captured taken unknown",
    "retract_intent": "captured scrapped unknown",
    "scrap_intent": "scrapped captured unknown",
}
RARE = (
    "visit: taken",
    "visit: needs_staff",
    "visit: captured",
    "visit: scrapped",
    "job authorised -> void",
    "job feed_intent -> void",
    "job feed_intent -> unknown",
    "job scrap_intent -> scrapped",
    "job retract_intent -> captured",
    "job retract_intent -> taken",
    "job presented -> taken",
    "job presented -> unknown",
    "job present_intent -> unknown",
    "job print_intent -> unknown",
    "job scrap_intent -> unknown",
    "job retract_intent -> unknown",
    "job ended: fed, then gone",
    "retract found the card taken",
    "card came out though its answer was lost",
    "chip begun twice",
    "chip begun three times",
    "chip found whole",
    "second blank of a job",
    "found after the third run of its chip: scrapped",
    *(f"found in {state}: {end}" for state, ends in _FOUND.items() for end in ends.split()),
)
NEVER = ("chip begun more than three times",)
"""Branches that no schedule may go through."""
RARE_FROM = 3_000
"""From how many schedules on every one of RARE has to be reached."""


@dataclass
class Findings:
    schedules: int = 0
    cuts: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    harmed: int = 0
    """Schedules after which cards and books are wrong; a movement without an intent alone is not counted here."""
    failed: list[tuple[Schedule, list[str]]] = field(default_factory=list)

    def add(self, schedule: Schedule, outcome: Outcome) -> None:
        self.schedules += 1
        self.cuts += len(schedule.cuts)
        self.reached.update(outcome.reached)
        outcome.violations += [f"went through what may never be: {one}" for one in NEVER if one in outcome.reached]
        self.harmed += bool(outcome.violations)
        if outcome.violations or outcome.unintended:
            self.failed.append((schedule, outcome.violations + outcome.unintended))

    @property
    def unreached(self) -> list[str]:
        return [branch for branch in RARE if not self.reached[branch]] if self.schedules >= RARE_FROM else []


def undisturbed(disk: str | None = None) -> dict[str, int]:
    """Moments in the life of a card without a cut, by how soon its holder takes it."""
    return {hand: play(Schedule((), hand=hand, disk=disk)).moments for hand in HANDS}


def schedules(count: int, seed: int, lives: Mapping[str, int]) -> Iterator[Schedule]:
    """The first `count` schedules of this seed. `lives`: see `undisturbed`. One in three is a cut at a moment of such a
    life, until each moment had each kind of cut; the others are drawn."""
    plain = [
        Schedule((Cut(at, how),), hand)
        for hand in ("quick", "absent")
        for at in range(1, lives[hand] + 1)
        for how in POWER_ON
    ]
    random.Random(f"order {seed}").shuffle(plain)  # so that a short campaign is a fair sample
    for number in range(count):
        if number % 3 == 0 and number // 3 < len(plain):
            yield plain[number // 3]
        else:
            yield _drawn(random.Random(f"{seed}/{number}"), lives)


def _drawn(chance: random.Random, lives: Mapping[str, int]) -> Schedule:
    fault = chance.choice(FAULTS) if chance.random() < 0.3 else None
    hand = chance.choices(tuple(HANDS), tuple(HANDS.values()))[0]
    cuts = [_cut(chance, lives[hand] * 11 // 10)]  # faults make it longer
    while len(cuts) < 3 and chance.random() < 0.6:
        cuts.append(_cut(chance, LATER))
    if fault is not None and chance.random() < 0.2:
        cuts.clear()
    return Schedule(tuple(cuts), hand, fault, seed=chance.randrange(1_000_000))


def _cut(chance: random.Random, upto: int) -> Cut:
    return Cut(chance.randint(1, upto), chance.choice(POWER_ON), stolen=chance.random() < 0.15)


def campaign(
    count: int,
    *,
    seed: int = 1,
    workers: int = 1,
    disk: str | None = None,
    program: str = OURS,
    told: Callable[[Findings], None] = lambda findings: None,
) -> Findings:
    """Plays `count` schedules, on that kind of disk (see Schedule.disk). `told` hears of the progress."""
    findings = Findings()
    plan = schedules(count, seed, undisturbed(disk))
    todo = ((replace(schedule, disk=disk), program) for schedule in plan)
    if workers == 1:
        for one in todo:
            findings.add(*_played(one))
        return findings
    with (
        TemporaryDirectory(dir=RAM if RAM.is_dir() else None, prefix="anjungan-cuts-") as folder,
        multiprocessing.get_context("spawn").Pool(workers, work_in, (folder,)) as pool,
    ):
        for schedule, outcome in pool.imap(_played, todo, chunksize=CHUNK):
            findings.add(schedule, outcome)
            if findings.schedules % 500 == 0:
                told(findings)
    return findings


def hunt(maker: Maker, limit: int, *, seed: int = 1) -> tuple[int, list[str]] | None:
    """How many schedules it takes until what a wrong maker does shows in the world or the books, and how it shows; None
    within `limit`. That it moves cards without an intent would show at once, and is left out here."""
    for number, schedule in enumerate(schedules(limit, seed, undisturbed()), start=1):
        outcome = _quietly(schedule, maker)
        if outcome.violations:
            return number, outcome.violations
    return None


def _played(one: tuple[Schedule, str]) -> tuple[Schedule, Outcome]:
    schedule, program = one
    return schedule, _quietly(schedule, PROGRAMS[program])


def _quietly(schedule: Schedule, maker: Maker = CardMaker) -> Outcome:
    logging.disable(logging.CRITICAL)  # thousands of deaths have nothing new to tell
    try:
        return play(schedule, maker=maker)
    finally:
        logging.disable(logging.NOTSET)


def replay_line(schedule: Schedule) -> str:
    return f"python -m tests.reliability --replay '{json.dumps(as_words(schedule), separators=(',', ':'))}'"


def replayed(text: str) -> Outcome:
    return play(from_words(json.loads(text)))
