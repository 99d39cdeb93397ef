"""Rare things: each has its turn, each declared branch is on a list, and a hole in the procedure is found."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import jwt
import pytest

from kiosk.api.messages import Cause
from kiosk.cards.jws import CentreKey
from kiosk.journal.events import Event
from kiosk.people import policy
from kiosk.people.desk import PeopleDesk
from kiosk.people.policy import Operation
from kiosk.people.roles import Role
from sim.clock import run
from sim.office import command, day, memo, rare
from sim.office.plan import Outage, plan
from sim.office.record import DayRecord
from sim.office.rota import OPEN, PER_DAY, ROUND, Due, Turn, due
from sim.office.staff_checks import TABLE

ROOT = Path(__file__).parents[3]
LISTED = {*rare.BY_CHANCE, *rare.BY_TURN, *rare.ELSEWHERE}
RESIDENTS = 12


def lived(folder: Path, *turns: Turn, seed: int = 11, outages: tuple[Outage, ...] = ()) -> DayRecord:
    """A day without cuts on which these have their turn, one after the other."""
    memo.use()
    hours = (600.0 + number * (OPEN - 4_200.0) / len(turns) for number in range(len(turns)))
    dues = tuple(Due(0.0 if turn is Turn.EMPTY_HOPPER else at, turn) for at, turn in zip(hours, turns, strict=True))
    return run(day._lived(folder, replace(plan(seed, 0, RESIDENTS, cuts=False), rare=dues, outages=outages)), seed=seed)


# -- the lists ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(1, 20))
def test_everything_has_its_turn_within_a_round(seed: int) -> None:
    for first in (0, 5):
        days = [due(seed, number) for number in range(first, first + ROUND)]
        assert {one.turn for dues in days for one in dues} == set(Turn)
        assert all(len(dues) == PER_DAY for dues in days)


def test_every_audit_event_operation_and_cause_is_on_a_list() -> None:
    """Whoever declares a new one says where it is gone through."""
    assert [event for event in Event if f"audit {event}" not in LISTED] == []
    assert [one for one in Operation if f"staff {one}" not in LISTED] == []
    refusals = {name.split(" ")[-1] for name in LISTED if re.search(r"\b(refused|cannot|staff|no number) \w+$", name)}
    assert [cause for cause in Cause if cause not in refusals] == []


def test_the_checkers_have_a_table_of_their_own_that_says_the_same() -> None:
    mine = {name: (people, set(may), set(led_by)) for name, (people, may, led_by) in TABLE.items()}
    assert mine == {
        one.value: (rule.people, {role.value for role in rule.roles}, {role.value for role in rule.led_by})
        for one, rule in policy.RULES.items()
    }


def test_what_is_said_to_be_tried_elsewhere_is() -> None:
    for why in rare.ELSEWHERE.values():
        for file in re.findall(r"tests/[\w/]+\.py", why):
            assert (ROOT / file).is_file(), file


def test_a_large_run_that_never_reached_a_rare_branch_fails() -> None:
    counts = Counter({"power cut": 3, "mains flicker": 1})
    few, many = rare.RARE_FROM // ROUND, rare.RARE_FROM // ROUND + 1

    assert rare.unreached(counts, ROUND - 1, few) == []
    assert "dishonest alone: denied" in rare.unreached(counts, ROUND, 0)
    assert "kioskd killed" not in rare.unreached(counts, ROUND, 0), "there were no cuts"
    assert {"kioskd killed", "dishonest alone: denied"} <= set(rare.unreached(counts, ROUND, many))
    assert not {"power cut", "mains flicker"} & set(rare.unreached(counts, ROUND, many))
    record = DayRecord(1, 0)
    assert command.summary([record] * ROUND, many, cuts=True)["unreached"] == rare.unreached({}, ROUND, many)


# -- the days ----------------------------------------------------------------------------------------------------------
@pytest.mark.timeout(300)
def test_on_a_day_on_which_everything_happens_nothing_is_lost_and_nobody_gets_through(tmp_path: Path) -> None:
    record = lived(tmp_path, *Turn)

    assert record.violations == []
    assert [branch for branch in rare.BY_TURN if not record.counts[branch]] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["link", "server"])
def test_the_same_on_a_day_without_the_centre(tmp_path: Path, kind: Literal["link", "server"]) -> None:
    """Who needs what only the centre can send goes home in the evening; nothing is made up for him."""
    record = lived(tmp_path, *Turn, outages=(Outage(0.0, OPEN, kind),))

    assert record.violations == []
    assert record.counts["dishonest altered approval: refused approval_forged"] == 0
    assert record.counts["left with number"] > 0


def _one_person_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    hole = replace(policy.RULES[Operation.OVERRIDE], people=1)
    monkeypatch.setattr(policy, "RULES", {**policy.RULES, Operation.OVERRIDE: hole})


def _technicians_read_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = policy.RULES[Operation.READ_DIGEST]
    hole = replace(rule, roles=rule.roles | {Role.TECHNICIAN}, led_by=rule.led_by | {Role.TECHNICIAN})
    monkeypatch.setattr(policy, "RULES", {**policy.RULES, Operation.READ_DIGEST: hole})


def _no_pin_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    async def _check_pin(*_: Any) -> None: ...

    monkeypatch.setattr(PeopleDesk, "_check_pin", _check_pin)


def _denials_are_not_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    async def _note(*_: Any) -> None: ...

    monkeypatch.setattr(PeopleDesk, "_note", _note)


def _any_signature_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def claims(_: CentreKey, token: str, *__: Any, **___: Any) -> dict[str, Any]:
        return jwt.decode(token, options={"verify_signature": False})

    monkeypatch.setattr(CentreKey, "claims", claims)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("hole", "turn", "seen"),
    [
        (_one_person_overrides, Turn.ALONE, {"alone: override was done", "overridden by OFFICER-1 alone"}),
        (
            _technicians_read_the_digest,
            Turn.TECHNICIAN,
            {"technician: read_digest was done", "read_digest by TECHNICIAN-1, who are technician"},
        ),
        (_no_pin_is_looked_at, Turn.GUESSED_PIN, {"guessed PIN: load_blanks was done"}),
        (_denials_are_not_audited, Turn.TWICE, {"the audit misses 1 of override in the name of ('SUPERVISOR-1',)"}),
        (_any_signature_is_believed, Turn.ALTERED, {"with altered approval was let in"}),
    ],
)
def test_a_hole_in_the_procedure_is_found(
    hole: Callable[[pytest.MonkeyPatch], None],
    turn: Turn,
    seen: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hole(monkeypatch)

    violations = lived(tmp_path, turn).violations

    for what in seen:
        assert any(what in one for one in violations), violations
