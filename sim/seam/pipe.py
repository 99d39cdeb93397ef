"""The in-process pipe: two byte streams joined back to back, for tests in virtual time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause
from drivers.transport.base import ByteStream, Connector


class DeviceSide(Protocol):
    """What a simulator sees of its wire."""

    async def read(self, limit: int = 4096) -> bytes:
        """b"" once the host has closed or half-closed."""

    async def write(self, data: bytes) -> None:
        """Bytes to the host; silently lost if the host has gone, as on a real wire."""

    async def close(self) -> None:
        """Hangs up."""


class _Half:
    """One direction: the pieces that were written, and the one who waits for the next."""

    def __init__(self) -> None:
        self._pieces: deque[bytes | memoryview] = deque()
        self.ended = False
        self._waiting: asyncio.Future[None] | None = None

    @property
    def empty(self) -> bool:
        return not self._pieces

    def put(self, data: bytes) -> None:
        if data and not self.ended:
            self._pieces.append(bytes(data))
            self._changed()

    def end(self) -> None:
        self.ended = True
        self._changed()

    async def get(self, limit: int) -> bytes:
        pieces = self._pieces
        while not pieces and not self.ended:
            if self._waiting is not None and not self._waiting.done():
                raise RuntimeError("pipe: two readers at one end, who would tear the bytes apart")
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if not pieces:
            return b""
        taken = pieces.popleft()  # nearly always the only one, and handed on as it was written
        if pieces:
            taken = b"".join((taken, *pieces))
            pieces.clear()
        if len(taken) > limit:
            whole = memoryview(taken)  # what stays is no copy: a panel of 658 kB is read in many goes
            taken = whole[:limit]
            pieces.append(whole[limit:])
        return bytes(taken)

    def _changed(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class PipeEnd:
    """One end of the pipe; both the driver's ByteStream and the simulator's DeviceSide."""

    def __init__(self, inward: _Half, outward: _Half, *, host: bool) -> None:
        self._in = inward
        self._out = outward
        self._host = host

    def read(self, limit: int = 4096) -> Coroutine[Any, Any, bytes]:
        return self._in.get(limit)

    def quiet(self) -> bool:
        return self._in.empty and not self._in.ended

    async def write(self, data: bytes) -> None:
        if self._out.ended and self._host:
            raise TransportError(DeviceCause.NO_DEVICE, "pipe: the other side hung up")
        self._out.put(data)  # nobody waits for a wire that takes all at once; StreamWriter.drain() does not either

    async def half_close(self) -> None:
        self._out.end()

    async def close(self) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        self._out.end()
        self._in.end()


def pipe() -> tuple[PipeEnd, PipeEnd]:
    """(host's end, device's end)."""
    up, down = _Half(), _Half()
    return PipeEnd(down, up, host=True), PipeEnd(up, down, host=False)


class PipeConnector(Connector):
    """Connects a driver to a simulator in the same loop; `plugged` False is a pulled cable."""

    simulated = True

    def __init__(self, serve: Callable[[DeviceSide], Awaitable[None]], *, per_command: bool = False) -> None:
        self._serve = serve
        self.per_command = per_command
        self._plugged = True
        self._open: list[tuple[PipeEnd, asyncio.Task[None]]] = []

    async def connect(self) -> ByteStream:
        if not self._plugged:
            raise TransportError(DeviceCause.NO_DEVICE, "pipe: unplugged")
        host, device = pipe()

        async def served() -> None:
            await self._serve(device)
            await device.close()

        task = asyncio.get_running_loop().create_task(served())
        self._open = [(end, job) for end, job in self._open if not job.done()]
        self._open.append((host, task))
        return host

    async def unplug(self) -> None:
        """Pulls the cable: every open pipe ends and no new one opens until `replug`."""
        self.cut()

    def cut(self) -> None:
        """`unplug`, within one instant."""
        self._plugged = False
        for end, task in self._open:
            end.hang_up()
            task.cancel()
        self._open.clear()

    def replug(self) -> None:
        self._plugged = True

    def __str__(self) -> str:
        return "pipe"
