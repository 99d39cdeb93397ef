"""`kiosk daemon|screen|run|diag`: the programs of a kiosk."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kiosk.commands.common import RUN, SOCKET, STATE, ProfileName, Refusal, RunDir, StateDir
from kiosk.devices.loading import load

STOP_SECONDS = 15.0
"""How long a stopped process may take to leave its hardware safe before it is killed."""

app = typer.Typer()


@app.command()
def daemon(profile: ProfileName = "laptop-sim", state: StateDir = STATE, run: RunDir = RUN) -> None:
    """Runs kioskd: the devices, the journal and the HTTP API, without a screen."""
    from kiosk.station import daemon as station

    checked = load(profile)
    _make(state, run)
    raise typer.Exit(station.main(checked, state, run))


@app.command()
def screen(
    profile: ProfileName = "laptop-sim",
    run: RunDir = RUN,
    mirror: Annotated[Path | None, typer.Option(help="Unix socket of a workbench that shows the screen.")] = None,
    headless: Annotated[bool, typer.Option(help="Draw without a display.")] = False,
) -> None:
    """Runs the touchscreen, a client of kioskd."""
    if mirror and load(profile).production:
        raise Refusal(f"--mirror: {profile} is a production profile; its screen is shown to nobody else")
    from kiosk.screen import app as touchscreen

    raise typer.Exit(touchscreen.main(run / SOCKET, mirror=mirror, headless=headless))


@app.command(name="run")
def run_both(
    profile: ProfileName = "laptop-sim",
    state: StateDir = STATE,
    run: RunDir = RUN,
    headless: Annotated[bool, typer.Option(help="Draw without a display.")] = False,
) -> None:
    """Runs kioskd and the touchscreen as two processes, until one ends or Ctrl-C. Devices are the profile's."""
    load(profile)
    _make(state, run)
    kiosk = [sys.executable, "-m", "kiosk.cli"]
    common = ["--profile", profile, "--run", str(run)]
    commands = [
        [*kiosk, "daemon", *common, "--state", str(state)],
        [*kiosk, "screen", *common, *(["--headless"] if headless else [])],
    ]
    raise typer.Exit(asyncio.run(_together(commands)))


@app.command()
def diag(
    port: Annotated[str, typer.Option(help="/dev/ttyGS0, or any serial port or pseudo-terminal.")],
    run: RunDir = RUN,
) -> None:
    """Serves the serial console on a port, until Ctrl-C. Works when kioskd and the screen are dead."""
    from kiosk.diagnostics.console import serve

    try:
        asyncio.run(serve(port, run / SOCKET))
    except KeyboardInterrupt:
        raise typer.Exit from None


def _make(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)


async def _together(commands: Sequence[Sequence[str]]) -> int:
    """Runs the commands until the first ends or somebody says stop; then stops the others. The first one's status."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    processes = [await asyncio.create_subprocess_exec(*command) for command in commands]
    ends: list[asyncio.Task[Any]] = [asyncio.create_task(process.wait()) for process in processes]
    await asyncio.wait([*ends, stopped := asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    first = next((process.returncode for process in processes if process.returncode is not None), 0)
    for process in processes:
        if process.returncode is None:
            process.terminate()
    _, late = await asyncio.wait(ends, timeout=STOP_SECONDS)
    for process in processes:
        if process.returncode is None:
            process.kill()
    if late:
        await asyncio.wait(late)
    return first
