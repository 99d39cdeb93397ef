"""`python -m sim kiosk` and `python -m sim demo`."""

import asyncio
import signal
import sys

from sim.launcher.demo import DemoFailed, play
from sim.launcher.house import PortError
from sim.launcher.machine import Machine, StartError, machine
from sim.launcher.options import Settings, demo_parser, kiosk_settings
from sim.launcher.places import PlaceError

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
USABLE = (PlaceError, PortError, StartError)
"""What a person can do something about: told in words, not as a traceback."""


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, flush=True)


def kiosk(argv: list[str]) -> int:
    """The whole kiosk until Ctrl-C or SIGTERM; nothing is left behind. 1 if it could not start."""
    settings = kiosk_settings(argv)
    try:
        asyncio.run(_until_stopped(settings))
    except USABLE as error:
        print(f"anjungan: {error}", file=sys.stderr)
        return 1
    return 0


def demo(argv: list[str]) -> int:
    """A ticket and a card without hands. 1 if anything did not go as it should, after saying what was on the screen."""
    said = demo_parser().parse_args(argv)
    try:
        asyncio.run(play(said.out, said.pace, say))
    except (*USABLE, DemoFailed) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


async def _until_stopped(settings: Settings) -> None:
    say("Starting the kiosk: world, centre, kioskd, screen ...")
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(_running(settings))

    def stop() -> None:
        for number in STOPPING:
            loop.add_signal_handler(number, lambda: None)  # a second Ctrl-C must not cut the tidying short
        say("\nStopping ...")
        running.cancel()

    for number in STOPPING:
        loop.add_signal_handler(number, stop)
    try:
        await running
    except asyncio.CancelledError:
        say("Stopped; nothing is left running.")


async def _running(settings: Settings) -> None:
    async with machine(settings, say) as kiosk_:
        say(_greeting(settings, kiosk_))
        await asyncio.Event().wait()


def _greeting(settings: Settings, running: Machine) -> str:
    taken = "" if settings.port in (0, running.house.port) else f"   (port {settings.port} was in use)"
    return "\n".join(
        (
            "",
            f"  Workbench   {running.house.address}{taken}",
            "              the touchscreen, the paper, the cards; fingers, faults and outages as buttons",
            f"  Command     ANJUNGAN_RUN={running.run} kiosk status",
            f"  Logs        {running.state / 'log'}",
            "",
            "  Everything is simulated. Ctrl-C stops all of it.",
        )
    )
