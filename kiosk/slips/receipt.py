"""The receipt of a card that was handed over: which one, when and where, and what to do if something is wrong."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from drivers.contract.thermal_printer import Block, Columns, Qr, Rule, Text
from kiosk.api.messages import Label
from kiosk.slips.parts import free, head, printed

TITLE = Label(id="TANDA TERIMA", en="Receipt")


@dataclass(frozen=True, slots=True)
class Receipt:
    number: str
    """The approval on which the card was made; staff find the record by it. Also the QR."""
    document: Label
    handed_over_at: datetime
    kiosk: str


def receipt_blocks(receipt: Receipt, office: Label, *, simulated: bool, timezone: ZoneInfo) -> tuple[Block, ...]:
    return (
        *head(office, TITLE, simulated=simulated),
        Columns("Nomor / Number", receipt.number, bold=True),
        Text(f"{receipt.document.id} diserahkan", size=2, bold=True),
        Text(f"{receipt.document.en} handed over"),
        Columns("Anjungan / Kiosk", receipt.kiosk),
        Rule(),
        Text("Periksa kartu Anda sekarang. Jika ada yang salah, tunjukkan tanda terima ini di loket."),
        Text("Please check your card now. If anything is wrong, show this receipt at a counter."),
        Qr(receipt.number, module=6),
        Rule(),
        free(),
        printed(receipt.handed_over_at, timezone),
    )
