"""The journal: durable or not at all, sealed, and only one program at a time."""

import gc
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import resources
from pathlib import Path

import pytest

from kiosk.api.messages import Label
from kiosk.cards import jobs
from kiosk.centre import shelf
from kiosk.journal import audit, inspection, outbox
from kiosk.journal.database import Journal, JournalError, Transaction, numbered
from kiosk.queueing.numbers import Queue, Series
from sim.clock import SeededChance

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class StoppedClock:
    def now(self) -> datetime:
        return MONDAY


class SetClock:
    def __init__(self) -> None:
        self.time = MONDAY

    def now(self) -> datetime:
        return self.time


def opened(path: Path) -> Journal:
    return Journal(path, StoppedClock(), SeededChance(), threaded=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    one = opened(path)
    yield one
    one.close()


def put_ticket(number: int, tx: Transaction) -> None:
    outbox.put(tx, "ticket_issued", number=number)


def seal_ticket(number: int, tx: Transaction) -> None:
    audit.append(tx, audit.Event.TICKET_ISSUED, "resident", number=number)


def fill(journal: Journal, records: int = 5) -> None:
    for number in range(records):
        journal.write_now(partial(seal_ticket, number))


def test_a_change_that_fails_leaves_nothing(journal: Journal) -> None:
    def half(tx: Transaction) -> None:
        audit.append(tx, audit.Event.TICKET_ISSUED, "resident")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        journal.write_now(half)
    assert journal.read_now(lambda tx: tx.number("SELECT count(*) FROM audit")) == 0


def test_it_is_written_through_to_the_disk(journal: Journal) -> None:
    mode, synchronous = journal.read_now(lambda tx: (tx.row("PRAGMA journal_mode"), tx.row("PRAGMA synchronous")))
    assert mode is not None
    assert synchronous is not None
    assert (mode[0], synchronous[0]) == ("wal", 2)  # 2 is FULL


def test_a_second_kioskd_is_told_that_the_first_one_runs(journal: Journal, path: Path) -> None:
    fill(journal, 1)
    with pytest.raises(JournalError, match="is kioskd running"):
        opened(path)


def test_a_file_that_is_no_journal_is_refused(path: Path) -> None:
    path.write_bytes(b"this is a shopping list" * 100)
    with pytest.raises(JournalError, match="not a journal"):
        opened(path)


def test_a_damaged_journal_is_kept_as_it_is_and_the_kiosk_does_not_start_on_it(path: Path) -> None:
    """No new journal takes its place: an empty ledger would be a lie, and the old file is the evidence."""
    journal = opened(path)
    fill(journal, 200)
    journal.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = bytes(4096)
    path.write_bytes(data)
    with pytest.raises(JournalError, match=r"(?s)damaged .*; keep the file and call a technician|not a journal"):
        opened(path)
    assert path.read_bytes() == data
    assert [file.name for file in path.parent.iterdir() if not file.name.endswith(("-wal", "-shm"))] == [path.name]


def test_the_ledger_and_the_audit_only_grow(journal: Journal) -> None:
    fill(journal, 1)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        journal.write_now(lambda tx: tx.run("DELETE FROM audit"))
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        journal.write_now(lambda tx: tx.run("UPDATE audit SET actor = 'nobody'"))


@pytest.mark.parametrize(
    ("tampering", "problem"),
    [
        ("UPDATE audit SET body = '{}' WHERE sequence = 3", "record 3: was altered"),
        ("UPDATE audit SET actor = 'OFFICER-9' WHERE sequence = 1", "record 1: was altered"),
        ("DELETE FROM audit WHERE sequence = 2", "record 3: expected number 2"),
        ("UPDATE audit SET hash = randomblob(32) WHERE sequence = 4", "record 4: was altered"),
        ("UPDATE audit SET sequence = -sequence WHERE sequence IN (2)", "record -2: expected number 1"),
    ],
)
def test_whoever_edits_the_file_is_found(path: Path, tampering: str, problem: str) -> None:
    journal = opened(path)
    fill(journal)
    journal.close()
    assert inspection.verify(path).problems == ()

    raw = sqlite3.connect(path)
    for trigger in ("audit_only_grows_update", "audit_only_grows_delete"):
        raw.execute(f"DROP TRIGGER {trigger}")
    raw.execute(tampering)
    raw.commit()
    raw.close()

    assert problem in inspection.verify(path).problems


def test_a_journal_that_is_not_there_is_said_to_be_not_there(path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal here"):
        inspection.verify(path)


def test_the_outbox_is_gap_free_and_empties_by_acknowledgement(journal: Journal) -> None:
    for number in range(3):
        journal.write_now(partial(put_ticket, number))
    assert [event.sequence for event in journal.read_now(outbox.pending)] == [1, 2, 3]

    second = journal.read_now(lambda tx: tx.rows("SELECT hash FROM outbox WHERE sequence = 2"))[0]["hash"]
    journal.write_now(lambda tx: outbox.acknowledge(tx, 2, second))
    assert [event.sequence for event in journal.read_now(outbox.pending)] == [3]


def test_a_receipt_for_other_events_than_these_is_refused(journal: Journal) -> None:
    journal.write_now(partial(put_ticket, 1))
    for sequence, chain in ((1, bytes(32)), (2, bytes(32))):
        with pytest.raises(outbox.ReceiptError, match="other events"):
            journal.write_now(partial(outbox.acknowledge, sequence=sequence, chain=chain))
    assert [event.sequence for event in journal.read_now(outbox.pending)] == [1]


def test_what_was_told_is_kept_for_ninety_days_and_the_newest_for_ever(path: Path) -> None:
    clock = SetClock()
    journal = Journal(path, clock, SeededChance(), threaded=False)
    for number in range(3):
        journal.write_now(partial(put_ticket, number))
        clock.time += timedelta(days=40)
    newest = journal.read_now(lambda tx: tx.rows("SELECT hash FROM outbox WHERE sequence = 3"))[0]["hash"]
    journal.write_now(lambda tx: outbox.acknowledge(tx, 3, newest))

    journal.write_now(outbox.tidy)
    assert journal.read_now(lambda tx: [row["sequence"] for row in tx.rows("SELECT * FROM outbox")]) == [2, 3]
    clock.time += timedelta(days=500)
    journal.write_now(outbox.tidy)
    assert journal.read_now(lambda tx: [row["sequence"] for row in tx.rows("SELECT * FROM outbox")]) == [3]
    journal.write_now(partial(put_ticket, 3))
    assert [event.sequence for event in journal.read_now(outbox.pending)] == [4]
    journal.close()


@pytest.mark.wall
async def test_in_kioskd_one_thread_writes(path: Path) -> None:
    journal = Journal(path, StoppedClock(), SeededChance(), threaded=True)
    await journal.write(lambda tx: audit.append(tx, audit.Event.KIOSK_STARTED, "kiosk"))
    assert await journal.read(lambda tx: tx.number("SELECT count(*) FROM audit")) == 1
    journal.close()


def test_two_open_jobs_cannot_be_written(journal: Journal) -> None:
    job = "INSERT INTO job (id, jti, state, blank, opened) VALUES (?, ?, 'authorised', 1, '')"
    journal.write_now(lambda tx: tx.run(job, "a", "PRR-1"))
    with pytest.raises(sqlite3.IntegrityError):
        journal.write_now(lambda tx: tx.run(job, "b", "PRR-2"))


@pytest.mark.parametrize("outcome", ["taken", "unknown"])
def test_no_job_can_be_opened_after_the_approvals_card_is_out(journal: Journal, outcome: str) -> None:
    job = "INSERT INTO job (id, jti, state, blank, opened) VALUES (?, 'PRR-1', 'authorised', 1, '')"
    journal.write_now(lambda tx: tx.run(job, "a"))
    journal.write_now(lambda tx: tx.run("UPDATE job SET closed = '', outcome = ?", outcome))
    with pytest.raises(sqlite3.IntegrityError, match="card is out"):
        journal.write_now(lambda tx: tx.run(job, "b"))


# -- the schema's scripts ---------------------------------------------------------------------------------------------


def test_a_script_is_numbered_by_its_name_wherever_it_lies_in_the_folder() -> None:
    assert numbered([("0003_c.sql", "C"), ("0001_a.sql", "A"), ("0002_b.sql", "B")]) == ("A", "B", "C")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["0001_a.sql", "0003_c.sql"], "number 2 is left out"),
        (["0002_b.sql"], "number 1 is left out"),
        (["0001_a.sql", "0000_b.sql"], "number 2 is left out"),
        (["0001_a.sql", "0001_b.sql"], r"schema/0001_b.sql: there is another script with number 1"),
        (["0001_a.sql", "notes.sql"], r"schema/notes.sql: a script is named by its number, as 0001_journal.sql"),
        (["0001_a.sql", "2_b.sql"], "named by its number"),
    ],
)
def test_a_schema_with_a_gap_a_double_or_a_nameless_script_is_refused(names: list[str], said: str) -> None:
    with pytest.raises(JournalError, match=said):
        numbered([(name, "") for name in names])


def test_a_journal_of_a_newer_program_is_left_as_it_is(path: Path) -> None:
    opened(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 9999")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"journal version 9999 is newer than this program's \d+; update the kiosk"):
        opened(path)
    gc.collect()  # the refused journal's connection still holds its lock
    assert path.read_bytes() == before


def of_version(path: Path, version: int, then: str) -> None:
    """A journal as an older program left it, with what `then` writes into it."""
    folder = resources.files("kiosk.journal").joinpath("schema")
    scripts = numbered([(file.name, file.read_text()) for file in folder.iterdir()])
    raw = sqlite3.connect(path)
    raw.executescript("\n".join([*scripts[:version], then, f"PRAGMA user_version = {version};"]))
    raw.close()


OF_BEFORE_0009 = """
INSERT INTO approval (jti, nik, slip, token, record, received, sod) VALUES
    ('PRR-1', '3201', 'S-1', 't1', NULL, '', NULL), ('PRR-2', '3202', 'S-2', 't2', '{"a": 2}', '', x'05'),
    ('PRR-3', '3203', 'S-3', 't3', '{"a": 3}', '', NULL), ('PRR-4', '3204', 'S-4', 't4', '{"a": 4}', '', x'');
INSERT INTO outbox (sequence, at, kind, body, acknowledged, hash) VALUES
    (7, '2026-03-01', 'ticket_issued', '{"number": 7}', 1, x'07'),
    (8, '2026-03-02', 'ticket_issued', '{"number": 8}', 1, x'08'),
    (9, '2026-03-02', 'ticket_issued', '{"number": 9}', 0, x'09');
INSERT INTO ticket (request_id, day, service, letter, number, token, at, waiting, medium, called) VALUES
    ('r2', '2026-03-02', 'ktp', 'A', 2, 'T2', '2026-03-02T01:00:00.000+00:00', 1, 'paper', NULL),
    ('r1', '2026-03-02', 'ktp', 'A', 1, 'T1', '2026-03-02T00:59:00.000+00:00', 0, 'screen', '2026-03-02T01:00:00');
"""


def test_a_journal_of_before_a_script_takes_that_script_and_no_other_again(path: Path) -> None:
    of_version(path, 8, OF_BEFORE_0009)
    journal = opened(path)

    found = [journal.read_now(partial(shelf.find, slip=f"S-{number}")) for number in range(1, 5)]
    assert [(one.token, one.record) for one in found if one] == [
        ("t1", None),
        ("t2", '{"a": 2}'),
        ("t3", '{"a": 3}'),
        ("t4", '{"a": 4}'),
    ]
    signatures = [journal.read_now(partial(shelf.signature, jti=f"PRR-{number}")) for number in range(1, 5)]
    assert signatures == [b"", b"\x05", b"", b""]
    assert journal.read_now(shelf.unsigned) == [("t3", "PRR-3", '{"a": 3}')]

    assert [event.sequence for event in journal.read_now(outbox.pending)] == [9]
    assert journal.read_now(outbox.common) == [(8, b"\x08"), (9, b"\x09")]

    label = Label(id="KTP-el", en="ID card")
    queue = Queue((Series("ktp", "A", label, 5.0, 1),), "Asia/Jakarta")
    assert journal.read_now(lambda tx: (queue.ticket(tx, "r1").token, queue.load(tx, "ktp").waiting)) == ("T1", 1)
    assert journal.write_now(lambda tx: queue.call_next(tx, "ktp")) == "A-002"
    assert journal.write_now(lambda tx: queue.issue(tx, "ktp", "r3"))[0].number == "A-003"
    assert journal.read_now(lambda tx: tx.rows("PRAGMA foreign_key_check")) == []
    journal.close()


def test_a_signature_that_comes_after_the_card_was_taken_is_not_kept(path: Path) -> None:
    of_version(path, 8, OF_BEFORE_0009)
    journal = opened(path)
    journal.write_now(lambda tx: jobs.forget_record(tx, "PRR-3"))
    journal.write_now(lambda tx: shelf.sign(tx, {"t3": b"late"}))
    assert journal.read_now(lambda tx: shelf.signature(tx, "PRR-3")) == b""
    assert journal.read_now(shelf.unsigned) == []
    assert journal.read_now(lambda tx: shelf.find(tx, slip="S-3")) == shelf.Shelved("t3", None)
    journal.close()


def test_an_older_receipt_takes_no_event_back(journal: Journal) -> None:
    for number in range(3):
        journal.write_now(partial(put_ticket, number))
    chains = [row["hash"] for row in journal.read_now(lambda tx: tx.rows("SELECT hash FROM outbox ORDER BY sequence"))]
    for sequence in (2, 1):
        journal.write_now(partial(outbox.acknowledge, sequence=sequence, chain=chains[sequence - 1]))
    assert [event.sequence for event in journal.read_now(outbox.pending)] == [3]


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (jobs.PROMISED, "audit_promise"),
        (shelf.UNSIGNED, "approval_unsigned"),
    ],
)
def test_what_is_asked_at_every_card_reads_no_more_in_the_tenth_year_than_on_the_first_day(
    path: Path, sql: str, index: str
) -> None:
    journal = opened(path)
    values = ["job"] * sql.count("?")
    plan = journal.read_now(lambda tx: [row["detail"] for row in tx.rows(f"EXPLAIN QUERY PLAN {sql}", *values)])
    journal.close()
    assert any(index in line for line in plan), plan
    assert not any(line.startswith("SCAN") and "INDEX" not in line for line in plan), plan
