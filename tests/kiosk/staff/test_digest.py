"""The supervisor's digest: who overrode, loaded and resolved how often, and what stands out."""

import asyncio
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.cards import ledger
from kiosk.cards.jobs import JobBook, JobEnd, JobState
from kiosk.journal import audit
from kiosk.journal.database import Journal
from kiosk.people.acts import spend
from kiosk.people.digest import Hours, digest
from kiosk.people.policy import Operation
from sim.clock import OfficeClock, SeededChance
from tests.kiosk.mandates import mandate

JAKARTA = Hours(ZoneInfo("Asia/Jakarta"), time(7, 30), time(16, 0))
MONDAY = date(2026, 3, 2)
HOUR = 3600.0


def journal_of(folder: Path) -> Journal:
    """A Monday, 08:00 in Jakarta, when the loop starts."""
    return Journal(folder / "journal.sqlite", OfficeClock(), SeededChance(1), threaded=False)


def override(journal: Journal, approval: str, *people: str) -> None:
    journal.write_now(lambda tx: spend(tx, mandate(Operation.OVERRIDE, *people), Operation.OVERRIDE, approval))


async def job(journal: Journal, approval: str, end: JobEnd) -> None:
    book = JobBook(journal)
    opened, intent = await book.intend(await book.open(approval, 1), JobState.FEED_INTENT, fed_before=0)
    await book.close(await book.done(opened, intent, JobState.FED), end, "as the story wants")


async def test_each_persons_day_in_counts(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    journal.write_now(lambda tx: ledger.load(tx, 20, mandate(Operation.LOAD_BLANKS, "ANI", "BUDI")))
    journal.write_now(
        lambda tx: audit.append(tx, audit.Event.FINGER_CHECKED, "kiosk", approval="A", attempt=1, matched=False)
    )
    await job(journal, "A", JobEnd.SCRAPPED)  # before the override: not in their presence
    await asyncio.sleep(1)
    override(journal, "A", "ANI", "CITRA")
    await job(journal, "A", JobEnd.SCRAPPED)
    await job(journal, "A", JobEnd.TAKEN)
    await asyncio.sleep(9 * HOUR)  # 17:00
    override(journal, "B", "ANI", "CITRA")
    journal.write_now(lambda tx: audit.append(tx, audit.Event.PIN_WRONG, "BUDI", left=4))

    ani, budi, citra = journal.read_now(lambda tx: digest(tx, MONDAY, JAKARTA))
    assert (ani.person, ani.loads, ani.overrides, ani.scraps, ani.cards) == ("ANI", 1, 2, 1, 1)
    assert (ani.overrides_untried, ani.out_of_hours, ani.wrong_pins) == (1, 1, 0)
    assert (citra.loads, citra.overrides, citra.out_of_hours) == (0, 2, 1)
    assert (budi.loads, budi.overrides, budi.wrong_pins) == (1, 0, 1)
    journal.close()


async def test_a_day_is_the_offices_own_from_midnight_to_midnight(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    await asyncio.sleep(15.9 * HOUR)  # 23:54 in Jakarta, 16:54 in UTC
    override(journal, "A", "ANI", "CITRA")
    await asyncio.sleep(0.2 * HOUR)
    override(journal, "B", "ANI", "CITRA")
    assert [one.overrides for one in journal.read_now(lambda tx: digest(tx, MONDAY, JAKARTA))] == [1, 1]
    assert [one.overrides for one in journal.read_now(lambda tx: digest(tx, date(2026, 3, 3), JAKARTA))] == [1, 1]
    assert journal.read_now(lambda tx: digest(tx, date(2026, 3, 1), JAKARTA)) == []
    journal.close()


def test_out_of_hours_is_before_opening_after_closing_and_on_sundays() -> None:
    def local(day: int, hour: int, minute: int) -> str:
        return datetime(2026, 3, day, hour, minute, tzinfo=JAKARTA.zone).astimezone(UTC).isoformat()

    assert [JAKARTA.outside(local(2, *at)) for at in ((7, 29), (7, 30), (15, 59), (16, 0))] == [
        True,
        False,
        False,
        True,
    ]
    assert JAKARTA.outside(local(1, 10, 0))
    assert not JAKARTA.outside(local(7, 10, 0))
