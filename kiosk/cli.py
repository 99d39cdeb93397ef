"""`kiosk <command>`: every human entry point. A mistake is one clear line on stderr and exit status 2."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tomli_w
import typer
from PIL import Image, UnidentifiedImageError
from rich.console import Console
from rich.table import Table

from drivers.contract.card_printer import FACE_SIZE
from drivers.contract.errors import DeviceError
from kiosk import bench
from kiosk.api import messages as m
from kiosk.api.client import ApiError, Client
from kiosk.biometrics.protocol import ProtocolError
from kiosk.cards.chip import ChipError
from kiosk.cards.personalise.custody import CentreAway
from kiosk.cards.personalise.files import SigningError
from kiosk.cards.personalise.layout import LayoutError
from kiosk.cards.personalise.token import TokenError
from kiosk.cards.stranger.passive import NotGenuine
from kiosk.cards.stranger.reader import Access, Content
from kiosk.devices.loading import load
from kiosk.devices.machine import build
from kiosk.devices.profile import ProfileError
from kiosk.journal.audit import verify
from kiosk.journal.database import JournalError

T = TypeVar("T")
USAGE_ERROR = 2
STOP_SECONDS = 15.0
"""How long a stopped process may take to leave its hardware safe before it is killed."""

app = typer.Typer(
    name="kiosk",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The kiosk's firmware.",
)
profile_app = typer.Typer(no_args_is_help=True, help="Hardware profiles: which driver sits in which slot.")
journal_app = typer.Typer(no_args_is_help=True, help="The durable record.")
card_app = typer.Typer(no_args_is_help=True, help="Card faces and card jobs.")
app.add_typer(profile_app, name="profile")
app.add_typer(journal_app, name="journal")
app.add_typer(card_app, name="card")
app.add_typer(bench.app, name="bench")

ProfileName = Annotated[
    str, typer.Option("--profile", envvar="ANJUNGAN_PROFILE", help="Name in hw_profiles/, or a path.")
]
StateDir = Annotated[Path, typer.Option("--state", envvar="ANJUNGAN_STATE", help="Where the journal lives.")]
RunDir = Annotated[Path, typer.Option("--run", envvar="ANJUNGAN_RUN", help="Where the sockets live.")]
STATE = Path("/var/lib/anjungan")
RUN = Path("/run/anjungan")
SOCKET = "kioskd.sock"


class Refusal(Exception):
    """A command cannot be done; the text is for the person who typed it."""


# -- running -------------------------------------------------------------------------------------------------------


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


# -- looking -------------------------------------------------------------------------------------------------------


@app.command()
def status(run: RunDir = RUN) -> None:
    """Shows how the running kiosk is."""
    state = _ask(run, lambda kioskd: kioskd.state())
    console = Console()
    console.print(_devices(state))
    console.print(_services(state))
    link = "up" if state.link.up else f"[red]down: {state.link.cause}[/]"
    blanks = state.blanks
    console.print(f"Link to the centre: {link}, {state.link.queued} events waiting")
    console.print(
        f"Blanks: {blanks.loaded} loaded = {blanks.hopper} hopper + {blanks.path} path + {blanks.holder} holder + "
        f"{blanks.reject} reject + {blanks.capture} capture + {blanks.unknown} unknown"
    )
    collecting = "yes" if state.collecting else f"[red]no: {state.collecting_cause}[/]"
    console.print(f"Cards can be collected: {collecting}{'' if state.ready else ' (still recovering)'}")


@profile_app.command(name="show")
def profile_show(
    name: Annotated[str, typer.Argument(help="Name in hw_profiles/, or a path.")],
    changes: Annotated[bool, typer.Option("--changes", help="Only what differs from its base.")] = False,
) -> None:
    """Prints the effective profile as TOML: base merged, defaults filled in."""
    profile = load(name)
    print(tomli_w.dumps(profile.changes() if changes else profile.effective()), end="")


@profile_app.command(name="check")
def profile_check(names: Annotated[list[str], typer.Argument(help="Names or paths.")]) -> None:
    """Checks profiles: every key, every driver's options, every transport. Opens no device."""
    for name in names:
        profile = load(name)
        build(profile)
        slots = ", ".join(f"{slot}={at.driver}" for slot, at in profile.slots.filled().items())
        print(f"{profile.source}: good ({slots})")


@journal_app.command(name="verify")
def journal_verify(state: StateDir = STATE, run: RunDir = RUN) -> None:
    """Recomputes the audit chain: through kioskd if it runs, else on the file itself."""
    try:
        report = _ask(run, lambda kioskd: kioskd.journal())
        records, head, problems = report.records, report.head, tuple(report.problems)
    except ApiError as error:
        if error.problem is not None:
            raise
        from kiosk.station.daemon import JOURNAL

        found = verify(state / JOURNAL)
        records, head, problems = found.records, found.head, found.problems
    for problem in problems:
        print(problem)
    print(f"{records} records, head {head or 'none'}: {'ALTERED' if problems else 'the chain holds'}")
    raise typer.Exit(1 if problems else 0)


@card_app.command(name="render")
def card_render(
    front: Annotated[Path, typer.Option(help=f"Artwork, {FACE_SIZE[0]}x{FACE_SIZE[1]} pixels.")],
    out: Annotated[Path, typer.Option(help="File for the bytes of the job.")],
    back: Annotated[Path | None, typer.Option(help="Artwork of the other side.")] = None,
    model: Annotated[str, typer.Option(help="Card printer.")] = "evolis-primacy2",
) -> None:
    """Writes the exact bytes that the card printer's driver would send for this artwork."""
    from drivers.card_printer.evolis.job import render_job

    if model != "evolis-primacy2":
        raise Refusal(f"--model: {model!r} is not known; there is: evolis-primacy2")
    faces = [_face(option, path) for option, path in (("--front", front), ("--back", back)) if path is not None]
    job = render_job(faces[0], back=faces[1] if back else None)
    out.write_bytes(job)
    print(f"{out}: {len(job)} bytes")


def _face(option: str, path: Path) -> Image.Image:
    """The artwork in `path`. Refusal if it is no picture of a card's size."""
    try:
        with Image.open(path) as picture:
            face: Image.Image = picture.convert("RGB")
    except UnidentifiedImageError as error:
        raise Refusal(f"{option}: {path} is no picture") from error
    if face.size != FACE_SIZE:
        wanted = f"{FACE_SIZE[0]}x{FACE_SIZE[1]}"
        raise Refusal(f"{option}: {path} is {face.width}x{face.height} pixels; a card face is {wanted}")
    return face


ReaderName = Annotated[str, typer.Option("--reader", help="PC/SC reader: its name, or how that begins.")]
Zone = Annotated[
    tuple[str, str, str] | None,
    typer.Option("--mrz", help="The three printed lines. Without them: the specimen person's."),
]
Pace = Annotated[bool, typer.Option("--pace", help="Open the chip with PACE instead of BAC.")]


@card_app.command(name="personalise")
def card_personalise(reader: ReaderName, profile: ProfileName = "laptop-sim") -> None:
    """Writes the specimen person to a blank card, reads it back as a stranger would, and ends its production."""
    from kiosk import card_bench

    digest = asyncio.run(card_bench.personalise(load(profile), reader))
    print(f"personalised, verified, secured: {digest.hex()}")


@card_app.command(name="verify")
def card_verify(reader: ReaderName, profile: ProfileName = "laptop-sim", mrz: Zone = None, pace: Pace = False) -> None:
    """Checks with the printed lines that a card is genuine: signature, every hash, and that it is no copy."""
    content = _read_card(reader, profile, mrz, pace=pace)
    unread = "".join(f", DG{number} not shown to strangers" for number in sorted(content.unread))
    groups = ", ".join(f"DG{number}" for number in sorted(content.groups))
    print(f"genuine: {groups}{unread}; {'no copy' if content.original else 'copies cannot be told'}")


@card_app.command(name="read")
def card_read(
    reader: ReaderName,
    out: Annotated[Path, typer.Option(help="Folder for the files, one each.")],
    profile: ProfileName = "laptop-sim",
    mrz: Zone = None,
    pace: Pace = False,
) -> None:
    """Saves every file that a stranger with the printed lines may read, once they are proven genuine."""
    from kiosk import card_bench

    content = _read_card(reader, profile, mrz, pace=pace)
    card_bench.save(content, out)
    print(f"{out}: {len(content.files)} files, {sum(map(len, content.files.values()))} bytes")


# -- beneath -------------------------------------------------------------------------------------------------------


def _read_card(name: str, profile: str, mrz: tuple[str, str, str] | None, *, pace: bool) -> Content:
    from kiosk import card_bench

    lines = mrz or card_bench.printed()
    if [len(line) for line in lines] != [30, 30, 30]:
        raise Refusal("--mrz: three lines of 30 characters, as they are printed")
    return asyncio.run(card_bench.read(load(profile), name, lines, Access.PACE if pace else Access.BAC))


def _devices(state: m.State) -> Table:
    title = f"{state.office.en}{' - SIMULATED' if state.simulated else ''}"
    table = Table("slot", "driver", "at", "state", "supplies", "what stands in the way", title=title)
    for device in state.devices:
        supplies = ", ".join(f"{name} {level}" for name, level in device.supplies.items())
        causes = f"[red]{', '.join(device.causes)}[/]" if device.causes else "[green]nothing[/]"
        table.add_row(device.slot, device.driver, device.transport, device.state, supplies, causes)
    return table


def _services(state: m.State) -> Table:
    table = Table("", "service", "waiting", "minutes", "what stands in the way")
    for service in state.services:
        cause = f"[red]{service.cause}[/]" if service.cause else "[green]nothing[/]"
        minutes = f"{service.wait_low}-{service.wait_high}"
        table.add_row(service.letter, service.name.en, str(service.waiting), minutes, cause)
    return table


def _ask(run: Path, question: Callable[[Client], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with Client(run / SOCKET) as kioskd:
            return await question(kioskd)

    return asyncio.run(asked())


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


def main() -> None:
    """The program. A refusal is told without a traceback; a fault in the program keeps its traceback."""
    try:
        app()
    except (Refusal, ProfileError, ProtocolError, DeviceError, JournalError, OSError) as error:
        _tell(str(error))
    except (ChipError, NotGenuine, CentreAway, SigningError, LayoutError, TokenError) as error:
        _tell(str(error))
    except ApiError as error:
        _tell(f"{error}{'' if error.problem else '; is kioskd running? (systemctl status kioskd)'}")
    sys.exit(USAGE_ERROR)


def _tell(text: str) -> None:
    for line in text.splitlines():
        print(f"kiosk: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
