"""What the centre sent and the kiosk keeps while the line is down: approvals with their records, and authorisations."""

import json
from dataclasses import dataclass, field
from typing import Any

from kiosk.cards.approval import RECORD_MAX, claimed
from kiosk.journal.database import Transaction

CURSOR_FACT = "centre_cursor"
AUTHORISATION_FACT = "centre_authorisation"


@dataclass(frozen=True, slots=True)
class Shelved:
    """An approval as it came, unverified. `record` None: its card was handed over and the record deleted."""

    jti: str | None
    token: str = field(repr=False)
    record: str | None = field(repr=False)


def put(tx: Transaction, sent: list[tuple[str, dict[str, Any]]], cursor: int) -> None:
    """Files new approvals under what they claim; they are verified when somebody asks for the card."""
    for token, record in sent:
        text = json.dumps(record, ensure_ascii=False)
        if len(text) > RECORD_MAX:
            continue  # no card is that large: an attack or a fault, and the disk is not its to fill
        claims = claimed(token)
        tx.run(
            "INSERT INTO approval (jti, nik, slip, token, record, received) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (token) DO NOTHING",
            _text(claims.get("jti")),
            _text(record.get("nik")) or "",
            _text(claims.get("slip")),
            token,
            text,
            tx.now,
        )
    tx.set_fact(CURSOR_FACT, str(cursor))


def find(tx: Transaction, *, nik: str | None = None, slip: str | None = None) -> list[Shelved]:
    """The approvals filed under a NIK or a slip code, newest first."""
    column, value = ("nik", nik) if nik is not None else ("slip", slip)
    rows = tx.rows(f"SELECT jti, token, record FROM approval WHERE {column} = ? ORDER BY id DESC LIMIT 8", value)  # noqa: S608 - a column's name, one of two
    return [Shelved(row["jti"], row["token"], row["record"]) for row in rows]


def authorised(tx: Transaction, service: str) -> bool:
    """False if the centre has said that this office may not; what it has not named, it has not cut."""
    return bool(json.loads(tx.fact(AUTHORISATION_FACT) or "{}").get(service, True))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
