"""The journal's file: SQLite in WAL with synchronous=FULL, held exclusively, written by one thread.

A change is a function of a `Transaction`; it is durable when `Journal.write` returns, or it never happened. In virtual
time the function runs inline; in kioskd on one writer thread, so that a slow disk does not stop device timers.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from kiosk.clock import Chance, Clock
from kiosk.journal.timekeeper import TimeKeeper

T = TypeVar("T")

PAGE = 1024
"""Bytes in a page of a new journal. A commit writes every page that it touches, and most rows are short: with SQLite's
usual 4096 an SD card would take nearly twice the bytes."""
CHECKPOINT = 4_000
"""Pages of WAL, 4 MB, after which they are moved into the file: as many bytes as SQLite's default."""


class JournalError(Exception):
    """The journal cannot be used: locked by another process, damaged, or of a newer version. The text says which."""


class Transaction:
    """What a change may do. Valid only inside `Journal.write` or `Journal.read`."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock, chance: Chance) -> None:
        self._connection = connection
        self._chance = chance
        self.now = clock.now().isoformat(timespec="milliseconds")
        """The time stamp of every row of this transaction, ISO 8601, UTC."""
        self.clock = clock.mark() if isinstance(clock, TimeKeeper) else ""
        """Whose word that time is: TimeKeeper.mark; "" if nobody keeps it."""

    def run(self, sql: str, *values: Any) -> int:
        """Runs one statement; returns the number of rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def execute(self, sql: str) -> Iterator[sqlite3.Row]:
        """The rows of a question one by one, for what does not fit into memory at once."""
        return iter(self._connection.execute(sql))

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def number(self, sql: str, *values: Any) -> int:
        """The one number that an aggregate query gives."""
        return int(self._connection.execute(sql, values).fetchone()[0])

    def fact(self, name: str) -> str | None:
        row = self.row("SELECT value FROM fact WHERE name = ?", name)
        return None if row is None else row["value"]

    def set_fact(self, name: str, value: str) -> None:
        self.run("INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)

    def new_id(self) -> str:
        """An id that no row has yet."""
        return self._chance.token(12).hex()


class Journal:
    """One open journal. `threaded` False runs changes in the caller's thread (virtual time, command line)."""

    def __init__(self, path: Path, clock: Clock, chance: Chance, *, threaded: bool) -> None:
        self.path = path
        self.clock = clock
        """Where the time of every transaction comes from."""
        self.before_commit: Callable[[Transaction], None] = lambda tx: None
        """Has the last word in every change, in its transaction."""
        self._chance = chance
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal") if threaded else None
        self._connection = self._open(path)

    def _connect(self, path: Path) -> sqlite3.Connection:
        """The file itself, and nothing else of the journal: tests put a disk under it that loses its power."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)

    def _open(self, path: Path) -> sqlite3.Connection:
        try:
            connection = self._connect(path)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute(f"PRAGMA page_size = {PAGE}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # a record deleted after the hand-over is overwritten
            damage = connection.execute("PRAGMA quick_check").fetchone()[0]
            if damage != "ok":
                raise JournalError(f"{path}: damaged ({damage}); keep the file and call a technician")
            _migrate(connection)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise JournalError(f"{path}: another process holds the journal; is kioskd running?") from error
            raise JournalError(f"{path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise JournalError(f"{path}: not a journal ({error})") from error
        return connection

    async def write(self, change: Callable[[Transaction], T]) -> T:
        """Runs `change` in one transaction; durable on disk when this returns. What `change` raises undoes it."""
        if self._writer is None:
            return self.write_now(change)
        # Shielded: a cancelled caller must not leave a transaction whose outcome it never learns half reported.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._writer, self.write_now, change))

    def write_now(self, change: Callable[[Transaction], T]) -> T:
        """`write` in the caller's thread; for start-up and the command line."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            tx = Transaction(self._connection, self.clock, self._chance)
            result = change(tx)
            self.before_commit(tx)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Runs `question` without a write transaction, in turn with the writes."""
        if self._writer is None:
            return self.read_now(question)
        return await asyncio.get_running_loop().run_in_executor(self._writer, self.read_now, question)

    def read_now(self, question: Callable[[Transaction], T]) -> T:
        return question(Transaction(self._connection, self.clock, self._chance))

    def free_bytes(self) -> int:
        """Space left on the journal's disk."""
        return shutil.disk_usage(self.path.parent).free

    def close(self) -> None:
        if self._writer is not None:
            self._writer.shutdown(wait=True)
        self._connection.close()


@cache
def _scripts() -> tuple[str, ...]:
    """The schema's files in the order of their numbers."""
    files = resources.files("kiosk.journal").joinpath("schema").iterdir()
    return tuple(file.read_text() for file in sorted(files, key=lambda file: file.name) if file.name.endswith(".sql"))


def _migrate(connection: sqlite3.Connection) -> None:
    scripts = _scripts()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts):
        raise JournalError(f"journal version {version} is newer than this program's {len(scripts)}; update the kiosk")
    for number, script in enumerate(scripts[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
