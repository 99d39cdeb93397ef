"""An open line to the printer: bytes out, sorted events in, every wait bounded."""

import asyncio
from collections import deque

from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause
from drivers.thermal_printer.escpos.reader import Event, Noise, Reader
from drivers.transport.base import ByteStream, gone

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
        # One read is always under way and is never cancelled by a time-out: no transport can then lose bytes to one.
        self._reading: asyncio.Task[bytes] | None = None
        self._heard_at = 0.0
        self.heard = False
        """Anything at all came over this line."""
        self.noise = False
        """Bytes came that belong to nothing, since `forget` was last called."""

    async def send(self, data: bytes, timeout: float) -> None:
        """NO_ANSWER if the line does not take all of it in `timeout` s (flow control held, printer off)."""
        try:
            async with asyncio.timeout(timeout):
                await self._stream.write(data)
        except TimeoutError as error:
            raise silent(f"{self._name}: took no data for {timeout:g} s") from error

    async def expect(self, kinds: type[Event] | tuple[type[Event], ...], timeout: float) -> Event | None:
        """The oldest event of these kinds, waiting up to `timeout` s; others stay for who asks for them."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            for event in self._inbox:
                if isinstance(event, kinds):
                    self._inbox.remove(event)
                    return event
            left = deadline - loop.time()
            if left <= 0 or not await self._more(left):
                return None

    async def settle(self, quiet: float, at_most: float) -> None:
        """Reads until nothing came for `quiet` s, `at_most` s in all."""
        deadline = asyncio.get_running_loop().time() + at_most
        while asyncio.get_running_loop().time() < deadline and await self._more(quiet):
            pass

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self._inbox)

    def forget(self) -> None:
        """Throws away what came so far."""
        self._inbox.clear()
        self.noise = False

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
        await self._stream.close()

    async def _more(self, timeout: float) -> bool:
        """True if bytes came within `timeout` s. Raises TransportError if the line ended."""
        loop = asyncio.get_running_loop()
        if self._reading is None:
            self._reading = loop.create_task(self._stream.read())
        done, _ = await asyncio.wait({self._reading}, timeout=timeout)
        if not done:
            return False
        data, self._reading = self._reading.result(), None
        if not data:
            raise gone(f"{self._name}: the printer hung up")
        events = self._reader.quiet() if loop.time() - self._heard_at > GROUP_PAUSE else []
        events += self._reader.feed(data)
        self._heard_at = loop.time()
        self.heard = True
        self.noise = self.noise or any(isinstance(event, Noise) for event in events)
        self._inbox.extend(event for event in events if not isinstance(event, Noise))
        return True


def silent(detail: str) -> DeviceError:
    """The error for a printer that is there and does not answer."""
    return DeviceError(DeviceCause.NO_ANSWER, detail, completion=Completion.TIMED_OUT)
