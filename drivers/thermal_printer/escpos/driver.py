"""The ESC/POS receipt printer: asks before it prints, and believes a slip printed only when the printer proved it.

An answer carries no mark of its question, so a question that went unanswered makes every later answer doubtful. The
line is then closed, and the next one opened with CLEAR, whose own answer fences off whatever came before.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.status import Status
from drivers.contract.thermal_printer import Block, ThermalPrinter
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from drivers.thermal_printer.escpos import encoder, models, presenter
from drivers.thermal_printer.escpos.reader import Answer, Cleared, FullStatus, Pushed, Sensor
from drivers.thermal_printer.escpos.status import (
    ASK_IN_QUEUE,
    CLEAR,
    QUESTIONS,
    RECOVER,
    Condition,
    from_answers,
    from_asb,
    paper_left,
)
from drivers.thermal_printer.escpos.wire import Wire, silent
from drivers.transport.base import Connector

HEARTBEAT = 0.5
"""Seconds between two questions while a slip prints. A printer that lost power needs longer than that to start, so it
cannot come back unnoticed and answer for a slip of which it forgot the first half."""
BUNCH = 480
"""Bytes of a slip in one write: as many as 9600 baud carry from one heartbeat to the next."""
ASK_AGAIN = 5.0
"""Seconds after which the queued question is put again, in case its answer was lost."""
_ALL = b"".join(QUESTIONS)
QUIET = 0.05
LOOK = 0.5
"""Seconds between two looks at a slip that waits at the mouth."""

_STATES = {
    DeviceCause.HARDWARE: DeviceState.HARDWARE_ERROR,
    DeviceCause.CUTTER: DeviceState.HARDWARE_ERROR,
    DeviceCause.JAM: DeviceState.HARDWARE_ERROR,
    DeviceCause.PROTOCOL: DeviceState.HARDWARE_ERROR,
    DeviceCause.COVER_OPEN: DeviceState.USER_ERROR,
    DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE,
}
"""For every other cause: OFFLINE, which is what the printer calls it."""


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    answer_timeout: float = Field(default=3.0, gt=0, le=10)
    """Seconds the printer has for a real-time answer; good ones need milliseconds."""
    slip_timeout: float = Field(default=30.0, ge=2, le=120)
    """Seconds from the first byte of a slip to the proof that it is printed."""
    model: models.Name = "tm-t20ii"
    """`custom-kpm` has a presenter, after the KPM210 and KPM300 manuals; unproven on hardware."""
    present_mm: int = Field(default=80, ge=10, le=presenter.MOST_MM)
    """How far a presenter hands a slip out."""


class Driver(ThermalPrinter):
    def __init__(self, link: Connector, options: Options | None = None) -> None:
        super().__init__()
        self._link = link
        self.options = options or Options()
        self._model = models.MODELS[self.options.model]
        self.width_dots = self._model.width_dots
        self.columns = self._model.columns
        self.can_present = self._model.presenter
        self._wire: Wire | None = None
        self._residue = False
        """Part of a broken slip may still hang uncut in the printer."""

    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        async with self.lock:
            await self._drop()

    async def poll(self) -> Status:
        async with self.lock:
            try:
                condition = await self._condition()
                if condition.cutter:  # the blade may have been freed since
                    self._residue = True
                    await (await self._connected()).send(RECOVER, self.options.answer_timeout)
                    condition = await self._condition()
            except DeviceError as error:
                return self._cannot(error)
            return self._publish(condition)

    async def print_slip(self, intent: IntentId, blocks: tuple[Block, ...]) -> None:
        await self.once(intent, lambda: self._slip(blocks))

    # -- the mouth -----------------------------------------------------------------------------------------------

    async def wait_taken(self, timeout: float) -> bool:
        if not self.can_present:
            return await super().wait_taken(timeout)
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            async with self.lock:
                if not (await self._mouth()).at_mouth:
                    return True
            if loop.time() >= end:
                return False
            await asyncio.sleep(min(LOOK, max(end - loop.time(), 0.01)))

    async def retract(self, intent: IntentId) -> bool:
        if not self.can_present:
            return await super().retract(intent)
        return await self.once(intent, self._retract_alone)

    async def _retract_alone(self) -> bool:
        async with self.lock:
            if not (await self._mouth()).at_mouth:
                return False
            await self._retract()
            return True

    async def _retract(self) -> None:
        """Behind it goes the queued question, so that the sensors are read when the paper has come to rest."""
        try:
            async with asyncio.timeout(self.options.slip_timeout):
                condition = await self._send_and_prove(await self._connected(), [presenter.RETRACT])
        except TimeoutError as error:
            await self._drop()
            late = silent(f"{self._link}: no proof that the slip is back inside")
            self._cannot(late)
            raise _with_outcome(late, JobOutcome.UNKNOWN) from error
        except DeviceError as error:
            await self._drop()
            self._cannot(error)
            raise _with_outcome(error, JobOutcome.UNKNOWN) from error
        self._publish(condition)
        if condition.at_mouth:
            raise DeviceError(
                DeviceCause.HARDWARE, "retract: the slip is still at the mouth", outcome=JobOutcome.UNKNOWN
            )

    async def _mouth(self) -> Condition:
        """The condition now, published."""
        try:
            condition = await self._condition()
        except DeviceError as error:
            self._cannot(error)
            raise
        self._publish(condition)
        return condition

    # -- one slip ------------------------------------------------------------------------------------------------

    async def _slip(self, blocks: tuple[Block, ...]) -> None:
        async with self.lock:
            pieces = encoder.encode(blocks, self._model, cut_first=self._residue, present_mm=self.options.present_mm)
            try:
                condition = await self._condition()
            except DeviceError as error:
                self._cannot(error)
                raise _with_outcome(error, JobOutcome.FAILED) from error
            self._publish(condition)
            if condition.causes:
                raise Stopped(condition, JobOutcome.FAILED)
            if condition.at_mouth:
                await self._retract()  # somebody forgot a slip: the next resident must not get it
            wire = await self._connected()
            self.board.publish(_status(condition, busy=True))
            self._residue = True
            try:
                async with asyncio.timeout(self.options.slip_timeout):
                    condition = await self._send_and_prove(wire, pieces)
            except TimeoutError as error:
                late = silent(f"{self._link}: no proof within {self.options.slip_timeout:g} s that the slip is printed")
                await self._drop()
                self._cannot(late)
                raise _with_outcome(late, JobOutcome.UNKNOWN) from error
            except DeviceError as error:
                await self._drop()
                self._cannot(error)
                raise _with_outcome(error, JobOutcome.UNKNOWN) from error
            except asyncio.CancelledError:
                await self._drop()
                raise
            self._residue = False
            self._publish(condition)

    async def _send_and_prove(self, wire: Wire, pieces: Sequence[bytes]) -> Condition:
        """Returns once the printer answered a question queued behind the slip, and says that nothing is wrong. Within
        a time-out of the caller's."""
        loop = asyncio.get_running_loop()
        wire.forget()
        heard_at = loop.time()
        for bunch in _bunches([*pieces, ASK_IN_QUEUE]):
            await wire.put(bunch)
            if loop.time() - heard_at >= HEARTBEAT:
                await self._still_well(wire)
                heard_at = loop.time()
        owed = 1
        asked_at = loop.time()
        while True:
            match await wire.expect((Sensor, Pushed), HEARTBEAT):
                case Sensor(byte):
                    await wire.settle(QUIET, QUIET * 4)
                    if wire.count(Sensor) < owed and _sound(byte):
                        owed -= 1 + wire.count(Sensor)
                        break
                    # More answers than questions, or half a pair: pieces of a damaged automatic status.
                    wire.forget()
                case Pushed(group):
                    _refuse(from_asb(group))
                case _:
                    await self._still_well(wire)
                    if loop.time() - asked_at >= ASK_AGAIN:
                        await wire.put(ASK_IN_QUEUE)
                        owed += 1
                        asked_at = loop.time()
        condition = await self._still_well(wire)
        if not paper_left(byte):
            raise DeviceError(DeviceCause.PAPER_OUT, "the paper ended with the slip")
        if owed:
            await self._drop()  # an answer may still come, and must not be taken for the next slip's
        return condition

    async def _still_well(self, wire: Wire) -> Condition:
        """Raises what the printer says is wrong, or NO_ANSWER."""
        try:
            condition = await self._ask(wire)
        except ProtocolError:
            condition = await self._ask(wire)  # the state changed between two questions, or a byte was damaged
        return _refuse(condition)

    # -- the line ------------------------------------------------------------------------------------------------

    async def _condition(self) -> Condition:
        """Asks, over a new line if need be; a second time if the trouble may have been the line's."""
        fresh = self._wire is None
        try:
            return await self._ask(await self._connected())
        except DeviceError:
            heard = self._wire is not None and self._wire.heard
            await self._drop()
            if fresh and not heard:
                raise
        try:
            return await self._ask(await self._connected())
        except DeviceError:
            await self._drop()
            raise

    async def _connected(self) -> Wire:
        if self._wire is None:
            self._wire = Wire(await self._link.connect(), str(self._link), full_status=self.can_present)
            # Printers without this command stay silent; then a pause is the best fence there is.
            await self._wire.ask(CLEAR, Cleared, self.options.answer_timeout)
            await self._wire.settle(QUIET, QUIET * 4)
        return self._wire

    async def _drop(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def _ask(self, wire: Wire) -> Condition:
        """The four real-time questions in one write. Each is answered as it arrives, so the answers, which do not say
        what they answer, stand in the order of the questions; one too few or too many makes them all worthless."""
        wire.noise = False
        answers = await wire.ask(_ALL, Answer, self.options.answer_timeout, len(QUESTIONS))
        if len(answers) < len(QUESTIONS):
            lost = f"{len(answers)} of {len(QUESTIONS)} answers to DLE EOT 1 to 4"
            if wire.noise:
                raise ProtocolError(f"{self._link}: {lost}, and bytes that are no answer")
            raise silent(f"{self._link}: {lost}")
        if wire.count(Answer):
            raise ProtocolError(f"{self._link}: more answers than questions")
        condition = from_answers(bytes(answer.byte for answer in answers))
        if self.can_present:
            full = await wire.ask(presenter.ASK, FullStatus, self.options.answer_timeout)
            if not full:
                raise silent(f"{self._link}: no answer to DLE EOT 20")
            mouth = presenter.mouth(full[0].group)
            return replace(condition, at_mouth=mouth.ticket, jam=mouth.jam)
        return condition

    # -- what is published ---------------------------------------------------------------------------------------

    def _publish(self, condition: Condition) -> Status:
        return self.board.publish(_status(condition))

    def _cannot(self, error: DeviceError) -> Status:
        """The status that follows from an error: what the printer said with it, or that nothing is known."""
        if isinstance(error, Stopped):
            return self._publish(error.condition)
        return self.board.publish(
            Status(
                state=_STATES.get(error.cause, DeviceState.OFFLINE),
                media=Media.NOT_SUPPORTED,
                supplies={"paper": Supply.OUT if error.cause is DeviceCause.PAPER_OUT else Supply.UNKNOWN},
                causes=(error.cause,),
                detail={"link": str(self._link), "error": error.detail},
            )
        )


class Stopped(DeviceError):
    """The printer itself named a reason why it cannot print."""

    def __init__(self, condition: Condition, outcome: JobOutcome) -> None:
        cause = condition.causes[0]
        by_person = cause in (DeviceCause.COVER_OPEN, DeviceCause.PAPER_OUT)
        super().__init__(
            cause,
            f"printer status {condition.raw.hex(' ')}",
            completion=Completion.USER_ERROR if by_person else Completion.HARDWARE_ERROR,
            outcome=outcome,
        )
        self.condition = condition


def _bunches(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """The pieces put together to writes of BUNCH bytes at most; one that is longer goes alone."""
    bunch = b""
    for piece in pieces:
        if bunch and len(bunch) + len(piece) > BUNCH:
            yield bunch
            bunch = b""
        bunch += piece
    yield bunch


def _refuse(condition: Condition) -> Condition:
    """`condition` if it lets a slip print on; else raises, the slip's fate being unknown."""
    if condition.causes:
        raise Stopped(condition, JobOutcome.UNKNOWN)
    return condition


def _sound(sensor: int) -> bool:
    try:
        paper_left(sensor)
    except ProtocolError:
        return False
    return True


def _with_outcome(error: DeviceError, outcome: JobOutcome) -> DeviceError:
    if isinstance(error, Stopped):
        return Stopped(error.condition, outcome)
    return DeviceError(error.cause, error.detail, completion=error.completion, outcome=outcome)


def _media(condition: Condition) -> Media:
    if condition.at_mouth is None:
        return Media.NOT_SUPPORTED
    if condition.jam:
        return Media.JAMMED
    return Media.PRESENT if condition.at_mouth else Media.NOT_PRESENT


def _status(condition: Condition, *, busy: bool = False) -> Status:
    causes = condition.causes
    ready = DeviceState.BUSY if busy else DeviceState.ONLINE
    return Status(
        state=_STATES.get(causes[0], DeviceState.OFFLINE) if causes else ready,
        media=_media(condition),
        supplies={"paper": condition.paper},
        causes=causes,
        detail={"status": condition.raw.hex(" ")},
    )
