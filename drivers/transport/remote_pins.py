"""gpiozero pins at the other end of a byte stream: how a simulated machine's pins are reached.

One line per level, both ways: `pin <bcm> <0|1>`. The host sends what it drives, the world what it drives, each when it
changes. A world's line ends in a time stamp, ` <nanoseconds>` of any clock that runs evenly: as with the kernel's GPIO
line events, a busy host still knows when the edge was. `sync <number>` from the host is answered with all levels the
world drives and then the same line.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin

from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.words import DeviceCause
from drivers.transport.base import ByteStream, Connector, gone
from drivers.transport.gpio import Lost, PinLink

LINE_MAX = 64
BCM_MAX = 27
"""Highest number on the 40-pin header."""
ANSWER_TIMEOUT = 2.0

_LINE = re.compile(rb"pin (\d{1,2}) ([01])(?: (\d{1,19}))?")
_SYNC = re.compile(rb"sync (\d{1,9})")


@dataclass(frozen=True, slots=True)
class Level:
    """`stamp`: seconds by the sender's clock, None if it gave none."""

    bcm: int
    level: int
    stamp: float | None = None


@dataclass(frozen=True, slots=True)
class Sync:
    """All levels up to here are those of after this question."""

    number: int


def decode(line: bytes) -> Level | Sync:
    """One line without its end. ProtocolError if it is none."""
    if (sync := _SYNC.fullmatch(line)) is not None:
        return Sync(int(sync[1]))
    found = _LINE.fullmatch(line)
    if found is None or int(found[1]) > BCM_MAX:
        raise ProtocolError(f"not a pin line: {line[:LINE_MAX]!r}")
    stamp = int(found[3]) / 1e9 if found[3] is not None else None
    return Level(int(found[1]), int(found[2]), stamp)


class Lines:
    """Takes bytes in any pieces, gives whole lines. ProtocolError once a line does not end within 64 bytes."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._held += data
        while (end := self._held.find(b"\n")) >= 0:
            line = bytes(self._held[:end])
            del self._held[: end + 1]
            yield line
        if len(self._held) > LINE_MAX:
            raise ProtocolError(f"a pin line of more than {LINE_MAX} bytes")


class RemotePin(MockPin):  # type: ignore[misc]  # gpiozero is untyped
    """Tells the world what an output is set to, each time, and stamps edges with the world's clock."""

    def _set_state(self, value: Any) -> None:
        super()._set_state(value)
        self._factory.send(self, int(bool(value)))

    def _call_when_changed(self) -> None:
        PiPin._call_when_changed(self, self._factory.stamp, self._state)


class RemoteFactory(MockFactory):  # type: ignore[misc]  # gpiozero is untyped
    """Ticks are the loop's time, so that virtual time moves pins too."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(pin_class=RemotePin)
        self._loop = loop
        self._offset: float | None = None
        self._driven: dict[int, RemotePin] = {}
        """By BCM number; gpiozero looks through the whole board for a pin each time."""
        self.stamp = loop.time()
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()

    def ticks(self) -> float:
        return self._loop.time()

    def send(self, pin: RemotePin, level: int) -> None:
        bcm = int(pin.info.name.removeprefix("GPIO"))
        self.queue.put_nowait(b"pin %d %d\n" % (bcm, level))

    def drive(self, change: Level) -> None:
        """An input has this level. The quickest line so far tells how the clocks differ; slower ones were delayed."""
        now = self._loop.time()
        self.stamp = now
        if change.stamp is not None:
            age = now - change.stamp
            self._offset = age if self._offset is None else min(self._offset, age)
            self.stamp = change.stamp + self._offset
        pin = self._driven.get(change.bcm)
        if pin is None:
            pin = self._driven[change.bcm] = self.pin(change.bcm)
        if pin.function != "input":
            raise ProtocolError(f"the world drives pin {change.bcm}, which is an output")
        if change.level:
            pin.drive_high()
        else:
            pin.drive_low()


class RemotePins(PinLink):
    def __init__(self, connector: Connector) -> None:
        self.simulated = connector.simulated
        self._connector = connector
        self._stream: ByteStream | None = None
        self._factory: RemoteFactory | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._heard = asyncio.Event()
        self._asked = 0
        self._answered = 0
        self._error: DeviceError | None = None

    async def open(self, lost: Lost) -> Any:
        if self._factory is None:
            loop = asyncio.get_running_loop()
            stream = self._stream = await self._connector.connect()
            factory = self._factory = RemoteFactory(loop)
            self._error = None
            self._tasks = [
                loop.create_task(self._listen(stream, factory, lost)),
                loop.create_task(self._speak(stream, factory, lost)),
            ]
        return self._factory

    async def refresh(self) -> None:
        if self._error is None and self._factory is not None:
            self._asked += 1
            self._factory.queue.put_nowait(b"sync %d\n" % self._asked)
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    while self._answered != self._asked and self._error is None:
                        self._heard.clear()
                        await self._heard.wait()
            except TimeoutError:
                raise TransportError(
                    DeviceCause.NO_ANSWER, f"{self}: no answer within {ANSWER_TIMEOUT:.0f} s"
                ) from None
        if self._error is not None:
            raise self._error
        if self._factory is None:
            raise gone(f"{self}: not open")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._factory = None
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.close()

    def __str__(self) -> str:
        return str(self._connector)

    async def _listen(self, stream: ByteStream, factory: RemoteFactory, lost: Lost) -> None:
        lines = Lines()
        try:
            while data := await stream.read():
                for line in lines.feed(data):
                    said = decode(line)
                    if isinstance(said, Level):
                        factory.drive(said)
                    else:
                        self._answered = said.number
                        self._heard.set()
            raise gone(f"{self}: the other side hung up")
        except DeviceError as error:
            self._fail(error, lost)

    async def _speak(self, stream: ByteStream, factory: RemoteFactory, lost: Lost) -> None:
        try:
            while True:
                await stream.write(await factory.queue.get())
        except DeviceError as error:
            self._fail(error, lost)

    def _fail(self, error: DeviceError, lost: Lost) -> None:
        if self._error is None:
            self._error = error
        self._heard.set()
        lost()
