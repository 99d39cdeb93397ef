"""A new stretch of the audit: two people accept the journal as it is, although it does not hold, or lacks its end.

Nothing before is changed. The record that begins the stretch says who accepts what and by which minutes, and holds a
digest over everything before it, exactly as it stands: whoever changes any of that later is found. Its number lies
above every record that a checkpoint of the lost stretch speaks of, so that no number ever means two records. The
kiosk's key signs `anjungan-1//journal-accepted//<its number>/<digest>/<people>/<minutes>`.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.journal import audit
from kiosk.journal.audit import Event, Row
from kiosk.journal.checkpoint import decoded
from kiosk.journal.database import Transaction
from kiosk.journal.doubt import FINDINGS, Doubt
from kiosk.journal.identity import KioskKey

TYPE = "anjungan-1//journal-accepted"


class Content:
    """A running digest over records as they stand, whatever they are worth."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def add(self, row: Row) -> None:
        columns = [row[name] for name in (*audit.SEALED, "hash")]
        text = json.dumps([one.hex() if isinstance(one, bytes) else one for one in columns])
        self._sum.update(text.encode() + b"\n")

    def hex(self) -> str:
        return self._sum.hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """What the record that begins a stretch says of the break before it."""

    record: int
    people: str
    minutes: str
    causes: tuple[str, ...]
    content: str

    def __str__(self) -> str:
        people, why = self.people.replace("+", " and "), ", ".join(self.causes)
        return f"accepted break at {self.record} by {people}, minutes {self.minutes} ({why})"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is accepted, and what it led to. The fields are those of the event `journal_accepted` (events.py)."""

    doubts: Sequence[Doubt]
    findings: Sequence[str]
    minutes: str
    events: tuple[int, int] | None
    jobs: int
    counts: dict[str, list[int]]
    fed: list[int] | None
    cases: list[int]
    doubtful: int


def begin(tx: Transaction, people: str, terms: Terms, key: KioskKey, *, beyond: int) -> int:
    """Begins a stretch after the newest record; its number. `beyond`: the newest record of which anybody else keeps a
    checkpoint."""
    content, last = Content(), 0
    for row in tx.execute("SELECT * FROM audit ORDER BY sequence"):
        content.add(row)
        last = row["sequence"]
    kept = tx.number("SELECT coalesce(max(sequence), 0) FROM checkpoint")
    number = max(last, beyond, kept) + 1
    return audit.append(
        tx,
        audit.Event.JOURNAL_ACCEPTED,
        people,
        number - 1,
        after=last,
        content=content.hex(),
        causes=[one.value for one in terms.doubts],
        findings=list(terms.findings[:FINDINGS]),
        minutes=terms.minutes,
        key=key.public,
        signature=key.sign(_signed(number, content.hex(), people, terms.minutes)),
        events=terms.events,
        jobs=terms.jobs,
        counts=terms.counts,
        fed=terms.fed,
        cases=terms.cases,
        doubtful=terms.doubtful,
    )


def read(row: Row, keys: Sequence[Ed25519PublicKey]) -> Break | None:
    """What a record says, if it begins a stretch and one of these keys has signed that; None for every other: whoever
    can write into the file alone accepts nothing."""
    if row["kind"] != Event.JOURNAL_ACCEPTED.value:
        return None
    try:
        body = json.loads(row["body"])
        causes = tuple(map(str, body["causes"]))
        begun = Break(row["sequence"], str(row["actor"]), str(body["minutes"]), causes, str(body["content"]))
        proof = decoded(str(body["signature"]))
    except (ValueError, KeyError, TypeError):
        return None
    signed = _signed(begun.record, begun.content, begun.people, begun.minutes)
    for key in keys:
        with suppress(InvalidSignature):
            key.verify(proof, signed.encode())
            return begun
    return None


def _signed(number: int, content: str, people: str, minutes: str) -> str:
    return f"{TYPE}//{number}/{content}/{people}/{minutes}"
