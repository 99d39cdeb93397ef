"""Time never runs backwards by the machine's own clock, and only the centre's signed word takes a jump back."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.journal.timekeeper import TOLERANCE, TimeKeeper, TimeSource

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DECADE = timedelta(days=3650)


class Machine:
    """A machine whose clock anybody may set, and whose crystal runs on."""

    def __init__(self) -> None:
        self.clock = START
        self.tick = 0.0

    def now(self) -> datetime:
        return self.clock

    def pass_(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)
        self.tick += seconds


def kept(machine: Machine, seen: datetime = START, *, boot: int = 1, battery: bool = True) -> TimeKeeper:
    keeper = TimeKeeper(machine, battery=battery)
    keeper.resume(seen, boot, lambda: machine.tick)
    return keeper


def test_ten_thousand_clock_jumps_never_make_an_expired_approval_valid_again() -> None:
    """-10 to +10 years at random instants, restarts in between; each approval is asked for after every jump."""
    chance = random.Random(16)
    machine = Machine()
    keeper = kept(machine)
    expired: set[datetime] = set()
    approvals = [START + timedelta(days=chance.uniform(0, 7300)) for _ in range(50)]
    last = keeper.now()
    for jump in range(10_000):
        machine.clock = START + DECADE * chance.uniform(-1, 1)
        machine.pass_(chance.uniform(0, 3600))
        if chance.random() < 0.1:  # a restart: what was on disk is up to a minute old, but every refusal is on record
            boot = keeper.boot + 1
            keeper = kept(machine, max([last - timedelta(seconds=chance.uniform(0, 60)), *expired]), boot=boot)
            last = max([last - timedelta(seconds=60), *expired])
        now = keeper.now()
        assert now >= last, f"jump {jump}: time ran back"
        last = now
        for expires in approvals:
            if expires <= now:
                expired.add(expires)
            assert (expires <= now) is (expires in expired), f"jump {jump}: valid again"
    assert len(expired) > 20
    assert len(expired) < 50


def test_it_goes_on_while_the_clock_stands_in_the_past() -> None:
    machine = Machine()
    keeper = kept(machine)
    machine.clock -= DECADE
    machine.pass_(90)
    assert keeper.now() == START + timedelta(seconds=90)
    assert keeper.source is TimeSource.NONE


def test_a_machine_without_a_clock_goes_on_from_what_was_seen_and_says_so() -> None:
    machine = Machine()
    machine.clock = datetime(1970, 1, 1, tzinfo=UTC)
    keeper = kept(machine, boot=3)
    assert keeper.now() == START
    assert keeper.mark() == "3 none ?"

    keeper.prove(START + timedelta(days=2), asked=machine.tick)
    assert keeper.now() == START + timedelta(days=2)
    assert keeper.mark() == "3 centre 0"


def test_a_clock_without_a_battery_is_not_believed_however_well_it_looks() -> None:
    machine = Machine()
    machine.pass_(60)
    assert kept(machine).source is TimeSource.CLOCK
    assert kept(machine, battery=False).source is TimeSource.NONE


def test_a_new_machine_without_history_needs_a_year_in_which_this_program_exists() -> None:
    machine = Machine()
    assert TimeKeeper(machine).source is TimeSource.CLOCK
    machine.clock = datetime(2025, 12, 31, tzinfo=UTC)
    assert TimeKeeper(machine).source is TimeSource.NONE


def test_only_the_centre_takes_a_jump_forward_back() -> None:
    machine = Machine()
    keeper = kept(machine)
    machine.clock += DECADE
    assert keeper.now() == START + DECADE
    machine.clock -= DECADE
    assert keeper.now() == START + DECADE

    assert keeper.prove(START, asked=machine.tick) == -DECADE
    assert keeper.now() == START
    machine.clock += DECADE
    assert keeper.now() == START, "once the centre has told it, the machine's clock is asked no more"


def test_the_centres_time_is_counted_on_by_the_crystal_and_grows_uncertain() -> None:
    machine = Machine()
    keeper = kept(machine)
    asked = machine.tick
    machine.pass_(4)  # a slow line: the answer was made at some moment of these four seconds
    keeper.prove(START, asked)
    assert keeper.now() == START + timedelta(seconds=4)
    assert keeper.uncertainty == 4
    machine.pass_(86_400)
    assert keeper.now() == START + timedelta(seconds=86_404)
    assert keeper.uncertainty == 13  # 100 ppm of a day are 8.64 s


@pytest.mark.parametrize("behind", [0.001, 1.0, TOLERANCE.total_seconds() - 0.001])
def test_a_moment_behind_the_centre_time_stands_rather_than_runs_back(behind: float) -> None:
    machine = Machine()
    keeper = kept(machine)
    before = keeper.now()
    keeper.prove(START - timedelta(seconds=behind), asked=machine.tick)
    assert keeper.now() == before
    assert keeper.source is TimeSource.CENTRE
