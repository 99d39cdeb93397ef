"""What a day costs the SD card: syncs and bytes, counted by the disk under the real journal."""

from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.clock import Chance, Clock
from sim.clock import run
from sim.office import house, memo
from sim.office.day import OfficeDay
from sim.office.mortal import Moments
from sim.office.plan import plan
from sim.office.record import DayRecord
from tests.reliability.crash_journal import MortalCrashJournal
from tests.reliability.disk import Disk

RESIDENTS = 1_000
"""A day of that size itself, not a smaller one multiplied: the day's fixed part, how often the log is moved into the
file and how deep its trees are do not grow with the residents."""
SYNCS = 8_000
BYTES = 100_000_000


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_day_stays_within_what_an_sd_card_can_bear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What residents cost: the rare things of the rota (sim/office/rota.py) are left out."""
    disk = Disk()
    memo.use()

    def journal(path: Path, clock: Clock, chance: Chance, moments: Moments) -> MortalCrashJournal:
        return MortalCrashJournal(disk, clock, chance, moments, "FULL")

    monkeypatch.setattr(house, "MortalJournal", journal)

    async def lived() -> DayRecord:
        return await OfficeDay(tmp_path, replace(plan(1, 0, RESIDENTS, cuts=False), rare=())).live()

    record = run(lived(), seed=1_000)

    print(f"{RESIDENTS} residents: {record.counts['commits']} commits, {disk.syncs} syncs, {disk.bytes_written} bytes")
    assert record.violations == []
    assert record.counts["commits"] <= disk.syncs <= SYNCS
    assert disk.bytes_written <= BYTES
