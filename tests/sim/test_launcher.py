"""The whole kiosk as a developer starts it: three processes, driven by touches, and nothing left behind."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sim.launcher.hand import Hand, Snapshot, resident
from sim.launcher.house import PortError, listen
from sim.launcher.options import kiosk_settings
from sim.launcher.places import MARK, PlaceError, run_folder, state_folder
from sim.launcher.programs import Program, Supervisor

PATIENCE = 60.0


# -- folders and ports ---------------------------------------------------------------------------------------------


def test_a_folder_of_an_earlier_kiosk_is_emptied(tmp_path: Path) -> None:
    with state_folder(tmp_path / "state") as state:
        (state / "journal.sqlite").touch()
        (state / "log").mkdir()
    with state_folder(tmp_path / "state") as state:
        assert [path.name for path in state.iterdir()] == [MARK]


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(PlaceError, match="--state"), state_folder(tmp_path):
        pass
    assert (tmp_path / "thesis.txt").exists()


def test_two_kiosks_never_share_a_folder(tmp_path: Path) -> None:
    with state_folder(tmp_path / "state") as state:
        (state / "journal.sqlite").touch()
        with pytest.raises(PlaceError, match="running"), state_folder(tmp_path / "state"):
            pass
        assert (state / "journal.sqlite").exists()


def test_a_folder_too_long_for_sockets_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="--run"), run_folder(tmp_path / ("x" * 100)):
        pass


def test_a_taken_port_gives_the_next_one() -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with listen(port) as next_one:
            assert port < next_one.getsockname()[1] < port + 20


def test_when_all_ports_are_taken_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.launcher.house.PORTS_TRIED", 1)
    with listen(0) as taken, pytest.raises(PortError, match="--port"):
        listen(taken.getsockname()[1])


@pytest.mark.parametrize("words", [["--pace", "0"], ["--port", "70000"], ["--port", "x"], ["--sped", "1"]])
def test_a_mistake_on_the_command_line_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        kiosk_settings(words)
    assert words[0] in capsys.readouterr().err


# -- programs that die -----------------------------------------------------------------------------------------------


class Told:
    """What the launcher said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        self._news.set()

    async def heard(self, words: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not any(words in line for line in self.lines):
                self._news.clear()
                await self._news.wait()


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not so():
            await asyncio.sleep(0.01)


def script(tmp_path: Path, code: str) -> tuple[Supervisor, Program, Told]:
    told = Told()
    program = Program("kioskd", [sys.executable, "-c", code], os.environ, tmp_path / "kioskd.log", told)
    return Supervisor([program]), program, told


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


@pytest.mark.wall
async def test_a_killed_program_is_started_again_and_the_person_is_told(tmp_path: Path) -> None:
    supervisor, program, told = script(tmp_path, "import time; time.sleep(600)")
    async with supervisor:
        supervisor.start("kioskd")
        await until(lambda: program.pid is not None)
        first = program.pid
        await supervisor.kill("kioskd")
        await told.heard("kioskd was killed; starting it again")
        await until(lambda: program.pid not in (None, first))
        second = program.pid
    assert first
    assert second
    assert not alive(first)
    assert not alive(second)


@pytest.mark.wall
async def test_a_program_that_cannot_start_says_why(tmp_path: Path) -> None:
    supervisor, _program, told = script(tmp_path, "raise SystemExit('no such profile: nokia')")
    async with supervisor:
        supervisor.start("kioskd")
        await told.heard("no such profile: nokia")


@pytest.mark.wall
async def test_without_power_a_program_stays_dead(tmp_path: Path) -> None:
    supervisor, program, told = script(tmp_path, "import time; time.sleep(600)")
    async with supervisor:
        supervisor.start("kioskd")
        await until(lambda: program.pid is not None)
        await supervisor.power_cut()
        await until(lambda: program.pid is None)
        assert supervisor.states == {"kioskd": "stopped"}
        await supervisor.power_on()
        await until(lambda: program.pid is not None)
    assert told.lines == [], "a power cut is no accident of the program"


@pytest.mark.wall
async def test_a_program_that_will_not_stop_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.launcher.programs.GRACE", 0.2)
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); child = os.fork()\n"
        "if child: print(child, flush=True)\n"
        "time.sleep(600)"
    )
    supervisor, program, told = script(tmp_path, code)
    log = tmp_path / "kioskd.log"
    async with supervisor:
        supervisor.start("kioskd")
        await until(lambda: log.exists() and log.read_text().endswith("\n"))
        parent, child = program.pid, int(log.read_text())
    await told.heard("did not stop by itself")
    assert parent
    assert not alive(parent)
    await until(lambda: not alive(child))


# -- the whole kiosk -------------------------------------------------------------------------------------------------


def left_over(folder: Path) -> list[str]:
    """Command lines of processes that were started for a kiosk in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (process / "environ").read_bytes() and alive(int(process.name)):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


class Running:
    """A kiosk started by `python -m sim kiosk`."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, run: Path) -> None:
        self.process = process
        self.address = address
        self.run = run

    def stop(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)


@contextlib.asynccontextmanager
async def kiosk(tmp_path: Path, *words: str) -> AsyncIterator[Running]:
    run, state = tmp_path / "run", tmp_path / "state"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sim", "kiosk", "--port", "0", "--headless", "--pace", "0.1",
        "--run", str(run), "--state", str(state), *words, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    try:
        said = ""
        async with asyncio.timeout(PATIENCE):
            while not (address := re.search(r"http://127\.0\.0\.1:\d+", said)):
                line = await process.stdout.readline()
                assert line, f"it ended: {said}"
                said += line.decode()
        yield Running(process, address.group(), run)
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.communicate()


async def takes_a_number(hand: Hand) -> None:
    """J1 by touches."""
    slips = hand.latest["world"]["slips"] if hand.latest else 0
    await hand.shown("idle")
    await hand.touch("ticket")
    await hand.touch("service:akta")
    await hand.shown("ticket")
    await hand.until("the paper", lambda now: now["world"]["slips"] == slips + 1)
    await hand.touch("home")
    await hand.shown("idle")


@pytest.mark.wall
async def test_the_whole_kiosk_starts_serves_survives_a_kill_and_stops_without_a_trace(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as running:
        async with resident(running.address) as hand:
            await takes_a_number(hand)
            await hand.post("kill", program="kioskd")
            await hand.until("kioskd to be gone", lambda now: now["kioskd"] is None)
            await hand.until("kioskd to be back", lambda now: now["kioskd"] is not None and now["kioskd"]["ready"])
            assert hand.latest["kioskd"]["blanks"]["hopper"] == hand.latest["world"]["hopper"] == 40
            await takes_a_number(hand)
        running.stop()
        async with asyncio.timeout(PATIENCE):
            assert await running.process.wait() == 0
    assert left_over(tmp_path) == []
    assert [path.name for path in running.run.iterdir()] == []


@pytest.mark.wall
async def test_a_card_is_collected_with_a_finger_on_the_real_libfprint(tmp_path: Path) -> None:
    """J2 and J4 by touches; libfprint's own virtual_image device is the reader."""
    async with kiosk(tmp_path, "--profile", "laptop-sim-libfprint") as running:
        async with resident(running.address) as hand:
            await hand.until("the approvals", lambda now: bool(now["kioskd"] and now["kioskd"]["collecting"]))
            scanner = next(one for one in hand.latest["kioskd"]["devices"] if one["slot"] == "fingerprint_scanner")
            assert scanner["state"] == "online"
            person = hand.latest["people"][0]["nik"]
            await hand.shown("idle")
            await hand.touch("collect")
            await hand.shown("identify")
            await hand.post("slip", person=person)
            await hand.shown("finger")
            await hand.post("finger", person=person, right=False, hold=1.0)
            await hand.until("the second attempt", lambda now: _attempt(now) == 2)
            await hand.post("finger", person=person, hold=1.0)
            await hand.until("the card", lambda now: _collection(now).get("stage") == "take_card")
            await hand.post("take-card")
            await hand.until("the end", lambda now: _collection(now).get("stage") == "done")
            assert hand.latest["world"]["hand"] == 1
        running.stop()
        async with asyncio.timeout(PATIENCE):
            assert await running.process.wait() == 0
    assert left_over(tmp_path) == []
    assert [path.name for path in running.run.iterdir()] == []


def _collection(now: Snapshot) -> dict[str, Any]:
    return (now["kioskd"] or {}).get("collection") or {}


def _attempt(now: Snapshot) -> int:
    return int((_collection(now).get("finger") or {}).get("attempt", 0))


@pytest.mark.wall
async def test_a_profile_that_does_not_exist_is_told_in_words(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sim", "kiosk", "--port", "0", "--profile", "laptop-sam",
        "--state", str(tmp_path / "state"), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE):
        _, said = await process.communicate()
    assert process.returncode == 1
    assert b"did you mean" in said
    assert b"Traceback" not in said


@pytest.mark.wall
async def test_if_the_launcher_itself_is_killed_its_programs_end_too(tmp_path: Path) -> None:
    async with kiosk(tmp_path, "--no-screen") as running:
        assert any("daemon" in line for line in left_over(tmp_path))
        running.process.kill()
        await running.process.wait()
        await until(lambda: left_over(tmp_path) == [])


@pytest.mark.wall
async def test_a_second_kiosk_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    async with kiosk(tmp_path, "--no-screen"):
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sim", "kiosk", "--port", "0", "--state", str(tmp_path / "state"),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(PATIENCE):
            _, said = await second.communicate()
        assert second.returncode == 1
        assert b"another simulated kiosk is running" in said
        assert b"Traceback" not in said


@pytest.mark.wall
async def test_the_workbench_listens_to_nobody_but_this_machine(tmp_path: Path) -> None:
    async with kiosk(tmp_path, "--no-screen") as running:
        port = int(running.address.rpartition(":")[2])
        listening = Path("/proc/net/tcp").read_text().splitlines()
        bound = [line.split()[1] for line in listening if line.split()[1].endswith(f":{port:04X}")]
        assert f"{socket.inet_aton('127.0.0.1')[::-1].hex().upper()}:{port:04X}" in bound
        assert not any(address.startswith("00000000") for address in bound)
