"""The card encoder over any ChipReader. Whoever moves the card is not our business; here one only talks to it."""

import asyncio
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import TypeVarTuple, Unpack

from pydantic import BaseModel, ConfigDict, Field

from drivers.card_encoder.pcsc.protocol import check_atr, check_response
from drivers.contract.card_encoder import CardChannel, CardEncoder
from drivers.contract.errors import DeviceError, TransportError
from drivers.contract.status import Status
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media
from drivers.transport.base import LinkError
from drivers.transport.pcsc import ChipReader, PcscReader

Ts = TypeVarTuple("Ts")

APDU_MIN, APDU_MAX = 4, 65_535

_STATE = {
    DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE,
    DeviceCause.PROTOCOL: DeviceState.HARDWARE_ERROR,
}


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    simulator: bool = False
    """Allows readers named "Virtual PCD", into which anyone on the network can put a card."""
    answer_timeout: float = Field(default=5.0, ge=0.1, le=60.0)
    """Seconds for one exchange. A write to a slow chip takes tens of milliseconds."""
    presence_interval: float = Field(default=0.1, ge=0.02, le=1.0)
    """Seconds between two looks for a chip while `open` waits."""


class Driver(CardEncoder):
    def __init__(self, link: ChipReader, options: Options | None = None) -> None:
        """LinkError for a virtual reader without `simulator`."""
        super().__init__()
        self.options = options or Options()
        if isinstance(link, PcscReader):
            if link.virtual and not self.options.simulator:
                raise LinkError(f"{link}: a virtual reader needs the option simulator = true")
            link.allow_virtual = self.options.simulator
        link.timeout = self.options.answer_timeout
        self._reader = link
        self._channel: Channel | None = None

    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        if self._channel is not None:
            await self._channel.close()
        async with self.lock:
            await self._reader.close()

    async def poll(self) -> Status:
        async with self.lock:
            return await self._look()

    async def open(self, timeout: float = 5.0) -> CardChannel:
        if self._channel is not None:
            raise DeviceError(DeviceCause.NO_DEVICE, "a channel is already open", completion=Completion.SEQUENCE_ERROR)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            async with self.lock:
                status = await self._look()
                if status.media is Media.PRESENT and (atr := await self._power_up()):
                    self._channel = Channel(self, self._reader, atr)
                    self._publish(atr)
                    return self._channel
            if status.causes:
                raise DeviceError(status.causes[0], status.detail.get("error", ""))
            if loop.time() >= deadline:
                raise DeviceError(
                    DeviceCause.NO_CARD,
                    f"{self._reader}: no chip within {timeout:.1f} s",
                    completion=Completion.TIMED_OUT,
                )
            await asyncio.sleep(self.options.presence_interval)

    async def _power_up(self) -> bytes:
        """The ATR of the chip whose session is now open; b"" if it would not start. A chip on its way into the field is
        seen a moment before it can run, so `open` then looks again."""
        try:
            return check_atr(await self._reader.connect())
        except TransportError as error:
            if error.cause is DeviceCause.NO_CARD:
                return b""
            raise

    def closed(self, channel: "Channel") -> None:
        """The channel has ended; the reader is free again."""
        if self._channel is channel:
            self._channel = None
            self.board.publish(_status(DeviceState.ONLINE, Media.UNKNOWN, {"reader": self._reader.name}))

    async def _look(self) -> Status:
        """Presence now; the lock is held. A failure becomes the status, never an exception."""
        try:
            atr = check_atr(await self._reader.check())
        except DeviceError as error:
            return self.board.publish(failed(error, self._reader.name))
        return self._publish(atr)

    def _publish(self, atr: bytes) -> Status:
        state = DeviceState.BUSY if self._channel is not None else DeviceState.ONLINE
        media = Media.PRESENT if atr else Media.NOT_PRESENT
        return self.board.publish(_status(state, media, {"reader": self._reader.name, "atr": atr.hex(" ").upper()}))


class Channel:
    """One exclusive session (drivers.contract.card_encoder.CardChannel).

    After any failure the session is over: every further `transmit` raises the same cause until `reset` opened it anew,
    so no command reaches a chip in a state that nobody knows.
    """

    def __init__(self, driver: Driver, reader: ChipReader, atr: bytes) -> None:
        self._driver = driver
        self._reader = reader
        self._atr = atr
        self._lost: DeviceError | None = None
        self._closed = False

    @property
    def atr(self) -> bytes:
        return self._atr

    async def transmit(self, apdu: bytes) -> bytes:
        if not APDU_MIN <= len(apdu) <= APDU_MAX:
            raise DeviceError(DeviceCause.PROTOCOL, f"an APDU of {len(apdu)} bytes", completion=Completion.INVALID_DATA)
        if self._lost is not None:
            raise DeviceError(self._lost.cause, self._lost.detail, outcome=JobOutcome.UNKNOWN)
        return await self._guarded(check_response, self._reader.transmit, apdu)

    async def reset(self) -> bytes:
        self._lost = None
        self._atr = await self._guarded(check_atr, self._reader.reset)
        return self._atr

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        async with self._driver.lock:
            await self._reader.disconnect()
        self._driver.closed(self)

    async def _guarded(
        self, check: Callable[[bytes], bytes], act: Callable[[Unpack[Ts]], Awaitable[bytes]], *args: *Ts
    ) -> bytes:
        if self._closed:
            raise DeviceError(DeviceCause.CARD_LOST, "the channel is closed", completion=Completion.SEQUENCE_ERROR)
        async with self._driver.lock:
            try:
                return check(await act(*args))
            except DeviceError as error:
                self._lost = error
                raise
            except asyncio.CancelledError:
                self._lost = DeviceError(DeviceCause.CARD_LOST, "an exchange was given up in the middle")
                raise


def failed(error: DeviceError, reader: str) -> Status:
    """The status that tells of a reader which could not be asked."""
    state = _STATE.get(error.cause, DeviceState.OFFLINE)
    return Status(
        state=state,
        media=Media.UNKNOWN,
        causes=(error.cause,),
        detail=MappingProxyType({"reader": reader, "error": error.detail}),
    )


def _status(state: DeviceState, media: Media, detail: dict[str, str]) -> Status:
    return Status(state=state, media=media, detail=MappingProxyType(detail))
