"""The journal's file: SQLite in WAL with synchronous=FULL, held exclusively, written by one thread.

A change is a function of a `Transaction`; it is durable when `Journal.write` returns, or it never happened. In virtual
time the function runs inline; in kioskd on one writer thread, so that a slow disk does not stop device timers.
"""

import asyncio
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, cached_property
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


SCRIPT = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")


class JournalError(Exception):
    """The journal cannot be used: locked by another process, damaged, or of a newer version. The text says which."""


class JournalFull(JournalError):
    """The disk has no room for this change: nothing of it was written, and nothing that needs it may begin."""


class Transaction:
    """What a change may do. Valid only inside `Journal.write` or `Journal.read`."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock, chance: Chance) -> None:
        self._connection = connection
        self._clock = clock
        self._chance = chance

    @cached_property
    def now(self) -> str:
        """The time stamp of every row of this transaction, ISO 8601, UTC."""
        return self._clock.now().isoformat(timespec="milliseconds")

    @cached_property
    def clock(self) -> str:
        """Whose word that time is: TimeKeeper.mark; "" if nobody keeps it."""
        return self._clock.mark() if isinstance(self._clock, TimeKeeper) else ""

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
        self.full = False
        """The last change did not fit on the disk. The next that does ends this; the sealer tries every minute."""
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
            connection.execute("PRAGMA temp_store = MEMORY")  # what it puts aside for a statement is no temporary file
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
        """Runs `change` in one transaction; durable on disk when this returns. What `change` raises undoes it.
        JournalFull if it does not fit on the disk."""
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
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:  # SQLite ends it by itself for some errors
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                self.full = True
                raise JournalFull(f"{self.path}: the disk is full; nothing was written") from error
            raise
        self.full = False
        return result

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Runs `question` without a write transaction, in turn with the writes."""
        if self._writer is None:
            return self.read_now(question)
        return await asyncio.get_running_loop().run_in_executor(self._writer, self.read_now, question)

    def read_now(self, question: Callable[[Transaction], T]) -> T:
        return question(Transaction(self._connection, self.clock, self._chance))

    def filled(self) -> float:
        """How full the journal's disk is, in percent, as `df` says it: what only root may use does not count."""
        if self.full:
            return 100.0
        disk = shutil.disk_usage(self.path.parent)
        return 100.0 * disk.used / (disk.used + disk.free)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.shutdown(wait=True)
        self._connection.close()


def numbered(files: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The scripts of a schema from (name, text): number 1 first, as their names say (`0001_journal.sql`). JournalError
    for a name without a number, for a number twice, and for one that is left out."""
    scripts: dict[int, str] = {}
    for name, text in files:
        named = SCRIPT.fullmatch(name)
        if named is None:
            raise JournalError(f"schema/{name}: a script is named by its number, as 0001_journal.sql")
        number = int(named[1])
        if number in scripts:
            raise JournalError(f"schema/{name}: there is another script with number {number}")
        scripts[number] = text
    absent = set(range(1, len(scripts) + 1)) - scripts.keys()
    if absent:
        raise JournalError(f"schema: number {min(absent)} is left out; this program is not whole")
    return tuple(scripts[number] for number in sorted(scripts))


@cache
def _scripts() -> tuple[str, ...]:
    files = resources.files("kiosk.journal").joinpath("schema").iterdir()
    return numbered((file.name, file.read_text()) for file in files if file.name.endswith(".sql"))


def _migrate(connection: sqlite3.Connection) -> None:
    scripts = _scripts()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts):
        raise JournalError(f"journal version {version} is newer than this program's {len(scripts)}; update the kiosk")
    for number, script in enumerate(scripts[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
