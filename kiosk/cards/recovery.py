"""What becomes of an open job when its way was interrupted: by a fault just now, or by a power cut before this start.

The hardware is asked first, always. What it says and what the journal knows meet in one table, which
`tests/kiosk/cards/test_boot_table.py` holds cell by cell. Only evidence closes a job; what the hardware cannot tell
becomes UNKNOWN, and two officers decide.
"""

import asyncio
from enum import StrEnum

from drivers.contract.card_printer import CardPosition, CardPrinter, Evidence
from drivers.contract.errors import DeviceError
from drivers.contract.words import DeviceCause
from kiosk.cards.jobs import Job, JobBook, JobEnd, JobState
from kiosk.cards.personalise.writer import RUNS

STILL_TIMEOUT = 90.0
"""Longest time a printer may go on moving by itself; a full YMCKO print takes about 20 s."""
STILL_POLL = 0.5
WITH_CHIP = frozenset({JobState.FED, JobState.ENCODE_INTENT, JobState.ENCODED, JobState.VERIFIED})
"""States in which nothing is on the card's face yet, and only its chip may be half written."""
HOLDABLE = WITH_CHIP | {JobState.PRINTED, JobState.PRESENT_INTENT}
"""States in which a card inside may wait for its holder."""


class Settled(StrEnum):
    """What is to be done with the job now."""

    CLOSED = "closed"
    HELD = "held"
    """A finished card of this job is inside; it may be presented to its holder, once his finger matched again."""
    UNFINISHED = "unfinished"
    """A card of this job is inside, its chip perhaps half written, its face white. It may be finished for its holder,
    once his finger matched again (kiosk.cards.encoding asks the chip what it is first); it is nobody else's."""
    AT_EXIT = "at_exit"
    """The card is at the exit, and its holder stands before the kiosk: wait until he takes it."""


class Recovery:
    def __init__(self, book: JobBook, printer: CardPrinter) -> None:
        self._book = book
        self._printer = printer

    async def settle(self, job: Job, reason: str, *, holder_present: bool) -> tuple[Settled, JobEnd | None]:
        """Asks the hardware and brings the job to where it is safe. `holder_present`: his finger matched in this very
        session. Raises DeviceError if the printer does not answer: the job then stays open, to be settled later."""
        evidence = await self._still()
        match job.state, evidence.position:
            case _, CardPosition.UNKNOWN:
                raise DeviceError(DeviceCause.HARDWARE, "the printer does not know where its card is")
            case JobState.AUTHORISED, _:
                return await self._close(job, JobEnd.VOID, reason)
            case JobState.FEED_INTENT, CardPosition.NONE if _count_unchanged(job, evidence):
                return await self._close(job, JobEnd.VOID, reason)
            case JobState.FEED_INTENT, CardPosition.NONE:
                return await self._close(job, JobEnd.UNKNOWN, f"{reason}; fed, then gone")
            case JobState.PRESENTED, CardPosition.NONE if evidence.restarted is False:
                # The exit sensor saw the card and now does not, and nothing but a hand moved it: the printer was not
                # told to, and did not restart.
                return await self._close(job, JobEnd.TAKEN, "taken")
            case JobState.SCRAP_INTENT, CardPosition.NONE if evidence.restarted is False:
                # Never presented, and the printer did not restart: the reject bin is the only way out.
                return await self._close(job, JobEnd.SCRAPPED, reason)
            case _, CardPosition.NONE:
                return await self._close(job, JobEnd.UNKNOWN, f"{reason}; gone in {job.state}")
            case _ if not _same_card(job, evidence):
                return await self._close(job, JobEnd.UNKNOWN, f"{reason}; another card in the path")
            case ((JobState.PRESENT_INTENT | JobState.PRESENTED), CardPosition.EXIT) if holder_present:
                return Settled.AT_EXIT, None
            case _, CardPosition.EXIT:
                return await self.capture(job, reason)
            case ((JobState.PRINTED | JobState.PRESENT_INTENT), CardPosition.INSIDE):
                return Settled.HELD, None
            case state, CardPosition.INSIDE if state in WITH_CHIP and await self._book.runs(job) < RUNS:
                return Settled.UNFINISHED, None
            case _:
                return await self.scrap(job, reason)

    async def scrap(self, job: Job, reason: str) -> tuple[Settled, JobEnd]:
        """Drops the card inside into the reject bin, whatever it was worth."""
        if job.state is JobState.FEED_INTENT:
            job = await self._book.in_path(job)
        job, intent = await self._book.intend(job, JobState.SCRAP_INTENT)
        try:
            await self._printer.reject(intent)
        except DeviceError as error:
            await self._book.failed(intent, error.outcome)
            raise
        await self._book.close(job, JobEnd.SCRAPPED, reason, intent=intent)
        return Settled.CLOSED, JobEnd.SCRAPPED

    async def capture(self, job: Job, reason: str) -> tuple[Settled, JobEnd]:
        """Takes the card at the exit back. If a hand was faster, the exit sensor's word decides."""
        if job.state is JobState.FEED_INTENT:
            job = await self._book.in_path(job)
        was_presented = job.state is JobState.PRESENTED
        job, intent = await self._book.intend(job, JobState.RETRACT_INTENT)
        try:
            await self._printer.retract(intent)
        except DeviceError as error:
            await self._book.failed(intent, error.outcome)
            if error.cause is DeviceCause.CARD_LOST and was_presented:
                # It never came in: the holder took his card at the last moment, if the exit sensor agrees.
                evidence = await self._still()
                if evidence.position is CardPosition.NONE and evidence.restarted is False:
                    await self._book.close(job, JobEnd.TAKEN, "taken")
                    return Settled.CLOSED, JobEnd.TAKEN
            raise
        await self._book.close(job, JobEnd.CAPTURED, reason, intent=intent)
        return Settled.CLOSED, JobEnd.CAPTURED

    async def _close(self, job: Job, end: JobEnd, reason: str) -> tuple[Settled, JobEnd]:
        await self._book.close(job, end, reason)
        return Settled.CLOSED, end

    async def _still(self) -> Evidence:
        """Where the card is once nothing moves any more."""
        async with asyncio.timeout(STILL_TIMEOUT):
            while True:
                evidence = await self._printer.where()
                if not evidence.moving:
                    return evidence
                await asyncio.sleep(STILL_POLL)


def _count_unchanged(job: Job, evidence: Evidence) -> bool:
    return job.fed_before is not None and evidence.fed_count == job.fed_before


def _same_card(job: Job, evidence: Evidence) -> bool:
    """The printer's own count is the second witness: since this job's feed no other card was fed."""
    if job.fed_before is None or evidence.fed_count is None:
        return True
    return evidence.fed_count in (job.fed_before, job.fed_before + 1)
