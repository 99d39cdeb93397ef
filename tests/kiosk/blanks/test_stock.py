"""Blanks between delivery and destruction: what officers may book, and what the books refuse."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.api.blanks import CasePlace
from kiosk.cards import ledger
from kiosk.cards.blanks import BooksRefuse, stock
from kiosk.cards.blanks.cases import open_missing
from kiosk.cards.ledger import Account
from kiosk.journal import outbox
from kiosk.journal.database import Transaction
from kiosk.people.policy import Denied, Mandate, Operation
from tests.kiosk.blanks.books import OFFICERS, WITNESSES, card, facts, held, mandate, opened


async def test_a_blank_from_the_delivery_to_the_ashes(tmp_path: Path) -> None:
    books = opened(tmp_path)

    def year(tx: Transaction) -> None:
        stock.receive(tx, 100, mandate(Operation.RECEIVE_BLANKS), note="SJ-2026-17")
        stock.load(tx, 40, mandate(Operation.LOAD_BLANKS))
        card(tx, Account.HOLDER, "04aa")
        card(tx, Account.REJECT, "04bb")
        card(tx, Account.CAPTURE, "04cc")
        stock.unload(tx, 7, mandate(Operation.UNLOAD_BLANKS))
        stock.empty_bin(tx, 2, mandate(Operation.EMPTY_BIN))
        card(tx, Account.REJECT, "04dd")
        stock.destroy(tx, 3, mandate(Operation.DESTROY_BLANKS), minutes="BA-2026-4", witnesses=WITNESSES, bin_too=True)

    await books.write(year)
    assert await books.read(held) == {"centre": -100, "vault": 67, "hopper": 29, "holder": 1, "destroyed": 3}
    told = await books.read(outbox.pending)
    assert [event.kind for event in told if event.kind != "card_taken"] == [
        "blanks_received",
        "blanks_loaded",
        "blanks_unloaded",
        "bin_emptied",
        "blanks_destroyed",
    ]
    assert told[-1].body == {
        "quantity": 3,
        "minutes": "BA-2026-4",
        "witnesses": list(WITNESSES),
        "uids": ["04bb", "04cc", "04dd"],
    }
    ashes = [row for row in await books.read(lambda tx: facts(tx, "blank_move")) if row["to_account"] == "destroyed"]
    assert {(row["uid"], row["document"]) for row in ashes} == {
        ("04bb", "BA-2026-4"),
        ("04cc", "BA-2026-4"),
        ("04dd", "BA-2026-4"),
    }
    acted = [row for row in await books.read(lambda tx: facts(tx, "audit")) if row["kind"] == "blanks_destroyed"]
    assert acted[0]["actor"] == "+".join(OFFICERS)
    assert json.loads(acted[0]["body"])["witnesses"] == list(WITNESSES)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (lambda tx: stock.load(tx, 11, mandate(Operation.LOAD_BLANKS)), "10 blanks in the vault, not 11"),
        (lambda tx: stock.unload(tx, 4, mandate(Operation.UNLOAD_BLANKS)), "3 blanks in the hopper, not 4"),
        (lambda tx: stock.empty_bin(tx, 2, mandate(Operation.EMPTY_BIN)), "2 counted, the books have 1"),
        (
            lambda tx: stock.destroy(
                tx, 1, mandate(Operation.DESTROY_BLANKS), minutes="BA-1", witnesses=WITNESSES, bin_too=False
            ),
            "1 counted, the books have 0",
        ),
        (
            lambda tx: stock.destroy(
                tx, 1, mandate(Operation.DESTROY_BLANKS), minutes="BA-1", witnesses=("SATPOL-7",), bin_too=True
            ),
            "two witnesses",
        ),
        (
            lambda tx: stock.destroy(
                tx, 1, mandate(Operation.DESTROY_BLANKS), minutes="BA-1", witnesses=("SATPOL-7",) * 2, bin_too=True
            ),
            "two witnesses",
        ),
        (
            lambda tx: stock.destroy(
                tx,
                1,
                mandate(Operation.DESTROY_BLANKS),
                minutes="BA-1",
                witnesses=("SATPOL-7", OFFICERS[0]),
                bin_too=True,
            ),
            "other people",
        ),
    ],
)
async def test_what_the_books_do_not_have_cannot_be_moved(tmp_path: Path, what, why: str) -> None:  # type: ignore[no-untyped-def] # a lambda
    books = opened(tmp_path)

    def morning(tx: Transaction) -> None:
        stock.receive(tx, 14, mandate(Operation.RECEIVE_BLANKS), note="SJ-1")
        stock.load(tx, 4, mandate(Operation.LOAD_BLANKS))
        card(tx, Account.REJECT, "04bb")

    await books.write(morning)
    before = await books.read(lambda tx: (held(tx), facts(tx, "audit")))
    with pytest.raises(BooksRefuse, match=why):
        await books.write(what)
    assert await books.read(lambda tx: (held(tx), facts(tx, "audit"))) == before


async def test_a_bin_that_holds_an_unknown_card_is_not_emptied_before_it_is_resolved(tmp_path: Path) -> None:
    books = opened(tmp_path)

    def morning(tx: Transaction) -> None:
        ledger.load(tx, 5, mandate(Operation.LOAD_BLANKS))
        card(tx, Account.REJECT, "04bb")
        card(tx, Account.UNKNOWN, "04cc")

    await books.write(morning)
    with pytest.raises(BooksRefuse, match="1 are unknown: resolve those first"):
        await books.write(lambda tx: stock.empty_bin(tx, 2, mandate(Operation.EMPTY_BIN)))


async def test_a_mandate_for_something_else_moves_nothing(tmp_path: Path) -> None:
    books = opened(tmp_path)
    with pytest.raises(Denied, match="does not allow"):
        await books.write(lambda tx: stock.receive(tx, 5, mandate(Operation.LOAD_BLANKS), note="SJ-1"))
    once = mandate(Operation.RECEIVE_BLANKS)
    await books.write(lambda tx: stock.receive(tx, 5, once, note="SJ-1"))
    with pytest.raises(Denied, match="used before"):
        await books.write(lambda tx: stock.receive(tx, 5, once, note="SJ-1"))
    assert (await books.read(held))["vault"] == 5


async def test_positions_of_a_lot_are_received_once_and_moved_only_from_where_they_are(tmp_path: Path) -> None:
    books = opened(tmp_path)

    def do(
        operation: Operation, quantity: int, first: int | None, lot: str | None = "L7"
    ) -> Callable[[Transaction], None]:
        act: Callable[[Transaction, Mandate], None] = {
            Operation.RECEIVE_BLANKS: lambda tx, m: stock.receive(tx, quantity, m, note="SJ-1", lot=lot, first=first),
            Operation.LOAD_BLANKS: lambda tx, m: stock.load(tx, quantity, m, lot=lot, first=first),
            Operation.UNLOAD_BLANKS: lambda tx, m: stock.unload(tx, quantity, m, lot=lot, first=first),
        }[operation]
        return lambda tx: act(tx, mandate(operation))

    await books.write(do(Operation.RECEIVE_BLANKS, 100, 501))
    await books.write(do(Operation.LOAD_BLANKS, 40, 501))
    await books.write(do(Operation.UNLOAD_BLANKS, 5, 536))
    for wrong, why in (
        (do(Operation.RECEIVE_BLANKS, 10, 591), "came with delivery SJ-1"),
        (do(Operation.LOAD_BLANKS, 10, 530), "position 530 is not in the vault"),
        (do(Operation.LOAD_BLANKS, 10, 595), "position 601 is not in the vault"),
        (do(Operation.LOAD_BLANKS, 10, 541, "L8"), "position 541 is not in the vault"),
        (do(Operation.UNLOAD_BLANKS, 2, 536), "position 536 is not in the hopper"),
        (do(Operation.LOAD_BLANKS, 10, None, None), "0 blanks without positions"),
        (do(Operation.LOAD_BLANKS, 10, 541, None), "say --lot"),
        (do(Operation.RECEIVE_BLANKS, 10, 541, None), "say --lot"),
    ):
        with pytest.raises(BooksRefuse, match=why):
            await books.write(wrong)
    await books.write(do(Operation.LOAD_BLANKS, 5, 536))  # what was unloaded may be loaded again
    assert (await books.read(held)) == {"centre": -100, "vault": 60, "hopper": 40}


async def test_once_a_card_of_the_bin_is_missing_none_of_those_before_is_named_as_destroyed(tmp_path: Path) -> None:
    """Three were in the bin, two are left: nobody knows which, so the minutes name none; the one after is certain."""
    books = opened(tmp_path)

    def days(tx: Transaction) -> None:
        ledger.load(tx, 9, mandate(Operation.LOAD_BLANKS))
        for uid in ("04aa", "04bb", "04cc"):
            card(tx, Account.REJECT, uid)
        open_missing(tx, CasePlace.BIN, 1, "counted 2, booked 3", "+".join(OFFICERS))
        card(tx, Account.REJECT, "04dd")
        stock.destroy(tx, 3, mandate(Operation.DESTROY_BLANKS), minutes="BA-1", witnesses=WITNESSES, bin_too=True)

    await books.write(days)
    rows = await books.read(lambda tx: facts(tx, "blank_move"))
    assert [(row["uid"], row["quantity"]) for row in rows if row["to_account"] == "destroyed"] == [
        ("04dd", 1),
        (None, 2),
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((Account.HOLDER, Account.HOPPER, {}), "CHECK"),
        ((Account.DESTROYED, Account.VAULT, {}), "CHECK"),
        ((Account.WRITTEN_OFF, Account.MISSING, {}), "CHECK"),
        ((Account.CENTRE, Account.VAULT, {}), "CHECK"),
        ((Account.SPOILED, Account.DESTROYED, {}), "CHECK"),
        ((Account.HOPPER, Account.MISSING, {}), "CHECK"),
        ((Account.SURPLUS, Account.HOPPER, {}), "CHECK"),
        ((Account.HOPPER, Account.HOPPER, {}), "CHECK"),
        ((Account.PATH, Account.HOLDER, {"uid": "04aa"}), "UNIQUE"),
    ],
)
async def test_the_schema_itself_refuses_what_no_book_may_hold(tmp_path: Path, row, why: str) -> None:  # type: ignore[no-untyped-def] # a row
    books = opened(tmp_path)
    start, end, more = row

    def morning(tx: Transaction) -> None:
        ledger.load(tx, 5, mandate(Operation.LOAD_BLANKS))
        card(tx, Account.HOLDER, "04aa")

    await books.write(morning)
    with pytest.raises(sqlite3.IntegrityError, match=why):
        await books.write(lambda tx: ledger.book(tx, start, end, 1, actor="somebody", reason="wish", **more))


@pytest.mark.parametrize("verb", ["UPDATE blank_move SET quantity = 1", "DELETE FROM blank_move"])
async def test_the_ledger_still_only_grows(tmp_path: Path, verb: str) -> None:
    books = opened(tmp_path)
    await books.write(lambda tx: ledger.load(tx, 5, mandate(Operation.LOAD_BLANKS)))
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        await books.write(lambda tx: tx.run(verb))
