"""A whole simulated kiosk, from empty folders to a filled hopper, as one async context."""

import asyncio
import contextlib
import os
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from sim.launcher.house import House, house
from sim.launcher.options import PROFILE, Settings
from sim.launcher.places import run_folder, state_folder
from sim.launcher.programs import Program, Supervisor

UP_WITHIN = 30.0
"""Seconds for kioskd to answer and have asked its hardware; a slow laptop takes five."""

Say = Callable[[str], None]


class StartError(Exception):
    """The kiosk did not come up; the text says what the program that failed said last."""


@dataclass(frozen=True)
class Machine:
    """A running kiosk."""

    house: House
    programs: Supervisor
    run: Path
    state: Path


class _Late:
    """What the workbench holds before the programs exist: the house stands before anybody moves in."""

    def __init__(self) -> None:
        self.programs: Supervisor | None = None

    @property
    def states(self) -> dict[str, str]:
        return self.programs.states if self.programs else {}

    async def kill(self, program: str) -> None:
        if self.programs:
            await self.programs.kill(program)

    async def power_cut(self) -> None:
        if self.programs:
            await self.programs.power_cut()

    async def power_on(self) -> None:
        if self.programs:
            await self.programs.power_on()


@contextlib.asynccontextmanager
async def machine(settings: Settings, say: Say) -> AsyncIterator[Machine]:
    """Starts everything, loads the blanks, and at the end stops everything. PlaceError, PortError, StartError."""
    async with contextlib.AsyncExitStack() as stack:
        state = stack.enter_context(state_folder(settings.state))
        run = stack.enter_context(run_folder(settings.run))
        scanner = await _scanner(settings.profile)
        late = _Late()
        home = await stack.enter_async_context(
            house(run, port=settings.port, pace=settings.pace, scanner=scanner, programs=late)
        )
        programs = Supervisor(_programs(settings, home, state, run, say))
        late.programs = programs
        await stack.enter_async_context(programs)
        home.world.load_blanks(settings.blanks)
        programs.start("kioskd")
        await _up(home, programs)
        await home.bench.book_blanks(settings.blanks)
        if settings.screen:
            programs.start("screen")
        yield Machine(home, programs, run, state)


async def _scanner(profile: str) -> str:
    """The driver in the scanner's slot, as the kiosk's own command tells it. StartError for a profile it refuses."""
    if profile == PROFILE:
        return "grow"
    asked = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kiosk.cli", "profile", "show", profile, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asked.communicate()
    if asked.returncode:
        raise StartError(f"no kiosk can be started with the profile {profile!r}")
    driver: str = tomllib.loads(said.decode())["slots"].get("fingerprint_scanner", {}).get("driver", "none")
    return driver


def _programs(settings: Settings, home: House, state: Path, run: Path, say: Say) -> list[Program]:
    env = os.environ | {
        "ANJUNGAN_RUN": str(run),
        "ANJUNGAN_CENTRE_URL": home.centre_url,
        "PYTHONUNBUFFERED": "1",
        "KIVY_HOME": str(state / "kivy"),
    }
    logs = state / "log"
    logs.mkdir(exist_ok=True)

    def program(name: str, *words: str) -> Program:
        return Program(name, [sys.executable, "-m", "kiosk.cli", *words], env, logs / f"{name}.log", say)

    daemon = program("kioskd", "daemon", "--profile", settings.profile, "--state", str(state), "--run", str(run))
    if not settings.screen:
        return [daemon]
    headless = settings.headless or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    words = ["--profile", settings.profile, "--run", str(run), "--mirror", str(home.bench.mirror.path)]
    return [daemon, program("screen", "screen", *words, *(["--headless"] if headless else []))]


async def _up(home: House, programs: Supervisor) -> None:
    """Waits until kioskd answers and has asked its hardware. StartError if that takes too long."""
    bell, seen = home.bench.bell, -1
    try:
        async with asyncio.timeout(UP_WITHIN):
            while home.bench.kiosk is None or not home.bench.kiosk.ready:
                seen = await bell.after(seen)
    except TimeoutError:
        last = programs.program("kioskd").last_lines()
        raise StartError(f"kioskd did not come up within {UP_WITHIN:.0f} s. The last it said:\n{last}") from None
