"""kioskd as a process: what systemd hears of it, and how it goes down."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.api.client import ApiError, Client
from kiosk.station.watchdog import Watchdog

WATCHED = 2.0
"""Seconds after which systemd would miss kioskd in the story below."""


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """systemd's end of the line."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        yield line


def heard(line: socket.socket) -> list[str]:
    words = []
    try:
        while True:
            words.append(line.recv(100).decode())
    except BlockingIOError:
        return words


async def test_the_loop_itself_gives_a_sign_of_life_twice_as_often_as_systemd_looks(systemd: socket.socket) -> None:
    watchdog = Watchdog({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "30000000"})
    alive = asyncio.create_task(watchdog.run())
    await asyncio.sleep(14.9)
    assert heard(systemd) == ["WATCHDOG=1"]
    await asyncio.sleep(60)
    assert heard(systemd) == ["WATCHDOG=1"] * 4
    alive.cancel()


async def test_started_by_hand_nobody_is_told_and_nothing_is_missed() -> None:
    watchdog = Watchdog({})
    watchdog.ready()
    await watchdog.run()
    watchdog.stopping()


async def test_a_line_that_is_gone_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Watchdog({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    assert "systemd was not told READY=1: No such file or directory" in caplog.text


def test_an_address_of_the_abstract_name_space_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0anjungan-test-notify")
        line.setblocking(False)
        Watchdog({"NOTIFY_SOCKET": "@anjungan-test-notify"}).ready()
        assert heard(line) == ["READY=1"]


@pytest.mark.wall
async def test_it_says_when_it_is_ready_lives_and_goes_down_and_ends_every_stream(
    tmp_path: Path, systemd: socket.socket
) -> None:
    """Without hardware and without a centre: what it cannot reach it says, and it serves."""
    run = tmp_path / "run"
    kioskd = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "kiosk.cli", "daemon", "--profile", "laptop-sim"),
        *("--state", str(tmp_path / "state"), "--run", str(run)),
        env=os.environ | {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": str(int(WATCHED * 1e6))},
        stderr=asyncio.subprocess.PIPE,
    )
    assert kioskd.stderr is not None
    said = asyncio.create_task(kioskd.stderr.read())
    words: list[str] = []
    try:
        async with asyncio.timeout(90):
            while words.count("WATCHDOG=1") < 3 or "READY=1" not in words:
                words += heard(systemd)
                await asyncio.sleep(0.05)
        async with Client(run / "kioskd.sock") as client:
            shown = asyncio.Event()
            watching = asyncio.create_task(_watch(client, shown))
            async with asyncio.timeout(30):
                await shown.wait()
            kioskd.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                assert await kioskd.wait() == 0
                await watching
    finally:
        if kioskd.returncode is None:
            kioskd.kill()
            await kioskd.wait()
    words += heard(systemd)
    assert words[-1] == "STOPPING=1"
    assert set(words) == {"READY=1", "WATCHDOG=1", "STOPPING=1"}
    log = (await said).decode()
    assert "without completing response" not in log
    assert "Traceback" not in log
    assert "kioskd SPC01-K1" in log


async def _watch(client: Client, shown: asyncio.Event) -> None:
    """A screen that shows whatever it is told, until kioskd goes down."""
    try:
        async for _ in client.events():
            shown.set()
    except ApiError as error:
        raise AssertionError("the stream was cut off, not ended") from error
