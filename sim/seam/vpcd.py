"""Puts a simulated chip behind a real pcscd: we are the virtual card that vsmartcard's vpcd waits for on TCP."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide

RETRY = 0.25
"""Seconds between two tries to reach vpcd, and between two looks at the fault "unplug"."""

AWAY = 0.6
"""pcscd looks for a card every 0.4 s. A card that was torn and is back before it looked is held for absent for ever."""
NOTHING = b"\x00\x00"

log = logging.getLogger(__name__)


class Served(Protocol):
    """What this seam needs of the card encoder's Simulator."""

    @property
    def faults(self) -> FaultBoard: ...

    @property
    def serve(self) -> Callable[[DeviceSide], Awaitable[None]]: ...


class _Socket:
    """The card's end.

    vpcd 3.3 sends length and body in two writes; without TCP_QUICKACK before each receive, our kernel delays the
    acknowledgement and each APDU takes 44 ms instead of 0.06 ms.

    An empty answer (no chip) is told by hanging up: vpcd receives a body of no bytes with MSG_WAITALL, which on Linux
    waits for a byte that never comes, and pcscd with it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    async def read(self, limit: int = 4096) -> bytes:
        try:
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            return await asyncio.get_running_loop().sock_recv(self._sock, limit)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        if data == NOTHING:
            await self.close()
            return
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def close(self) -> None:
        self._sock.close()


async def serve(simulator: Served, host: str, port: int, *, away: float = AWAY) -> None:
    """Is the card at vpcd on `host`:`port` until cancelled; waits for vpcd, and comes back to it when pcscd restarts.
    A card that was torn comes back after `away` s.

    The fault "unplug" takes the card away from vpcd while it is active.
    """
    waiting = False
    while True:
        if simulator.faults.active("unplug"):
            await asyncio.sleep(RETRY)
            continue
        try:
            sock = await _connect(host, port)
        except OSError as error:
            if not waiting:
                log.warning("no vpcd at %s:%d yet (%s); waiting for it", host, port, error)
            waiting = True
            await asyncio.sleep(RETRY)
            continue
        waiting = False
        await _session(simulator, _Socket(sock))
        await asyncio.sleep(away)


async def _connect(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _session(simulator: Served, wire: _Socket) -> None:
    served = asyncio.ensure_future(simulator.serve(wire))
    try:
        while not served.done() and not simulator.faults.active("unplug"):
            await asyncio.wait({served}, timeout=RETRY)
    finally:
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)
        await wire.close()
