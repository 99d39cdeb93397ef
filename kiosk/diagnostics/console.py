"""The line console on a serial port or pseudo-terminal: one command line in, an answer ending in OK or ERROR out.

The form is that of trezor-firmware's prodtest: a person reads it in picocom, a program reads it line by line. Nothing
is echoed; lines end in CR LF.
"""

import asyncio
import logging
from contextlib import aclosing
from pathlib import Path

from kiosk.api.client import Client
from kiosk.diagnostics.commands import Commands
from kiosk.diagnostics.lines import LINE_LIMIT, LineReader, Refused
from kiosk.diagnostics.port import Port, PortGone
from kiosk.diagnostics.words import error

log = logging.getLogger(__name__)

REOPEN_SECONDS = 1.0
_REFUSALS = {
    Refused.TOO_LONG: f"a line has at most {LINE_LIMIT} characters",
    Refused.BAD_BYTES: "only printable ASCII is understood; wrong speed, or noise on the line?",
}


async def serve(path: str, socket: Path, *, reopen: float = REOPEN_SECONDS) -> None:
    """Serves the port for ever, opening it again whenever it goes away. Ends only by cancellation."""
    commands = Commands(lambda: Client(socket))
    missing = False
    while True:
        try:
            port = Port(path)
        except PortGone as gone:
            if not missing:
                log.warning("%s; trying again every %.0f s", gone, reopen)
            missing = True
        else:
            missing = False
            log.info("serving %s", path)
            try:
                await _session(port, commands)
            except PortGone as gone:
                log.info("%s", gone)
            finally:
                port.close()
        await asyncio.sleep(reopen)


async def _session(port: Port, commands: Commands) -> None:
    reader = LineReader()
    while True:
        for found in reader.feed(await port.read()):
            if isinstance(found, Refused):
                await _say(port, error(found.value, _REFUSALS[found]))
                continue
            async with aclosing(commands.answer(found.text)) as answer:
                async for line in answer:
                    if not await _say(port, line):
                        break  # nobody reads: the rest of this answer is worth nothing


async def _say(port: Port, line: str) -> bool:
    return await port.write(line.encode("ascii") + b"\r\n")
