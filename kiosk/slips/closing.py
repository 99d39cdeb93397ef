"""The day's close: what the kiosk did, where every blank is, and the audit chain's end, for two officers to sign.

A sum that does not come out is printed as such, never evened out.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from drivers.contract.thermal_printer import Align, Block, Columns, Feed, Rule, Text
from kiosk.api.messages import Label
from kiosk.slips.parts import head, printed

TITLE = Label(id="TUTUP HARI", en="Daily close")
SIGNATURE = "." * 22


@dataclass(frozen=True, slots=True)
class ServiceCount:
    letter: str
    service: Label
    given: int
    called: int


@dataclass(frozen=True, slots=True)
class CardCount:
    """Blanks of one day, from morning to evening. All counts are at least 0."""

    at_opening: int
    loaded: int
    taken: int
    """Cards in residents' hands."""
    rejected: int
    captured: int
    unknown: int
    """Cards that two officers have to find."""
    at_close: int
    """In the hopper and the path, as the ledger has it."""

    @property
    def missing(self) -> int:
        """0 if every blank is somewhere."""
        gone = self.taken + self.rejected + self.captured + self.unknown
        return self.at_opening + self.loaded - gone - self.at_close


@dataclass(frozen=True, slots=True)
class DayClose:
    kiosk: str
    closed_at: datetime
    services: tuple[ServiceCount, ...]
    cards: CardCount
    preprinted_used: int
    audit_rows: int
    audit_digest: str
    """The newest row's digest, in hex: whoever keeps this slip can prove that no row before it was changed later."""


def closing_blocks(day: DayClose, office: Label, *, simulated: bool, timezone: ZoneInfo) -> tuple[Block, ...]:
    cards = day.cards
    even = "Semua blangko ada / All blanks accounted for"
    odd = f"SELISIH / DIFFERENCE: {cards.missing:+d}"
    return (
        *head(office, TITLE, simulated=simulated),
        Columns(day.kiosk, f"{day.closed_at.astimezone(timezone):%d-%m-%Y}", bold=True),
        Columns("Layanan / Service", "nomor/dipanggil", bold=True),
        *(Columns(f"{one.letter}  {one.service.id}", f"{one.given}/{one.called}") for one in day.services),
        Columns("Tiket cadangan / Pre-printed tickets", str(day.preprinted_used)),
        Rule(),
        Columns("Blangko pagi / Blanks at opening", str(cards.at_opening)),
        Columns("Diisi / Loaded", f"+{cards.loaded}"),
        Columns("Diambil warga / Taken", _minus(cards.taken)),
        Columns("Rusak / Rejected", _minus(cards.rejected)),
        Columns("Tidak diambil / Not taken", _minus(cards.captured)),
        Columns("Dicari / To be found", _minus(cards.unknown)),
        Columns("Blangko sore / Blanks at close", str(cards.at_close), bold=True),
        Text(even if cards.missing == 0 else odd, bold=True, align=Align.CENTRE),
        Rule(),
        Columns("Catatan audit / Audit rows", str(day.audit_rows)),
        Text(" ".join(day.audit_digest[at : at + 8] for at in range(0, len(day.audit_digest), 8))),
        Feed(2),
        Columns(SIGNATURE, SIGNATURE),
        Columns("Petugas 1 / Officer 1", "Petugas 2 / Officer 2"),
        printed(day.closed_at, timezone),
    )


def _minus(count: int) -> str:
    return f"-{count}" if count else "0"
