"""The audit's events: declared, documented, and nothing is appended that is not."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.journal import audit
from kiosk.journal.database import Journal
from kiosk.journal.events import FIELDS, Event
from sim.clock import OfficeClock, SeededChance
from tests.tools.make_audit_events import PAGE, page

KIOSK = Path(__file__).parents[3] / "kiosk"


def test_the_page_is_what_the_declarations_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/audit-events.md is stale: run `make docs`"


@pytest.mark.parametrize("event", Event)
def test_every_event_has_one_sentence_and_fields_that_mean_something(event: Event) -> None:
    assert event.sentence.endswith(".")
    assert event.fields <= FIELDS.keys(), "give the field its meaning in FIELDS"


def test_no_field_is_explained_that_no_event_carries() -> None:
    assert FIELDS.keys() == frozenset().union(*(event.fields for event in Event))


async def test_nothing_undeclared_is_recorded(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(), threaded=False)
    with pytest.raises(ValueError, match=r"ticket_issued: not declared .*: name, nik"):
        await journal.write(lambda tx: audit.append(tx, Event.TICKET_ISSUED, "resident", name="B", nik="3"))
    assert await journal.read(lambda tx: tx.number("SELECT count(*) FROM audit")) == 0
    journal.close()


def _appends() -> Iterator[tuple[str, ast.Call]]:
    """(place, call) of every `audit.append(...)` in the program, also on paths that no test walks."""
    for file in sorted(KIOSK.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.append":
                yield f"{file.name}:{node.lineno}", node


def test_what_the_program_appends_is_declared() -> None:
    calls = dict(_appends())
    assert len(calls) > 10
    for place, call in calls.items():
        name = ast.unparse(call.args[1])
        assert name.startswith("audit.Event."), f"{place}: name the event where it is appended"
        event = Event[name.removeprefix("audit.Event.")]
        given = {word.arg for word in call.keywords}
        assert given <= event.fields, f"{place}: {event} does not declare {given - event.fields}"


def test_what_is_declared_is_appended_somewhere() -> None:
    appended = {ast.unparse(call.args[1]).removeprefix("audit.Event.") for _, call in _appends()}
    assert {event.name for event in Event} == appended
