"""What the launcher may be told."""

import argparse
from dataclasses import dataclass
from pathlib import Path

STATE = Path(".anjungan")
PORT = 8800
PROFILE = "laptop-sim"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to start the simulated kiosk. `run` None: a folder of its own, removed at the end."""

    profile: str = PROFILE
    port: int = PORT
    """Of the workbench, on loopback; 0 takes a free one."""
    pace: float = 1.0
    """Multiplies every mechanical duration: 0.1 is a machine ten times as fast."""
    state: Path = STATE
    run: Path | None = None
    screen: bool = True
    headless: bool = False
    """Draw the touchscreen without a window; done by itself where there is no display."""
    blanks: int = 40


def _pace(text: str) -> float:
    pace = float(text)
    if not 0.001 <= pace <= 100:
        raise argparse.ArgumentTypeError("a pace is between 0.001 and 100; 1.0 is a real machine's")
    return pace


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is between 0 (any free one) and 65535")
    return port


def kiosk_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sim kiosk", description="The whole kiosk on simulators, with its workbench in the browser."
    )
    parser.add_argument("--profile", default=PROFILE, help="hardware profile of kioskd (%(default)s)")
    parser.add_argument("--port", type=_port, default=PORT, help="of the workbench, on loopback (%(default)s)")
    parser.add_argument("--pace", type=_pace, default=1.0, help="multiplies mechanical durations (%(default)s)")
    parser.add_argument("--state", type=Path, default=STATE, help="journal and logs, emptied at start (%(default)s)")
    parser.add_argument("--run", type=Path, default=None, help="folder of the sockets (one of its own)")
    parser.add_argument("--headless", action="store_true", help="no window, also where there is a display")
    parser.add_argument("--no-screen", action="store_true", help="no touchscreen at all")
    return parser


def kiosk_settings(argv: list[str]) -> Settings:
    """SystemExit, after saying why, if `argv` makes no sense."""
    said = kiosk_parser().parse_args(argv)
    return Settings(
        profile=said.profile,
        port=said.port,
        pace=said.pace,
        state=said.state,
        run=said.run,
        screen=not said.no_screen,
        headless=said.headless,
    )


def demo_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sim demo", description="A ticket and a card without hands; pictures and a summary."
    )
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="where the pictures go (%(default)s)")
    parser.add_argument("--pace", type=_pace, default=0.2, help="multiplies mechanical durations (%(default)s)")
    return parser
