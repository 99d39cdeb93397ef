"""A running kiosk seals what it records, the centre keeps the proof, and an auditor takes it away."""

import asyncio
import sqlite3
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.journal import export, identity, inspection
from kiosk.journal.audit import GENESIS, Event, Walk, seal
from kiosk.journal.checkpoint import EVERY_RECORDS, read
from kiosk.journal.database import JournalError, Transaction
from kiosk.journal.export import ExportError
from kiosk.journal.identity import KioskKey, public_key
from sim.centre.books import KioskBook
from sim.clock import SeededChance
from sim.office.house import JOURNAL
from sim.world import Place
from tests.journeys.office import Office, office


def book(kiosk: Office) -> KioskBook:
    """What the centre holds of this kiosk."""
    return kiosk.centre.books["SPC01-K1"]


def sealed_late(kiosk: Office) -> list[str]:
    """Records that stood longer than a minute before a checkpoint covered them."""

    def ask(tx: Transaction) -> list[str]:
        late = []
        for row in tx.rows("SELECT sequence, at FROM audit"):
            cover = tx.row("SELECT min(at) AS at FROM checkpoint WHERE sequence >= ?", row["sequence"])
            if cover is None or cover["at"] is None:
                late.append(f"record {row['sequence']} was never sealed")
            elif datetime.fromisoformat(cover["at"]) - datetime.fromisoformat(row["at"]) > timedelta(seconds=60):
                late.append(f"record {row['sequence']} of {row['at']} was sealed at {cover['at']}")
        return late

    return kiosk.journal.post_mortem(ask)


async def test_no_record_stands_unsealed_for_more_than_a_minute(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        for pause in (1, 30, 49, 50, 51, 59, 61):
            await kiosk.ticket()
            await asyncio.sleep(pause)
        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await asyncio.sleep(61)
        assert sealed_late(kiosk) == []


async def test_a_busy_kiosk_seals_every_hundred_records(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        before = (await kiosk.api.journal()).sealed
        for _ in range(EVERY_RECORDS):
            kiosk.journal.write_now(lambda tx: kiosk.station.queue.issue(tx, "akta", tx.new_id()))
        report = await kiosk.api.journal()
        assert report.ok
        assert EVERY_RECORDS <= report.sealed - before <= report.records - before < 2 * EVERY_RECORDS


async def test_the_centre_knows_the_key_and_keeps_every_checkpoint(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        await asyncio.sleep(120)
        mine = kiosk.journal.post_mortem(lambda tx: [row["text"] for row in tx.rows(inspection.CHECKPOINTS)])
        assert list(book(kiosk).checkpoints.values()) == mine
        assert mine
        assert kiosk.centre.alarms == []
        assert (await kiosk.api.version()).public_key == kiosk.station.key.public
        assert (await kiosk.api.journal(mine)).ok


async def test_the_slips_text_covers_the_newest_record_and_is_the_same_when_asked_again(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        text = await kiosk.station.sealer.checkpoint()
        assert await kiosk.station.sealer.checkpoint() == text
        signed = read(text, [public_key(kiosk.station.key.public)])
        report = await kiosk.api.journal([text])
        assert (signed.kiosk, signed.sequence, signed.head.hex()) == ("SPC01-K1", report.records, report.head)
        assert len(text) < 300, "it has to fit a QR that a telephone reads from thermal paper"


async def test_the_key_is_made_once_and_only_kioskd_may_read_it(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        path = tmp_path / identity.FILE
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        key = kiosk.station.key.public
        await kiosk.power_cut()
        assert kiosk.station.key.public == key
        assert len(kiosk.audited(Event.KIOSK_KEY_MADE)) == 1


async def test_a_new_key_is_on_record_and_an_alarm_at_the_centre(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        await asyncio.sleep(60)
        await kiosk.die()
        (tmp_path / identity.FILE).unlink()
        await kiosk.boot()
        await kiosk.ticket()
        await asyncio.sleep(120)
        assert len(kiosk.audited(Event.KIOSK_KEY_MADE)) == 2
        assert kiosk.centre.alarms == ["SPC01-K1: the kiosk has another key than before"]
        assert (await kiosk.api.journal()).ok, "what each key has signed still holds"


def test_a_damaged_key_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / identity.FILE).write_bytes(b"short")
    with pytest.raises(JournalError, match=r"not a key \(5 bytes, 32 expected\); move it aside"):
        KioskKey.kept(tmp_path, "K1", SeededChance())


# -- receipts ---------------------------------------------------------------------------------------------------------


async def test_an_event_counts_as_told_only_by_a_receipt_for_exactly_these_events(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.centre.outage = "link"
        await kiosk.until(lambda state: not state.link.up)
        await kiosk.ticket()
        kiosk.journal.write_now(lambda tx: tx.run("UPDATE outbox SET body = '{}' WHERE kind = 'ticket_issued'"))
        kiosk.centre.outage = "none"

        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)
        state = await kiosk.api.state()
        assert state.link.up
        assert state.link.queued > 0, "what the centre got is not what was written: nothing counts as told"
        assert len(kiosk.audited(Event.JOURNAL_BEHIND)) == 1


async def test_a_journal_from_a_backup_gives_no_card(tmp_path: Path) -> None:
    """Somebody keeps a copy of the disk from before a card was collected, and puts it back."""
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        await asyncio.sleep(20)
        await kiosk.die()
        saved = (tmp_path / JOURNAL).read_bytes()
        await kiosk.boot()
        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await asyncio.sleep(20)
        await kiosk.die()

        (tmp_path / JOURNAL).write_bytes(saved)
        await kiosk.boot()
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.JOURNAL_BEHIND
        await kiosk.die()
        await kiosk.boot()
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.JOURNAL_BEHIND, "also after the next start"
        assert [card.place for card in kiosk.world.cards].count(Place.HAND) == 1
        assert any("told again with other contents" in alarm for alarm in kiosk.centre.alarms)


# -- export -----------------------------------------------------------------------------------------------------------


async def exported(kiosk: Office) -> str:
    await kiosk.scan_slip()
    assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
    wanted = s.AuditExport(request_id=kiosk.request(), reason="yearly audit")
    return await kiosk.api.export(await kiosk.signed(wanted, ["AUDITOR-1"]))


async def test_an_export_is_checked_with_nothing_but_the_kiosks_public_key(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        text = await exported(kiosk)
        report = export.verify(text.splitlines(keepends=True), kiosk.station.key.public)
        now = await kiosk.api.journal()
        assert report.problems == ()
        assert (report.records, report.head, report.sealed) == (now.records, now.head, now.records)
        for personal in (kiosk.resident.nik, kiosk.resident.name):
            assert personal not in text


async def test_every_changed_line_of_an_export_is_found(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        lines = (await exported(kiosk)).splitlines(keepends=True)
        key = kiosk.station.key.public
        assert len(lines) >= 20
        for number, line in enumerate(lines):
            for changed in (line.replace("a", "b", 1), "", line + line):
                assert changed != line
                others = [*lines[:number], *([changed] if changed else []), *lines[number + 1 :]]
                assert not_genuine(others, key), f"line {number + 1} as {changed[:40]!r}"


async def test_an_export_by_another_key_is_refused(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        lines = (await exported(kiosk)).splitlines(keepends=True)
        (another := tmp_path / "another").mkdir()
        assert not_genuine(lines, KioskKey.kept(another, "SPC01-K1", SeededChance(9)).public)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "\x00", '{"type": "anjungan-1//journal-export"}', "[" * 90_000])
def test_what_is_no_export_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ExportError):
        export.verify([text] if text else [], KioskKey.kept(tmp_path, "K1", SeededChance()).public)


def not_genuine(lines: list[str], key: str) -> bool:
    try:
        return bool(export.verify(lines, key).problems)
    except ExportError:
        return True


async def test_the_clock_of_every_record_is_named(tmp_path: Path) -> None:
    """Boot count, whose word the time is, and by how much it may be wrong."""
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        await kiosk.power_cut()
        await kiosk.ticket()
        rows = kiosk.journal.post_mortem(lambda tx: tx.rows("SELECT kind, clock FROM audit ORDER BY sequence"))
        clocks = [row["clock"] for row in rows]
        assert clocks[0] == "1 clock ?"
        assert clocks[-1] in ("2 centre 0", "2 centre 1")
        assert [int(clock.split()[0]) for clock in clocks] == sorted(int(clock.split()[0]) for clock in clocks)


def test_a_record_without_a_clock_is_of_the_first_version(tmp_path: Path) -> None:
    """Whoever empties the column to have it judged as an old record is found."""
    row: dict[str, Any] = {
        "sequence": 1,
        "at": "x",
        "clock": "1 centre 0",
        "kind": "k",
        "actor": "a",
        "body": "{}",
        "previous": GENESIS,
    }
    row["hash"] = seal(1, "x", "1 centre 0", "k", "a", "{}", GENESIS)
    assert Walk().step(row) == []
    assert Walk().step(row | {"clock": ""}) == ["record 1: was altered"]


# -- a record that was changed while kioskd was off --------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'OFFICER-9' WHERE sequence = (SELECT max(sequence) FROM audit)",
        "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit) - 1",
        "UPDATE audit SET hash = randomblob(32) WHERE sequence = (SELECT max(sequence) FROM checkpoint)",
        "DELETE FROM audit WHERE sequence >= (SELECT max(sequence) FROM checkpoint)",
    ],
)
async def test_a_kiosk_whose_record_was_changed_makes_no_card_and_says_why(tmp_path: Path, change: str) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        await asyncio.sleep(61)
        await kiosk.ticket()
        await kiosk.die()
        raw = sqlite3.connect(tmp_path / JOURNAL)
        raw.execute("DROP TRIGGER audit_only_grows_update")
        raw.execute("DROP TRIGGER audit_only_grows_delete")
        raw.execute(change)
        raw.commit()
        raw.close()

        await kiosk.boot()
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.JOURNAL_DAMAGED
        assert (await kiosk.ticket()).number == "D-003", "numbers are still given, and everything is still recorded"
        assert [check.ok for check in await kiosk.api.self_test() if check.name == "journal"] == [False]
