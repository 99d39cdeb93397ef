"""A disk without room: nothing counts that is not written, nothing begins that is not on record, and with room all goes
on. Below, the journal alone on a disk that refuses every one of its writes in turn; above, the whole kiosk."""

import asyncio
import random
from contextlib import suppress
from functools import partial
from pathlib import Path

import apsw
import pytest

from kiosk.api import messages as m
from kiosk.api.client import ApiError
from kiosk.journal import audit, inspection, outbox
from kiosk.journal.database import JournalFull, Transaction
from sim.clock import OfficeClock, SeededChance
from sim.world import Place
from tests.journeys.office import Office, office
from tests.reliability.crash_journal import CrashJournal
from tests.reliability.disk import Disk, Loss

CHANGES = 12
REFUSALS = 60
"""More writes than the journal makes for CHANGES changes."""


class Filling(Disk):
    """Has no room for the write of this number, from 0, and for `for_so_many` after it."""

    def __init__(self, refuses: int, for_so_many: int) -> None:
        super().__init__()
        self.refused = 0
        self._writes = -1
        self._range = range(refuses, refuses + for_so_many)

    def counted(self, kind: str) -> None:
        if kind == "write":
            self._writes += 1
            if self._writes in self._range:
                self.refused += 1
                raise apsw.FullError("no room")


def give_number(number: int, tx: Transaction) -> None:
    audit.append(tx, audit.Event.TICKET_ISSUED, "resident", number=f"A-{number:03}", service="akta", day="2026-03-02")
    outbox.put(tx, "ticket_issued", number=number)


@pytest.mark.parametrize("for_so_many", [1, 7])
async def test_whichever_write_finds_no_room_what_was_acknowledged_is_there_and_nothing_else(for_so_many: int) -> None:
    failed = 0
    for refuses in range(REFUSALS):
        disk = Filling(refuses, for_so_many)
        journal = CrashJournal(disk, OfficeClock(), SeededChance())
        disk.reached = disk.counted
        acknowledged = []
        for number in range(CHANGES):
            try:
                journal.write_now(partial(give_number, number))
                acknowledged.append(number)
                assert not journal.full
            except JournalFull:
                assert journal.full
                failed += 1
        assert [event.body["number"] for event in journal.read_now(outbox.pending)] == acknowledged
        disk.reached = lambda kind: None
        if not acknowledged or acknowledged[-1] != CHANGES - 1:
            journal.write_now(partial(give_number, CHANGES))  # there is room again
            acknowledged.append(CHANGES)
        disk.cut()
        journal.close()
        disk.come_back(Loss.DROPPED, random.Random(refuses))
        again = CrashJournal(disk, OfficeClock(), SeededChance())
        assert [event.body["number"] for event in again.read_now(outbox.pending)] == acknowledged
        report = again.read_now(lambda tx: inspection.check(tx.rows(inspection.RECORDS)))
        assert (report.problems, report.records) == ((), len(acknowledged))
        again.close()
    assert failed >= CHANGES, "the disk was full often enough for this to mean something"


def no_room(kiosk: Office) -> None:
    """The journal's disk is full, by SQLite's own limit: from now on not even the shortest record fits."""
    connection = kiosk.journal._connection
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
    with suppress(JournalFull):
        while True:
            kiosk.journal.write_now(lambda tx: audit.append(tx, audit.Event.POWER_RETURNED, "kiosk"))


def room(kiosk: Office) -> None:
    kiosk.journal._connection.execute("PRAGMA max_page_count = 1000000")


async def number_or_cause(kiosk: Office) -> str:
    """What a resident gets who asks for a number."""
    try:
        return (await kiosk.ticket()).number
    except ApiError as error:
        return str(error.cause)


async def test_a_kiosk_without_room_refuses_says_so_and_goes_on_by_itself(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        given = await number_or_cause(kiosk)
        no_room(kiosk)
        assert await number_or_cause(kiosk) == m.Cause.DISK_FULL
        assert (await kiosk.api.state()).collecting_cause == m.Cause.DISK_FULL
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.DISK_FULL
        await asyncio.sleep(120)  # whatever looks after the kiosk finds no room, again and again

        room(kiosk)
        await kiosk.until(lambda state: state.collecting)
        assert (given, await number_or_cause(kiosk)) == ("D-001", "D-002")
        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1)


@pytest.mark.parametrize("step", [m.Step.FEED, m.Step.PRINT, m.Step.PRESENT])
async def test_a_card_whose_next_act_cannot_be_written_waits_for_room_and_its_holder(
    tmp_path: Path, step: m.Step
) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(step)
        no_room(kiosk)
        ended = await kiosk.stage(m.Stage.CANNOT, m.Stage.TAKE_CARD, m.Stage.STAFF)
        kiosk.world.place_finger(None)
        assert (ended.stage, ended.cause) == (m.Stage.CANNOT, m.Cause.DISK_FULL)
        acts = len(kiosk.world.at(Place.HAND)), len(kiosk.world.at(Place.REJECT))
        await asyncio.sleep(120)
        assert acts == (len(kiosk.world.at(Place.HAND)), len(kiosk.world.at(Place.REJECT))), "nothing moves unwritten"

        room(kiosk)
        await kiosk.until(lambda state: state.collecting and state.collection is None)
        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        state = await kiosk.api.state()
        await kiosk.balanced(taken=1, scrapped=state.blanks.reject, captured=state.blanks.capture)
