"""The receipt of a request: proof that it was handed in, and the code with which its way can be followed."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from drivers.contract.thermal_printer import Align, Block, Columns, Qr, Rule, Text
from kiosk.api.messages import Label
from kiosk.slips.parts import free, head, printed

TITLE = Label(id="TANDA TERIMA", en="Receipt")


@dataclass(frozen=True, slots=True)
class Receipt:
    number: str
    """The request's own number, as staff call it."""
    service: Label
    received_at: datetime
    ready_on: str
    """When to come back, as a day or a range the office stands for: `25-11-2026` or `25 s.d. 27-11-2026`."""
    bring: Label
    """What to bring then."""
    operator: str
    """The name on the clerk's vest, or the kiosk's id if nobody was needed."""
    token: str
    """Opaque; the QR."""


def receipt_blocks(receipt: Receipt, office: Label, *, simulated: bool, timezone: ZoneInfo) -> tuple[Block, ...]:
    return (
        *head(office, TITLE, simulated=simulated),
        Columns("Nomor / Number", receipt.number, bold=True),
        Text(receipt.service.id, size=2, bold=True),
        Text(receipt.service.en),
        Columns("Petugas / Served by", receipt.operator),
        Columns("Siap / Ready", receipt.ready_on, bold=True),
        Text(f"Bawa: {receipt.bring.id}"),
        Text(f"Bring: {receipt.bring.en}"),
        Rule(),
        Qr(receipt.token, module=6),
        Text("Pindai untuk melihat status / Scan to follow", align=Align.CENTRE),
        Rule(),
        free(),
        printed(receipt.received_at, timezone),
    )
