"""Real pipes in virtual time: what kernel and threads owe to a case, so that its clock stands until they delivered it.

Pseudo-terminals, sockets and pyusb's threads take real time, very little and never the same. But a byte that one side
has written and for which the other side waits arrives whatever the clock shows; so does the end of a connection, and so
does a thread that is at work come back. Both sides live in this process, so all of it can be counted, and no case
depends on the speed of the machine.
"""

import asyncio
import os
import select
import threading
from abc import abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

import sim.seam.pty
from drivers.transport import serial, worker
from drivers.transport.base import ByteStream, Connector
from drivers.transport.sockets import SocketStream
from sim.clock import VirtualLoop
from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide
from sim.seam.served import Served, SocketSide
from tests.devices.simulated import Simulated

LATE = 10.0
"""Real seconds within which bytes that were written into a pseudo-terminal come out of it."""


class Way:
    """One direction of a line: bytes written and bytes read, each with the end of the connection as one more."""

    def __init__(self) -> None:
        self.sent = self.received = 0
        self.readers = self.writers = 0
        self.ended = False

    @property
    def owed(self) -> bool:
        """Somebody waits, and what he waits for is on its way."""
        return bool(self.readers) and not self.ended and bool(self.sent > self.received or self.writers)


class Line:
    def __init__(self) -> None:
        self.up, self.down = Way(), Way()
        """To the device, and to the host."""
        self.device_there = False
        self.ends: list[End] = []

    @property
    def over(self) -> bool:
        return len(self.ends) == 2 and all(end.closed for end in self.ends)

    @property
    def owed(self) -> bool:
        accepted = self.device_there or self.down.ended or not self.down.readers
        return self.up.owed or self.down.owed or not accepted


class End:
    """One end of a line, a ByteStream as well as a DeviceSide. `counts`: nobody counts its bytes further down."""

    def __init__(self, inner: Any, read: Way, written: Way, *, counts: bool) -> None:
        self._inner = inner
        self._read = read
        self._written = written
        self._counts = counts
        self.closed = False

    async def read(self, limit: int = 4096) -> bytes:
        way = self._read
        way.readers += 1
        try:
            data: bytes = await self._inner.read(limit)
        except Exception:
            way.ended = True
            raise
        finally:
            way.readers -= 1
        way.ended |= not data
        way.received += len(data) if self._counts else 0
        return data

    def quiet(self) -> bool:
        return False  # what has arrived is counted by those who read it

    async def write(self, data: bytes) -> None:
        way = self._written
        way.sent += len(data) if self._counts else 0
        way.writers += 1
        try:
            await self._inner.write(data)
        finally:
            way.writers -= 1

    async def half_close(self) -> None:
        self.hung_up()
        await self._inner.half_close()

    async def close(self) -> None:
        self.hung_up()
        self.closed = True
        await self._inner.close()

    def hung_up(self) -> None:
        """A second time changes nothing: the other side has had its end by then."""
        self._written.sent += self._counts


class Between(Connector):
    """Stands between driver and seam, and as a `Served` between seam and simulator."""

    def __init__(self, simulator: Served) -> None:
        self.faults: FaultBoard = simulator.faults
        self._simulator = simulator
        self._inner: Connector

    def over(self, inner: Connector) -> Connector:
        self._inner = inner
        self.per_command = inner.per_command
        return self

    @abstractmethod
    def owed(self) -> bool: ...

    @abstractmethod
    async def serve(self, side: DeviceSide) -> None: ...

    def __str__(self) -> str:
        return str(self._inner)


class Sockets(Between):
    def __init__(self, simulator: Served) -> None:
        super().__init__(simulator)
        self._connecting = 0
        self._lines: dict[int, Line] = {}
        """By the host's port."""

    def owed(self) -> bool:
        return bool(self._connecting) or any(line.owed for line in self._lines.values())

    async def connect(self) -> ByteStream:
        self._connecting += 1
        try:
            stream = await self._inner.connect()
        finally:
            self._connecting -= 1
        assert isinstance(stream, SocketStream)
        line = self._line(stream._writer.get_extra_info("sockname")[1])
        end = End(stream, line.down, line.up, counts=True)
        line.ends.append(end)
        return end

    async def serve(self, side: DeviceSide) -> None:
        assert isinstance(side, SocketSide)
        line = self._line(side._writer.get_extra_info("peername")[1])
        line.device_there = True
        end = End(side, line.up, line.down, counts=True)
        line.ends.append(end)
        try:
            await self._simulator.serve(end)
        finally:
            end.hung_up()  # by the seam, as soon as we return
            end.closed = True

    def _line(self, port: int) -> Line:
        """Of the host's `port`: whichever side comes first makes it."""
        self._lines = {port: line for port, line in self._lines.items() if not line.over}
        return self._lines.setdefault(port, Line())


class Terminal(Between):
    """One line for whoever opens it. The kernel takes its bytes in pieces, so they are counted at the system calls."""

    def __init__(self, simulator: Served) -> None:
        super().__init__(simulator)
        self._line = Line()
        self._host = -1
        """The seam's own hold on the host's end."""

    def owed(self) -> bool:
        return self._line.owed

    async def connect(self) -> ByteStream:
        """pyserial flushes what lies in the line as it opens it; first, all of it has to be there."""
        self._read_off()
        stream = await self._inner.connect()
        return End(stream, self._line.down, self._line.up, counts=False)

    def _read_off(self) -> None:
        way = self._line.down
        while not way.ended and way.sent > way.received:
            assert select.select([self._host], [], [], LATE)[0], f"{way.sent - way.received} bytes are lost"
            way.received += len(os.read(self._host, way.sent - way.received))

    async def serve(self, side: DeviceSide) -> None:
        self._line.device_there = True
        await self._simulator.serve(End(side, self._line.up, self._line.down, counts=False))

    def openpty(self) -> tuple[int, int]:
        device, self._host = os.openpty()
        self._line = Line()
        return device, self._host

    def host_read(self, fd: int, limit: int) -> bytes:
        data = os.read(fd, limit)
        self._line.down.received += len(data)
        return data

    def host_write(self, fd: int, data: bytes) -> int:
        count = os.write(fd, data)
        self._line.up.sent += count
        return count

    def device_read(self, fd: int, limit: int) -> bytes:
        data = os.read(fd, limit)
        self._line.up.received += len(data)
        return data

    def device_write(self, fd: int, data: bytes) -> int:
        count = os.write(fd, data)
        self._line.down.sent += count
        return count

    @contextmanager
    def counted(self) -> Iterator[None]:
        host = _Calls(read=self.host_read, write=self.host_write)
        device = _Calls(read=self.device_read, write=self.device_write, openpty=self.openpty)
        with patch.object(serial, "os", host), patch.object(sim.seam.pty, "os", device):
            yield


class _Calls:
    """The module `os`, with some calls of its own."""

    def __init__(self, **calls: Callable[..., Any]) -> None:
        self.__dict__.update(calls)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class Threads:
    """The workers of the transports. One is at work from the moment it is given a job until its result is with the
    loop, except while it waits for the device."""

    def __init__(self, one: Simulated) -> None:
        self._one = one
        self._jobs: Counter[int] = Counter()
        """By queue, which is by thread."""
        self._lock = threading.Lock()
        self._mine = threading.local()

    def owed(self) -> bool:
        waiting = self._one.backend.waiting if self._one.backend is not None else 0
        with self._lock:
            return sum(1 for jobs in self._jobs.values() if jobs) > waiting

    @contextmanager
    def counted(self) -> Iterator[None]:
        queue, work, tell = worker.Worker._queue, worker._work, worker._tell

        def given(one: worker.Worker) -> Any:
            jobs = queue(one)
            with self._lock:
                self._jobs[id(jobs)] += 1
            return jobs

        def working(jobs: Any) -> None:
            self._mine.jobs = id(jobs)
            work(jobs)

        def told(loop: asyncio.AbstractEventLoop, answer: Any, **how: Any) -> None:
            tell(loop, answer, **how)
            with self._lock:
                self._jobs[self._mine.jobs] -= 1
            if not loop.is_closed():
                loop.call_soon_threadsafe(lambda: None)  # it looks again

        with ExitStack() as patches:
            patches.enter_context(patch.object(worker.Worker, "_queue", given))
            patches.enter_context(patch.object(worker, "_work", working))
            patches.enter_context(patch.object(worker, "_tell", told))
            yield


@asynccontextmanager
async def in_virtual_time(one: Simulated) -> AsyncIterator[Callable[[], Any]]:
    """`one.reached()`, for a loop in virtual time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    with ExitStack() as counting:
        between: Between | None = None
        if one.seam in ("tcp", "pty"):
            between = Sockets(one.simulator) if one.seam == "tcp" else Terminal(one.simulator)
            one.served = between
            loop.heed(between.owed, sockets=one.seam == "tcp")
            if isinstance(between, Terminal):
                counting.enter_context(between.counted())
        elif one.seam == "usb":
            threads = Threads(one)
            counting.enter_context(threads.counted())
            loop.heed(threads.owed)
        async with one.reached() as link:
            yield (lambda: between.over(link())) if between is not None else link
        loop.heed(lambda: False)
