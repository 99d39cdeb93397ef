"""Kioskd and the screen as processes: started again when they die, as systemd would, until the launcher stops them."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before the next start, by how many times in a row it died young."""
YOUNG = 5.0
LAST_LINES = 12
EXIT_KILLED = -signal.SIGKILL


class Program:
    """One process that should be running. `say` gets a line when something happens to it."""

    def __init__(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path, say: Callable[[str], None]
    ) -> None:
        self.name = name
        self._argv = _dying_with_us(argv)
        self._env = dict(env)
        self._log = log
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._powered = asyncio.Event()
        self._powered.set()
        self._starting = False
        self._keeper: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        if self._process is not None:
            return "running"
        return "starting" if self._starting and self._powered.is_set() else "stopped"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL to what is left of its process group after the grace period."""
        if self._keeper is None:
            return
        self._keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeper
        self._keeper = None
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(GRACE):
                await process.wait()
        except TimeoutError:
            self._say(f"{self.name} did not stop by itself within {GRACE:.0f} s; killed")
        _kill_group(process.pid)
        await process.wait()

    def kill(self) -> None:
        """SIGKILL, as a power cut or an oops; it is started again unless the power is off."""
        if self._process is not None:
            _kill_group(self._process.pid)

    def power(self, on: bool) -> None:
        """Off kills it and keeps it dead; on lets it start again."""
        if on:
            self._powered.set()
        else:
            self._powered.clear()
            self.kill()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        deaths = 0
        while True:
            self._starting = True
            await self._powered.wait()
            began = loop.time()
            code = await self._once()
            if not self._powered.is_set():
                continue
            deaths = deaths + 1 if loop.time() - began < YOUNG else 0
            wait = BACK_OFF[min(deaths, len(BACK_OFF) - 1)]
            how = "was killed" if code == EXIT_KILLED else f"ended with {code}"
            self._say(f"{self.name} {how}; starting it again in {wait:g} s")
            if deaths == 1 and code != EXIT_KILLED:
                self._say(f"the last lines of {self._log}:\n{self.last_lines()}")
            await asyncio.sleep(wait)

    async def _once(self) -> int:
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                env=self._env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the launcher; it stops the others in order
            )
        self._process = process
        self._starting = False
        code = await process.wait()
        self._process = None
        return code

    def last_lines(self) -> str:
        """The end of its log."""
        lines = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:] if self._log.exists() else []
        return "\n".join(f"    {line}" for line in lines)


class Supervisor:
    """All programs of the kiosk; stops those that were started. What the workbench calls `Programs`."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = {program.name: program for program in programs}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(program.stop() for program in self._programs.values()))

    @property
    def states(self) -> dict[str, str]:
        return {name: program.state for name, program in self._programs.items()}

    def start(self, name: str) -> None:
        """KeyError if there is none of this name."""
        self._programs[name].start()

    def program(self, name: str) -> Program:
        """KeyError if there is none of this name."""
        return self._programs[name]

    async def kill(self, program: str) -> None:
        self._programs[program].kill()

    async def power_cut(self) -> None:
        for program in self._programs.values():
            program.power(on=False)

    async def power_on(self) -> None:
        for program in self._programs.values():
            program.power(on=True)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _dying_with_us(argv: Sequence[str]) -> list[str]:
    """`argv` so that the kernel ends it if the launcher itself is killed (util-linux, on every Debian)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *argv] if setpriv else list(argv)
