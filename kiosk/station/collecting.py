"""A resident collects his card: who is he, may he, is it his finger, and then the card is made.

One collection at a time. It lives here and not in the screen, so that a dead screen changes nothing for the card.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from drivers.contract.errors import DeviceError
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, FingerprintScanner, Light, RetryReason
from kiosk.api.identifiers import is_slip, nik_fault
from kiosk.api.messages import Cause, Collection, CollectRequest, FingerPrompt, Stage, Step
from kiosk.biometrics.template import TemplateError
from kiosk.cards.approval import Approval, ApprovalError, Authority
from kiosk.cards.chip import ChipError, files_for
from kiosk.cards.face import FaceError, render_front
from kiosk.cards.jobs import JobEnd, ends_of
from kiosk.cards.maker import Artwork, CardMaker, Made, Progress
from kiosk.cards.record import masked_name
from kiosk.centre import shelf
from kiosk.centre.link import CentreLink
from kiosk.clock import Clock
from kiosk.journal import audit
from kiosk.journal.database import Journal
from kiosk.queueing.delivery import TicketDesk

log = logging.getLogger(__name__)

LIFT_TIMEOUT = 5.0
POOR_TRIES = 5
"""How often an image may be too poor before the resident is sent to a person."""
KEEP_ENDED = 30.0
"""Seconds for which an ended collection is still shown to the screen."""


class Refused(Exception):
    """A collection cannot begin. `detail` is for the log and names nobody."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.cause = cause
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Rules:
    """What the profile says about collecting."""

    finger_attempts: int
    finger_timeout: float
    staff_service: str
    specimen: bool
    """Print SPECIMEN on the card: always, unless this is a production machine."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The rooms that a collection goes through."""

    journal: Journal
    authority: Authority
    link: CentreLink
    desk: TicketDesk
    maker: CardMaker
    scanner: FingerprintScanner
    decide: Callable[[FingerImage, Sequence[bytes]], bool]
    clock: Clock


class Collector:
    """Begins, shows and ends collections. `changed` is called whenever `collection` is another than before."""

    def __init__(self, parts: Parts, rules: Rules, changed: Callable[[], None]) -> None:
        self._parts = parts
        self._rules = rules
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
                self._check_form(request)
                cause = await why_not()
                if cause is not None:
                    raise Refused(cause)
                approval = await self._approval(request)
            except Refused as refused:
                await self._audit_refusal(request, refused)
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

    # -- who, and may he -----------------------------------------------------------------------------------------
    @staticmethod
    def _check_form(request: CollectRequest) -> None:
        if request.slip is not None and not is_slip(request.slip):
            raise Refused(Cause.SLIP_INVALID, f"{min(len(request.slip), 99_999)} characters")
        if request.nik is not None:
            fault = nik_fault(request.nik)
            if fault is not None:
                raise Refused(Cause.NIK_INVALID, fault)

    async def _approval(self, request: CollectRequest) -> Approval:
        found = await self._shelved(request)
        if found is None and self._parts.link.up:
            await self._parts.link.round()  # it may have come in this minute
            found = await self._shelved(request)
        if found is None:
            # While the line is down nobody here can know whether the card is approved: that is the true cause.
            raise Refused(self._parts.link.cause or Cause.APPROVAL_MISSING)
        if found.record is None:
            raise Refused(Cause.ALREADY_COLLECTED)
        try:
            approval = self._parts.authority.verify(found.token, found.record, self._parts.clock.now())
        except ApprovalError as error:
            raise Refused(error.cause, error.detail) from error
        await self._check_unused(approval)
        if not approval.record.fingers:
            raise Refused(Cause.NO_FINGERS)
        return approval

    async def _shelved(self, request: CollectRequest) -> shelf.Shelved | None:
        return await self._parts.journal.read(lambda tx: shelf.find(tx, nik=request.nik, slip=request.slip))

    async def _check_unused(self, approval: Approval) -> None:
        ends = await self._parts.journal.read(lambda tx: ends_of(tx, approval.jti))
        if JobEnd.TAKEN in ends:
            raise Refused(Cause.ALREADY_COLLECTED)
        if JobEnd.UNKNOWN in ends:
            raise Refused(Cause.NEEDS_STAFF, "an earlier job of this approval is unresolved")

    async def _audit_refusal(self, request: CollectRequest, refused: Refused) -> None:
        await self._parts.journal.write(
            lambda tx: audit.append(
                tx,
                audit.Event.COLLECTION_REFUSED,
                "resident",
                collection=request.request_id,
                by="slip" if request.slip is not None else "nik",
                cause=str(refused.cause),
                detail=refused.detail,
            )
        )

    # -- the session ---------------------------------------------------------------------------------------------
    async def _run(self, approval: Approval) -> None:
        try:
            if not await self._finger(approval):
                return
            self._show_with(
                stage=Stage.WORKING, finger=None, step=Step.FEED, masked_name=masked_name(approval.record.name)
            )
            artwork = Artwork(render_front(approval.record, specimen=self._rules.specimen), files_for(approval.record))
            made = await self._parts.maker.make(approval.jti, artwork, self._report)
            await self._finish(made)
        except TemplateError as error:
            log.error("the record holds no usable finger: %s", error)
            await self._to_staff(Cause.NO_FINGERS)
        except (FaceError, ChipError) as error:
            log.error("the record makes no card: %s", error)
            await self._to_staff(Cause.CARD_FAILED)
        except DeviceError as error:
            log.error("collection stopped: %s", error)
            await self._to_staff(error.cause)

    async def _finger(self, approval: Approval) -> bool:
        """True once a finger matched. False: the collection has ended another way."""
        scanner, rules = self._parts.scanner, self._rules
        attempt, poor, hint = 1, 0, None
        try:
            while attempt <= rules.finger_attempts and poor < POOR_TRIES:
                self._show_with(
                    finger=FingerPrompt(
                        finger=approval.record.fingers[0].position,
                        attempt=attempt,
                        attempts=rules.finger_attempts,
                        hint=hint,
                    )
                )
                await scanner.light(Light.WAITING)
                try:
                    image = await scanner.capture(rules.finger_timeout)
                except CaptureRetry as retry:
                    if retry.reason is RetryReason.NO_FINGER and hint == RetryReason.NO_FINGER:
                        await self._end(Stage.CANNOT, Cause.FINGER_NOT_SEEN)
                        return False
                    hint = retry.reason.value
                    if retry.reason is not RetryReason.NO_FINGER:
                        poor += 1
                        await scanner.wait_lifted(LIFT_TIMEOUT)
                    continue
                matched = self._matches(image, approval)
                await self._audit_finger(approval, attempt, matched)
                await scanner.light(Light.GOOD if matched else Light.BAD)
                if matched:
                    return True
                hint = "no_match"
                attempt += 1
                await scanner.wait_lifted(LIFT_TIMEOUT)
            await self._to_staff(Cause.FINGER_NO_MATCH)
            return False
        finally:
            await scanner.light(Light.OFF)

    def _matches(self, image: FingerImage, approval: Approval) -> bool:
        try:
            return self._parts.decide(image, [finger.template for finger in approval.record.fingers])
        finally:
            image.wipe()

    async def _audit_finger(self, approval: Approval, attempt: int, matched: bool) -> None:
        await self._parts.journal.write(
            lambda tx: audit.append(
                tx, audit.Event.FINGER_CHECKED, "kiosk", approval=approval.jti, attempt=attempt, matched=matched
            )
        )

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
        ticket = await self._parts.desk.give(self._rules.staff_service, f"staff-{identity}"[:64])
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
