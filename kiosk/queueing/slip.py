"""The printed ticket: what stands on it, in which order, how large. Never a NIK or a name."""

from zoneinfo import ZoneInfo

from drivers.contract.thermal_printer import Align, Block, Columns, Qr, Rule, Text
from kiosk.api.messages import Label, Ticket

MARK = "SIMULASI - SPECIMEN"


def ticket_blocks(ticket: Ticket, office: Label, *, simulated: bool, timezone: ZoneInfo) -> tuple[Block, ...]:
    """The blocks of `ticket`; times are shown as clocks in `timezone` show them. `simulated` marks it as worthless."""
    issued = ticket.issued_at.astimezone(timezone)
    mark = (Text(MARK, size=2, bold=True, align=Align.CENTRE),) if simulated else ()
    ahead, ahead_en = _ahead(ticket.waiting)
    wait, wait_en = _wait(ticket.wait_low, ticket.wait_high)
    return (
        *mark,
        Text(office.id, bold=True, align=Align.CENTRE),
        Text(office.en, align=Align.CENTRE),
        Rule(),
        Text("NOMOR ANTREAN / QUEUE NUMBER", align=Align.CENTRE),
        Text(ticket.number, size=8, bold=True, align=Align.CENTRE),
        Text(ticket.service_name.id, size=2, bold=True, align=Align.CENTRE),
        Text(ticket.service_name.en, align=Align.CENTRE),
        Rule(),
        Text(ahead, size=2, align=Align.CENTRE),
        Text(wait, size=2, align=Align.CENTRE),
        Text(f"{ahead_en}, {wait_en}", align=Align.CENTRE),
        Rule(),
        Qr(ticket.token, module=6),
        Text("Tunjukkan kode ini di loket / Show at counter", align=Align.CENTRE),
        Rule(),
        Text("GRATIS / FREE OF CHARGE", size=2, bold=True, align=Align.CENTRE),
        Columns(f"Dicetak / Issued {issued:%d-%m-%Y}", f"{issued:%H:%M} {issued.tzname() or ''}".rstrip()),
    )


def _ahead(waiting: int) -> tuple[str, str]:
    if waiting <= 0:
        return "Anda berikutnya", "You are next"
    return f"{waiting} orang di depan", f"{waiting} ahead of you"


def _wait(low: int, high: int) -> tuple[str, str]:
    """Minutes as a range, because a single number would promise what nobody knows."""
    if high <= 0:
        return "segera dipanggil", "soon"
    span = f"{low}-{high}" if low < high else f"{high}"
    return f"sekitar {span} menit", f"about {span} minutes"
