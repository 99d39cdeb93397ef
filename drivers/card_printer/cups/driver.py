"""The CUPS driver. A card is printed when CUPS says that its job is completed; nothing here sees the card itself.

A job carries the intent's id as its name: it is looked for by that name before it is sent, and again if the answer to
Print-Job is lost; one that is there is followed, never sent a second time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from PIL.Image import Image
from pyipp.enums import IppJobState, IppOperation

from drivers.card_printer.cups import meaning
from drivers.card_printer.cups.http import post
from drivers.card_printer.cups.ipp import NOT_FOUND, answer, request
from drivers.card_printer.cups.options import Options
from drivers.card_printer.cups.pdf import document
from drivers.contract.card_printer import FACE_SIZE, CardPosition, CardPrinter, Evidence, Station, unsupported
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.status import Status
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from drivers.transport.base import Connector

LOST_LOOKS = 3
"""Looks at a job in a row that may fail before its outcome is unknown."""
_STATES = {DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE, DeviceCause.PROTOCOL: DeviceState.HARDWARE_ERROR}
_JOB = ("job-id", "job-name", "job-state", "job-state-reasons")


class Driver(CardPrinter):
    can_encode = False

    def __init__(self, link: Connector, options: Options | None = None) -> None:
        super().__init__()
        self.options = options or Options()
        self._link = link
        self._numbers = count(1)

    # -- device --------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        """Nothing stays open between two questions."""

    async def poll(self) -> Status:
        if self.lock.locked():
            return self.status  # the job under way looks, and publishes what it sees
        async with self.lock:
            try:
                await self._look()
            except DeviceError as error:
                self._publish_silence(error)
        return self.status

    async def where(self) -> Evidence:
        async with self.lock:
            attributes = await self._look()
        return Evidence(position=CardPosition.UNKNOWN, moving=attributes.get("printer-state") == meaning.PROCESSING)

    # -- acts ----------------------------------------------------------------------------------------------------
    async def print_front(self, intent: IntentId, face: Image) -> None:
        await self.once(intent, lambda: self._alone(intent, [face]))

    async def print_faces(self, intent: IntentId, front: Image, back: Image) -> None:
        await self.once(intent, lambda: self._alone(intent, [front, back]))

    async def feed(self, intent: IntentId, station: Station) -> None:
        raise unsupported("feed")

    async def present(self, intent: IntentId) -> None:
        raise unsupported("present")

    async def wait_taken(self, timeout: float) -> bool:
        raise unsupported("wait_taken")

    async def retract(self, intent: IntentId) -> None:
        raise unsupported("retract")

    async def reject(self, intent: IntentId) -> None:
        raise unsupported("reject")

    # -- one job -------------------------------------------------------------------------------------------------
    async def _alone(self, intent: IntentId, faces: Sequence[Image]) -> None:
        for face in faces:
            if face.size != FACE_SIZE or face.mode != "RGB":
                raise DeviceError(
                    DeviceCause.PROTOCOL,
                    f"card artwork is {face.width}x{face.height} {face.mode}; it must be 1016x648 RGB",
                    completion=Completion.INVALID_DATA,
                )
        async with self.lock:
            await self._ready()
            job = await self._send(intent, faces)
            await self._followed(job)

    async def _ready(self) -> None:
        try:
            attributes = await self._look()
        except DeviceError as error:
            raise DeviceError(error.cause, f"not begun: {error.detail}", completion=error.completion) from error
        for cause in meaning.causes(attributes):
            raise DeviceError(
                cause,
                f"print: not begun, {', '.join(meaning.reasons(attributes))}",
                completion=Completion.DEVICE_NOT_READY,
            )

    async def _send(self, intent: IntentId, faces: Sequence[Image]) -> int:
        """The number that CUPS gave the job."""
        job: dict[str, object] = {"sides": "one-sided" if len(faces) == 1 else "two-sided-long-edge"}
        if self.options.media is not None:
            job["media"] = self.options.media
        known = await self._find(intent)
        if known is not None:
            return known  # sent before this program was started
        named = {"job-name": str(intent), "document-format": "application/pdf"}
        try:
            told = await self._ask(IppOperation.PRINT_JOB, named, job=job, document=document(faces))
        except (TransportError, ProtocolError) as error:
            if error.outcome is JobOutcome.FAILED:
                raise
            found = await self._find(intent)
            if found is None:
                raise DeviceError(
                    error.cause, f"print: sent, answer lost, {error.detail}", outcome=JobOutcome.UNKNOWN
                ) from error
            return found
        return _number(told)

    async def _find(self, intent: IntentId) -> int | None:
        """The job of this name; None if CUPS does not know it or does not answer."""
        for which in ("not-completed", "completed"):
            asked = {"which-jobs": which, "requested-attributes": list(_JOB)}
            try:
                told = await self._ask(IppOperation.GET_JOBS, asked)
            except DeviceError:
                return None
            for job in told["jobs"]:
                if job.get("job-name") == str(intent) and isinstance(job.get("job-id"), int):
                    return int(job["job-id"])
        return None

    async def _followed(self, job: int) -> None:
        """Looks until the job has ended. One that does not is cancelled: CUPS would print it whenever it can."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.options.print_timeout
        lost = 0
        state = IppJobState.PENDING
        while True:
            try:
                told = await self._ask(
                    IppOperation.GET_JOB_ATTRIBUTES, {"job-id": job, "requested-attributes": list(_JOB)}
                )
                attributes = await self._look()
                lost = 0
            except DeviceError as error:
                lost += 1
                if lost >= LOST_LOOKS:
                    raise DeviceError(error.cause, f"job {job}: {error.detail}", outcome=JobOutcome.UNKNOWN) from error
            else:
                state = _state(told)
                if state is IppJobState.COMPLETED:
                    return
                named = meaning.causes(attributes)
                cause = named[0] if named else DeviceCause.HARDWARE
                if state in (IppJobState.CANCELED, IppJobState.ABORTED):
                    raise DeviceError(cause, f"job {job}: {state.name.lower()}", outcome=JobOutcome.UNKNOWN)
                if loop.time() >= end:
                    await self._cancel(job)
                    raise DeviceError(
                        cause,
                        f"job {job}: {state.name.lower()} for {self.options.print_timeout:g} s, cancelled",
                        completion=Completion.TIMED_OUT,
                        outcome=JobOutcome.FAILED if state is IppJobState.PENDING else JobOutcome.UNKNOWN,
                    )
            await asyncio.sleep(self.options.poll_interval)

    async def _cancel(self, job: int) -> None:
        try:
            await self._ask(IppOperation.CANCEL_JOB, {"job-id": job})
        except DeviceError:
            pass  # it has ended meanwhile, or CUPS is gone; the error that matters is on its way

    # -- one question --------------------------------------------------------------------------------------------
    async def _look(self) -> Mapping[str, Any]:
        told = await self._ask(IppOperation.GET_PRINTER_ATTRIBUTES, {"requested-attributes": list(meaning.ASKED)})
        if not told["printers"]:
            raise ProtocolError("ipp: an answer without printer attributes")
        attributes: Mapping[str, Any] = told["printers"][0]
        self.board.publish(meaning.snapshot(attributes))
        return attributes

    async def _ask(
        self,
        operation: IppOperation,
        attributes: Mapping[str, object],
        *,
        job: Mapping[str, object] | None = None,
        document: bytes = b"",
    ) -> dict[str, Any]:
        path = f"/printers/{self.options.queue}"
        about = {
            "printer-uri": f"ipp://localhost{path}",
            # RFC 8011, 4.1.5: the target comes first; a job is named by its printer and its number.
            **({"job-id": attributes["job-id"]} if "job-id" in attributes else {}),
            "requesting-user-name": self.options.user,
            **attributes,
        }
        body = request(operation, next(self._numbers), about, job=job, document=document)
        told = answer(await post(self._link, path, body, self.options.answer_timeout))
        status = int(told["status-code"])
        if status == NOT_FOUND and operation is IppOperation.GET_PRINTER_ATTRIBUTES:
            raise DeviceError(DeviceCause.NO_DEVICE, f"CUPS has no queue {self.options.queue!r} (lpstat -e shows them)")
        if not 0 <= status < 0x0100:
            raise DeviceError(DeviceCause.HARDWARE, f"CUPS refused {operation.name} with {status:04x}")
        return told

    def _publish_silence(self, error: DeviceError) -> None:
        self.board.publish(
            Status(
                state=_STATES.get(error.cause, DeviceState.OFFLINE),
                media=Media.UNKNOWN,
                supplies={"blanks": Supply.UNKNOWN, "ribbon": Supply.UNKNOWN},
                causes=(error.cause,),
                detail={"error": error.detail},
            )
        )


def _number(told: Mapping[str, Any]) -> int:
    for job in told["jobs"]:
        if isinstance(job.get("job-id"), int):
            return int(job["job-id"])
    raise ProtocolError("ipp: Print-Job answered without a job-id")


def _state(told: Mapping[str, Any]) -> IppJobState:
    for job in told["jobs"]:
        if isinstance(job.get("job-state"), IppJobState):
            return IppJobState(job["job-state"])
    raise ProtocolError("ipp: a job without a job-state")
