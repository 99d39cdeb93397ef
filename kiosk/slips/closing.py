"""The day's close: what the kiosk did, what was counted against the books, the audit chain's end, for two to sign.

A difference is printed as the case that it opened, never evened out. The QR holds the audit's head: paper that nobody
in the office can unprint.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from drivers.contract.thermal_printer import Align, Block, Columns, Feed, Qr, Rule, Text
from kiosk.api.blanks import BlankCase, CaseKind, CasePlace, DayClosed, DayMoves
from kiosk.api.messages import Label
from kiosk.slips.parts import head, printed

TITLE = Label(id="TUTUP HARI", en="Daily close")
SIGNATURE = "." * 22
PLACES = {
    CasePlace.HOPPER: "Hopper",
    CasePlace.BIN: "Bak tolak / Reject bin",
    CasePlace.VAULT: "Brankas / Vault",
    CasePlace.SPOILED: "Rusak disimpan / Spoiled",
    CasePlace.UNKNOWN: "Dicari / Unknown",
    CasePlace.PRINTER: "Pencetak / Printer",
}
KINDS = {
    CaseKind.MISSING: "HILANG / MISSING",
    CaseKind.SURPLUS: "LEBIH / SURPLUS",
    CaseKind.COUNTER: "HITUNGAN MESIN / COUNTER",
}
QR_MODULE = 4


def closing_blocks(
    day: DayClosed, kiosk: str, office: Label, *, simulated: bool, timezone: ZoneInfo
) -> tuple[Block, ...]:
    return (
        *head(office, TITLE, simulated=simulated),
        Columns(kiosk, f"{day.day[8:]}-{day.day[5:7]}-{day.day[:4]}", bold=True),
        Columns("Layanan / Service", "nomor/dipanggil", bold=True),
        *(Columns(f"{one.letter}  {one.name.id}", f"{one.given}/{one.called}") for one in day.services),
        Columns("Tiket cadangan / Pre-printed tickets", str(day.preprinted_used)),
        Rule(),
        *_moves(day.moves),
        Rule(),
        Columns("Blangko / Blanks", "buku/hitung", bold=True),
        *_counts(day),
        Text(_verdict(day), bold=True, align=Align.CENTRE),
        *(Columns(*_case(case)) for case in day.cases),
        *_digest(day.digest),
        Rule(),
        Columns("Catatan audit / Audit records", str(day.audit_records)),
        Text(" ".join(day.audit_head[at : at + 8] for at in range(0, len(day.audit_head), 8))),
        Qr(day.witness, QR_MODULE),
        Feed(2),
        Columns(SIGNATURE, SIGNATURE),
        Columns(*_signers(day.officers)),
        printed(day.at, timezone),
    )


def _moves(moves: DayMoves) -> Iterator[Block]:
    """Since the close before; what did not happen is left out, but for cards in hands."""
    for words, count in (
        ("Diterima / Received", moves.received),
        ("Diisi / Loaded", moves.loaded),
        ("Dikeluarkan / Unloaded", moves.unloaded),
        ("Rusak / Rejected", moves.scrapped),
        ("Tidak diambil / Not taken", moves.captured),
        ("Tidak pasti / Unknown", moves.unknown),
        ("Dimusnahkan / Destroyed", moves.destroyed),
    ):
        if count:
            yield Columns(words, str(count))
    yield Columns("Diambil warga / Taken", str(moves.taken), bold=True)


def _counts(day: DayClosed) -> Iterator[Block]:
    for one in day.counts:
        yield Columns(PLACES[one.place], f"{one.booked}/{one.counted}{_odd(one.difference)}")
    if day.unknown:
        yield Columns("Dicari / To be found", str(day.unknown))
    if day.unknown_in_bin:
        yield Columns("  di antaranya di bak / of these in the bin", str(day.unknown_in_bin))
    fed = day.fed
    if fed is None:
        yield Columns("Hitungan mesin / Printer count", "tidak ada / none")
    else:
        yield Columns("Hitungan mesin / Printer count", f"{fed.booked}/{fed.now - fed.before}{_odd(fed.difference)}")


def _verdict(day: DayClosed) -> str:
    opened = [one.case for one in day.counts if one.case is not None]
    if day.fed is not None and day.fed.case is not None:
        opened.append(day.fed.case)
    if not opened:
        return "Hitungan cocok / The count agrees"
    return f"SELISIH / DIFFERENCE: kasus/case {', '.join(map(str, opened))}"


def _case(case: BlankCase) -> tuple[str, str]:
    place = "" if case.kind is CaseKind.COUNTER else f", {PLACES[case.place].split(' / ')[0]}"
    return f"Kasus {case.case}: {KINDS[case.kind]}{place}", str(case.open)


def _digest(lines: list[str]) -> Iterator[Block]:
    if lines:
        yield Rule()
        yield Text("Petugas / Staff", bold=True)
        yield from (Text(line) for line in lines)


def _signers(officers: tuple[str, ...]) -> tuple[str, str]:
    first, second = (*officers, "", "")[:2]
    return first or "Petugas 1", second or "Petugas 2"


def _odd(difference: int) -> str:
    return f" ({difference:+d})" if difference else ""
