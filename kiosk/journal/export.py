"""The audit as one file that an auditor takes away: JSON lines, self-contained, signed by the kiosk.

First line: what it is (`type`, `kiosk`, `key`, `at`, `records`: number of the newest) and a checkpoint over its newest
record. Then one record per line, as it stands in the journal; hashes in hex. Last line: the Ed25519 signature
(base64url) over `anjungan-1//journal-export//<SHA-256 in hex of every byte before this line>`.

An audit record holds no personal data by declaration (events.py), so nothing is masked and every seal still holds.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.journal import checkpoint, inspection
from kiosk.journal.audit import Report, Row
from kiosk.journal.identity import KioskKey, public_key

TYPE = "anjungan-1//journal-export"
COLUMNS = ("sequence", "at", "clock", "kind", "actor", "body")
LINE_MAX = 100_000


class ExportError(Exception):
    """Not an export, or not whole; the text says where."""


class Source(Protocol):
    """A connection to a journal, or a transaction of one."""

    def execute(self, sql: str, /) -> Iterable[Row]: ...


class Writer:
    """Makes the lines one by one; each ends in a newline and is to be written as it is."""

    def __init__(self, key: KioskKey) -> None:
        self._key = key
        self._covered = hashlib.sha256()

    def head(self, *, at: str, records: int, last_checkpoint: str) -> str:
        fields = {"type": TYPE, "kiosk": self._key.kiosk, "key": self._key.public, "at": at, "records": records}
        return self._line(fields | {"checkpoint": last_checkpoint})

    def record(self, row: Row) -> str:
        hashes = {"previous": row["previous"].hex(), "hash": row["hash"].hex()}
        return self._line({name: row[name] for name in COLUMNS} | hashes)

    def end(self) -> str:
        signature = self._key.sign(f"{TYPE}//{self._covered.hexdigest()}")
        return json.dumps({"signature": signature}) + "\n"

    def _line(self, fields: dict[str, Any]) -> str:
        text = json.dumps(fields, ensure_ascii=False) + "\n"
        self._covered.update(text.encode())
        return text


def lines(journal: Source, writer: Writer) -> Iterator[str]:
    """Every line of the export of a journal, under one view of it."""
    newest = next(iter(journal.execute("SELECT * FROM audit ORDER BY sequence DESC LIMIT 1")), None)
    checkpoints = "SELECT text FROM checkpoint WHERE sequence = (SELECT max(sequence) FROM audit)"
    last = next(iter(journal.execute(checkpoints)), None)
    yield writer.head(
        at=newest["at"] if newest else "",
        records=newest["sequence"] if newest else 0,
        last_checkpoint=last["text"] if last else "",
    )
    for row in journal.execute(inspection.RECORDS):
        yield writer.record(row)
    yield writer.end()


def verify(lines: Iterable[str], key: str) -> Report:
    """Checks an export with nothing but the kiosk's public key (`KioskKey.public`, from the centre or `kiosk status`).

    ExportError if it is no export at all; what is wrong inside is among the report's problems.
    """
    try:
        trusted = public_key(key)
    except ValueError as error:
        raise ExportError("--key: expected base64 of the 32 bytes of an Ed25519 public key") from error
    reading = _Reading(iter(lines), trusted)
    head = reading.head()
    kept = [{"sequence": head["records"], "text": head["checkpoint"]}] if head["checkpoint"] else []
    report = inspection.check(reading.records(), kept, key=trusted)
    problems = [*report.problems, *reading.problems]
    if reading.newest != head["records"]:
        problems.append(f"the newest record is {reading.newest}, the first line says {head['records']}")
    return replace(report, problems=tuple(problems))


class _Reading:
    def __init__(self, lines: Iterator[str], key: Ed25519PublicKey) -> None:
        self._lines = lines
        self._key = key
        self._covered = hashlib.sha256()
        self._number = 0
        self.newest = 0
        """Number of the last record."""
        self.problems: list[str] = []

    def head(self) -> dict[str, Any]:
        head = self._next()
        if head is None or head.get("type") != TYPE:
            raise ExportError(f"line 1: this is no {TYPE}")
        if not isinstance(head.get("records"), int) or not isinstance(head.get("checkpoint"), str):
            raise ExportError("line 1: the number of records or the checkpoint is missing")
        return head

    def records(self) -> Iterator[dict[str, Any]]:
        """Every record; what comes after the signature, or instead of it, is a problem."""
        while (fields := self._next()) is not None:
            if "signature" in fields:
                if next(self._lines, None) is not None:
                    self.problems.append("lines were added after the signature")
                return
            yield self._record(fields)
        self.problems.append("the signature is missing: the end was cut off")

    def _record(self, fields: dict[str, Any]) -> dict[str, Any]:
        try:
            texts = {name: fields[name] for name in COLUMNS[1:]}
            if not isinstance(fields["sequence"], int) or not all(isinstance(text, str) for text in texts.values()):
                raise ValueError("a field is of the wrong type")
            hashes = {name: bytes.fromhex(fields[name]) for name in ("previous", "hash")}
        except (ValueError, KeyError, TypeError) as error:
            raise ExportError(f"line {self._number}: not a record") from error
        self.newest = fields["sequence"]
        return {"sequence": self.newest} | texts | hashes

    def _next(self) -> dict[str, Any] | None:
        line = next(self._lines, None)
        if line is None:
            return None
        self._number += 1
        try:
            fields = json.loads(line) if len(line) <= LINE_MAX else None
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            raise ExportError(f"line {self._number}: not a JSON object")
        if "signature" in fields:
            self._judge(fields["signature"])
        self._covered.update(line.encode())
        return fields

    def _judge(self, signature: object) -> None:
        try:
            proof = checkpoint.decoded(str(signature))
            self._key.verify(proof, f"{TYPE}//{self._covered.hexdigest()}".encode())
        except (ValueError, InvalidSignature):
            self.problems.append("the signature does not hold: changed, or not by this kiosk")
