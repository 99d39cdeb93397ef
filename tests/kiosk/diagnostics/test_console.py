"""The console on a real pseudo-terminal, opened by the real pyserial, with a cable that can be pulled."""

import asyncio
import os
import re
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kiosk.diagnostics import console
from tests.kiosk.diagnostics import kioskd

pytestmark = pytest.mark.wall
PATIENCE = 20.0
END = re.compile(rb"(^|\n)(OK|ERROR)[^\n]*\r\n$")


class Cable:
    """The technician's end of a pseudo-terminal; `path` is where the kiosk finds its own end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1

    def plug(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        name = os.ttyname(slave)
        os.close(slave)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(name)

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self.master)

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    async def opened(self) -> None:
        """Returns when the kiosk has opened its end; what is sent before that is lost, as on a real cable."""
        async with asyncio.timeout(PATIENCE):
            while self.take() is None:
                await asyncio.sleep(0.01)

    async def hear(self) -> list[str]:
        """One whole answer, up to its OK or ERROR line."""
        heard = b""
        async with asyncio.timeout(PATIENCE):
            while not END.search(heard):
                heard += self.take() or b""
                await asyncio.sleep(0.01)
        return heard.decode("ascii").split("\r\n")[:-1]

    def take(self) -> bytes | None:
        """What is there now; None while the kiosk has not opened its end."""
        try:
            return os.read(self.master, 65536)
        except BlockingIOError:
            return b""
        except OSError:
            return None

    async def ask(self, line: str) -> list[str]:
        self.send(line.encode() + b"\r")
        return await self.hear()


@asynccontextmanager
async def console_on(folder: Path) -> AsyncIterator[Cable]:
    cable = Cable(folder / "ttyGS0")
    cable.plug()
    task = asyncio.create_task(console.serve(str(cable.path), folder / "kioskd.sock", reopen=0.05))
    try:
        await cable.opened()
        yield cable
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_console_answers_with_kioskd_alive_dead_and_alive_again(tmp_path: Path) -> None:
    async with console_on(tmp_path) as cable:
        assert (await cable.ask("version"))[-1].endswith("kioskd=down")
        async with kioskd.listening(tmp_path / "kioskd.sock"):
            assert (await cable.ask("version"))[-1].endswith("kioskd=0.1.0 profile=laptop-sim kiosk=SPC01-K1")
            assert (await cable.ask("devices"))[-1] == "OK devices=2 ailing=card_printer"
        assert (await cable.ask("devices"))[-1].startswith("ERROR kioskd-down")
        assert (await cable.ask("help"))[-1] == "OK"


async def test_the_cable_is_pulled_and_plugged_in_again(tmp_path: Path) -> None:
    async with console_on(tmp_path) as cable:
        assert (await cable.ask("help"))[-1] == "OK"
        cable.send(b"sta")  # half a word, and out it comes
        cable.unplug()
        cable.plug()
        await cable.opened()
        assert (await cable.ask("help"))[-1] == "OK"


async def test_noise_and_a_flood_on_the_line_leave_the_console_working(tmp_path: Path) -> None:
    async with console_on(tmp_path) as cable:
        assert await cable.ask("\x00\x1b[A") == [
            'ERROR bad-bytes "only printable ASCII is understood; wrong speed, or noise on the line?"'
        ]
        assert await cable.ask("x" * 1000) == ['ERROR line-too-long "a line has at most 256 characters"']
        assert (await cable.ask("help"))[-1] == "OK"


async def test_a_terminal_that_does_not_read_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.diagnostics.port.WRITE_STALL", 0.05)
    async with console_on(tmp_path) as cable:
        for _ in range(60):  # 60 answers of half a kilobyte, and nobody reads: the line's buffer fills up
            cable.send(b"help\r")
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.3)
        heard = b""
        async with asyncio.timeout(PATIENCE):
            while b"kioskd=down" not in heard:  # now somebody reads: the old output, and then the new answer
                cable.send(b"version\r")
                await asyncio.sleep(0.05)
                heard = heard[-1000:] + (cable.take() or b"")
