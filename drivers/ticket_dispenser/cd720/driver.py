"""Throws tickets out one by one and counts those that the dispenser's own sensor saw leave."""

import asyncio
from types import MappingProxyType

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, DispenseError
from drivers.contract.status import Status
from drivers.contract.ticket_dispenser import TicketDispenser
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from drivers.ticket_dispenser.cd720.frames import CALL_BACK, CLEAR, POLL, THROW, VERSION, Flags
from drivers.ticket_dispenser.cd720.options import Options
from drivers.ticket_dispenser.cd720.wire import Wire
from drivers.transport.base import Connector

COUNT_MAX = 20
LOST_LOOKS = 3
"""Looks in a row that may fail while a ticket is on its way."""
QUIET_LOOKS = 3
"""Looks in a row at a dispenser that rests and has thrown nothing, after which it will not any more."""
_MOVING = Flags.DISPENSING | Flags.CALLING_BACK
_STATE = {DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE, DeviceCause.PROTOCOL: DeviceState.HARDWARE_ERROR}


class Driver(TicketDispenser):
    def __init__(self, link: Connector, options: Options | None = None) -> None:
        super().__init__()
        self.options = options or Options()
        self._wire = Wire(link, self.options.answer_timeout)
        self._version = ""

    # -- device --------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        async with self.lock:
            await self._wire.close()

    async def poll(self) -> Status:
        if self.lock.locked():
            return self.status
        async with self.lock:
            try:
                if not self._version:
                    self._version = (await self._wire.ask(VERSION)).version
                await self._look()
            except DeviceError as error:
                self._version = ""
                self._publish_silence(error)
        return self.status

    async def dispense(self, intent: IntentId, count: int = 1) -> int:
        if not 1 <= count <= COUNT_MAX:
            raise DeviceError(
                DeviceCause.HARDWARE, f"{count} tickets: 1 to {COUNT_MAX}", completion=Completion.INVALID_DATA
            )
        return await self.once(intent, lambda: self._dispense(count))

    # -- tickets -------------------------------------------------------------------------------------------------
    async def _dispense(self, count: int) -> int:
        async with self.lock:
            for given in range(count):
                try:
                    await self._one()
                except DeviceError as error:
                    if error.cause in (DeviceCause.NO_ANSWER, DeviceCause.NO_DEVICE, DeviceCause.PROTOCOL):
                        self._publish_silence(error)
                    raise DispenseError(error.cause, error.detail, dispensed=given, outcome=error.outcome) from error
        return count

    async def _one(self) -> None:
        """FAILED: the ticket certainly did not come."""
        try:
            await self._cleared()
            await self._wire.ask(CLEAR)  # forgets that the last card was taken away
        except DeviceError as error:
            raise DeviceError(error.cause, error.detail, outcome=JobOutcome.FAILED) from error
        await self._wire.order(THROW)
        loop = asyncio.get_running_loop()
        end = loop.time() + self.options.ticket_timeout
        lost = quiet = 0
        while True:
            await asyncio.sleep(self.options.poll_interval)
            try:
                flags = await self._look()
                lost = 0
            except DeviceError as error:
                lost += 1
                if lost >= LOST_LOOKS or error.cause is DeviceCause.NO_DEVICE:
                    raise DeviceError(error.cause, error.detail, outcome=JobOutcome.UNKNOWN) from error
                continue
            if flags & Flags.TAKEN_AWAY and not flags & _MOVING:
                return
            in_the_way = _causes(flags)
            if in_the_way:
                jam = in_the_way[0] is DeviceCause.JAM
                raise DeviceError(
                    in_the_way[0], _names(flags), outcome=JobOutcome.UNKNOWN if jam else JobOutcome.FAILED
                )
            quiet = 0 if flags & (_MOVING | Flags.AT_MOUTH) else quiet + 1
            if quiet >= QUIET_LOOKS or loop.time() >= end:
                raise DeviceError(
                    DeviceCause.POWER if quiet else DeviceCause.JAM,
                    f"an order that was acknowledged came to nothing: {_names(flags)}",
                    outcome=JobOutcome.UNKNOWN,
                )

    async def _cleared(self) -> None:
        """At rest, with a card made ready and nothing in the way. A card that an earlier program left at the mouth or
        at the reader goes into the recycling bin: it is nobody's."""
        flags = await self._rested()
        if flags & (Flags.AT_MOUTH | Flags.AT_READER):
            if flags & Flags.BIN_FULL:
                raise DeviceError(DeviceCause.REJECT_FULL, f"a card is in the way: {_names(flags)}")
            await self._wire.order(CALL_BACK)
            await asyncio.sleep(self.options.poll_interval)
            flags = await self._rested()
        for cause in _causes(flags):
            raise DeviceError(cause, f"not begun: {_names(flags)}", completion=Completion.DEVICE_NOT_READY)

    async def _rested(self) -> Flags:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.options.settle_timeout
        while (flags := await self._look()) & _MOVING:
            if loop.time() >= end:
                raise DeviceError(DeviceCause.HARDWARE, f"does not come to rest: {_names(flags)}")
            await asyncio.sleep(self.options.poll_interval)
        return flags

    # -- what is told --------------------------------------------------------------------------------------------
    async def _look(self) -> Flags:
        flags = (await self._wire.ask(POLL)).flags
        causes = _causes(flags)
        state = DeviceState.BUSY if flags & _MOVING else DeviceState.ONLINE
        if causes:
            state = DeviceState.USER_ERROR if causes[0] is DeviceCause.TICKETS_OUT else DeviceState.HARDWARE_ERROR
        left = Supply.OUT if flags & Flags.EMPTY else Supply.LOW if flags & Flags.LOW else Supply.FULL
        media = Media.JAMMED if flags & Flags.JAMMED else Media.PRESENT if flags & Flags.AT_MOUTH else Media.NOT_PRESENT
        self.board.publish(
            Status(
                state=state,
                media=media,
                supplies=MappingProxyType({"tickets": left}),
                causes=causes,
                detail=MappingProxyType({"firmware": self._version, "flags": _names(flags)}),
            )
        )
        return flags

    def _publish_silence(self, error: DeviceError) -> None:
        self.board.publish(
            Status(
                state=_STATE.get(error.cause, DeviceState.OFFLINE),
                supplies=MappingProxyType({"tickets": Supply.UNKNOWN}),
                causes=(error.cause,),
                detail=MappingProxyType({"error": error.detail}),
            )
        )


def _causes(flags: Flags) -> tuple[DeviceCause, ...]:
    """What stands in the way of the next ticket. An empty hopper behind a card that is ready does not yet."""
    if flags & Flags.JAMMED:
        return (DeviceCause.JAM,)
    if flags & _MOVING or flags & Flags.READY:
        return ()
    if flags & Flags.EMPTY:
        return (DeviceCause.TICKETS_OUT,)
    if flags & Flags.FAILURE:
        return (DeviceCause.JAM,)
    return () if flags & (Flags.AT_MOUTH | Flags.AT_READER) else (DeviceCause.HARDWARE,)


def _names(flags: Flags) -> str:
    return " ".join(flag.name.lower() for flag in Flags if flag in flags and flag.name) or "none"
