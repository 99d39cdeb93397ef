"""What systemd is told of kioskd (sd_notify(3)): that it is ready, that its loop still turns, that it goes down.

One datagram per word, to the socket that NOTIFY_SOCKET names; without one (started by hand) nothing is sent. The sign
of life comes from the loop itself and from no thread, so that a loop that is stuck is missed, and restarted by systemd.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)

MICROSECOND = 1e-6


class Watchdog:
    """`run` for as long as the loop runs. `environment`: as systemd gives it, NOTIFY_SOCKET and WATCHDOG_USEC."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte of an address in the abstract name space.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        watched = environment.get("WATCHDOG_USEC", "")
        self._every = int(watched) * MICROSECOND / 2 if watched.isdigit() and int(watched) else None
        """Seconds between two signs of life: half of what systemd waits for, as sd_watchdog_enabled(3) advises."""

    def ready(self) -> None:
        """Requests are answered from now on."""
        self._say("READY=1")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    async def run(self) -> None:
        """For ever, if systemd waits for signs of life."""
        while self._every is not None:
            self._say("WATCHDOG=1")
            await asyncio.sleep(self._every)

    def _say(self, word: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(word.encode(), self._address)
        except OSError as error:  # systemd misses it, and acts; kioskd itself goes on
            log.warning("systemd was not told %s: %s", word, error.strerror)
