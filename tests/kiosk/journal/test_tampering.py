"""Whoever changes the audit is found: one record altered, deleted, inserted or swapped anywhere, also by somebody who
recomputes every hash after it, and an end that was cut off.

A chain of 10,000 records is judged at every position. Records before the position are as they were, so the walk begins
there: what `inspection.check` does over the whole file, it does here over what follows, with the same code.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kiosk.journal import audit, inspection
from kiosk.journal.audit import Walk, seal
from kiosk.journal.checkpoint import EVERY_RECORDS, checkpoint_text, read
from kiosk.journal.database import Journal, Transaction
from kiosk.journal.identity import KioskKey, public_key
from sim.clock import SeededChance
from tests.kiosk.journal.test_journal import StoppedClock

RECORDS = 10_000
Record = dict[str, Any]


@dataclass(frozen=True)
class Chain:
    path: Path
    key: KioskKey
    rows: list[Record]
    """By their number - 1."""
    checkpoints: dict[int, str]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """What a kiosk writes: 10,000 records, a checkpoint for each hundred."""
    folder = tmp_path_factory.mktemp("chain")
    key = KioskKey.kept(folder, "SPC01-K1", SeededChance(1))
    journal = Journal(folder / "journal.sqlite", StoppedClock(), SeededChance(), threaded=False)

    def hundred(start: int, tx: Transaction) -> None:
        for number in range(start, start + EVERY_RECORDS):
            if number == 1:
                audit.append(tx, audit.Event.KIOSK_KEY_MADE, "kiosk", key=key.public)
            else:
                audit.append(tx, audit.Event.TICKET_ISSUED, "resident", number=f"A-{number:05d}")
        checkpoint_text(tx, key)

    for start in range(1, RECORDS, EVERY_RECORDS):
        journal.write_now(partial(hundred, start))
    rows = journal.read_now(lambda tx: [dict(row) for row in tx.rows(inspection.RECORDS)])
    texts = journal.read_now(lambda tx: {row["sequence"]: row["text"] for row in tx.rows(inspection.CHECKPOINTS)})
    journal.close()
    return Chain(folder / "journal.sqlite", key, rows, texts)


def test_as_it_was_written_it_holds(chain: Chain) -> None:
    report = inspection.verify(chain.path, witnesses=[chain.checkpoints[5_000]])
    assert report.problems == ()
    assert (report.records, report.checkpoints, report.sealed) == (RECORDS, RECORDS // EVERY_RECORDS, RECORDS)


# -- one who edits the file ----------------------------------------------------------------------------------------


def altered(rows: list[Record], at: int) -> list[Record]:
    return [rows[at] | {"actor": "OFFICER-9"}]


def deleted(rows: list[Record], at: int) -> list[Record]:
    return [rows[at + 1]]


def inserted(rows: list[Record], at: int) -> list[Record]:
    return [rows[at] | {"body": "{}"}, rows[at]]


def swapped(rows: list[Record], at: int) -> list[Record]:
    """Two neighbours' contents change places; their numbers stay in order."""
    first, second = rows[at], rows[at + 1]
    return [second | {"sequence": first["sequence"]}, first | {"sequence": second["sequence"]}]


EDITS = [altered, deleted, inserted, swapped]
Edit = Callable[[list[Record], int], list[Record]]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_any_record_is_found(chain: Chain, edit: Edit) -> None:
    unfound = [at for at in positions(edit) if not any(walk_from(chain, at, edit(chain.rows, at)))]
    assert unfound == []


def positions(edit: Edit) -> range:
    """Every record; the last one has no neighbour, and cutting it off is another story, below."""
    return range(RECORDS - 1 if edit in (deleted, swapped) else RECORDS)


def walk_from(chain: Chain, at: int, rows: Iterable[Record]) -> Iterator[list[str]]:
    walk = Walk(at, chain.rows[at - 1]["hash"] if at else audit.GENESIS)
    return (walk.step(row) for row in rows)


# -- one who recomputes every hash after his edit ------------------------------------------------------------------


@pytest.mark.parametrize("edit", EDITS)
def test_a_chain_that_was_sealed_anew_is_found_by_the_next_checkpoint(chain: Chain, edit: Edit) -> None:
    keys = [public_key(chain.key.public)]
    signed = {at: read(text, keys).head for at, text in chain.checkpoints.items()}
    unfound = []
    for at in positions(edit):
        # Up to the next checkpoint, and one further for what moved records forward or back.
        sealed = (at // EVERY_RECORDS + 1) * EVERY_RECORDS
        edited = edit(chain.rows, at)
        rest = chain.rows[at + (2 if edit in (deleted, swapped) else 1) : sealed + 1]
        head = resealed(chain, at, [*edited, *rest], sealed)
        if head == signed[sealed]:
            unfound.append(at)
    assert unfound == []


def resealed(chain: Chain, at: int, rows: list[Record], upto: int) -> bytes | None:
    """The hash that record `upto` has after an insider numbered and sealed everything from `at` anew; None if there is
    no such record any more."""
    head = chain.rows[at - 1]["hash"] if at else audit.GENESIS
    sequence = at
    for sequence, row in enumerate(rows, at + 1):
        anew = row | {"sequence": sequence, "previous": head}
        head = seal(*[anew[name] for name in audit.SEALED])
        if sequence == upto:
            return head
    return None


def test_the_whole_file_is_judged_so(chain: Chain, tmp_path: Path) -> None:
    """The same through `verify`, once: an insider alters record 4,321 and seals all that follow anew."""
    path = copied(chain, tmp_path)
    with Unlocked(path) as raw:
        head = chain.rows[4_319]["hash"]
        for row in chain.rows[4_320:]:
            body = "{}" if row["sequence"] == 4_321 else row["body"]
            sealed = seal(row["sequence"], row["at"], row["clock"], row["kind"], row["actor"], body, head)
            raw.execute(
                "UPDATE audit SET body = ?, previous = ?, hash = ? WHERE sequence = ?",
                (body, head, sealed, row["sequence"]),
            )
            head = sealed
    problems = inspection.verify(path).problems
    assert problems[0].startswith("checkpoint 4400: record 4400 is not what was signed at 2026-03-02")
    assert len(problems) == 57, "every checkpoint from 4,400 to 10,000"


# -- one who cuts off the end --------------------------------------------------------------------------------------


def test_an_end_that_was_cut_off_is_found_by_a_checkpoint_kept_elsewhere(chain: Chain, tmp_path: Path) -> None:
    """At every position: the checkpoints in the file are cut off with it, so only the one outside shows it."""
    newest = chain.checkpoints[RECORDS]
    keys = [public_key(chain.key.public)]
    for left in range(RECORDS):
        remaining = {number: chain.rows[number - 1]["hash"] for number in chain.checkpoints if number <= left}
        assert inspection.held(newest, remaining, keys, "slip") == [
            f"slip: record {RECORDS} was there at 2026-03-02T01:00:00.000+00:00 and is gone"
        ]

    path = copied(chain, tmp_path)
    with Unlocked(path) as raw:
        raw.execute("DELETE FROM audit WHERE sequence > 7250")
        raw.execute("DELETE FROM checkpoint WHERE sequence > 7250")
    assert inspection.verify(path).problems == ()
    assert inspection.verify(path, witnesses=[newest]).problems == (
        "checkpoint given (1): record 10000 was there at 2026-03-02T01:00:00.000+00:00 and is gone",
    )


# -- one who has another key, and checkpoints as such --------------------------------------------------------------


def test_a_checkpoint_of_another_kiosk_is_none_of_this_one(chain: Chain, tmp_path: Path) -> None:
    stranger = KioskKey.kept(tmp_path, "SPC01-K1", SeededChance(2))
    signed = chain.checkpoints[RECORDS].rpartition("//")[0]
    forged = f"{signed}//{stranger.sign(signed)}"
    assert inspection.verify(chain.path, witnesses=[forged]).problems == (
        "checkpoint given (1): this checkpoint was not signed by this kiosk",
    )


def test_no_character_of_a_checkpoint_can_be_another(chain: Chain) -> None:
    text, keys = chain.checkpoints[RECORDS], [public_key(chain.key.public)]
    for place, character in enumerate(text):
        for bit in range(7):
            changed = text[:place] + chr(ord(character) ^ (1 << bit)) + text[place + 1 :]
            if changed.strip() == text:
                continue
            problems = inspection.held(changed, {RECORDS: chain.rows[-1]["hash"]}, keys, "slip")
            assert problems, f"bit {bit} of character {place}"


@pytest.mark.parametrize("text", ["", "//", "anjungan-1//audit-checkpoint//a/b/c/d//e", "9" * 10_000, "\x00", "ß//"])
def test_what_is_no_checkpoint_is_said_to_be_none(chain: Chain, text: str) -> None:
    [problem] = inspection.verify(chain.path, witnesses=[text]).problems
    assert "checkpoint given (1): this" in problem


def test_checkpoints_only_grow(chain: Chain, tmp_path: Path) -> None:
    raw = sqlite3.connect(copied(chain, tmp_path))
    for change in ("DELETE FROM checkpoint", "UPDATE checkpoint SET text = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="only grow"):
            raw.execute(change)
    raw.close()


def copied(chain: Chain, folder: Path) -> Path:
    path = folder / "journal.sqlite"
    path.write_bytes(chain.path.read_bytes())
    return path


class Unlocked:
    """The file as its owner has it: without the triggers that keep honest programs honest."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(path)

    def __enter__(self) -> sqlite3.Connection:
        for name in ("audit_only_grows", "checkpoint_only_grows"):
            for change in ("update", "delete"):
                self._raw.execute(f"DROP TRIGGER {name}_{change}")
        return self._raw

    def __exit__(self, *_: object) -> None:
        self._raw.commit()
        self._raw.close()
