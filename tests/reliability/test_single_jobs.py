"""No cut of a single card job loses or doubles a card; and a bug planted on purpose is found."""

import pytest

from tests.reliability.campaign import campaign, hunt, replay_line, replayed, schedules
from tests.reliability.path import Cut, Schedule, play
from tests.reliability.planted import BUGS

CI_SCHEDULES = 10_000
FOUND_WITHIN = 1_000


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_schedule_of_cuts_loses_or_doubles_a_card() -> None:
    findings = campaign(CI_SCHEDULES, workers=2)

    print(f"{findings.schedules} schedules, {findings.cuts} cuts: {dict(findings.reached)}")
    assert not findings.failed, "\n".join(f"{faults}: {replay_line(one)}" for one, faults in findings.failed[:5])
    assert not findings.unreached, f"never reached: {findings.unreached}"
    assert findings.schedules == CI_SCHEDULES


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    found = hunt(BUGS[bug], FOUND_WITHIN)

    assert found is not None, f"{bug}: not found within {FOUND_WITHIN} schedules"
    print(f"{bug}: found by schedule {found[0]}: {found[1]}")


@pytest.mark.parametrize("bug", ["skip an intent", "swap two steps"])
def test_a_movement_without_an_intent_is_seen_even_when_nothing_comes_of_it(bug: str) -> None:
    assert play(Schedule((), hand="absent"), maker=BUGS[bug]).unintended


def test_a_schedule_replays_from_its_line() -> None:
    one = Schedule((Cut(120, "eject", stolen=True), Cut(7, None)), "late", "card-printer/jam", seed=5)
    first, again = play(one), replayed(replay_line(one).split("'")[1])

    assert first == again


def test_the_same_seed_gives_the_same_schedules() -> None:
    lives = {"quick": 240, "late": 310, "absent": 310}
    assert list(schedules(60, 3, lives)) == list(schedules(60, 3, lives))
    assert list(schedules(60, 3, lives)) != list(schedules(60, 4, lives))
