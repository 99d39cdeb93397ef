"""An open line to the printer: bytes out, sorted events in, every wait bounded."""

import asyncio
from collections import deque
from typing import TypeVar

from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause
from drivers.thermal_printer.escpos.reader import Event, Noise, Reader
from drivers.transport.base import ByteStream, gone

Told = TypeVar("Told", bound=Event)
Kinds = type[Told] | tuple[type[Told], ...]
INBOX = 256
"""Events kept until asked for; an idle printer that pushes its status for a day fills no memory."""
GROUP_PAUSE = 0.2
"""Seconds without a byte that end a group; 2 ms would do at 9600 baud, USB and TCP bundle."""


class Wire:
    def __init__(self, stream: ByteStream, name: str, *, full_status: bool = False) -> None:
        self._stream = stream
        self._name = name
        self._reader = Reader(full_status=full_status)
        self._inbox: deque[Event] = deque(maxlen=INBOX)
        self._heard_at = 0.0
        self.heard = False
        """Anything at all came over this line."""
        self.noise = False
        """Bytes came that belong to nothing, since `forget` was last called."""

    async def put(self, data: bytes) -> None:
        """Sends it; within a time-out of the caller's."""
        await self._stream.write(data)

    async def send(self, data: bytes, timeout: float) -> None:
        """NO_ANSWER if the line does not take all of it in `timeout` s (flow control held, printer off)."""
        try:
            async with asyncio.timeout(timeout):
                await self.put(data)
        except TimeoutError as error:
            raise self._full(timeout) from error

    async def ask(self, question: bytes, kind: type[Told], timeout: float, answers: int = 1) -> list[Told]:
        """Sends it and returns so many events of this kind, in the order in which they came; fewer if no more came
        within `timeout` s, which are for sending too."""
        told: list[Told] = []
        sent = False
        try:
            async with asyncio.timeout(timeout):
                await self.put(question)
                sent = True
                while True:
                    while len(told) < answers and (event := self._told(kind)) is not None:
                        told.append(event)
                    if len(told) == answers:
                        return told
                    await self._more()
        except TimeoutError as error:
            if not sent:
                raise self._full(timeout) from error
            return told

    async def expect(self, kinds: Kinds[Told], timeout: float) -> Told | None:
        """The oldest event of these kinds, waiting up to `timeout` s; others stay for who asks for them."""
        if (event := self._told(kinds)) is None:
            try:
                async with asyncio.timeout(timeout):
                    while event is None:
                        await self._more()
                        event = self._told(kinds)
            except TimeoutError:
                return None
        return event

    async def settle(self, quiet: float, at_most: float) -> None:
        """Reads until nothing came for `quiet` s, `at_most` s in all."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + at_most
        try:
            while loop.time() < deadline:
                async with asyncio.timeout(quiet):
                    await self._more()
        except TimeoutError:
            return

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self._inbox)

    def forget(self) -> None:
        """Throws away what came so far."""
        self._inbox.clear()
        self.noise = False

    async def close(self) -> None:
        await self._stream.close()

    def _full(self, timeout: float) -> DeviceError:
        return silent(f"{self._name}: took no data for {timeout:g} s")

    def _told(self, kinds: Kinds[Told]) -> Told | None:
        for event in self._inbox:
            if isinstance(event, kinds):
                self._inbox.remove(event)
                return event
        return None

    async def _more(self) -> None:
        """Waits for bytes and sorts them. Raises TransportError if the line ended."""
        data = await self._stream.read()
        if not data:
            raise gone(f"{self._name}: the printer hung up")
        now = asyncio.get_running_loop().time()
        events = self._reader.quiet() if now - self._heard_at > GROUP_PAUSE else []
        events += self._reader.feed(data)
        self._heard_at = now
        self.heard = True
        for event in events:
            if isinstance(event, Noise):
                self.noise = True
            else:
                self._inbox.append(event)


def silent(detail: str) -> DeviceError:
    """The error for a printer that is there and does not answer."""
    return DeviceError(DeviceCause.NO_ANSWER, detail, completion=Completion.TIMED_OUT)
