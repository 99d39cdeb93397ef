"""What the centre sent and the kiosk keeps while the line is down: approvals with their records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from kiosk.cards import lost
from kiosk.cards.approval import RECORD_MAX, claimed
from kiosk.journal.database import Transaction

CURSOR_FACT = "centre_cursor"

UNSIGNED = (
    "SELECT token, jti, record FROM approval JOIN approval_record ON approval = id"
    " WHERE sod IS NULL AND jti IS NOT NULL LIMIT 8"
)
FILED = "SELECT token, record FROM approval LEFT JOIN approval_record ON approval = id"
"""To be followed by what to look for: `record` is null once it was deleted."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """An approval as it came, unverified. `record` None: its card was handed over and the record deleted."""

    token: str = field(repr=False)
    record: str | None = field(repr=False)


def put(tx: Transaction, sent: list[tuple[str, dict[str, Any]]], cursor: int) -> None:
    """Files new approvals under what they claim; they are verified when somebody asks for the card."""
    for token, record in sent:
        text = to_json(record).decode()  # a photo in it costs `json` several times as much
        if len(text) > RECORD_MAX:
            continue  # no card is that large: an attack or a fault, and the disk is not its to fill
        claims = claimed(token)
        new = tx.run(
            "INSERT INTO approval (jti, nik, slip, token, received) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (token) DO NOTHING",
            _text(claims.get("jti")),
            _text(record.get("nik")) or "",
            _text(claims.get("slip")),
            token,
            tx.now,
        )
        if new:
            tx.run("INSERT INTO approval_record VALUES (last_insert_rowid(), ?)", text)
    lost.doubt_next(tx)
    tx.set_fact(CURSOR_FACT, str(cursor))


def find(tx: Transaction, *, nik: str | None = None, slip: str | None = None) -> Shelved | None:
    """The newest approval filed under a NIK or a slip code. An older one no longer counts, whatever the newest
    is worth: the centre has replaced it."""
    if nik is not None:
        row = tx.row(f"{FILED} WHERE nik = ? ORDER BY id DESC LIMIT 1", nik)
    else:
        row = tx.row(f"{FILED} WHERE slip = ? ORDER BY id DESC LIMIT 1", slip)
    return None if row is None else Shelved(row["token"], row["record"])


def unsigned(tx: Transaction) -> list[tuple[str, str, str]]:
    """(token, jti, record) of a few approvals whose chips the centre was not yet asked to sign; empty if all are."""
    return [(row["token"], row["jti"], row["record"]) for row in tx.rows(UNSIGNED)]


def sign(tx: Transaction, signed: Mapping[str, bytes]) -> None:
    """Files the centre's signatures over the chips of approvals, by their tokens; b"" where it gives none."""
    for token, sod in signed.items():
        tx.run(
            "UPDATE approval SET sod = ? WHERE token = ? AND id IN (SELECT approval FROM approval_record)", sod, token
        )


def signature(tx: Transaction, jti: str) -> bytes:
    """What the centre has signed ahead for this approval; b"" if nothing."""
    row = tx.row("SELECT sod FROM approval WHERE jti = ? ORDER BY id DESC LIMIT 1", jti)
    return b"" if row is None else row["sod"] or b""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
