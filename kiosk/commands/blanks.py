"""`kiosk blanks ...`: the blank ledger, for the officers who count. `kiosk close day`: the evening's count."""

from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from kiosk.api import blanks as b
from kiosk.api import staff as s
from kiosk.api.client import Client
from kiosk.commands.common import RUN, Refusal, RunDir, ask
from kiosk.commands.mandated import PERSON, REASON, RequestId, act, again, made, show_blanks

Asked = TypeVar("Asked", bound=s.Mandated)
People = Annotated[list[str], PERSON]
Reason = Annotated[str, REASON]
app = typer.Typer(no_args_is_help=True, help="Blank cards: delivery, vault, hopper, bin, destruction, cases.")
case = typer.Typer(no_args_is_help=True, help="Blanks that are missing or too many.")
app.add_typer(case, name="case")
close = typer.Typer(no_args_is_help=True, help="The day's close.")

Quantity = Annotated[int, typer.Argument(help="How many, as both counted.")]
Lot = Annotated[str | None, typer.Option(help="The lot, if positions are written down.")]
First = Annotated[int | None, typer.Option(help="Position of the first one in its lot.")]
Minutes = Annotated[str, typer.Option(help="Number of the minutes (berita acara).")]


@app.command()
def show(run: RunDir = RUN) -> None:
    """Shows what the ledger has where, and the cases that are open."""
    blanks = ask(run, lambda kioskd: kioskd.state()).blanks
    table = Table("account", "blanks")
    for name, count in blanks.model_dump().items():
        table.add_row(name.replace("_", " "), str(count))
    console = Console()
    console.print(table)
    console.print(_cases([one for one in ask(run, lambda kioskd: kioskd.cases()) if one.closed is None]))


@app.command()
def receive(
    quantity: Quantity,
    note: Annotated[str, typer.Option(help="Number of the delivery note.")],
    person: People,
    lot: Lot = None,
    first: First = None,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """A delivery is counted into the vault."""
    asked = made(b.BlanksReceived, **again(request), quantity=quantity, note=note, lot=lot, first=first)
    show_blanks(act(run, asked, person, 2, lambda kioskd, proven: kioskd.receive_blanks(proven)))


@app.command()
def load(
    quantity: Quantity,
    person: People,
    lot: Lot = None,
    first: First = None,
    delivery: Annotated[str | None, typer.Option(help="Straight from this delivery note, not from the vault.")] = None,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """Blanks go into the hopper."""
    source = "vault" if delivery is None else "delivery"
    asked = made(
        s.BlanksLoaded, **again(request), quantity=quantity, source=source, note=delivery, lot=lot, first=first
    )
    show_blanks(act(run, asked, person, 2, lambda kioskd, proven: kioskd.load_blanks(proven)))


@app.command()
def unload(
    quantity: Quantity,
    person: People,
    lot: Lot = None,
    first: First = None,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """Blanks go out of the hopper into the vault."""
    asked = made(s.BlanksUnloaded, **again(request), quantity=quantity, lot=lot, first=first)
    show_blanks(act(run, asked, person, 2, lambda kioskd, proven: kioskd.unload_blanks(proven)))


@app.command(name="bin")
def empty_bin(quantity: Quantity, person: People, request: RequestId = None, run: RunDir = RUN) -> None:
    """The reject bin is emptied; its cards are locked away until they are destroyed."""
    asked = made(b.BinEmptied, **again(request), counted=quantity)
    show_blanks(act(run, asked, person, 2, lambda kioskd, proven: kioskd.empty_bin(proven)))


@app.command()
def destroy(
    quantity: Quantity,
    minutes: Minutes,
    witness: Annotated[list[str], typer.Option(help="Id of a witness; two, and not those who destroy.")],
    person: People,
    reason: Reason,
    bin_too: Annotated[bool, typer.Option("--bin", help="Also what is still in the bin.")] = False,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """Spoiled cards are destroyed before two witnesses."""
    asked = made(
        b.BlanksDestroyed,
        **again(request),
        counted=quantity,
        minutes=minutes,
        witnesses=tuple(witness),
        bin_too=bin_too,
        reason=reason,
    )
    show_blanks(act(run, asked, person, 2, lambda kioskd, proven: kioskd.destroy_blanks(proven)))


@case.command(name="list")
def case_list(run: RunDir = RUN) -> None:
    """Shows every case, ended ones too."""
    Console().print(_cases(ask(run, lambda kioskd: kioskd.cases())))


@case.command(name="open")
def case_open(
    kind: Annotated[b.CaseKind, typer.Argument(help="missing or surplus")],
    place: Annotated[b.CasePlace, typer.Argument()],
    quantity: Quantity,
    person: People,
    reason: Reason,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """Blanks are missing at a place, or too many are there."""
    asked = made(b.CaseReported, **again(request), kind=kind, place=place, quantity=quantity, reason=reason)
    _of_a_case(run, asked, person, lambda kioskd, proven: kioskd.report_case(proven))


@case.command(name="found")
def case_found(
    number: Annotated[int, typer.Argument(help="Number of the case.")],
    quantity: Quantity,
    where: Annotated[b.CasePlace, typer.Argument(help="Where they are; of a surplus: where they came from.")],
    person: People,
    reason: Reason,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """Missing blanks were found, or a surplus is explained."""
    asked = made(b.CaseSettled, **again(request), case=number, quantity=quantity, where=where, reason=reason)
    _of_a_case(run, asked, person, lambda kioskd, proven: kioskd.settle_case(proven))


@case.command(name="write-off")
def case_write_off(
    number: Annotated[int, typer.Argument(help="Number of the case.")],
    minutes: Minutes,
    person: People,
    reason: Reason,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """A case is given up, by minutes; a surplus is taken into the books."""
    asked = made(b.CaseWrittenOff, **again(request), case=number, minutes=minutes, reason=reason)
    _of_a_case(run, asked, person, lambda kioskd, proven: kioskd.write_off_case(proven))


@close.command(name="day")
def close_day(
    person: People,
    hopper: Annotated[int, typer.Option(prompt="Blanks in the hopper")],
    bin_: Annotated[int, typer.Option("--bin", prompt="Cards in the reject bin")],
    vault: Annotated[int | None, typer.Option(help="Blanks in the vault, if it has any.")] = None,
    spoiled: Annotated[int | None, typer.Option(help="Spoiled cards locked away, if there are any.")] = None,
    day: Annotated[str | None, typer.Option(help="An earlier day that was not closed, YYYY-MM-DD.")] = None,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """Two people's count against the books and the printer's counter, printed as a slip. Differences become cases."""
    counted = {"hopper": hopper, "bin": bin_, "vault": vault, "spoiled": spoiled}
    asked = made(b.CloseRequest, **again(request), counted=counted, day=None if day is None else _date(day))
    closed = act(run, asked, person, 2, lambda kioskd, proven: kioskd.close_day(proven))
    table = Table("place", "books", "counted", "case", title=f"Close of {closed.day}")
    for one in closed.counts:
        table.add_row(one.place, str(one.booked), str(one.counted), "" if one.case is None else str(one.case))
    console = Console()
    console.print(table)
    console.print(_cases(closed.cases))
    if not closed.slip:
        retry = f"kiosk close day --request {asked.request_id}"
        console.print(f"[red]The slip is not on paper ({closed.slip_cause}); print it with: {retry}[/]")


def _of_a_case(
    run: Path,
    asked: Asked,
    people: list[str],
    asking: Callable[[Client, Asked], Awaitable[list[b.BlankCase]]],
) -> None:
    """Two people do something about a case; shows every case as it is then."""
    Console().print(_cases(act(run, asked, people, 2, asking)))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(f"--day: {text!r} is not a date like 2026-11-23") from None


def _cases(cases: list[b.BlankCase]) -> Table | str:
    if not cases:
        return "No case."
    table = Table("case", "what", "where", "count", "open", "since", "why", "end")
    for one in cases:
        end = "" if one.outcome is None else f"{one.outcome.replace('_', ' ')} {one.minutes or ''}".strip()
        row = (one.case, one.kind, one.place, one.quantity, one.open, f"{one.opened:%Y-%m-%d}", one.reason, end)
        table.add_row(*map(str, row))
    return table
