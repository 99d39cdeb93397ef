"""What the centre has still to be told, in the transaction of what it tells of.

Each event covers the one before it by a hash. The centre's signed receipt names the newest event up to which it has
everything, and that event's hash: so it proves that nothing was left out or changed on the way, and only then does an
event count as told.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kiosk.journal.database import Transaction

BATCH = 100
_sorted = json.JSONEncoder(sort_keys=True).encode
"""Made once: with this argument `json.dumps` makes an encoder at each call."""
VERSION = "anjungan-outbox-1"
GENESIS = bytes(32)
TOLD_FACT = "outbox_told"
"""The number that `told` gives."""
KEPT = timedelta(days=90)
"""So long an event that was told is still kept: the longest time that a kiosk may be cut off."""


class ReceiptError(Exception):
    """The receipt is for other events than those of this outbox: this journal or the centre is not what it was."""


@dataclass(frozen=True, slots=True)
class Queued:
    sequence: int
    at: str
    kind: str
    body: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """As the centre is told of it."""
        return {"sequence": self.sequence, "at": self.at, "kind": self.kind, "body": self.body}


def put(tx: Transaction, kind: str, /, **body: Any) -> None:
    """Queues one event. Sequences are gap-free, so that the centre can see that nothing was cut out."""
    last = tx.row("SELECT sequence, hash FROM outbox ORDER BY sequence DESC LIMIT 1")
    sequence, previous = (last["sequence"], last["hash"]) if last else (0, GENESIS)
    _append(tx, Queued(sequence + 1, tx.now, kind, body), previous)


def _append(tx: Transaction, event: Queued, previous: bytes) -> bytes:
    covered = _sorted([VERSION, event.sequence, event.at, event.kind, event.body, previous.hex()])
    chain = hashlib.sha256(covered.encode()).digest()
    tx.run(
        "INSERT INTO outbox (sequence, at, kind, body, hash) VALUES (?, ?, ?, ?, ?)",
        event.sequence,
        event.at,
        event.kind,
        _sorted(event.body),
        chain,
    )
    return chain


def told(tx: Transaction) -> int:
    """The newest event for which there is a receipt; 0 if there is none. All before it have one too."""
    return int(tx.fact(TOLD_FACT) or "0")


def common(tx: Transaction) -> list[tuple[int, bytes]]:
    """(sequence, hash) of the newest event for which there is a receipt, if there is one, and of those in `pending`:
    among them is the last that this journal and the centre have in common."""
    ends = "SELECT sequence, hash FROM outbox WHERE sequence >= ? ORDER BY sequence LIMIT ?"
    rows = tx.rows(ends, told(tx), BATCH + 1)
    return [(row["sequence"], row["hash"]) for row in rows]


def go_on_after(tx: Transaction, sequence: int, chain: bytes, kind: str, /, **body: Any) -> None:
    """The centre holds events up to `sequence`, whose hash is `chain`, of which this journal knows nothing. The event
    given is the first after them; those for which there is no receipt follow it under new numbers."""
    left = tx.rows("SELECT * FROM outbox WHERE sequence > ? ORDER BY sequence", told(tx))
    tx.run("DELETE FROM outbox WHERE sequence > ?", told(tx))
    chain = _append(tx, Queued(sequence + 1, tx.now, kind, body), chain)
    for number, row in enumerate(left, sequence + 2):
        chain = _append(tx, Queued(number, row["at"], row["kind"], json.loads(row["body"])), chain)


def pending(tx: Transaction) -> list[Queued]:
    """The oldest events for which there is no receipt, at most BATCH."""
    rows = tx.rows("SELECT * FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?", told(tx), BATCH)
    return [Queued(row["sequence"], row["at"], row["kind"], json.loads(row["body"])) for row in rows]


def count(tx: Transaction) -> int:
    return tx.number("SELECT count(*) FROM outbox WHERE sequence > ?", told(tx))


def acknowledge(tx: Transaction, sequence: int, chain: bytes) -> None:
    """The centre has signed that it holds everything up to `sequence`, whose hash is `chain`. ReceiptError if no such
    event is here: this journal is older than what the centre knows of it, or somebody changed one of the two."""
    row = tx.row("SELECT hash FROM outbox WHERE sequence = ?", sequence)
    if row is None or row["hash"] != chain:
        raise ReceiptError(f"the centre holds other events of this kiosk than this journal, up to number {sequence}")
    if sequence > told(tx):  # an older receipt takes nothing back
        tx.set_fact(TOLD_FACT, str(sequence))


def tidy(tx: Transaction) -> None:
    """Deletes what was told more than KEPT ago. The newest event stays: the next one covers it."""
    before = (datetime.fromisoformat(tx.now) - KEPT).isoformat(timespec="milliseconds")
    tx.run(
        "DELETE FROM outbox WHERE sequence <= ? AND at < ? AND sequence < (SELECT max(sequence) FROM outbox)",
        told(tx),
        before,
    )
