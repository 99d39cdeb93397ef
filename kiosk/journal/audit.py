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
_body = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_fields = json.JSONEncoder(ensure_ascii=False).encode
"""Made once: with these arguments `json.dumps` makes an encoder at each call."""
SEALED = ("sequence", "at", "clock", "kind", "actor", "body", "previous")
"""The columns that a record's hash covers, in the order of `seal`."""


def append(tx: Transaction, event: Event, actor: str, beyond: int = 0, /, **body: Any) -> int:
    """Adds one sealed row; its number. `actor`: `resident`, `kiosk`, `centre`, or an officer's id. `body`: fields that
    the event declares in events.py; ValueError for any other, so that nothing is recorded that no auditor can look up.
    `beyond`: the row's number is above this one, which only the first record of a new stretch may need."""
    if undeclared := body.keys() - event.fields:
        raise ValueError(f"{event.value}: not declared in kiosk/journal/events.py: {', '.join(sorted(undeclared))}")
    last = tx.row("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
    newest, previous = (last["sequence"], last["hash"]) if last else (0, GENESIS)
    sequence = max(newest, beyond) + 1
    text = _body(body)
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
    return sequence


def seal(sequence: int, at: str, clock: str, kind: str, actor: str, body: str, previous: bytes) -> bytes:
    """SHA-256 over a record and the hash before it. Records from before `clock` existed have none, and version 1."""
    version = [VERSION, sequence, at, clock] if clock else [VERSION_1, sequence, at]
    fields = _fields([*version, kind, actor, body, previous.hex()])
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
        if row["sequence"] != self.sequence + 1 and not self._begins_stretch(row):
            problems.append(f"record {row['sequence']}: expected number {self.sequence + 1}")
        if row["previous"] != self.head:
            problems.append(f"record {row['sequence']}: does not follow the record before it")
        if row["hash"] != seal(*[row[name] for name in SEALED]):
            problems.append(f"record {row['sequence']}: was altered")
        self.sequence, self.head = row["sequence"], row["hash"]
        return problems

    def _begins_stretch(self, row: Row) -> bool:
        """A new stretch leaves out numbers that the lost one may have used, and says after which record it does."""
        if row["kind"] != Event.JOURNAL_ACCEPTED.value or row["sequence"] <= self.sequence:
            return False
        try:
            return bool(json.loads(row["body"])["after"] == self.sequence)
        except (ValueError, KeyError, TypeError):
            return False


@dataclass(frozen=True, slots=True)
class Report:
    records: int
    head: str
    """Hex hash of the newest row; empty for an empty audit."""
    problems: tuple[str, ...]
    checkpoints: int = 0
    sealed: int = 0
    """The newest record that a checkpoint of this journal covers; 0 if none does."""
    accepted: tuple[str, ...] = ()
    """Breaks that two people have accepted, each with what is wrong before it: not altered, but not whole either."""


def check(rows: Iterable[Row]) -> Report:
    """Recomputes the chain. Alteration, deletion in the middle, insertion and swap show; a cut-off end does not
    (only a checkpoint kept elsewhere shows that: see inspection.py)."""
    walk, count = Walk(), 0
    problems: list[str] = []
    for row in rows:
        count += 1
        problems += walk.step(row)
    return Report(count, walk.head.hex() if count else "", tuple(problems))
