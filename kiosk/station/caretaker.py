"""Looks after a card job that nobody attends: after a restart, a fault, or when a finished card waits too long."""

import asyncio
import logging
from collections.abc import Callable

from drivers.contract.card_printer import CardPrinter
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import JobOutcome
from kiosk.api.messages import Cause
from kiosk.cards.blanks.reckoning import note_cleaned
from kiosk.cards.jobs import Job, JobBook
from kiosk.cards.recovery import HOLDABLE, Recovery, Settled
from kiosk.journal import acts, audit
from kiosk.journal.database import Journal, Transaction
from kiosk.people.acts import spend
from kiosk.people.policy import Mandate, Operation
from kiosk.station.counter import fed_count
from kiosk.station.refusal import Refused

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
REST = 10.0
"""Seconds between two looks while no job is open; a collection settles what it finds by itself."""
HOLD = 300.0
"""Seconds for which a card whose making or hand-over was cut off waits inside for its holder to come back."""


class Caretaker:
    """`ready` is False until the hardware was asked about what the last run left open."""

    def __init__(self, journal: Journal, printer: CardPrinter, changed: Callable[[], None]) -> None:
        self._journal = journal
        self._printer = printer
        self._changed = changed
        self._book = JobBook(journal)
        self._recovery = Recovery(self._book, printer)
        self._held: tuple[str, float] | None = None
        """The job whose card waits inside, and since when."""
        self.at_work = asyncio.Lock()
        """Held by whoever moves the card: the caretaker or a collection."""
        self.ready = False
        self._idle = False
        self._compared = False

    async def run(self) -> None:
        """For ever: settles what is open whenever nobody else moves the card."""
        while True:
            if not self.at_work.locked():
                async with self.at_work:
                    await self.look()
            await asyncio.sleep(REST if self._idle and self._compared else LOOK_EVERY)

    async def clean(self, mandate: Mandate) -> None:
        """Runs the printer's cleaning cycle. Refused while a card is on its way, and if the printer does not do it."""
        if self.at_work.locked() or await self._book.current() is not None:
            raise Refused(Cause.BUSY, "a card is in the printer")

        def begin(tx: Transaction) -> IntentId:
            spend(tx, mandate, Operation.CLEAN_PRINTER)
            return acts.intend(tx, "clean", "card_printer")

        async with self.at_work:
            before = await fed_count(self._printer)
            intent = await self._journal.write(begin)
            outcome = JobOutcome.DONE
            try:
                await self._printer.clean(intent)
            except DeviceError as error:
                outcome = error.outcome
                raise Refused(str(error.cause), str(error)) from error
            finally:
                await self._journal.write(lambda tx: acts.ended(tx, intent, outcome))
            after = await fed_count(self._printer)
            await self._journal.write(lambda tx: note_cleaned(tx, before, after))

    async def look(self) -> None:
        """Settles the open job if there is one and the printer answers."""
        job = await self._book.current()
        self._idle = job is None
        if job is None:
            self._held = None
            await self._compare()
            self._is_ready()
            return
        try:
            if self._held is not None and self._held[0] == job.id and job.state in HOLDABLE:
                await self._hold(job, self._held[1])
                return
            self._held = None
            settled, end = await self._recovery.settle(job, f"recovered from {job.state}", holder_present=False)
            await self._journal.write(
                lambda tx: audit.append(
                    tx, audit.Event.JOB_RECOVERED, "kiosk", job=job.id, state=job.state.value, found=end or settled
                )
            )
            log.warning("job %s: found in %s, %s", job.id, job.state, end or settled)
        except (DeviceError, TimeoutError) as error:
            log.warning("job %s: not settled yet: %s", job.id, error)
            return
        if settled in (Settled.HELD, Settled.UNFINISHED):
            self._held = (job.id, asyncio.get_running_loop().time())
        self._is_ready()

    async def _compare(self) -> None:
        """Once after every start, as soon as the printer answers: has it fed more cards than this journal knows of?
        Before each feed the card maker asks again; this is so that residents and staff are told before."""
        if self._compared or self._printer.status.causes:
            return
        try:
            evidence = await self._printer.where()
        except DeviceError as error:
            log.warning("the printer's count is not compared yet: %s", error)
            return
        self._compared = True
        if await self._book.why_not(evidence.fed_count) is not None:
            self._changed()

    async def _hold(self, job: Job, since: float) -> None:
        if asyncio.get_running_loop().time() - since < HOLD:
            return
        self._held = None
        await self._recovery.scrap(job, "its holder did not come back in time")
        self._changed()

    def _is_ready(self) -> None:
        if not self.ready:
            self.ready = True
            self._changed()


def close_cut_off_acts(tx: Transaction) -> None:
    """At start: acts without a card (slips, tickets) that the last run began and never saw the end of."""
    for act in acts.open_acts(tx):
        if tx.row("SELECT 1 FROM job WHERE id = ?", act.subject) is None:
            acts.ended(tx, act.id, JobOutcome.UNKNOWN)
