"""What the centre has still to be told, in the transaction of what it tells of."""

import json
from dataclasses import dataclass
from typing import Any

from kiosk.journal.database import Transaction

BATCH = 100


@dataclass(frozen=True, slots=True)
class Queued:
    sequence: int
    at: str
    kind: str
    body: dict[str, Any]


def put(tx: Transaction, kind: str, /, **body: Any) -> None:
    """Queues one event. Sequences are gap-free, so that the centre can see that nothing was cut out."""
    following = tx.number("SELECT coalesce(max(sequence), 0) + 1 FROM outbox")
    tx.run("INSERT INTO outbox VALUES (?, ?, ?, ?, 0)", following, tx.now, kind, json.dumps(body, sort_keys=True))


def pending(tx: Transaction) -> list[Queued]:
    """The oldest events that the centre has not acknowledged, at most BATCH."""
    rows = tx.rows("SELECT * FROM outbox WHERE acknowledged = 0 ORDER BY sequence LIMIT ?", BATCH)
    return [Queued(row["sequence"], row["at"], row["kind"], json.loads(row["body"])) for row in rows]


def count(tx: Transaction) -> int:
    return tx.number("SELECT count(*) FROM outbox WHERE acknowledged = 0")


def acknowledge(tx: Transaction, sequence: int) -> None:
    """The centre has everything up to `sequence`."""
    tx.run("UPDATE outbox SET acknowledged = 1 WHERE acknowledged = 0 AND sequence <= ?", sequence)
