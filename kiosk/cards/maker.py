"""Makes one card: takes a blank, writes and reads back its chip, prints its face, hands it out and sees it taken."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from PIL.Image import Image

from drivers.contract.card_encoder import CardEncoder
from drivers.contract.card_printer import CardPosition, CardPrinter, Station
from drivers.contract.errors import DeviceError
from drivers.contract.words import DeviceCause
from kiosk.api.messages import Cause, Step
from kiosk.cards.encoding import AnotherCard, Encoding, GivenUp, Postponed
from kiosk.cards.jobs import Job, JobBook, JobEnd, JobState
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import Plan
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
        notice: str | None = None
        held = await self._book.current()
        if held is not None:
            settled, end = await self._settle(held, "found open", holder_present=held.jti == jti)
            if held.jti != jti:
                if settled is not Settled.CLOSED:
                    await self._recovery.scrap(held, "held for another resident")
            elif settled is Settled.UNFINISHED:
                made = await self._finish(held, artwork, report, None, found=True)
                if made.end is not JobEnd.SCRAPPED or made.cause == Cause.CARD_FAILED:
                    return made
                notice = made.cause
            elif settled is not Settled.CLOSED:
                return await self._hand_over(held, settled, report, None)
            elif end is JobEnd.TAKEN:
                return Made(end)
            elif end is JobEnd.UNKNOWN:
                return Made(end, Cause.NEEDS_STAFF)
        for blank in range(1, self._blanks + 1):
            if (stop := self._may_feed()) is not None:
                return Made(JobEnd.VOID, stop)
            made = await self._one(jti, artwork, blank, notice, report)
            if made.end is not JobEnd.SCRAPPED or made.cause == Cause.CARD_FAILED:
                return made  # if it was not the blank that failed, another would not help
            notice = made.cause
        return Made(JobEnd.SCRAPPED, Cause.CARD_FAILED)

    async def _one(
        self, jti: str, artwork: Artwork, blank: int, notice: str | None, report: Callable[[Progress], None]
    ) -> Made:
        evidence = await self._printer.where()
        if evidence.position is not CardPosition.NONE:
            return Made(None, Cause.NEEDS_STAFF)
        if (doubt := await self._book.why_not(evidence.fed_count)) is not None:
            return Made(JobEnd.VOID, doubt)
        job = await self._book.open(jti, blank)
        report(Progress(Step.FEED, blank, notice))
        job, intent = await self._book.intend(job, JobState.FEED_INTENT, fed_before=evidence.fed_count)
        try:
            await self._printer.feed(intent, Station.CONTACTLESS)
        except DeviceError as error:
            await self._book.failed(intent, error.outcome)
            return await self._after(job, str(error.cause))
        job = await self._book.done(job, intent, JobState.FED)
        return await self._finish(job, artwork, report, notice)

    async def _finish(
        self,
        job: Job,
        artwork: Artwork,
        report: Callable[[Progress], None],
        notice: str | None,
        *,
        found: bool = False,
    ) -> Made:
        """From a card at the station, however far its chip is, to a card in the hand. Its holder stands here. `found`:
        the card was there before this session, so the printer is told that it is the right one once its chip was
        recognised, written and read."""

        def told(step: Step, failed: str | None) -> None:
            report(Progress(step, job.blank, failed or notice))

        encoding = Encoding(self._book, self._encoder, self._chips, job, artwork.plan, told)
        try:
            job = await encoding.finish()
        except GivenUp as given_up:
            return await self._after(encoding.job, given_up.cause, reason=given_up.reason)
        except Postponed as postponed:
            return Made(None, postponed.cause)  # the card stays where it is; the caretaker holds it for its holder
        except AnotherCard:
            await self._book.close(encoding.job, JobEnd.UNKNOWN, "chip: another card at the station")
            return Made(JobEnd.UNKNOWN, Cause.NEEDS_STAFF)
        report(Progress(Step.PRINT, job.blank, notice))
        if found:
            try:
                await self._printer.adopt(Station.CONTACTLESS)
            except DeviceError as error:
                return await self._after(job, str(error.cause))
        job, intent = await self._book.intend(job, JobState.PRINT_INTENT)
        try:
            await self._printer.print_front(intent, artwork.face)
        except DeviceError as error:
            await self._book.failed(intent, error.outcome)
            return await self._after(job, str(error.cause))
        job = await self._book.done(job, intent, JobState.PRINTED)
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

    async def _after(self, job: Job, cause: str, *, reason: str | None = None, holder_present: bool = False) -> Made:
        """A step failed: where the card is decides what comes next. `reason`: what the journal keeps, if it knows more
        than what the resident is told."""
        try:
            settled, end = await self._settle(job, reason or cause, holder_present=holder_present)
            if settled is Settled.AT_EXIT:
                return AT_EXIT
            if settled is not Settled.CLOSED:
                # Its chip was given up, or it is printed and will not come out: it is not left for the next resident.
                _, end = await self._recovery.scrap(job, reason or cause)
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
