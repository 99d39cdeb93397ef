"""A card that the hardware lost sight of: two people say where it is; a second one is made only over its ashes."""

from itertools import product
from pathlib import Path
from sqlite3 import IntegrityError

import pytest

from kiosk.api.blanks import CasePlace
from kiosk.api.staff import Found
from kiosk.cards import ledger, resolution
from kiosk.cards.blanks import BooksRefuse, cases, stock
from kiosk.cards.jobs import JobBook, JobEnd, JobState, ends_of
from kiosk.journal import audit
from kiosk.journal.database import Journal
from kiosk.people.policy import Denied, Mandate, Operation
from sim.clock import OfficeClock, SeededChance
from tests.kiosk.mandates import mandate

JTI = "PRR-000001"
UID = "04000000000001"
FINAL = {Found.HOLDER, Found.DESTROYED}


async def lost(folder: Path) -> tuple[Journal, str]:
    """A journal with one job whose card nobody can see any more."""
    journal = Journal(folder / "journal.sqlite", OfficeClock(), SeededChance(1), threaded=False)
    journal.write_now(lambda tx: ledger.load(tx, 5, mandate(Operation.LOAD_BLANKS)))
    book = JobBook(journal)
    job, intent = await book.intend(await book.open(JTI, 1), JobState.FEED_INTENT, fed_before=0)
    job = await book.done(job, intent, JobState.FED)
    job, _ = await book.intend(job, JobState.ENCODE_INTENT, uid=UID)
    await book.close(job, JobEnd.UNKNOWN, "gone in encode_intent")
    return journal, job.id


def say(journal: Journal, job: str, found: Found, by: Mandate | None = None) -> None:
    by = by or mandate(Operation.RESOLVE_UNKNOWN)
    journal.write_now(lambda tx: resolution.resolve(tx, job, found, by))


async def another_card(journal: Journal) -> bool:
    """Whether the schema lets the approval have another card."""
    try:
        job = await JobBook(journal).open(JTI, 2)
    except IntegrityError:
        return False
    await JobBook(journal).close(job, JobEnd.VOID, "only asked")
    return True


@pytest.mark.parametrize("words", [one for n in (1, 2, 3) for one in product(Found, repeat=n)])
async def test_another_card_only_once_the_lost_one_is_destroyed(tmp_path: Path, words: tuple[Found, ...]) -> None:
    """Everything that people can say in up to three goes."""
    journal, job = await lost(tmp_path)
    where = "unknown"
    for found in words:
        possible = where == "unknown" or (
            where in ("reject", "missing") and found != where and not (where == "reject" and found == "holder")
        )
        if possible:
            say(journal, job, found)
            where = found.value
        else:
            with pytest.raises(Denied):
                say(journal, job, found)
        assert await another_card(journal) is (where == "destroyed")
        balance = journal.read_now(ledger.balance)
        assert getattr(balance, where) == 1
        assert balance.hopper == 4
        assert (
            balance.loaded
            == 5
            == sum(
                getattr(balance, name)
                for name in (
                    "hopper",
                    "path",
                    "holder",
                    "reject",
                    "capture",
                    "unknown",
                    "vault",
                    "destroyed",
                    "missing",
                )
            )
        )
    waiting = journal.read_now(resolution.unresolved)
    assert [one.where for one in waiting] == ([] if where in FINAL else [where])
    journal.close()


async def test_who_said_so_stands_in_ledger_audit_and_outbox(tmp_path: Path) -> None:
    journal, job = await lost(tmp_path)
    say(journal, job, Found.HOLDER, mandate(Operation.RESOLVE_UNKNOWN, "ANI", "EKO", reason="she showed it to us"))
    assert journal.read_now(lambda tx: ends_of(tx, JTI)) == [JobEnd.TAKEN]
    move = journal.read_now(lambda tx: tx.rows("SELECT * FROM blank_move ORDER BY sequence"))[-1]
    assert (move["from_account"], move["to_account"], move["actor"]) == ("unknown", "holder", "ANI+EKO")
    kinds = journal.read_now(lambda tx: [row["kind"] for row in tx.rows("SELECT kind FROM outbox ORDER BY sequence")])
    assert kinds[-2:] == ["card_taken", "card_resolved"]
    said = journal.read_now(lambda tx: tx.rows("SELECT * FROM audit WHERE kind IN ('staff_acted', 'job_resolved')"))
    assert [row["actor"] for row in said[-2:]] == ["ANI+EKO", "ANI+EKO"]
    assert "she showed it to us" in said[-2]["body"]
    assert not journal.read_now(lambda tx: audit.check(tx.rows("SELECT * FROM audit ORDER BY sequence"))).problems
    journal.close()


async def test_a_mandate_for_something_else_or_used_before_resolves_nothing(tmp_path: Path) -> None:
    journal, job = await lost(tmp_path)
    with pytest.raises(Denied, match="does not allow"):
        say(journal, job, Found.DESTROYED, mandate(Operation.LOAD_BLANKS))
    once = mandate(Operation.RESOLVE_UNKNOWN)
    say(journal, job, Found.REJECT, once)
    with pytest.raises(Denied, match="used before"):
        say(journal, job, Found.DESTROYED, once)
    assert not await another_card(journal)
    journal.close()


async def test_a_job_that_ended_well_cannot_be_resolved(tmp_path: Path) -> None:
    journal, job = await lost(tmp_path)
    say(journal, job, Found.DESTROYED)
    for found in Found:
        with pytest.raises(Denied, match="not unknown"):
            say(journal, job, found)
    journal.close()


async def test_a_card_that_nobody_finds_is_a_case_until_it_is_found_or_given_up(tmp_path: Path) -> None:
    journal, job = await lost(tmp_path)
    say(journal, job, Found.MISSING, mandate(Operation.RESOLVE_UNKNOWN, reason="neither bin nor drawer"))
    [case] = journal.read_now(cases.open_cases)
    assert (case.place, case.open, case.reason) == ("unknown", 1, "neither bin nor drawer")
    with pytest.raises(BooksRefuse, match="by resolving the job"):
        journal.write_now(lambda tx: cases.settle(tx, 1, 1, CasePlace.BIN, mandate(Operation.SETTLE_CASE)))
    say(journal, job, Found.REJECT)
    assert journal.read_now(lambda tx: cases.case_of(tx, 1)).outcome == "found"

    say(journal, job, Found.MISSING)
    journal.write_now(lambda tx: cases.write_off(tx, 2, "BA-7", mandate(Operation.WRITE_OFF_CASE)))
    for found in Found:  # it may be in a hand for ever
        with pytest.raises(Denied, match="written_off"):
            say(journal, job, found)
    assert not await another_card(journal)
    journal.close()


async def test_a_lost_card_that_was_destroyed_with_the_rest_of_the_bin_can_be_resolved_as_that(tmp_path: Path) -> None:
    journal, job = await lost(tmp_path)
    say(journal, job, Found.REJECT)
    journal.write_now(lambda tx: stock.empty_bin(tx, 1, mandate(Operation.EMPTY_BIN)))
    assert not await another_card(journal)
    journal.write_now(
        lambda tx: stock.destroy(
            tx, 1, mandate(Operation.DESTROY_BLANKS), minutes="BA-8", witnesses=("SATPOL-7", "INSPEKTORAT-3")
        )
    )
    assert [one.where for one in journal.read_now(resolution.unresolved)] == ["destroyed"]
    with pytest.raises(Denied):
        say(journal, job, Found.HOLDER)
    say(journal, job, Found.DESTROYED)
    assert await another_card(journal)
    assert journal.read_now(ledger.balance).destroyed == 1
    journal.close()
