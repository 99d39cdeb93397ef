"""Whole office days in virtual time: what must hold at closing, that a day replays, and that a wrong day is told."""

import gc
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sim import __main__ as command_line
from sim.clock import run
from sim.office import command, day
from sim.office.checks import card_faults
from sim.office.day import live
from sim.office.plan import plan
from sim.world import Place

DAYS = 10
RESIDENTS = 300


@pytest.fixture(autouse=True)
def _own_process() -> Iterator[None]:
    """The command takes the collector of garbage for itself; the tests that follow get it back."""
    usual = gc.get_threshold()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_day_with_cuts_faults_and_dishonest_people_loses_or_doubles_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, picture = tmp_path / "days.json", tmp_path / "days.html"

    words = f"office --days {DAYS} --seed 3 --residents {RESIDENTS} --cuts --workers 2 --json {file} --html {picture}"
    status = command_line.main(words.split())

    said = json.loads(file.read_text())
    assert said["violations"] == []
    assert status == 0
    assert f"digest {said['digest']}" in capsys.readouterr().out
    assert said["counts"]["power cut"] + said["counts"]["kioskd killed"] >= DAYS
    assert said["counts"]["left with card"] >= RESIDENTS * DAYS / 10
    drawn = picture.read_text()
    assert drawn.count("<svg") == DAYS
    assert len(re.findall("<rect", drawn)) > 100 * DAYS


@pytest.mark.timeout(300)
def test_the_same_seed_is_the_same_day_to_the_last_commit() -> None:
    first, again, other = (live(seed, 0, 25, cuts=True) for seed in (5, 5, 6))

    assert first.lines == again.lines
    assert first.digest == again.digest != other.digest


def test_a_plan_depends_on_its_seed_and_day_alone() -> None:
    assert plan(1, 2, 50, cuts=True) == plan(1, 2, 50, cuts=True)
    assert plan(1, 2, 50, cuts=True) != plan(1, 3, 50, cuts=True)
    assert plan(1, 2, 50, cuts=True).visits == plan(1, 2, 50, cuts=True).visits


@pytest.mark.timeout(300)
def test_a_violation_makes_the_status_1_and_prints_the_line_that_replays_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes a blank out of the hopper, and no book says so."""

    def robbed(world, *rest, **more):  # type: ignore[no-untyped-def] # as the function it stands for
        world.put(world.at(Place.HOPPER)[0], Place.HAND)
        return card_faults(world, *rest, **more)

    monkeypatch.setattr(day, "card_faults", robbed)

    status = command.office(["--seed", "9", "--residents", "5"])

    printed = capsys.readouterr().out
    assert status == 1
    assert "in a hand without a job that says so" in printed
    assert "replay: python -m sim office --seed 9 --day 0 --residents 5" in printed


@pytest.mark.timeout(300)
def test_who_pockets_a_blank_is_found_by_the_evenings_count(tmp_path: Path) -> None:
    """Nobody sees it happen; two honest officers count, and what is not there is a case that the centre hears of."""
    robbed = replace(plan(4, 0, 6, cuts=False), pocketed=(3_600.0,), uncounted=(), rare=())

    record = run(day._lived(tmp_path, robbed), seed=4)

    assert record.violations == []
    assert record.counts["blanks pocketed"] == 1
    assert record.counts["case missing"] == 1
    assert record.counts["day closed"] == 1
