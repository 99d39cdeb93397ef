"""Does a record survive that the journal acknowledged? The journal's own code, cut at each call that reaches the disk.

A morning of real transactions (blanks, numbers, card jobs with every end) is written once, on a disk that notes each
call. Then the power is cut after any number of those calls, the disk is left as a real one might be, and the journal
opens on it, as after a reboot; sometimes the power goes again while it does. What is then in it must be the state after
the last acknowledged transaction, or after the one under way at the cut: not less, not more, nothing else.
"""

import hashlib
import multiprocessing
import random
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from drivers.contract.words import JobOutcome
from kiosk.api.messages import Label
from kiosk.cards import ledger
from kiosk.cards.jobs import JobBook, JobEnd, JobState
from kiosk.journal import acts, audit
from kiosk.journal.database import Journal, JournalError, Transaction
from kiosk.people.policy import Operation
from kiosk.queueing.numbers import Queue, Series
from sim.clock import SeededChance
from tests.kiosk.mandates import mandate
from tests.reliability.crash_journal import CrashJournal
from tests.reliability.disk import Disk, Loss, Op

T = TypeVar("T")

CARDS = 12
"""So many that SQLite checkpoints its WAL into the file by itself, too, besides at each end of the program."""
LIVES = 3
QUEUE = Queue((Series("akta", "A", Label(id="Akta", en="Records"), 5.0, 1),), "Asia/Jakarta")
LOSSES = (Loss.DROPPED, Loss.KEPT, Loss.MIXED, Loss.MIXED, Loss.MIXED, Loss.MIXED)
AGAIN = 0.3
"""The share of cuts after which the power goes a second time, while the journal opens and writes."""


@dataclass(frozen=True)
class Way:
    """How the journal is written. Only the first is ours; the others show that the harness can see."""

    name: str
    synchronous: str = "FULL"
    lying: bool = False


OURS = Way("synchronous FULL")
WRONG = (
    Way("synchronous NORMAL", "NORMAL"),
    Way("synchronous OFF", "OFF"),
    Way("FULL on a disk that lies", lying=True),
)


class _Clock:
    """Each look a second later, from a Monday morning on."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Runs what never waits: a journal without a thread of its own."""
    try:
        work.send(None)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return] # of the coroutine
    raise AssertionError("it waits for something")


class _Noting(CrashJournal):
    """Notes after each acknowledged transaction how many calls the disk has seen, and what the journal holds."""

    marks: list[tuple[int, bytes]]

    def write_now(self, change: Callable[[Transaction], T]) -> T:
        result = super().write_now(change)
        self.marks.append((len(self.disk.record or ()), content(self)))
        return result


def content(journal: Journal) -> bytes:
    """A digest over every row of every table."""

    def ask(tx: Transaction) -> bytes:
        seen = hashlib.sha256()
        for table in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
            seen.update(repr([tuple(row) for row in tx.rows(f'SELECT * FROM "{table["name"]}"')]).encode())  # noqa: S608 - our own tables
        return seen.digest()

    return journal.read_now(ask)


def _card(book: JobBook, number: int) -> None:
    """One card job, step by step, to one of its ends."""
    end = (JobEnd.TAKEN, JobEnd.SCRAPPED, JobEnd.TAKEN, JobEnd.CAPTURED, JobEnd.UNKNOWN)[number % 5]
    job = _at_once(book.open(f"PRR-{number:06d}", 1))
    ways = (
        (JobState.FEED_INTENT, JobState.FED),
        (JobState.ENCODE_INTENT, JobState.ENCODED),
        (JobState.PRINT_INTENT, JobState.PRINTED),
        (JobState.PRESENT_INTENT, JobState.PRESENTED),
    )
    for intent_state, done_state in ways[: 2 if end is JobEnd.SCRAPPED else 4]:
        uid = f"{number:014x}" if intent_state is JobState.ENCODE_INTENT else None
        fed = number if intent_state is JobState.FEED_INTENT else None
        job, intent = _at_once(book.intend(job, intent_state, fed_before=fed, uid=uid))
        job = _at_once(book.done(job, intent, done_state))
        if done_state is JobState.ENCODED:
            job = _at_once(book.done(job, None, JobState.VERIFIED))
    if end is JobEnd.SCRAPPED:
        job, intent = _at_once(book.intend(job, JobState.SCRAP_INTENT))
        _at_once(book.close(job, end, "chip", intent=intent))
    elif end is JobEnd.CAPTURED:
        job, intent = _at_once(book.intend(job, JobState.RETRACT_INTENT))
        _at_once(book.failed(intent, JobOutcome.FAILED))
        _at_once(book.close(job, end, "not taken in time"))
    else:
        _at_once(book.close(job, end, "the end"))


def _number(journal: Journal, number: int) -> None:
    """One queue number and its slip."""
    request = f"request-{number:04d}"
    journal.write_now(lambda tx: QUEUE.issue(tx, "akta", request))
    intent = journal.write_now(lambda tx: acts.intend(tx, "print_slip", request))
    journal.write_now(lambda tx: acts.ended(tx, intent, JobOutcome.DONE))


@dataclass(frozen=True)
class Recording:
    """A morning's calls to the disk; after how many of them each state of the journal was acknowledged."""

    ops: tuple[Op, ...]
    marks: tuple[tuple[int, bytes], ...]

    def acknowledged(self, calls: int) -> int:
        """How many states were acknowledged when so many calls were done."""
        return bisect_right(self.marks, calls, key=lambda mark: mark[0])


def record(synchronous: str = "FULL") -> Recording:
    """Lives through the morning once, without a cut."""
    disk, clock, chance = Disk(), _Clock(), SeededChance(1)
    disk.record = []
    marks: list[tuple[int, bytes]] = []
    for life in range(LIVES):
        journal = _Noting(disk, clock, chance, synchronous=synchronous)
        journal.marks = marks
        if not life:
            marks.append((len(disk.record), content(journal)))  # the empty journal, ready for use
            journal.write_now(lambda tx: ledger.load(tx, 2 * CARDS, mandate(Operation.LOAD_BLANKS)))
        for number in range(life * CARDS // LIVES, (life + 1) * CARDS // LIVES):
            _number(journal, number)
            _card(JobBook(journal), number)
        journal.close()
        disk.come_back(None, random.Random(0))
    return Recording(tuple(disk.record), tuple(marks))


@dataclass
class Tally:
    """What became of the cuts."""

    cuts: int = 0
    clean: int = 0
    lost: int = 0
    """An acknowledged transaction is not there."""
    corrupt: int = 0
    """The journal does not open, or holds what was never written."""
    first: str = ""
    """The first cut that did harm."""

    def add(self, harm: str, where: str) -> None:
        self.cuts += 1
        self.clean += not harm
        self.lost += harm == LOST
        self.corrupt += bool(harm) and harm != LOST
        if harm and not self.first:
            self.first = f"{where}: {harm}"

    def join(self, later: "Tally") -> None:
        """Adds the cuts that come after these."""
        self.cuts += later.cuts
        self.clean += later.clean
        self.lost += later.lost
        self.corrupt += later.corrupt
        self.first = self.first or later.first


LOST = "an acknowledged transaction is lost"


def campaign(way: Way, count: int, *, seed: int = 1, workers: int = 1) -> Tally:
    """Cuts the morning `count` times: at evenly spread calls from the first to the last, each with its own loss."""
    shares = [range(count * at // workers, count * (at + 1) // workers) for at in range(workers)]
    if workers == 1:
        return _cut(way, count, seed, shares[0])
    tally = Tally()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for share in pool.starmap(_cut, [(way, count, seed, numbers) for numbers in shares]):
            tally.join(share)
    return tally


def _cut(way: Way, count: int, seed: int, numbers: range) -> Tally:
    """These of `count` cuts. Every process writes the same morning anew: all in it comes from seeds."""
    story = record(way.synchronous)
    states = [state for _, state in story.marks]
    disk, done, tally = Disk(lying=way.lying), 0, Tally()
    for number in numbers:
        calls = (number * len(story.ops)) // count + 1
        for op in story.ops[done:calls]:
            disk.replay(op)
        done = calls
        chance = random.Random(f"{seed}/{number}")
        loss = LOSSES[number % len(LOSSES)]
        acknowledged = story.acknowledged(calls)
        harm = _reboot(way, disk.left(loss, chance), states, acknowledged, chance)
        tally.add(harm, f"cut {number} of {count} (seed {seed}), after call {calls}, {loss}")
    return tally


def _reboot(way: Way, files: dict[str, bytes], states: list[bytes], acknowledged: int, chance: random.Random) -> str:
    """What is wrong with the journal on these files, "" if nothing is: after a reboot, and after another cut in it."""
    disk = Disk(files)
    disk.record = []
    marks: list[tuple[int, bytes]] = []
    harm = _life(disk, way, states[max(acknowledged - 1, 0) : acknowledged + 1], marks)
    if harm or chance.random() >= AGAIN:
        return harm
    calls = chance.randint(0, len(disk.record))
    again = Disk(files, lying=way.lying)
    for op in disk.record[:calls]:
        again.replay(op)
    known = bisect_right(marks, calls, key=lambda mark: mark[0])
    return _life(
        Disk(again.left(Loss.MIXED, chance)), way, [state for _, state in marks[max(known - 1, 0) : known + 1]]
    )


def _life(disk: Disk, way: Way, allowed: list[bytes], marks: list[tuple[int, bytes]] | None = None) -> str:
    """Opens the journal after a reboot, looks whether it holds one of the `allowed` states, and goes on working; gives
    what is wrong. `marks` takes what this life acknowledges."""
    try:
        journal = _Noting(disk, _Clock(), SeededChance(2), synchronous=way.synchronous)
        damage = journal.read_now(lambda tx: tx.rows("PRAGMA integrity_check"))[0][0]
        chain = journal.read_now(lambda tx: audit.check(tx.rows("SELECT * FROM audit ORDER BY sequence")))
        found = content(journal)
    except (JournalError, sqlite3.DatabaseError) as error:
        return f"it cannot be read: {error}"
    if damage != "ok" or chain.problems:
        return f"damaged: {damage} {chain.problems[:1]}"
    if found not in allowed:
        return LOST
    if marks is not None:
        journal.marks = marks
        marks.append((0, found))
        _number(journal, 9_000)
        journal.close()
    return ""
