"""The slip of a temporary letter (surat keterangan, "Suket"): its register number, how long it holds, and its exchange.

The letter itself is a signed A4 page. The slip says that it was registered and finds its entry again; it is no proof of
identity, and says so.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from drivers.contract.thermal_printer import Align, Block, Columns, Qr, Rule, Text
from kiosk.api.messages import Label
from kiosk.slips.parts import free, head, printed

TITLE = Label(id="SURAT KETERANGAN", en="Temporary letter in place of the ID card")
NIK_DIGITS = 16


@dataclass(frozen=True, slots=True)
class LetterSlip:
    register: str
    """The number in the office's register of letters."""
    nik: str
    """Sixteen digits; printed masked."""
    registered_at: datetime
    valid_until: date
    reason: Label
    """Why there is no card yet, in the words of the screen."""
    token: str

    def __repr__(self) -> str:
        return f"LetterSlip({self.register})"


def masked(nik: str) -> str:
    """Birth date and sex (digits 7 to 12) hidden. ValueError if `nik` is not sixteen digits, without showing it."""
    if len(nik) != NIK_DIGITS or not (nik.isascii() and nik.isdigit()):
        raise ValueError(f"a NIK has {NIK_DIGITS} digits; this has {len(nik)} characters")
    return f"{nik[:6]}******{nik[12:]}"


def letter_blocks(slip: LetterSlip, office: Label, *, simulated: bool, timezone: ZoneInfo) -> tuple[Block, ...]:
    return (
        *head(office, TITLE, simulated=simulated),
        Columns("Nomor register / Register", slip.register, bold=True),
        Columns("NIK", masked(slip.nik)),
        Columns("Berlaku s.d. / Valid until", f"{slip.valid_until:%d-%m-%Y}", bold=True),
        Text(f"Sebab: {slip.reason.id}"),
        Text(f"Reason: {slip.reason.en}"),
        Rule(),
        Text("Ditukar dengan KTP-el bila siap. Surat terlama didahulukan."),
        Text("Exchanged for the card when it is ready, oldest letters first."),
        Qr(slip.token, module=6),
        Text("Tunjukkan kode ini di loket / Show at counter", align=Align.CENTRE),
        Text("Bukan bukti identitas / Not a proof of identity", bold=True, align=Align.CENTRE),
        Rule(),
        free(),
        printed(slip.registered_at, timezone),
    )
