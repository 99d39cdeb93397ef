"""Does this disk keep what it has acknowledged when the mains go? Only cutting the mains tells.

One round: records are written one by one, each durable (fdatasync) before its number is shown; somebody cuts the mains
and notes the last number; after the restart every record up to that number must be there and whole. What came after
it may be torn. A disk that acknowledges from a volatile cache loses the last of them, and no software can mend that.

A record is 512 bytes that follow from the round's id and its number alone, so that it can be checked without any copy.
The last number must come from outside (the technician's terminal): a disk that lies would lose the note of it, too.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from kiosk.clock import Chance

RECORD = 512
ID_BYTES = 16
CURRENT = "round.json"
RESULTS = "results.json"


class QualificationError(Exception):
    """The folder holds something else, or what was asked does not fit what is there."""


@dataclass(frozen=True, slots=True)
class Round:
    """One that was begun. `boot`: the kernel's id of the start in which it wrote."""

    id: str
    boot: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a restart found. `cut`: the machine did restart in between; else only the program ended."""

    id: str
    acknowledged: int
    whole: int
    """How many records from the first on are there and whole."""
    cut: bool

    @property
    def lost(self) -> int:
        """Acknowledged, and gone or damaged."""
        return max(0, self.acknowledged - self.whole)


class Disk(Protocol):
    """Where a round writes."""

    def append(self, data: bytes) -> None:
        """Returns once the data is durable, by the disk's own word."""

    def read(self) -> bytes:
        """Everything that is there now."""


class SyncedFile:
    """A file of which every append is followed by fdatasync, as SQLite does it in WAL with synchronous=FULL."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def append(self, data: bytes) -> None:
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            _sync_folder(self._path.parent)
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fdatasync(self._file)

    def read(self) -> bytes:
        return self._path.read_bytes() if self._path.exists() else b""

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def record(identity: str, number: int) -> bytes:
    """Record `number` (from 1) of a round."""
    head = b"ANJUNGAN" + bytes.fromhex(identity) + number.to_bytes(8, "big")
    return head + hashlib.shake_256(head).digest(RECORD - len(head))


def write(disk: Disk, identity: str, most: int) -> Iterator[int]:
    """Writes up to `most` records; gives each number once the disk has acknowledged it."""
    for number in range(1, most + 1):
        disk.append(record(identity, number))
        yield number


def whole(data: bytes, identity: str) -> int:
    """How many records from the first on are in `data`, each as it was written."""
    number = 0
    while data[number * RECORD : (number + 1) * RECORD] == record(identity, number + 1):
        number += 1
    return number


class Folder:
    """The rounds of one disk, in a folder on it; goes on after every restart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists() and any(path.iterdir()) and not (path / RESULTS).exists():
            raise QualificationError(f"{path} holds files of something else; give --dir an empty folder on the disk")
        path.mkdir(parents=True, exist_ok=True)
        if not (path / RESULTS).exists():
            _write(path / RESULTS, "[]")

    @property
    def results(self) -> list[Result]:
        """Of all rounds that were judged. QualificationError if their file is damaged: then this disk has failed."""
        try:
            return [Result(**one) for one in json.loads((self.path / RESULTS).read_text())]
        except (ValueError, TypeError) as error:
            raise QualificationError(
                f"{self.path / RESULTS}: damaged: this disk does not keep what it holds"
            ) from error

    @property
    def current(self) -> Round | None:
        """The round that was begun and not judged."""
        path = self.path / CURRENT
        try:
            return Round(**json.loads(path.read_text())) if path.exists() else None
        except (ValueError, TypeError) as error:
            raise QualificationError(f"{path}: damaged: this disk does not keep what it holds") from error

    def disk(self, one: Round) -> SyncedFile:
        return SyncedFile(self.path / f"{one.id}.records")

    def begin(self, boot: str, chance: Chance) -> Round:
        one = Round(chance.token(ID_BYTES).hex(), boot)
        _write(self.path / CURRENT, json.dumps(asdict(one)))
        return one

    def judge(self, acknowledged: int, boot: str, disk: Disk | None = None) -> Result:
        """What became of the current round, of which the technician's terminal had shown `acknowledged` records.

        `disk`: in place of the round's own file. If not even the round is there any more, everything is lost.
        """
        one = self.current
        if one is None:
            result = Result("", acknowledged, 0, cut=True)
        else:
            found = whole((disk or self.disk(one)).read(), one.id)
            result = Result(one.id, acknowledged, found, cut=one.boot != boot)
        _write(self.path / RESULTS, json.dumps([asdict(each) for each in [*self.results, result]]))
        self.forget()
        return result

    def forget(self) -> None:
        """The current round is over: judged, or stopped by hand."""
        one = self.current
        (self.path / CURRENT).unlink(missing_ok=True)
        if one is not None:
            (self.path / f"{one.id}.records").unlink(missing_ok=True)
        _sync_folder(self.path)


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    half = path.with_suffix(".new")
    with half.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
