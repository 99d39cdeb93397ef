"""Makes one card: takes a blank, writes and reads back its chip, prints its face, hands it out and sees it taken."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PIL.Image import Image

from drivers.contract.card_encoder import CardEncoder
from drivers.contract.card_printer import CardPosition, CardPrinter, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import DeviceCause
from kiosk.api.messages import Cause, Step
from kiosk.cards.chip import ChipError, read_uid
from kiosk.cards.jobs import Job, JobBook, JobEnd, JobState
from kiosk.cards.personalise.custody import CentreAway
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import Plan, SigningError
from kiosk.cards.personalise.writer import Job as Order
from kiosk.cards.recovery import Recovery, Settled


@dataclass(frozen=True, slots=True)
class Progress:
    """What the resident is told while he waits. `step` None: his card is at the exit."""

    step: Step | None
    blank: int
    notice: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """How it ended. `end` None: the printer stopped answering and the job is still open. `cause`: why no card."""

    end: JobEnd | None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Artwork:
    """Everything that goes onto and into one card."""

    face: Image
    plan: Plan


class CardMaker:
    """One at a time: `path` is held for as long as a card is made, and keeps the caretaker away from it."""

    def __init__(
        self,
        book: JobBook,
        printer: CardPrinter,
        encoder: CardEncoder,
        chips: ChipDesk,
        *,
        path: asyncio.Lock,
        blanks_per_job: int,
        take_timeout: float,
        may_feed: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`may_feed`: why no further blank may leave the hopper now; None if one may."""
        self._path = path
        self._book = book
        self._printer = printer
        self._encoder = encoder
        self._chips = chips
        self._recovery = Recovery(book, printer)
        self._blanks = blanks_per_job
        self._take_timeout = take_timeout
        self._may_feed = may_feed

    async def make(self, jti: str, artwork: Artwork, report: Callable[[Progress], None]) -> Made:
        """Uses up to `blanks_per_job` blanks; a blank is scrapped and accounted before the next is touched."""
        async with self._path:
            return await self._make(jti, artwork, report)

    async def _make(self, jti: str, artwork: Artwork, report: Callable[[Progress], None]) -> Made:
        held = await self._book.current()
        if held is not None:
            settled, end = await self._settle(held, "found open", holder_present=held.jti == jti)
            if settled is not Settled.CLOSED and held.jti == jti:
                return await self._hand_over(held, settled, report, None)
            if settled is Settled.HELD:
                await self._recovery.scrap(held, "held for another resident")
            elif held.jti == jti and end is JobEnd.TAKEN:
                return Made(end)
            elif held.jti == jti and end is JobEnd.UNKNOWN:
                return Made(end, Cause.NEEDS_STAFF)
        notice: str | None = None
        for blank in range(1, self._blanks + 1):
            if (stop := self._may_feed()) is not None:
                return Made(JobEnd.VOID, stop)
            made = await self._one(jti, artwork, blank, notice, report)
            if made.end is not JobEnd.SCRAPPED:
                return made
            notice = made.cause
        return Made(JobEnd.SCRAPPED, Cause.CARD_FAILED)

    async def _one(
        self, jti: str, artwork: Artwork, blank: int, notice: str | None, report: Callable[[Progress], None]
    ) -> Made:
        evidence = await self._printer.where()
        if evidence.position is not CardPosition.NONE:
            return Made(None, Cause.NEEDS_STAFF)
        job = await self._book.open(jti, blank)
        intent: IntentId | None = None
        try:
            report(Progress(Step.FEED, blank, notice))
            job, intent = await self._book.intend(job, JobState.FEED_INTENT, fed_before=evidence.fed_count)
            await self._printer.feed(intent, Station.CONTACTLESS)
            job, intent = await self._book.done(job, intent, JobState.FED), None

            report(Progress(Step.ENCODE, blank, notice))
            channel = await self._encoder.open()
            try:
                order = Order(artwork.plan, await read_uid(channel))
                job, intent = await self._book.intend(job, JobState.ENCODE_INTENT, uid=order.uid.hex())
                await self._chips.write(channel, jti, order, partial(self._book.promise, job))
                job, intent = await self._book.done(job, intent, JobState.ENCODED), None
                report(Progress(Step.VERIFY, blank, notice))
                await self._chips.prove(channel, order)
                job = await self._book.done(job, None, JobState.VERIFIED)
            finally:
                await channel.close()

            report(Progress(Step.PRINT, blank, notice))
            job, intent = await self._book.intend(job, JobState.PRINT_INTENT)
            await self._printer.print_front(intent, artwork.face)
            job, intent = await self._book.done(job, intent, JobState.PRINTED), None
        except (DeviceError, ChipError, SigningError, CentreAway) as error:
            cause = error.cause if isinstance(error, DeviceError | CentreAway) else DeviceCause.HARDWARE
            if intent is not None and isinstance(error, DeviceError):
                await self._book.failed(intent, error.outcome)
            return await self._after(job, str(cause))
        return await self._hand_over(job, Settled.HELD, report, notice)

    async def _hand_over(
        self, job: Job, where: Settled, report: Callable[[Progress], None], notice: str | None
    ) -> Made:
        """Presents the finished card to the holder, who stands here, and waits until the exit sensor says taken."""
        if where is Settled.HELD:
            report(Progress(Step.PRESENT, job.blank, notice))
            job, intent = await self._book.intend(job, JobState.PRESENT_INTENT)
            try:
                await self._printer.present(intent)
            except DeviceError as error:
                await self._book.failed(intent, error.outcome)
                made = await self._after(job, str(error.cause), holder_present=True)
                if made is not AT_EXIT:
                    return made
                job = await self._book.done(job, None, JobState.PRESENTED)
            else:
                job = await self._book.done(job, intent, JobState.PRESENTED)
        report(Progress(None, job.blank, notice))
        try:
            taken = await self._printer.wait_taken(self._take_timeout)
        except DeviceError as error:
            return await self._after(job, str(error.cause), holder_present=False)
        if taken:
            await self._book.close(job, JobEnd.TAKEN, "taken")
            return Made(JobEnd.TAKEN)
        try:
            _, end = await self._recovery.capture(job, "not taken in time")
        except DeviceError as error:
            return Made(None, str(error.cause))
        return Made(end, None if end is JobEnd.TAKEN else Cause.CARD_NOT_TAKEN)

    async def _after(self, job: Job, cause: str, *, holder_present: bool = False) -> Made:
        """A step failed: where the card is decides what comes next."""
        try:
            settled, end = await self._settle(job, cause, holder_present=holder_present)
            if settled is Settled.AT_EXIT:
                return AT_EXIT
            if settled is Settled.HELD:
                # Printed, but it will not come out: it is not left for the next resident.
                _, end = await self._recovery.scrap(job, cause)
        except DeviceError as error:
            return Made(None, str(error.cause))
        return Made(end, Cause.NEEDS_STAFF if end is JobEnd.UNKNOWN else cause)

    async def _settle(self, job: Job, reason: str, *, holder_present: bool) -> tuple[Settled, JobEnd | None]:
        try:
            return await self._recovery.settle(job, reason, holder_present=holder_present)
        except TimeoutError as error:
            raise DeviceError(DeviceCause.HARDWARE, "the printer does not come to rest") from error


AT_EXIT = Made(None)
"""Not an end: the card came out although the answer was lost."""
