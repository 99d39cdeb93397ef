"""`kiosk status`: how the running kiosk is, for a person at a terminal."""

import typer
from rich.console import Console
from rich.table import Table

from kiosk.api import messages as m
from kiosk.commands.common import RUN, RunDir, ask

app = typer.Typer()


@app.command()
def status(run: RunDir = RUN) -> None:
    """Shows how the running kiosk is."""
    state = ask(run, lambda kioskd: kioskd.state())
    key = ask(run, lambda kioskd: kioskd.version()).public_key
    console = Console()
    console.print(_devices(state))
    console.print(_services(state))
    link = "up" if state.link.up else f"[red]down: {state.link.cause}[/]"
    blanks = state.blanks
    console.print(f"Link to the centre: {link}, {state.link.queued} events waiting")
    console.print(
        f"Blanks: {blanks.loaded} received = {blanks.vault} vault + {blanks.hopper} hopper + {blanks.path} path + "
        f"{blanks.holder} holder + {blanks.reject} reject + {blanks.capture} capture + {blanks.unknown} unknown + "
        f"{blanks.spoiled} spoiled + {blanks.destroyed} destroyed + {blanks.missing} missing + "
        f"{blanks.written_off} written off - {blanks.surplus} surplus"
    )
    if state.unclosed_day:
        console.print(f"[red]{state.unclosed_day} was not closed: kiosk close day --day {state.unclosed_day}[/]")
    collecting = "yes" if state.collecting else f"[red]no: {state.collecting_cause}[/]"
    console.print(f"Kiosk key: {key}")
    console.print(f"Cards can be collected: {collecting}{'' if state.ready else ' (still recovering)'}")


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
