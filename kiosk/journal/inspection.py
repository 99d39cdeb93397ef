"""Checks a journal as an auditor would: the chain, every checkpoint in it, and checkpoints that others kept.

The chain and the checkpoints in the file show alteration, deletion, insertion and swap. That the end was cut off, or
that everything was written anew by somebody who has the kiosk's key, only a checkpoint shows that was kept elsewhere
(`witnesses`: from the centre, or the QR of a closing slip).

A break that two people have accepted is neither a problem nor fine: it is told as what it is.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.journal import checkpoint, stretch
from kiosk.journal.audit import Event, Report, Row, Walk
from kiosk.journal.checkpoint import CheckpointError
from kiosk.journal.database import JournalError
from kiosk.journal.identity import public_key

RECORDS = "SELECT * FROM audit ORDER BY sequence"
KEYS = (Event.KIOSK_KEY_MADE.value, Event.JOURNAL_ACCEPTED.value)
"""The records that name the kiosk's key."""
CHECKPOINTS = "SELECT sequence, text FROM checkpoint ORDER BY sequence"


def check(
    rows: Iterable[Row],
    checkpoints: Sequence[Row] = (),
    *,
    witnesses: Sequence[str] = (),
    key: Ed25519PublicKey | None = None,
) -> Report:
    """`checkpoints`: rows with `sequence` and `text`. `key`: the only key that counts; else the kiosk's keys are those
    that its own audit says it made."""
    walk, judged = Walk(), _Judged()
    keys: list[Ed25519PublicKey] = [] if key is None else [key]
    wanted = {int(row["sequence"]) for row in checkpoints} | set(_sequences(witnesses))
    heads: dict[int, bytes] = {}
    count = 0
    for row in rows:
        count += 1
        found = walk.step(row)
        if key is None and row["kind"] in KEYS:
            keys += _announced(row["body"])
        judged.record(row, found, keys)
        if row["sequence"] in wanted:
            heads[row["sequence"]] = row["hash"]
    for row in checkpoints:
        number = int(row["sequence"])
        judged.checkpoint(number, held(row["text"], heads, keys, f"checkpoint {number}", sequence=number))
    for place, text in enumerate(witnesses, 1):
        found = held(text, heads, keys, f"checkpoint given ({place})")
        judged.checkpoint(_signed_for(text, keys), found)
    sealed = max((int(row["sequence"]) for row in checkpoints), default=0)
    head = walk.head.hex() if count else ""
    return Report(count, head, tuple(judged.problems), len(checkpoints), sealed, judged.accepted())


class _Judged:
    """Sorts what is found into what two people have accepted and what nobody has.

    A break covers what was found before it only as long as everything there still stands exactly as it was accepted.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._breaks: list[tuple[stretch.Break, list[str]]] = []
        self._content = stretch.Content()

    def record(self, row: Row, found: list[str], keys: Sequence[Ed25519PublicKey]) -> None:
        self.problems += found
        begun = stretch.read(row, keys)
        if begun is not None and not found:
            if begun.content == self._content.hex():
                self._breaks.append((begun, self.problems))
                self.problems = []
            else:
                self.problems.append(f"record {begun.record}: what stands before it is not what was accepted by it")
        self._content.add(row)

    def checkpoint(self, sequence: int | None, found: list[str]) -> None:
        """`sequence`: the record that it speaks of; None if the kiosk has not signed it."""
        breaks = [known for begun, known in self._breaks if sequence is not None and sequence < begun.record]
        (breaks[0] if breaks else self.problems).extend(found)

    def accepted(self) -> tuple[str, ...]:
        return tuple(f"{begun}: {'; '.join(known)}" if known else str(begun) for begun, known in self._breaks)


def check_end(newest: Row | None, sealed: Row | None, rows: Iterable[Row], announced: Iterable[str]) -> tuple[str, ...]:
    """At every start, however long the journal: does it end as it was left?

    `newest`: the last checkpoint, None if there is none; `sealed`: the record that it covers; `rows`: the records after
    that, or all; `announced`: bodies of the records that tell of a new key.
    """
    walk, problems = Walk(), list[str]()
    if newest is not None:
        heads = {newest["sequence"]: sealed["hash"]} if sealed is not None else {}
        keys = [key for body in announced for key in _announced(body)]
        problems += held(newest["text"], heads, keys, f"checkpoint {newest['sequence']}", sequence=newest["sequence"])
        if sealed is not None:
            before = Walk(sealed["sequence"] - 1, sealed["previous"])
            problems += before.step(sealed)
            walk = before
    for row in rows:
        problems += walk.step(row)
    return tuple(problems)


def held(
    text: str, heads: dict[int, bytes], keys: Sequence[Ed25519PublicKey], name: str, *, sequence: int | None = None
) -> list[str]:
    """What a checkpoint finds against the records' hashes by their number."""
    try:
        signed = checkpoint.read(text, keys)
    except CheckpointError as error:
        return [f"{name}: {error}"]
    if sequence is not None and signed.sequence != sequence:
        return [f"{name}: is filed under another record than it covers ({signed.sequence})"]
    head = heads.get(signed.sequence)
    if head is None:
        return [f"{name}: record {signed.sequence} was there at {signed.at} and is gone"]
    if head != signed.head:
        return [f"{name}: record {signed.sequence} is not what was signed at {signed.at}"]
    return []


def verify(path: Path, *, witnesses: Sequence[str] = (), key: Ed25519PublicKey | None = None) -> Report:
    """Checks the journal file at `path` while kioskd does not run. JournalError if it cannot be read."""
    with opened(path) as connection:
        checkpoints = connection.execute(CHECKPOINTS).fetchall()
        return check(connection.execute(RECORDS), checkpoints, witnesses=witnesses, key=key)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file for reading. JournalError if it is not there, is no journal, or is held by kioskd."""
    if not path.exists():
        raise JournalError(f"{path}: there is no journal here")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {error}; is kioskd running?") from error


def _sequences(texts: Iterable[str]) -> Iterator[int]:
    """The records that these checkpoints speak of, signed or not."""
    for text in texts:
        part = text.partition(f"{checkpoint.TYPE}//")[2].split("/")
        if len(part) > 1 and part[1].isascii() and part[1].isdigit():
            yield int(part[1][:18])


def _signed_for(text: str, keys: Sequence[Ed25519PublicKey]) -> int | None:
    try:
        return checkpoint.read(text, keys).sequence
    except CheckpointError:
        return None


def _announced(body: str) -> list[Ed25519PublicKey]:
    try:
        return [public_key(json.loads(body)["key"])]
    except (ValueError, KeyError, TypeError):
        return []  # an altered record, which the chain has found already
