"""What the journal has acknowledged survives the power, on a disk that forgets; and the wrong ways are seen to fail."""

import random

import pytest

from tests.reliability import records
from tests.reliability.campaign import campaign, replay_line, replayed
from tests.reliability.disk import SECTOR, Disk, Loss, Op
from tests.reliability.path import Cut, Schedule, play
from tests.reliability.ways import JOBS, JobWay

CUTS = 3_000
JOBS_CUT = 400
WRONG_CUTS = 100


@pytest.mark.timeout(600)
def test_no_cut_at_a_call_to_the_disk_loses_an_acknowledged_record() -> None:
    tally = records.campaign(records.OURS, CUTS)

    assert tally.first == ""
    assert tally.clean == tally.cuts == CUTS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", records.WRONG, ids=lambda way: way.name)
def test_a_journal_that_does_not_wait_for_the_disk_is_seen_to_lose_records(way: records.Way) -> None:
    tally = records.campaign(way, WRONG_CUTS)

    print(way.name, tally)
    assert tally.lost > WRONG_CUTS / 10
    assert bool(tally.corrupt) is (way.name != "synchronous NORMAL")  # NORMAL loses, but stays whole


@pytest.mark.timeout(600)
def test_no_card_is_lost_or_doubled_on_a_disk_that_forgets_what_is_not_synced() -> None:
    findings = campaign(JOBS_CUT, disk="FULL")

    assert not findings.failed, "\n".join(f"{faults}: {replay_line(one)}" for one, faults in findings.failed[:5])
    assert findings.schedules == JOBS_CUT


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", JOBS[1:], ids=lambda way: way.name)
def test_the_wrong_ways_are_seen_to_harm_cards(way: JobWay) -> None:
    assert campaign(WRONG_CUTS, disk=way.disk, program=way.program).harmed > 3


def test_a_schedule_on_a_forgetful_disk_replays_from_its_line() -> None:
    one = Schedule((Cut(90, "eject"), Cut(11, "keep")), seed=7, disk="NORMAL")

    assert play(one) == replayed(replay_line(one).split("'")[1])


def test_the_disk_keeps_what_was_synced_and_nothing_else_for_sure() -> None:
    disk = Disk({"old": b"o" * SECTOR})
    for op in (Op("write", "new", 0, b"a" * SECTOR), Op("sync", "new"), Op("write", "new", SECTOR, b"b" * 3 * SECTOR)):
        disk.do(op)
    disk.do(Op("delete", "old"))

    dropped, kept = (disk.left(loss, random.Random(1)) for loss in (Loss.DROPPED, Loss.KEPT))
    mixed = [disk.left(Loss.MIXED, random.Random(seed)) for seed in range(50)]

    assert dropped == {"old": b"o" * SECTOR, "new": b"a" * SECTOR}
    assert kept == {"new": b"a" * SECTOR + b"b" * 3 * SECTOR}
    assert all(left["new"][:SECTOR] == b"a" * SECTOR for left in mixed)
    assert len({left["new"] for left in mixed}) > 5
    assert {"old" in left for left in mixed} == {True, False}


def test_a_disk_that_lies_keeps_nothing() -> None:
    disk = Disk(lying=True)
    disk.do(Op("write", "new", 0, b"a"))
    disk.do(Op("sync", "new"))

    assert disk.left(Loss.DROPPED, random.Random(1)) == {}
