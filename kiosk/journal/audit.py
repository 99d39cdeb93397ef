"""The audit: what happened and who did it, each row sealed by a hash over itself and the row before."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from kiosk.journal.database import Transaction
from kiosk.journal.events import Event

__all__ = ["GENESIS", "Event", "Report", "Row", "Walk", "append", "check", "seal"]

GENESIS = bytes(32)
VERSION = "anjungan-audit-2"
VERSION_1 = "anjungan-audit-1"
SEALED = ("sequence", "at", "clock", "kind", "actor", "body", "previous")
"""The columns that a record's hash covers, in the order of `seal`."""


def append(tx: Transaction, event: Event, actor: str, /, **body: Any) -> None:
    """Adds one sealed row. `actor`: `resident`, `kiosk`, `centre`, or an officer's id. `body`: fields that the event
    declares in events.py; ValueError for any other, so that nothing is recorded that no auditor can look up."""
    if undeclared := body.keys() - event.fields:
        raise ValueError(f"{event.value}: not declared in kiosk/journal/events.py: {', '.join(sorted(undeclared))}")
    last = tx.row("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
    sequence, previous = (last["sequence"] + 1, last["hash"]) if last else (1, GENESIS)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    hashed = seal(sequence, tx.now, tx.clock, event.value, actor, text, previous)
    tx.run(
        "INSERT INTO audit (sequence, at, clock, kind, actor, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        sequence,
        tx.now,
        tx.clock,
        event.value,
        actor,
        text,
        previous,
        hashed,
    )


def seal(sequence: int, at: str, clock: str, kind: str, actor: str, body: str, previous: bytes) -> bytes:
    """SHA-256 over a record and the hash before it. Records from before `clock` existed have none, and version 1."""
    version = [VERSION, sequence, at, clock] if clock else [VERSION_1, sequence, at]
    fields = json.dumps([*version, kind, actor, body, previous.hex()], ensure_ascii=False)
    return hashlib.sha256(fields.encode()).digest()


class Row(Protocol):
    """One record, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


class Walk:
    """Goes along a chain record by record, from its beginning or from any record that is believed."""

    def __init__(self, sequence: int = 0, head: bytes = GENESIS) -> None:
        self.sequence = sequence
        """Of the last record."""
        self.head = head

    def step(self, row: Row) -> list[str]:
        """What is wrong with the next record; empty if it follows."""
        problems = []
        if row["sequence"] != self.sequence + 1:
            problems.append(f"record {row['sequence']}: expected number {self.sequence + 1}")
        if row["previous"] != self.head:
            problems.append(f"record {row['sequence']}: does not follow the record before it")
        if row["hash"] != seal(*[row[name] for name in SEALED]):
            problems.append(f"record {row['sequence']}: was altered")
        self.sequence, self.head = row["sequence"], row["hash"]
        return problems


@dataclass(frozen=True, slots=True)
class Report:
    records: int
    head: str
    """Hex hash of the newest row; empty for an empty audit."""
    problems: tuple[str, ...]
    checkpoints: int = 0
    sealed: int = 0
    """The newest record that a checkpoint of this journal covers; 0 if none does."""


def check(rows: Iterable[Row]) -> Report:
    """Recomputes the chain. Alteration, deletion in the middle, insertion and swap show; a cut-off end does not
    (only a checkpoint kept elsewhere shows that: see inspection.py)."""
    walk, count = Walk(), 0
    problems: list[str] = []
    for row in rows:
        count += 1
        problems += walk.step(row)
    return Report(count, walk.head.hex() if count else "", tuple(problems))
