"""The audit: what happened and who did it, each row sealed by a hash over itself and the row before."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from kiosk.journal.database import JournalError, Transaction

GENESIS = bytes(32)
VERSION = "anjungan-audit-1"


class Event(StrEnum):
    """Everything that is audited. None carries personal data: people appear as the approval's id."""

    KIOSK_STARTED = "kiosk_started"
    ROSTER_ACCEPTED = "roster_accepted"
    STAFF_ACTED = "staff_acted"
    """People did something under their names: which operation, about what, and why."""
    STAFF_DENIED = "staff_denied"
    """Somebody asked for it and may not, or did not prove who he is."""
    PIN_SET = "pin_set"
    PIN_WRONG = "pin_wrong"
    PIN_LOCKED = "pin_locked"
    """Too many wrong PINs: this person has to wait."""
    PIN_CLEARED = "pin_cleared"
    BLANKS_LOADED = "blanks_loaded"
    BLANKS_UNLOADED = "blanks_unloaded"
    BLANKS_RECEIVED = "blanks_received"
    BIN_EMPTIED = "bin_emptied"
    BLANKS_DESTROYED = "blanks_destroyed"
    CASE_OPENED = "case_opened"
    CASE_FOUND = "case_found"
    CASE_WRITTEN_OFF = "case_written_off"
    DAY_CLOSED = "day_closed"
    DAY_NOT_CLOSED = "day_not_closed"
    FINGER_OVERRIDDEN = "finger_overridden"
    JOB_RESOLVED = "job_resolved"
    TICKET_ISSUED = "ticket_issued"
    TICKET_DELIVERED = "ticket_delivered"
    COLLECTION_REFUSED = "collection_refused"
    COLLECTION_STARTED = "collection_started"
    COLLECTION_ENDED = "collection_ended"
    FINGER_CHECKED = "finger_checked"
    JOB_OPENED = "job_opened"
    JOB_STEP = "job_step"
    CHIP_COMMITTED = "chip_committed"
    """Written before the commit is sent: the digest that the chip may hold from now on."""
    JOB_CLOSED = "job_closed"
    JOB_RECOVERED = "job_recovered"


def append(tx: Transaction, event: Event, actor: str, /, **body: Any) -> None:
    """Adds one sealed row. `actor`: `resident`, `kiosk`, `centre`, or an officer's id."""
    last = tx.row("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
    sequence, previous = (last["sequence"] + 1, last["hash"]) if last else (1, GENESIS)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    seal = _seal(sequence, tx.now, event.value, actor, text, previous)
    tx.run("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", sequence, tx.now, event.value, actor, text, previous, seal)


def _seal(sequence: int, at: str, kind: str, actor: str, body: str, previous: bytes) -> bytes:
    fields = json.dumps([VERSION, sequence, at, kind, actor, body, previous.hex()], ensure_ascii=False)
    return hashlib.sha256(fields.encode()).digest()


@dataclass(frozen=True, slots=True)
class Report:
    records: int
    head: str
    """Hex hash of the newest row; empty for an empty audit."""
    problems: tuple[str, ...]


def check(rows: Iterable[sqlite3.Row]) -> Report:
    """Recomputes the chain. Alteration, deletion in the middle, insertion and swap show; a cut-off end does not
    (only a head noted elsewhere shows that)."""
    previous, expected, count = GENESIS, 1, 0
    problems: list[str] = []
    for row in rows:
        count += 1
        if row["sequence"] != expected:
            problems.append(f"record {row['sequence']}: expected number {expected}")
        seal = _seal(row["sequence"], row["at"], row["kind"], row["actor"], row["body"], row["previous"])
        if row["previous"] != previous:
            problems.append(f"record {row['sequence']}: does not follow the record before it")
        if row["hash"] != seal:
            problems.append(f"record {row['sequence']}: was altered")
        previous, expected = row["hash"], row["sequence"] + 1
    return Report(count, previous.hex() if count else "", tuple(problems))


def verify(path: Path) -> Report:
    """Checks the journal file at `path` while kioskd does not run. JournalError if it cannot be read."""
    if not path.exists():
        raise JournalError(f"{path}: there is no journal here")
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return check(connection.execute("SELECT * FROM audit ORDER BY sequence"))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {error}; is kioskd running?") from error
