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

    `ready` is called once it listens. A connection for a device that is not there, or is unplugged, is closed at once.
    """
    sessions: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_one(simulators, reader, writer))
        sessions.add(task)
        task.add_done_callback(sessions.discard)
        await asyncio.wait({task})

    server = await asyncio.start_unix_server(connected, str(path))
    try:
        if ready is not None:
            ready()
        await asyncio.get_running_loop().create_future()
    finally:
        server.close()
        for task in tuple(sessions):
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        _gone(path)


async def _one(simulators: Mapping[str, Served], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    side = SocketSide(reader, writer)
    try:
        async with asyncio.timeout(NAME_TIMEOUT):
            line = await reader.readuntil(b"\n")
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        line = b""
    name = line.strip().decode("ascii", errors="replace")
    simulator = simulators.get(name)
    if simulator is None:
        log.warning("no device %.40r; there are: %s", name, ", ".join(sorted(simulators)))
    if simulator is None or unplugged(simulator):
        await side.close()
    else:
        await session(simulator, side)


def _gone(path: Path) -> None:
    path.unlink(missing_ok=True)
