"""The table of what is found after an interruption and what is done then, every cell of it.

The printer here is a list of answers: what it says when it is asked, and what it is told to do.
"""

from itertools import product
from pathlib import Path

import pytest
from PIL.Image import Image

from drivers.contract.card_printer import CardPosition, CardPrinter, Evidence, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.status import Status
from kiosk.cards import ledger
from kiosk.cards.jobs import Job, JobBook, JobState
from kiosk.cards.recovery import Recovery
from kiosk.journal.database import Journal
from kiosk.people.policy import Operation
from sim.clock import OfficeClock, SeededChance
from tests.kiosk.mandates import mandate
from tests.reliability.path import workshop

BEFORE = 40
ACCOUNTS = ("hopper", "path", "holder", "reject", "capture", "unknown")
NONE, INSIDE, EXIT, JAMMED = (CardPosition.NONE, CardPosition.INSIDE, CardPosition.EXIT, CardPosition.JAMMED)


class Printer(CardPrinter):
    """Says `evidence` and does what it is told."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__()
        self.evidence = evidence
        self.told: list[str] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def poll(self) -> Status:
        return self.status

    async def where(self) -> Evidence:
        return self.evidence

    async def feed(self, intent: IntentId, station: Station) -> None:
        self.told.append("feed")

    async def print_front(self, intent: IntentId, face: Image) -> None:
        self.told.append("print")

    async def present(self, intent: IntentId) -> None:
        self.told.append("present")

    async def wait_taken(self, timeout: float) -> bool:
        return False

    async def retract(self, intent: IntentId) -> None:
        self.told.append("retract")

    async def reject(self, intent: IntentId) -> None:
        self.told.append("reject")


def expected(state: JobState, where: CardPosition, fed: int, restarted: bool | None, *, holder: bool) -> str:
    """The table, read cell by cell (docs/reliability.md)."""
    if state is JobState.AUTHORISED:
        return "void"  # no blank was asked for
    if where is NONE:
        if state is JobState.FEED_INTENT:
            return "void" if fed == 0 else "unknown"
        if state is JobState.PRESENTED and restarted is False:
            return "taken"  # the exit sensor saw it, and only a hand can have moved it
        if state is JobState.SCRAP_INTENT and restarted is False:
            return "scrapped"  # never presented: the bin is the only way out
        return "unknown"  # never assumed taken
    if fed > 1:
        return "unknown"  # another card than this job's
    if where is EXIT:
        at_exit = holder and state in (JobState.PRESENT_INTENT, JobState.PRESENTED)
        return "at_exit" if at_exit else "captured"
    if where is INSIDE and state in (JobState.PRINTED, JobState.PRESENT_INTENT):
        return "held"
    return "scrapped"


async def job_in(book: JobBook, state: JobState) -> Job:
    """A job that the program brought to `state` before it was interrupted."""
    job = await book.open("PRR-1", 1)
    if state is JobState.AUTHORISED:
        return job
    job, intent = await book.intend(job, JobState.FEED_INTENT, fed_before=BEFORE)
    if state is JobState.FEED_INTENT:
        return job
    job = await book.done(job, intent, JobState.FED)
    if state is not JobState.FED:
        job, _ = await book.intend(job, state)
    return job


CELLS = list(product((NONE, INSIDE, EXIT, JAMMED), (0, 1, 2), (False, True, None), (False, True)))
"""Where the card is, how far the printer's count has moved, has it restarted, is the holder here."""


@pytest.mark.parametrize("state", JobState)
async def test_every_cell_of_the_table(state: JobState) -> None:
    for number, (where, fed, restarted, holder) in enumerate(CELLS):
        journal = Journal(workshop() / f"{state}-{number}.sqlite", OfficeClock(), SeededChance(1), threaded=False)
        journal.write_now(lambda tx: ledger.load(tx, 5, mandate(Operation.LOAD_BLANKS)))
        book = JobBook(journal)
        job = await job_in(book, state)
        printer = Printer(Evidence(where, fed_count=BEFORE + fed, restarted=restarted))

        settled, end = await Recovery(book, printer).settle(job, "test", holder_present=holder)

        cell = f"{state}, card {where}, count +{fed}, restarted {restarted}, holder {holder}"
        assert (end or settled).value == expected(state, where, fed, restarted, holder=holder), cell
        balance = await journal.read(ledger.balance)
        assert balance.loaded == sum(getattr(balance, name) for name in ACCOUNTS), cell
        assert balance.path == (0 if end else 1), cell
        assert printer.told == {"captured": ["retract"], "scrapped": ["reject"] if where is not NONE else []}.get(
            (end or settled).value, []
        ), cell
        journal.close()


@pytest.mark.parametrize("state", JobState)
async def test_a_printer_that_does_not_know_where_its_card_is_settles_nothing(tmp_path: Path, state: JobState) -> None:
    journal = Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(1), threaded=False)
    book = JobBook(journal)
    job = await job_in(book, state)
    printer = Printer(Evidence(CardPosition.UNKNOWN, fed_count=BEFORE + 1))

    with pytest.raises(DeviceError):
        await Recovery(book, printer).settle(job, "test", holder_present=True)

    assert await book.current() is not None
    assert printer.told == []
    journal.close()
