"""Cases: opened with a count and a reason, ended by finding out or by minutes, never edited."""

import sqlite3
from pathlib import Path

import pytest

from kiosk.api.blanks import CaseKind, CasePlace
from kiosk.cards.blanks import BooksRefuse, cases, stock
from kiosk.cards.ledger import Account
from kiosk.journal import outbox
from kiosk.journal.database import Journal, Transaction
from kiosk.people.policy import Operation
from tests.kiosk.blanks.books import card, facts, held, mandate, opened

MISSING, SURPLUS, COUNTER = CaseKind
HOPPER, BIN, VAULT, SPOILED, UNKNOWN, PRINTER = CasePlace


async def morning(folder: Path) -> Journal:
    """30 in the vault, 20 in the hopper before two cards failed and one was not taken."""
    books = opened(folder)

    def work(tx: Transaction) -> None:
        stock.receive(tx, 50, mandate(Operation.RECEIVE_BLANKS), note="SJ-1")
        stock.load(tx, 20, mandate(Operation.LOAD_BLANKS))
        card(tx, Account.REJECT, "04aa")
        card(tx, Account.REJECT, "04bb")
        card(tx, Account.CAPTURE, "04cc")

    await books.write(work)
    return books


def opening(kind: CaseKind, place: CasePlace, quantity: int, reason: str = "counted twice"):  # type: ignore[no-untyped-def] # a closure
    return lambda tx: cases.report(tx, kind, place, quantity, mandate(Operation.OPEN_CASE, reason=reason))


def settling(case: int, quantity: int, where: CasePlace):  # type: ignore[no-untyped-def] # a closure
    return lambda tx: cases.settle(tx, case, quantity, where, mandate(Operation.SETTLE_CASE))


def writing_off(case: int, minutes: str = "BA-9"):  # type: ignore[no-untyped-def] # a closure
    return lambda tx: cases.write_off(tx, case, minutes, mandate(Operation.WRITE_OFF_CASE))


async def test_what_is_missing_stays_in_the_books_until_it_is_found_or_given_up(tmp_path: Path) -> None:
    books = await morning(tmp_path)
    case = await books.write(opening(MISSING, HOPPER, 3, "three fewer than yesterday"))
    assert (case.case, case.open, case.reason) == (1, 3, "three fewer than yesterday")
    assert (await books.read(held))["missing"] == 3

    case = await books.write(settling(1, 1, VAULT))
    assert (case.open, case.closed) == (2, None)
    assert (await books.read(held))["vault"] == 31

    case = await books.write(writing_off(1))
    assert (case.open, case.outcome, case.minutes) == (0, "written_off", "BA-9")
    assert await books.read(held) == {
        "centre": -50, "vault": 31, "hopper": 14, "reject": 2, "capture": 1, "written_off": 2,
    }  # fmt: skip
    assert [event.kind for event in await books.read(outbox.pending)][-3:] == [
        "case_opened",
        "case_found",
        "case_written_off",
    ]


async def test_the_last_one_found_ends_the_case(tmp_path: Path) -> None:
    books = await morning(tmp_path)
    await books.write(opening(MISSING, BIN, 3))
    assert (await books.read(held)).get("reject") is None  # both that failed and the one not taken
    await books.write(settling(1, 2, BIN))
    case = await books.write(settling(1, 1, SPOILED))
    assert (case.outcome, case.closed is not None) == ("found", True)
    assert await books.read(cases.open_cases) == []


async def test_what_is_too_much_is_booked_where_it_lies_and_traced_to_whence_it_came(tmp_path: Path) -> None:
    books = await morning(tmp_path)
    await books.write(opening(SURPLUS, HOPPER, 5))
    assert (await books.read(held))["hopper"] == 22
    assert (await books.read(held))["surplus"] == -5
    await books.write(settling(1, 4, VAULT))  # a load that nobody booked
    case = await books.write(writing_off(1, "BA-12"))  # one of which nobody knows: taken into the books
    assert case.outcome == "written_off"
    assert await books.read(held) == {"centre": -51, "vault": 26, "hopper": 22, "reject": 2, "capture": 1}


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (opening(MISSING, HOPPER, 18), "17 blanks at hopper; 18 cannot be missing"),
        (opening(MISSING, PRINTER, 1), "0 blanks at printer"),
        (opening(SURPLUS, UNKNOWN, 1), "nothing can be counted at unknown"),
        (opening(COUNTER, PRINTER, 1), "at the day's close, and only there"),
        (settling(1, 3, HOPPER), "only 2 are open"),
        (settling(1, 1, PRINTER), "can be found at printer"),
        (settling(2, 1, HOPPER), "they came from elsewhere"),
        (settling(2, 1, SPOILED), "0 blanks at spoiled"),
        (settling(3, 1, HOPPER), "ended on"),
        (writing_off(3), "ended on"),
        (writing_off(99), "there is no case 99"),
        (settling(4, 1, HOPPER), "ends by minutes"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(tmp_path: Path, what, why: str) -> None:  # type: ignore[no-untyped-def] # a closure
    books = await morning(tmp_path)
    await books.write(opening(MISSING, VAULT, 2))
    await books.write(opening(SURPLUS, HOPPER, 1))
    await books.write(opening(MISSING, VAULT, 1))
    await books.write(settling(3, 1, VAULT))
    await books.write(lambda tx: cases.open_counter(tx, -2, "printer fed 1, booked 3", "OFFICER-1+OFFICER-2"))
    if "17 blanks" in why:
        await books.write(settling(2, 1, VAULT))
        await books.write(lambda tx: stock.unload(tx, 1, mandate(Operation.UNLOAD_BLANKS)))
    before = await books.read(lambda tx: (held(tx), facts(tx, "blank_case"), facts(tx, "audit")))
    with pytest.raises(BooksRefuse, match=why):
        await books.write(what)
    assert await books.read(lambda tx: (held(tx), facts(tx, "blank_case"), facts(tx, "audit"))) == before


async def test_a_case_cannot_be_edited_by_whoever_reaches_the_table(tmp_path: Path) -> None:
    books = await morning(tmp_path)
    await books.write(opening(MISSING, HOPPER, 3))
    await books.write(opening(MISSING, HOPPER, 1))
    await books.write(writing_off(2))
    for wish in (
        "UPDATE blank_case SET quantity = 1 WHERE id = 1",
        "UPDATE blank_case SET reason = 'none' WHERE id = 1",
        "UPDATE blank_case SET closed = at FROM (SELECT opened AS at FROM blank_case) WHERE id = 2",
        "UPDATE blank_case SET closed = NULL, closed_by = NULL, outcome = NULL WHERE id = 2",
        "DELETE FROM blank_case",
        "UPDATE blank_case SET closed = opened, closed_by = 'me', outcome = 'written_off' WHERE id = 1",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            await books.write(lambda tx, wish=wish: tx.run(wish))  # type: ignore[misc]
