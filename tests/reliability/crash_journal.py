"""The real journal on a disk that loses its power.

`CrashJournal` is kioskd's Journal with its schema, pragmas, checks and transactions; only the library that opens the
file is another, because Python's own sqlite3 cannot be given a VFS. APSW is shown to the journal in sqlite3's words.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw

from kiosk.clock import Chance, Clock
from kiosk.journal.database import Journal, Transaction
from sim.office.mortal import Killed, Moments, MortalJournal
from tests.reliability.disk import Disk, PowerCut

T = TypeVar("T")
FILE = "journal.sqlite"
FULL = "PRAGMA synchronous = FULL"
"""What the journal asks for, and what a wrong one would not."""


class Row(tuple[Any, ...]):
    """A row with sqlite3.Row's access by name."""

    names: tuple[str, ...]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return list(self.names)


class _Result:
    """What sqlite3's `execute` gives."""

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchone(self) -> Row | None:
        return next(self._rows, None)

    def fetchall(self) -> list[Row]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return self._rows


class Connection:
    """As much of sqlite3.Connection as the journal uses. `synchronous` takes the place of FULL."""

    def __init__(self, disk: Disk, name: str, synchronous: str) -> None:
        self._real = self._told(lambda: apsw.Connection(name, vfs=disk.vfs))
        self._synchronous = synchronous
        self.row_factory: Any = None

    def execute(self, sql: str, values: Sequence[Any] = ()) -> _Result:
        if sql == FULL:
            sql = f"PRAGMA synchronous = {self._synchronous}"
        before = self._real.total_changes()
        rows = self._told(lambda: self._rows(sql, values))
        changed = self._real.changes() if self._real.total_changes() != before else 0
        return _Result(rows, changed)

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Row]:
        rows: list[Row] = []
        names: tuple[str, ...] = ()
        cursor = self._real.cursor()
        for value in cursor.execute(sql, tuple(values)):
            names = names or tuple(column[0] for column in cursor.get_description())
            row = Row(value)
            row.names = names
            rows.append(row)
        return rows

    @property
    def in_transaction(self) -> bool:
        return self._real.in_transaction

    def executescript(self, sql: str) -> None:
        self._told(lambda: self._real.execute(sql).fetchall())

    def close(self) -> None:
        try:
            self._real.close(True)
        except PowerCut:
            pass

    @staticmethod
    def _told(work: Callable[[], T]) -> T:
        try:
            return work()
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise sqlite3.DatabaseError(str(error)) from error
        except apsw.FullError as error:
            full = sqlite3.OperationalError(str(error))
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise full from error
        except apsw.ConstraintError as error:
            raise sqlite3.IntegrityError(str(error)) from error
        except apsw.Error as error:
            raise sqlite3.OperationalError(str(error)) from error


class _OnDisk(Journal):
    """Opened in __init__, so what `_connect` needs is set before."""

    def __init__(self, disk: Disk, synchronous: str) -> None:
        self.disk = disk
        self._synchronous = synchronous

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection: Any = Connection(self.disk, path.name, self._synchronous)
        return connection  # type: ignore[no-any-return] # as far as the journal can tell


class CrashJournal(_OnDisk):
    """Opens, or raises JournalError, on what the last cut has left."""

    def __init__(self, disk: Disk, clock: Clock, chance: Chance, *, synchronous: str = "FULL") -> None:
        _OnDisk.__init__(self, disk, synchronous)
        Journal.__init__(self, Path(FILE), clock, chance, threaded=False)


class MortalCrashJournal(_OnDisk, MortalJournal):
    """The same in a kioskd that may die at any instant, also in the middle of a commit."""

    def __init__(self, disk: Disk, clock: Clock, chance: Chance, moments: Moments, synchronous: str) -> None:
        _OnDisk.__init__(self, disk, synchronous)
        MortalJournal.__init__(self, Path(FILE), clock, chance, moments)

    def write_now(self, change: Callable[[Transaction], T]) -> T:
        try:
            return super().write_now(change)
        except PowerCut:
            raise Killed from None
