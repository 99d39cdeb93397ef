"""Requests that were answered before, by their ids: one that comes again has the same answer and does nothing.

They are kept for 90 days, the longest outage after which a client may still ask again; the day's look (`kiosk.station.
closing`) takes the older ones away.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from kiosk.api.messages import Message
from kiosk.journal.database import Transaction

KEPT = timedelta(days=90)

M = TypeVar("M", bound=Message)


def known(tx: Transaction, kind: str, identity: str) -> bool:
    return tx.row("SELECT 1 FROM request WHERE kind = ? AND id = ?", kind, identity) is not None


def answered(tx: Transaction, kind: str, identity: str, form: type[M]) -> M | None:
    """What was answered to this request; None if it is new, or was never answered."""
    row = tx.row("SELECT answer FROM request WHERE kind = ? AND id = ?", kind, identity)
    return None if row is None or row["answer"] is None else form.model_validate_json(row["answer"])


def keep(tx: Transaction, kind: str, identity: str, answer: Message | None = None) -> None:
    """Notes the request, and later its answer. `answer` holds nothing personal."""
    tx.run(
        "INSERT INTO request VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET answer = excluded.answer",
        kind,
        identity,
        tx.now,
        None if answer is None else answer.model_dump_json(),
    )


_OLD = {
    "request": "at < ?",
    "ticket": "at < ?",
    "act": "at < ? AND outcome IS NOT NULL",  # without an end, nobody knows yet what it did
}


def stale(tx: Transaction) -> bool:
    """Something is old enough to be taken away."""
    return any(tx.row(f"SELECT 1 FROM {table} WHERE {old} LIMIT 1", _horizon(tx)) for table, old in _OLD.items())  # noqa: S608 - no value comes from outside


def prune(tx: Transaction) -> None:
    """Takes away request ids, queue numbers and ended acts that are older than 90 days."""
    for table, old in _OLD.items():
        tx.run(f"DELETE FROM {table} WHERE {old}", _horizon(tx))  # noqa: S608


def _horizon(tx: Transaction) -> str:
    return (datetime.fromisoformat(tx.now) - KEPT).isoformat(timespec="milliseconds")
