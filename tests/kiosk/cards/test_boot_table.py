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
from kiosk.cards.jobs import Job, JobBook, JobEnd, JobState, OutOfOrder
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


def expected(
    state: JobState, where: CardPosition, fed: int, restarted: bool | None, *, holder: bool, runs: int = 1
) -> str:
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
    if where is INSIDE and state in CHIP_STATES and runs < 3:
        return "unfinished"  # perhaps half written, still white: finished for its holder alone
    return "scrapped"


MAKING = (
    JobState.FEED_INTENT, JobState.FED, JobState.ENCODE_INTENT, JobState.ENCODED, JobState.VERIFIED,
    JobState.PRINT_INTENT, JobState.PRINTED, JobState.PRESENT_INTENT, JobState.PRESENTED,
)  # fmt: skip
CHIP_STATES = (JobState.FED, JobState.ENCODE_INTENT, JobState.ENCODED, JobState.VERIFIED)


async def job_in(book: JobBook, state: JobState, *, runs: int = 1) -> Job:
    """A job that the program brought to `state` before it was interrupted, its chip begun `runs` times."""
    job = await book.open("PRR-1", 1)
    way = MAKING[: MAKING.index(state) + 1] if state in MAKING else (*MAKING[:2], state)
    for step in () if state is JobState.AUTHORISED else way:
        for _ in range(runs if step is JobState.ENCODE_INTENT else 1):
            if step.endswith("_intent"):
                fed_before = BEFORE if step is JobState.FEED_INTENT else None
                job, _intent = await book.intend(job, step, fed_before=fed_before)
            else:
                job = await book.done(job, None, step)
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


@pytest.mark.parametrize("runs", [1, 2, 3, 4])
@pytest.mark.parametrize("state", [JobState.ENCODE_INTENT, JobState.ENCODED, JobState.VERIFIED])
async def test_a_chip_is_begun_three_times_and_then_its_card_goes_to_the_bin(
    tmp_path: Path, state: JobState, runs: int
) -> None:
    """The count stands in the journal: a kioskd that dies in every run does not go on for ever."""
    journal = Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(1), threaded=False)
    book = JobBook(journal)
    job = await job_in(book, state, runs=runs)
    assert await book.runs(job) == runs
    printer = Printer(Evidence(INSIDE, fed_count=BEFORE + 1))

    settled, end = await Recovery(book, printer).settle(job, "test", holder_present=False)

    assert (end or settled).value == expected(state, INSIDE, 1, None, holder=False, runs=runs)
    assert printer.told == (["reject"] if runs >= 3 else [])
    journal.close()


@pytest.mark.parametrize("state", JobState)
async def test_only_a_card_written_read_back_and_printed_may_be_presented(tmp_path: Path, state: JobState) -> None:
    """Without PRINTED in the journal, which comes only after VERIFIED, there is no intent, and without it no act."""
    journal = Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(1), threaded=False)
    book = JobBook(journal)
    job = await job_in(book, state)

    if state in (JobState.PRINTED, JobState.PRESENT_INTENT):
        presenting, _ = await book.intend(job, JobState.PRESENT_INTENT)
        assert presenting.state is JobState.PRESENT_INTENT
    else:
        with pytest.raises(OutOfOrder):
            await book.intend(job, JobState.PRESENT_INTENT)
        assert await book.current() == job, "and nothing of it was written"
    journal.close()


async def test_no_state_is_reached_past_the_one_before_it(tmp_path: Path) -> None:
    """The way of a card, and every step that somebody might leave out of it."""
    for number, wanted in enumerate(MAKING[1:], start=1):
        for skipped in range(number):
            journal = Journal(tmp_path / f"{wanted}-{skipped}.sqlite", OfficeClock(), SeededChance(1), threaded=False)
            book = JobBook(journal)
            stands = MAKING[skipped - 1] if skipped else JobState.AUTHORISED
            job = await job_in(book, stands)
            with pytest.raises(OutOfOrder):
                await book.done(job, None, wanted)
            journal.close()


async def test_a_closed_job_moves_no_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(1), threaded=False)
    book = JobBook(journal)
    job = await job_in(book, JobState.PRINTED)
    await book.close(job, JobEnd.SCRAPPED, "test")
    with pytest.raises(OutOfOrder):
        await book.intend(job, JobState.PRESENT_INTENT)
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
