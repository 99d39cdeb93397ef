"""The simulated world's one Unix socket: a client names a device in its first line and then speaks to that device."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from sim.seam.served import Served, SocketSide, session, unplugged

NAME_TIMEOUT = 5.0
"""Seconds a client has to say which device it wants."""

log = logging.getLogger(__name__)


async def serve(simulators: Mapping[str, Served], path: Path, *, ready: Callable[[], None] | None = None) -> None:
    """Serves `simulators`, keyed by their DEVICE, on `path` until cancelled. OSError if it cannot listen there.

    A connection for a device that is not there, or is unplugged, is closed at once.
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        side = SocketSide(reader, writer)
        simulator = await _wanted(simulators, reader)
        if simulator is None or unplugged(simulator):
            await side.close()
            return
        await session(simulator, side)

    server = await asyncio.start_unix_server(connected, str(path))
    try:
        if ready is not None:
            ready()
        await asyncio.get_running_loop().create_future()
    finally:
        server.close()
        _gone(path)


def _gone(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _wanted(simulators: Mapping[str, Served], reader: asyncio.StreamReader) -> Served | None:
    try:
        async with asyncio.timeout(NAME_TIMEOUT):
            line = await reader.readuntil(b"\n")
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    name = line.strip().decode("ascii", errors="replace")
    if name not in simulators:
        log.warning("no device %.40r; there are: %s", name, ", ".join(sorted(simulators)))
    return simulators.get(name)
