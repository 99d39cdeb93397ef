"""Every role at every operation, generated from the one table; and nobody but the people desk gives leave."""

import ast
from collections import Counter
from itertools import combinations_with_replacement
from pathlib import Path

import httpx
import pytest

import kiosk
import sim
from kiosk.people.policy import RULES, Denied, Mandate, Operation, Rule
from kiosk.people.roles import Role
from kiosk.station.app import create_app
from kiosk.station.logring import LogRing
from sim.centre import Colleague
from tests.journeys.office import office
from tests.kiosk.staff.rig import EVERYBODY, REASON, desk

PARTIES = [
    (),
    *((role,) for role in Role),
    *combinations_with_replacement(Role, 2),
]
"""Nobody, one of each role, two of each pair of roles: 15 parties."""
RESIDENTS = {
    ("get", "/v1/state"),
    ("get", "/v1/events"),
    ("get", "/v1/version"),
    ("get", "/v1/log"),
    ("get", "/v1/journal"),
    ("post", "/v1/journal"),
    ("post", "/v1/selftest"),
    ("post", "/v1/tickets"),
    ("post", "/v1/collections"),
    ("post", "/v1/collections/{identity}/staff"),
    ("post", "/v1/collections/{identity}/cancel"),
}
"""What residents, screens and consoles may ask: no act of staff."""
ON_THE_WAY = {
    ("get", "/v1/staff/people"),
    ("get", "/v1/staff/unknown"),
    ("get", "/v1/blanks/cases"),
    ("post", "/v1/staff/roster"),
    ("post", "/v1/staff/challenges"),
}
"""What leads to an act: who is here, what waits for people, the centre's own signature, a challenge."""
STAFF = {
    ("post", "/v1/blanks"): Operation.LOAD_BLANKS,
    ("post", "/v1/blanks/unload"): Operation.UNLOAD_BLANKS,
    ("post", "/v1/blanks/received"): Operation.RECEIVE_BLANKS,
    ("post", "/v1/blanks/bin"): Operation.EMPTY_BIN,
    ("post", "/v1/blanks/destroyed"): Operation.DESTROY_BLANKS,
    ("post", "/v1/blanks/cases"): Operation.OPEN_CASE,
    ("post", "/v1/blanks/cases/found"): Operation.SETTLE_CASE,
    ("post", "/v1/blanks/cases/written-off"): Operation.WRITE_OFF_CASE,
    ("post", "/v1/close"): Operation.DAILY_CLOSE,
    ("post", "/v1/journal/accept"): Operation.ACCEPT_JOURNAL,
    ("post", "/v1/journal/export"): Operation.EXPORT_AUDIT,
    ("post", "/v1/printer/clean"): Operation.CLEAN_PRINTER,
    ("post", "/v1/queue/next"): Operation.CALL_NEXT,
    ("post", "/v1/staff/overrides"): Operation.OVERRIDE,
    ("post", "/v1/staff/resolutions"): Operation.RESOLVE_UNKNOWN,
    ("post", "/v1/staff/digest"): Operation.READ_DIGEST,
    ("post", "/v1/staff/pin"): Operation.SET_PIN,
    ("post", "/v1/staff/pin/clear"): Operation.MANAGE_PEOPLE,
}


def allowed(rule: Rule, party: tuple[Role, ...]) -> bool:
    """The table read by hand, without the code that the desk reads it with."""
    if len(party) != rule.people:
        return False
    return all(role in rule.roles for role in party) and any(role in rule.led_by for role in party)


def of_roles(party: tuple[Role, ...]) -> list[Colleague]:
    """Different people with these roles."""
    left = list(EVERYBODY)
    chosen = []
    for role in party:
        one = next(one for one in left if one.role == role)
        left.remove(one)
        chosen.append(one)
    return chosen


def test_every_operation_has_a_rule() -> None:
    assert set(RULES) == set(Operation)


async def test_every_role_at_every_operation(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(*EVERYBODY)
    verdicts: Counter[bool] = Counter()
    for operation, rule in RULES.items():
        for party in PARTIES:
            request = await here.proven(here.request(operation), *of_roles(party))
            before = here.acts()
            try:
                await here.act(request)
                done = True
            except Denied:
                done = False
            assert done is allowed(rule, party), (operation, party)
            assert here.acts() - before == done, (operation, party)
            verdicts[done] += 1
    assert verdicts.total() == len(Operation) * len(PARTIES)
    assert min(verdicts.values()) >= len(Operation)
    denials = len(here.audited("staff_denied"))
    here.journal.close()
    assert denials == verdicts[False]


async def test_where_the_table_wants_a_reason_none_is_done_without(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(*EVERYBODY)
    for operation, rule in RULES.items():
        party = next(party for party in PARTIES if allowed(rule, party))
        for reason in ("", "why", "NIK 3273011203850001", "two\nlines", REASON):
            request = await here.proven(here.request(operation, reason), *of_roles(party))
            if reason == REASON or (not reason and not rule.reason):
                await here.act(request)
            else:
                with pytest.raises(Denied, match="reason"):
                    await here.act(request)
    here.journal.close()


@pytest.mark.parametrize("operation", [one for one, rule in RULES.items() if rule.people == 2])
def test_a_mandate_for_two_cannot_name_one(operation: Operation) -> None:
    for people in ((), ("ANI",), ("ANI", "ANI"), ("ANI", "BUDI", "CITRA")):
        with pytest.raises(Denied, match="different people"):
            Mandate(operation, people, REASON, "1")


def test_what_the_law_of_the_house_says_stands_in_the_table() -> None:
    """Not read from the table: whoever loosens these must change this test and say why."""
    two = {operation for operation, rule in RULES.items() if rule.people == 2}
    assert two >= {
        Operation.OVERRIDE,
        Operation.LOAD_BLANKS,
        Operation.UNLOAD_BLANKS,
        Operation.RESOLVE_UNKNOWN,
        Operation.DESTROY_BLANKS,
        Operation.RECEIVE_BLANKS,
        Operation.DAILY_CLOSE,
        Operation.EMPTY_BIN,
        Operation.OPEN_CASE,
        Operation.SETTLE_CASE,
        Operation.WRITE_OFF_CASE,
        Operation.MANAGE_PEOPLE,
        Operation.ACCEPT_JOURNAL,
    }
    assert Role.TECHNICIAN not in RULES[Operation.OVERRIDE].roles
    changing = set(Operation) - {
        Operation.READ_DIGEST,
        Operation.EXPORT_AUDIT,
        Operation.SET_PIN,
    }
    assert all(Role.AUDITOR not in RULES[operation].roles for operation in changing)
    assert all(rule.reason for operation, rule in RULES.items() if operation in {Operation.OVERRIDE, "resolve_unknown"})


async def test_every_route_is_a_residents_or_has_a_rule(tmp_path: Path) -> None:
    async with office(tmp_path, blanks=0) as kiosk_here:
        transport = httpx.ASGITransport(create_app(kiosk_here.station, LogRing()))
        async with httpx.AsyncClient(transport=transport, base_url="http://kioskd") as client:
            paths = (await client.get("/openapi.json")).json()["paths"]
            routes = {(method, path) for path, methods in paths.items() for method in methods}
            assert routes == RESIDENTS | ON_THE_WAY | STAFF.keys()
            for method, path in STAFF:
                refused = await client.request(method, path, json={"request_id": "nobody-at-all"})
                assert refused.status_code in (409, 422), path


def test_only_the_people_desk_makes_mandates() -> None:
    makers = set()
    for package in (kiosk, sim):
        root = Path(next(iter(package.__path__)))
        for file in root.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Mandate":
                    makers.add(file.relative_to(root.parent).as_posix())
    assert makers == {"kiosk/people/desk.py"}


def test_the_page_repeats_the_table() -> None:
    page = (Path(next(iter(kiosk.__path__))).parent / "docs" / "people.md").read_text(encoding="utf-8")
    said = [line for line in page.splitlines() if line.startswith("| `")]
    for operation, rule in RULES.items():
        roles = ", ".join(sorted(rule.roles))
        led = "" if rule.led_by == rule.roles else f", led by {' or '.join(sorted(rule.led_by))}"
        line = f"| `{operation}` | {roles}{led} | {rule.people} | {'yes' if rule.reason else 'no'} |"
        assert line in said, f"write into docs/people.md: {line}"
    assert len(said) == len(RULES)
