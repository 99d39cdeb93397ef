"""A resident collects his card: he is admitted, his finger is checked, and then the card is made.

One collection at a time. It lives here and not in the screen, so that a dead screen changes nothing for the card.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from drivers.contract.errors import DeviceError
from kiosk.api.messages import Cause, Collection, CollectRequest, Stage, Step
from kiosk.api.staff import OverrideRequest
from kiosk.biometrics.template import TemplateError
from kiosk.cards.approval import Approval
from kiosk.cards.chip import ChipError
from kiosk.cards.face import FaceError, render_front
from kiosk.cards.jobs import JobEnd
from kiosk.cards.maker import Artwork, CardMaker, Made, Progress
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.record import masked_name
from kiosk.centre.link import CentreLink
from kiosk.journal import audit, outbox
from kiosk.journal.database import Journal, JournalFull, Transaction
from kiosk.people.acts import spend
from kiosk.people.digest import finger_tries
from kiosk.people.policy import Mandate, Operation
from kiosk.queueing.delivery import TicketDesk
from kiosk.station import requests
from kiosk.station.admission import Admission
from kiosk.station.fingers import FingerCheck
from kiosk.station.receipts import Receipts
from kiosk.station.refusal import Refused

log = logging.getLogger(__name__)

COLLECT = "collect"
KEEP_ENDED = 30.0
"""Seconds for which an ended collection is still shown to the screen."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The rooms that a collection goes through."""

    journal: Journal
    admission: Admission
    fingers: FingerCheck
    chips: ChipDesk
    maker: CardMaker
    desk: TicketDesk
    link: CentreLink
    receipts: Receipts
    staff_service: str
    """The counter that helps when the kiosk cannot go on."""
    specimen: bool
    """Print SPECIMEN on the card: always, unless this is a production machine."""


class Collector:
    """Begins, shows and ends collections. `changed` is called whenever `collection` is another than before."""

    def __init__(self, parts: Parts, changed: Callable[[], None]) -> None:
        self._parts = parts
        self._changed = changed
        self._session: asyncio.Task[None] | None = None
        self._request: str | None = None
        self._approval: str | None = None
        """Of the collection that was begun last."""
        self._starting = asyncio.Lock()
        self.collection: Collection | None = None

    @property
    def busy(self) -> bool:
        return self._session is not None

    async def start(self, request: CollectRequest, why_not: Callable[[], Awaitable[str | None]]) -> Collection:
        """Begins a collection, or raises Refused. `why_not` asks the machine whether cards can be made now."""
        async with self._starting:
            if self._request == request.request_id and self.collection is not None:
                return self.collection
            before = await self._parts.journal.read(lambda tx: _before(tx, request.request_id))
            if before is not None:
                return before
            if self.busy:
                raise Refused(Cause.BUSY)
            try:
                self._parts.admission.check_form(request)
                cause = await why_not()
                if cause is not None:
                    raise Refused(cause)
                approval = await self._parts.admission.approval(request)
            except Refused as refused:
                await self._parts.admission.note_refusal(request, refused)
                raise
            collection = Collection(id=request.request_id, stage=Stage.FINGER)

            def begin(tx: Transaction) -> None:
                requests.keep(tx, COLLECT, request.request_id)
                audit.append(
                    tx, audit.Event.COLLECTION_STARTED, "resident", collection=collection.id, approval=approval.jti
                )

            await self._parts.journal.write(begin)
            self._begin(request.request_id, collection, approval, finger=True)
            return collection

    async def override(
        self, request: OverrideRequest, mandate: Mandate, why_not: Callable[[], Awaitable[str | None]]
    ) -> Collection:
        """Begins a collection for which two people answer instead of a finger; one that waits for this very person's
        finger goes on without it. Raises Refused as `start` does."""
        async with self._starting:
            asked = CollectRequest(request_id=request.request_id, slip=request.slip, nik=request.nik)
            if self._request == request.request_id and self.collection is not None:
                return self.collection
            try:
                self._parts.admission.check_form(asked)
                cause = await why_not()
                if cause is not None:
                    raise Refused(cause)
                approval = await self._parts.admission.approval(asked, finger=False)
            except Refused as refused:
                await self._parts.admission.note_refusal(asked, refused)
                raise
            waiting = self.collection if self.busy else None
            if waiting is not None and (waiting.stage is not Stage.FINGER or self._approval != approval.jti):
                raise Refused(Cause.BUSY)
            collection = waiting or Collection(id=request.request_id, stage=Stage.WORKING, step=Step.FEED)
            await self._parts.journal.write(lambda tx: _overridden(tx, collection.id, approval.jti, mandate))
            if waiting is not None:
                left = await self._leave_finger(waiting.id)
                if left.stage is not Stage.FINGER:
                    return left  # the finger matched in this very moment, or the resident has gone
            self._begin(request.request_id, collection, approval, finger=False)
            return collection

    async def ask_staff(self, identity: str) -> Collection:
        """The resident wants a person. Possible until the card is being made; after that it changes nothing."""
        collection = await self._leave_finger(identity)
        if collection.stage is Stage.FINGER:
            await self._to_staff(Cause.CANCELLED)
        return self._of(identity)

    async def cancel(self, identity: str, cause: Cause = Cause.CANCELLED) -> Collection:
        """The resident walks away. Possible until the card is being made; after that it changes nothing."""
        collection = await self._leave_finger(identity)
        if collection.stage is Stage.FINGER:
            await self._end(Stage.CANNOT, cause)
        return self._of(identity)

    async def stop(self) -> None:
        """kioskd goes down. A card on its way stays where it is; the next start asks the hardware."""
        if self._session is not None:
            self._session.cancel()
            await asyncio.gather(self._session, return_exceptions=True)
        await self._parts.receipts.stop()

    # -- the session ---------------------------------------------------------------------------------------------
    def _begin(self, request: str, collection: Collection, approval: Approval, *, finger: bool) -> None:
        self._request, self._approval = request, approval.jti
        self._show(collection)
        self._session = asyncio.create_task(self._run(approval, finger=finger))
        self._session.add_done_callback(self._ended)

    async def _run(self, approval: Approval, *, finger: bool) -> None:
        try:
            if finger and not await self._finger_matched(approval):
                return
            self._show_with(
                stage=Stage.WORKING, finger=None, step=Step.FEED, masked_name=masked_name(approval.record.name)
            )
            face = render_front(approval.record, specimen=self._parts.specimen)
            artwork = Artwork(face, self._parts.chips.plan(approval.record))
            made = await self._parts.maker.make(approval.jti, artwork, self._report)
            await self._finish(made)
            if made.end is JobEnd.TAKEN:
                self._parts.receipts.print_soon(approval.jti)
        except TemplateError as error:
            log.error("the record holds no usable finger: %s", error)
            await self._to_staff(Cause.NO_FINGERS)
        except (FaceError, ChipError) as error:
            log.error("the record makes no card: %s", error)
            await self._to_staff(Cause.CARD_FAILED)
        except DeviceError as error:
            log.error("collection stopped: %s", error)
            await self._to_staff(error.cause)

    async def _finger_matched(self, approval: Approval) -> bool:
        """False if it did not; the collection has then ended."""
        refusal = await self._parts.fingers.run(approval, lambda prompt: self._show_with(finger=prompt))
        if refusal is Cause.FINGER_NOT_SEEN:
            await self._end(Stage.CANNOT, refusal)
        elif refusal is not None:
            await self._to_staff(refusal)
        return refusal is None

    def _report(self, progress: Progress) -> None:
        stage = Stage.TAKE_CARD if progress.step is None else Stage.WORKING
        self._show_with(stage=stage, step=progress.step, blank=progress.blank, notice=progress.notice)

    async def _finish(self, made: Made) -> None:
        if made.end is JobEnd.TAKEN:
            await self._end(Stage.DONE, None)
        elif made.end is JobEnd.CAPTURED:
            await self._end(Stage.CANNOT, Cause.CARD_NOT_TAKEN)
        elif made.end is JobEnd.VOID:
            await self._end(Stage.CANNOT, made.cause or Cause.INTERNAL)
        else:
            await self._to_staff(made.cause or Cause.NEEDS_STAFF)

    async def _to_staff(self, cause: str) -> None:
        identity = self.collection.id if self.collection else ""
        ticket = await self._parts.desk.give(self._parts.staff_service, f"staff-{identity}"[:64])
        self._show_with(ticket=ticket)
        await self._end(Stage.STAFF, cause)

    async def _end(self, stage: Stage, cause: str | None) -> None:
        collection = self.collection
        if collection is None:
            return
        over = {"stage": stage, "cause": cause, "finger": None, "step": None, "notice": None, "masked_name": None}

        def end(tx: Transaction) -> None:
            requests.keep(tx, COLLECT, collection.id, collection.model_copy(update=over))
            audit.append(
                tx,
                audit.Event.COLLECTION_ENDED,
                "kiosk",
                collection=collection.id,
                stage=stage.value,
                cause=None if cause is None else str(cause),
            )

        await self._parts.journal.write(end)
        self._parts.link.hurry()
        self._show_with(**over)

    async def _leave_finger(self, identity: str) -> Collection:
        """Stops waiting for a finger, if that is where the collection stands; returns how it stood."""
        before = self._of(identity)
        if before.stage is Stage.FINGER and self._session is not None:
            self._session.cancel()
            await asyncio.gather(self._session, return_exceptions=True)
        return self._of(identity)

    def _of(self, identity: str) -> Collection:
        if self.collection is None or self.collection.id != identity:
            raise Refused(Cause.CANCELLED, "no such collection")
        return self.collection

    def _ended(self, session: asyncio.Task[None]) -> None:
        self._session = None
        error = None if session.cancelled() else session.exception()
        if error is not None:
            # Where its card is, the caretaker asks the hardware; without room on the disk, nothing was begun since.
            full = isinstance(error, JournalFull)
            log.critical("collection failed: %s", error, exc_info=None if full else error)
            cause = Cause.DISK_FULL if full else Cause.INTERNAL
            self._show_with(stage=Stage.CANNOT, cause=cause, finger=None, step=None, masked_name=None)
        asyncio.get_running_loop().call_later(KEEP_ENDED, self._forget, self.collection)
        self._changed()

    def _forget(self, collection: Collection | None) -> None:
        if self.collection is collection and not self.busy:
            self._show(None)

    def _show_with(self, **changes: object) -> None:
        if self.collection is not None:
            self._show(self.collection.model_copy(update=changes))

    def _show(self, collection: Collection | None) -> None:
        if collection != self.collection:
            self.collection = collection
            self._changed()


def _before(tx: Transaction, request: str) -> Collection | None:
    """What came of this request before: how it ended, or that a restart of kioskd cut it off."""
    if not requests.known(tx, COLLECT, request):
        return None
    ended = requests.answered(tx, COLLECT, request, Collection)
    return ended or Collection(id=request, stage=Stage.CANNOT, cause=Cause.RECOVERING)


def _overridden(tx: Transaction, collection: str, approval: str, mandate: Mandate) -> None:
    """Books that two people answer for the holder, and how often his finger had been tried before."""
    actor = spend(tx, mandate, Operation.OVERRIDE, approval)
    tries = finger_tries(tx, approval)
    audit.append(tx, audit.Event.FINGER_OVERRIDDEN, actor, collection=collection, approval=approval, tries=tries)
    outbox.put(tx, "finger_overridden", approval=approval, tries=tries, people=list(mandate.people))
