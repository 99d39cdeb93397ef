"""A resident collects his card: he is admitted, his finger is checked, and then the card is made.

One collection at a time. It lives here and not in the screen, so that a dead screen changes nothing for the card.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from drivers.contract.errors import DeviceError
from kiosk.api.messages import Cause, Collection, CollectRequest, Stage, Step
from kiosk.biometrics.template import TemplateError
from kiosk.cards.approval import Approval
from kiosk.cards.chip import ChipError
from kiosk.cards.face import FaceError, render_front
from kiosk.cards.jobs import JobEnd
from kiosk.cards.maker import Artwork, CardMaker, Made, Progress
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.record import masked_name
from kiosk.centre.link import CentreLink
from kiosk.journal import audit
from kiosk.journal.database import Journal
from kiosk.queueing.delivery import TicketDesk
from kiosk.station.admission import Admission
from kiosk.station.fingers import FingerCheck
from kiosk.station.receipts import Receipts
from kiosk.station.refusal import Refused

log = logging.getLogger(__name__)

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
            self._request = request.request_id
            collection = Collection(id=request.request_id, stage=Stage.FINGER)
            await self._parts.journal.write(
                lambda tx: audit.append(
                    tx, audit.Event.COLLECTION_STARTED, "resident", collection=collection.id, approval=approval.jti
                )
            )
            self._show(collection)
            self._session = asyncio.create_task(self._run(approval))
            self._session.add_done_callback(self._ended)
            return collection

    async def ask_staff(self, identity: str) -> Collection:
        """The resident wants a person. Possible until the card is being made; after that it changes nothing."""
        collection = await self._leave_finger(identity)
        if collection.stage is Stage.FINGER:
            await self._to_staff(Cause.CANCELLED)
        return self._of(identity)

    async def cancel(self, identity: str) -> Collection:
        """The resident walks away. Possible until the card is being made; after that it changes nothing."""
        collection = await self._leave_finger(identity)
        if collection.stage is Stage.FINGER:
            await self._end(Stage.CANNOT, Cause.CANCELLED)
        return self._of(identity)

    async def stop(self) -> None:
        """kioskd goes down. A card on its way stays where it is; the next start asks the hardware."""
        if self._session is not None:
            self._session.cancel()
            await asyncio.gather(self._session, return_exceptions=True)
        await self._parts.receipts.stop()

    # -- the session ---------------------------------------------------------------------------------------------
    async def _run(self, approval: Approval) -> None:
        try:
            refusal = await self._parts.fingers.run(approval, lambda prompt: self._show_with(finger=prompt))
            if refusal is Cause.FINGER_NOT_SEEN:
                await self._end(Stage.CANNOT, refusal)
                return
            if refusal is not None:
                await self._to_staff(refusal)
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
        await self._parts.journal.write(
            lambda tx: audit.append(
                tx,
                audit.Event.COLLECTION_ENDED,
                "kiosk",
                collection=collection.id,
                stage=stage.value,
                cause=None if cause is None else str(cause),
            )
        )
        self._parts.link.hurry()
        self._show_with(stage=stage, cause=cause, finger=None, step=None, notice=None, masked_name=None)

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
        if not session.cancelled() and session.exception() is not None:
            log.critical("collection failed", exc_info=session.exception())
            self._show_with(stage=Stage.CANNOT, cause=Cause.INTERNAL, finger=None, step=None, masked_name=None)
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
