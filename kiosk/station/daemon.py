"""kioskd as a process: a profile, a journal, a Unix socket."""

import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path

import httpx
import uvicorn

from kiosk.biometrics.examiner import Examiner
from kiosk.centre.link import TIMEOUT
from kiosk.clock import SystemChance, WallClock
from kiosk.devices.machine import build, minutiae_detector
from kiosk.devices.profile import Profile
from kiosk.journal.database import Journal, JournalError, JournalFull
from kiosk.station.app import create_app
from kiosk.station.logring import LogRing
from kiosk.station.station import Station
from kiosk.station.watchdog import Watchdog

log = logging.getLogger(__name__)

SOCKET = "kioskd.sock"
JOURNAL = "journal.sqlite"
SOCKET_MODE = 0o660


def main(profile: Profile, state: Path, run: Path) -> int:
    """Runs kioskd until SIGTERM or SIGINT. `state`: the journal's folder, kept for ever; `run`: sockets."""
    ring = LogRing()
    # force: python-escpos configures logging by itself when it is imported, and would leave out what is only INFO.
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr, force=True)
    logging.getLogger().addHandler(ring)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every round to the centre
    try:
        journal = Journal(state / JOURNAL, WallClock(), SystemChance(), threaded=True)
    except JournalError as error:
        print(f"kioskd: {error}", file=sys.stderr)
        return 1
    try:
        listener = _listener(run)
        try:
            asyncio.run(_serve(profile, journal, listener, ring))
        except JournalFull as error:  # systemd starts it again until there is room
            print(f"kioskd: {error}; make room on this disk", file=sys.stderr)
            return 1
        finally:
            listener.close()
            (run / SOCKET).unlink(missing_ok=True)
    finally:
        journal.close()
    return 0


def _listener(run: Path) -> socket.socket:
    """The bound socket. A file that a killed kioskd left is replaced; the journal's lock proves that none runs."""
    run.mkdir(parents=True, exist_ok=True)
    path = run / SOCKET
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(SOCKET_MODE)
    listener.listen()  # from now on clients wait instead of being refused
    return listener


async def _serve(profile: Profile, journal: Journal, listener: socket.socket, ring: LogRing) -> None:
    detector = minutiae_detector()
    examiner = Examiner(detector, threaded=True)
    async with httpx.AsyncClient(base_url=profile.centre.url, timeout=TIMEOUT) as centre:
        station = Station(profile, build(profile), journal, centre, WallClock(), SystemChance(), examiner)
        # Event streams end when they hear of it; a request that does not end is not waited for.
        config = uvicorn.Config(
            create_app(station, ring), log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        # uvicorn, once it has shut down, raises the signal again: without a handler of our own, that would end the
        # process before the devices are left safe.
        asked_to_stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
        watchdog = Watchdog()
        await station.start()
        log.info("kioskd %s: %s", profile.kiosk.id, profile.name)
        alive = asyncio.create_task(watchdog.run())
        watchdog.ready()
        try:
            if not asked_to_stop.is_set():
                await uvicorn.Server(config).serve(sockets=[listener])
        finally:
            watchdog.stopping()
            await station.stop()
            alive.cancel()
            examiner.close()
            detector.stop()
