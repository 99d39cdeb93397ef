"""kioskd as a process: a profile, a journal, a Unix socket."""

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path

import httpx
import uvicorn

from kiosk.centre.link import TIMEOUT
from kiosk.clock import SystemChance, WallClock
from kiosk.devices.machine import build
from kiosk.devices.profile import Profile
from kiosk.journal.database import Journal, JournalError
from kiosk.station.app import create_app
from kiosk.station.logring import LogRing
from kiosk.station.station import Station

log = logging.getLogger(__name__)

SOCKET = "kioskd.sock"
JOURNAL = "journal.sqlite"
SOCKET_MODE = 0o660


def main(profile: Profile, state: Path, run: Path) -> int:
    """Runs kioskd until SIGTERM or SIGINT. `state`: the journal's folder, kept for ever; `run`: sockets."""
    ring = LogRing()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger().addHandler(ring)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every round to the centre
    try:
        journal = Journal(state / JOURNAL, WallClock(), SystemChance(), threaded=True)
    except JournalError as error:
        print(f"kioskd: {error}", file=sys.stderr)
        return 1
    try:
        asyncio.run(_serve(profile, journal, run, ring))
    finally:
        journal.close()
    return 0


async def _serve(profile: Profile, journal: Journal, run: Path, ring: LogRing) -> None:
    run.mkdir(parents=True, exist_ok=True)
    socket = run / SOCKET
    async with httpx.AsyncClient(base_url=profile.centre.url, timeout=TIMEOUT) as centre:
        station = Station(profile, build(profile), journal, centre, WallClock())
        await station.start()
        config = uvicorn.Config(create_app(station, ring), uds=str(socket), log_config=None, access_log=False)
        server = uvicorn.Server(config)
        # uvicorn would wait for event streams to end by themselves; they never do.
        config.timeout_graceful_shutdown = 1
        serving = asyncio.create_task(server.serve())
        try:
            await _listening(server, serving)
            os.chmod(socket, SOCKET_MODE)
            log.info("kioskd %s on %s", profile.name, socket)
            await serving
        finally:
            await station.stop()
            with contextlib.suppress(FileNotFoundError):
                socket.unlink()


async def _listening(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if serving.done():
        serving.result()
