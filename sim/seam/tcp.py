"""A simulated device on a TCP port, for programs that know network printers."""

import asyncio
from collections.abc import Callable

from sim.seam.served import Served, SocketSide, plugged_in, pulled, session


async def serve(simulator: Served, host: str, port: int, *, ready: Callable[[int], None] | None = None) -> None:
    """Listens on `host`:`port` until cancelled; port 0 takes a free one. `ready` is told the port once it listens.

    OSError if the port cannot be had. While the fault `unplug` is active, connections are dropped and refused.
    """
    sessions: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(session(simulator, SocketSide(reader, writer)))
        sessions.add(task)
        task.add_done_callback(sessions.discard)
        await asyncio.wait({task})

    while True:
        await plugged_in(simulator)
        server = await asyncio.start_server(connected, host, port)
        port = server.sockets[0].getsockname()[1]
        if ready is not None:
            ready(port)
        try:
            await pulled(simulator)
        finally:
            server.close()
            for task in tuple(sessions):
                task.cancel()
            await asyncio.gather(*sessions, return_exceptions=True)
