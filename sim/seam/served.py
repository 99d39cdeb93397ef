"""What every seam needs of a simulator, and how it serves one host until the cable is pulled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide


class Served(Protocol):
    """The part of a Simulator that a seam uses."""

    @property
    def faults(self) -> FaultBoard: ...

    @property
    def serve(self) -> Callable[[DeviceSide], Awaitable[None]]: ...


def unplugged(simulator: Served) -> bool:
    """The fault `unplug` is one that seams act on; simulators do not know of it."""
    return "unplug" in simulator.faults.names and simulator.faults.active("unplug")


async def plugged_in(simulator: Served) -> None:
    """Waits until the fault `unplug` is not active."""
    await _until(simulator, plugged=True)


async def pulled(simulator: Served) -> None:
    """Waits until it is."""
    await _until(simulator, plugged=False)


async def _until(simulator: Served, *, plugged: bool) -> None:
    changed = asyncio.Event()
    end = simulator.faults.watch(changed.set)
    try:
        while unplugged(simulator) is plugged:
            changed.clear()
            await changed.wait()
    finally:
        end()


async def session(simulator: Served, side: DeviceSide) -> None:
    """Serves one connection until either end hangs up or the cable is pulled, and closes it."""
    served = asyncio.ensure_future(simulator.serve(side))
    pull = asyncio.ensure_future(pulled(simulator))
    try:
        await asyncio.wait({served, pull}, return_when=asyncio.FIRST_COMPLETED)
        if served.done():
            served.result()
    finally:
        served.cancel()
        pull.cancel()
        await asyncio.gather(served, pull, return_exceptions=True)
        await side.close()


class SocketSide:
    """The device's end of a socket: what the host no longer hears is lost, as on a wire."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, limit: int = 4096) -> bytes:
        try:
            return await self._reader.read(limit)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            pass

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass
