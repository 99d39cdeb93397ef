"""A journal that an older program wrote, with blanks in it, is opened by this one, and nothing is lost."""

import gc
import sqlite3
from importlib import resources
from pathlib import Path

import pytest

from kiosk.cards import ledger
from kiosk.journal.database import JournalError
from kiosk.station import requests
from tests.kiosk.blanks.books import facts, held, opened

SCHEMA = sorted(
    (file for file in resources.files("kiosk.journal").joinpath("schema").iterdir() if file.name.endswith(".sql")),
    key=lambda file: file.name,
)
BEFORE = [file for file in SCHEMA if file.name < "0004"]

MOVES = [
    ("centre", "hopper", 40, None, None, "OFFICER-1+OFFICER-2", "loaded"),
    ("hopper", "path", 1, None, "job-1", "kiosk", "fed"),
    ("path", "holder", 1, "04aa", "job-1", "kiosk", "taken"),
    ("hopper", "path", 1, None, "job-2", "kiosk", "fed"),
    ("path", "reject", 1, "04bb", "job-2", "kiosk", "jam"),
    ("hopper", "path", 1, None, "job-3", "kiosk", "fed, seen late"),
    ("path", "unknown", 1, None, "job-3", "kiosk", "gone"),
]
AT = "2026-03-02T01:00:00.000+00:00"


def old_journal(path: Path, schema: list) -> None:  # type: ignore[type-arg] # Traversables
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA foreign_keys = ON")
    for number, script in enumerate(schema, start=1):
        raw.executescript(f"BEGIN;\n{script.read_text()}\nPRAGMA user_version = {number};\nCOMMIT;")
    for number, end in enumerate(("taken", "scrapped", "unknown"), start=1):
        raw.execute(
            "INSERT INTO job (id, jti, state, blank, opened, closed, outcome) VALUES (?, ?, 'printed', 1, ?, ?, ?)",
            (f"job-{number}", f"PRR-{number}", AT, AT, end),
        )
    for move in MOVES:
        raw.execute(
            "INSERT INTO blank_move (at, from_account, to_account, quantity, uid, job, actor, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (AT, *move),
        )
    raw.execute("INSERT INTO fact VALUES ('blanks:morning-count', ?)", (AT,))
    raw.execute("INSERT INTO fact VALUES ('centre_cursor', '7')")
    raw.close()


@pytest.mark.parametrize("known", range(2, len(BEFORE) + 1), ids=lambda known: BEFORE[known - 1].name)
async def test_every_row_of_the_old_ledger_is_in_the_new_one(tmp_path: Path, known: int) -> None:
    old_journal(tmp_path / "journal.sqlite", BEFORE[:known])

    books = opened(tmp_path)

    rows = await books.read(lambda tx: facts(tx, "blank_move"))
    assert [row["sequence"] for row in rows] == list(range(1, len(MOVES) + 1))
    assert [
        tuple(row[name] for name in ("from_account", "to_account", "quantity", "uid", "job", "actor", "reason"))
        for row in rows
    ] == MOVES
    assert {row["at"] for row in rows} == {AT}
    assert await books.read(held) == {"centre": -40, "hopper": 37, "holder": 1, "reject": 1, "unknown": 1}
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        await books.write(lambda tx: tx.run("DELETE FROM blank_move"))
    assert await books.read(lambda tx: tx.rows("PRAGMA foreign_key_check")) == []


async def test_a_load_that_was_booked_before_the_update_is_still_known(tmp_path: Path) -> None:
    old_journal(tmp_path / "journal.sqlite", BEFORE)
    books = opened(tmp_path)
    assert await books.read(lambda tx: requests.known(tx, "load_blanks", "morning-count"))
    assert await books.read(lambda tx: [row["name"] for row in facts(tx, "fact")]) == ["centre_cursor"]


async def test_an_update_that_fails_half_way_leaves_the_old_journal_whole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.sqlite"
    old_journal(path, BEFORE)
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE day_close (squatter TEXT)")  # the new schema's table is in the way
    raw.commit()
    raw.close()

    with pytest.raises(JournalError, match="day_close"):
        opened(tmp_path)
    gc.collect()  # the refused journal's connection still holds its lock

    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA user_version").fetchone()[0] == len(BEFORE)
    assert raw.execute("SELECT count(*) FROM blank_move").fetchone()[0] == len(MOVES)
    raw.execute("DROP TABLE day_close")
    raw.commit()
    raw.close()
    books = opened(tmp_path)
    assert (await books.read(ledger.balance)).hopper == 37
