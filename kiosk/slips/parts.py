"""What all slips of an office have in common."""

from datetime import datetime
from zoneinfo import ZoneInfo

from drivers.contract.thermal_printer import Align, Block, Columns, Rule, Text
from kiosk.api.messages import Label

MARK = "SIMULASI - SPECIMEN"


def head(office: Label, title: Label, *, simulated: bool) -> tuple[Block, ...]:
    """Whose slip it is and what; a simulated one says first that it is worthless."""
    mark = (Text(MARK, size=2, bold=True, align=Align.CENTRE),) if simulated else ()
    return (
        *mark,
        Text(office.id, bold=True, align=Align.CENTRE),
        Text(office.en, align=Align.CENTRE),
        Rule(),
        Text(title.id, size=2, bold=True, align=Align.CENTRE),
        Text(title.en, align=Align.CENTRE),
        Rule(),
    )


def free() -> Block:
    return Text("GRATIS / FREE OF CHARGE", size=2, bold=True, align=Align.CENTRE)


def printed(at: datetime, timezone: ZoneInfo) -> Block:
    """The last line: when, as the office's clocks show it."""
    local = at.astimezone(timezone)
    return Columns(f"Dicetak / Issued {local:%d-%m-%Y}", f"{local:%H:%M} {local.tzname() or ''}".rstrip())
