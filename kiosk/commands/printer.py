"""`kiosk printer ...`: the card printer in a technician's hands, while kioskd is stopped.

The journal's lock proves that it is, and keeps it from starting meanwhile; what moves has its intent in the journal, as
always. With kioskd running, `kiosk status` shows the printer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer

from drivers.contract.card_printer import CardPrinter
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, JobOutcome
from kiosk.cards.blanks.reckoning import note_cleaned
from kiosk.clock import SystemChance, WallClock
from kiosk.commands.common import STATE, ProfileName, Refusal, StateDir
from kiosk.devices.loading import driver_module, load
from kiosk.journal import acts
from kiosk.journal.database import Journal, JournalError
from kiosk.station.counter import fed_count

app = typer.Typer(no_args_is_help=True, help="The card printer, while kioskd is stopped.")

T = TypeVar("T")
SLOT = "card_printer"
COUNTERS = ("cards_fed", "cleaning", "ribbon")
"""Those of `Status.detail` that count."""


@app.command()
def status(profile: ProfileName, state: StateDir = STATE) -> None:
    """What the printer says of itself, and where its card is. Exit status 1 if something stands in the way."""

    async def look(printer: CardPrinter, _: Journal) -> int:
        now = printer.status
        print(f"state: {now.state}; in the way: {', '.join(now.causes) or 'nothing'}")
        print(f"supplies: {', '.join(f'{name} {level}' for name, level in now.supplies.items())}")
        print(f"card: {await _card(printer)}")
        for name, value in now.detail.items():
            print(f"{name}: {value}")
        return 0 if now.ready else 1

    raise typer.Exit(_at_printer(profile, state, look))


@app.command()
def counters(profile: ProfileName, state: StateDir = STATE) -> None:
    """What the printer has counted: cards fed in its life (the ledger's second witness), cards since it was cleaned."""

    async def read(printer: CardPrinter, _: Journal) -> None:
        _answering(printer)
        known = [f"{name}: {printer.status.detail[name]}" for name in COUNTERS if name in printer.status.detail]
        if not known:
            raise Refusal(f"{profile}: this printer tells no counters")
        print(*known, sep="\n")

    _at_printer(profile, state, read)


@app.command()
def clean(profile: ProfileName, state: StateDir = STATE) -> None:
    """Runs the cleaning cycle. Put the cleaning card in first; the card path has to be empty."""

    async def run(printer: CardPrinter, journal: Journal) -> None:
        _answering(printer)
        before = await fed_count(printer)
        await _acted(journal, "clean", printer.clean)
        after = await fed_count(printer)
        await journal.write(lambda tx: note_cleaned(tx, before, after))
        print("cleaned")

    _at_printer(profile, state, run)


@app.command()
def reset(profile: ProfileName, state: StateDir = STATE) -> None:
    """Restarts the printer. A card inside stays where it is; kioskd asks for it when it starts."""

    async def run(printer: CardPrinter, journal: Journal) -> None:
        _answering(printer)
        await _acted(journal, "reset", printer.reset)
        print(f"restarted; card: {await _card(printer)}")

    _at_printer(profile, state, run)


def _at_printer(profile: str, state: Path, deed: Callable[[CardPrinter, Journal], Awaitable[T]]) -> T:
    slot = load(profile).slots.card_printer
    if slot is None:
        raise Refusal(f"{profile}: slots.{SLOT} is empty")
    module = driver_module(SLOT, slot.driver)
    printer: CardPrinter = module.Driver(
        module.link(slot.transport), options=module.Options.model_validate(slot.options)
    )

    async def done(journal: Journal) -> T:
        await printer.start()
        try:
            return await deed(printer, journal)
        finally:
            await printer.stop()

    with _alone(state) as journal:
        return asyncio.run(done(journal))


@contextmanager
def _alone(state: Path) -> Iterator[Journal]:
    from kiosk.station.daemon import JOURNAL

    try:
        journal = Journal(state / JOURNAL, WallClock(), SystemChance(), threaded=False)
    except JournalError as error:
        if "another process" in str(error):
            raise Refusal("kioskd runs and holds the card printer; stop it first: systemctl stop kioskd") from error
        raise
    try:
        yield journal
    finally:
        journal.close()


async def _acted(journal: Journal, name: str, act: Callable[[IntentId], Awaitable[None]]) -> None:
    intent = await journal.write(lambda tx: acts.intend(tx, name, SLOT))
    outcome = JobOutcome.UNKNOWN
    try:
        await act(intent)
        outcome = JobOutcome.DONE
    except DeviceError as error:
        outcome = error.outcome
        raise
    finally:
        await journal.write(lambda tx: acts.ended(tx, intent, outcome))


def _answering(printer: CardPrinter) -> None:
    """Refusal, with what the driver found, if the printer cannot be asked."""
    if not printer.status.supplies or "error" in printer.status.detail:
        raise Refusal(f"card printer: {', '.join(printer.status.causes)}: {printer.status.detail.get('error', '')}")


async def _card(printer: CardPrinter) -> str:
    try:
        evidence = await printer.where()
    except DeviceError as error:
        if error.completion is Completion.UNSUPPORTED_COMMAND:
            return "this printer does not say"
        return f"not known ({error.cause})"
    return f"{evidence.position}{f', at the {evidence.station} station' if evidence.station else ''}"
