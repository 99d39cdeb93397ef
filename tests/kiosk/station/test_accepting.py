"""A journal that cannot be believed: no card until two people have counted and accepted it, and none twice after."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.api import blanks as b
from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.api.accepting import Accepted, AcceptRequest
from kiosk.journal import identity, inspection, stretch
from kiosk.journal.audit import Event
from kiosk.journal.database import Journal
from kiosk.journal.doubt import Doubt
from kiosk.journal.identity import KioskKey, public_key
from sim.clock import SeededChance
from sim.office.house import JOURNAL
from sim.world import Place
from tests.journeys.office import BLANKS, Office, office

PAIR = ["OFFICER-1", "SUPERVISOR-1"]


async def accept(kiosk: Office, *, people: list[str] | None = None, request: str = "", **other: int) -> Accepted:
    """Two people count what they see, unless `other` says what they type, and accept the journal."""
    here = {"hopper": len(kiosk.world.at(Place.HOPPER)), "bin": len(kiosk.world.at(Place.REJECT))}
    wanted = AcceptRequest(
        request_id=request or kiosk.request(),
        reason="disk replaced after the storm",
        minutes="BA-2026-7",
        counted=b.Counted.model_validate({**here, **other}),
    )
    return await kiosk.api.accept_journal(await kiosk.signed(wanted, people or PAIR))


async def collected(kiosk: Office, person: int) -> None:
    await kiosk.scan_slip(kiosk.centre.people[person])
    kiosk.finger(kiosk.centre.people[person])
    await kiosk.stage(m.Stage.TAKE_CARD)
    kiosk.world.take_card()
    ended = await kiosk.stage(m.Stage.DONE, m.Stage.CANNOT, m.Stage.STAFF)
    assert ended.stage is m.Stage.DONE
    kiosk.world.place_finger(None)


async def put_back(kiosk: Office, saved: bytes) -> None:
    """Somebody puts an old copy of the disk in, and switches on."""
    await kiosk.die()
    (kiosk.folder / JOURNAL).write_bytes(saved)
    await kiosk.boot()


async def saved_now(kiosk: Office) -> bytes:
    """A copy of the disk, taken while kioskd is off for a moment."""
    await asyncio.sleep(20)
    await kiosk.until(lambda state: state.link.queued == 0 or not state.link.up)
    await kiosk.die()
    saved = (kiosk.folder / JOURNAL).read_bytes()
    await kiosk.boot()
    await kiosk.until(lambda state: state.collecting)
    return saved


def fed_by_others(kiosk: Office) -> None:
    """A card goes through the printer into its bin, and kioskd did not ask for it."""
    kiosk.printer.mechanics.fed += 1
    kiosk.world.move(kiosk.world.at(Place.HOPPER)[0], Place.REJECT)


def hands(kiosk: Office) -> int:
    return len(kiosk.world.at(Place.HAND))


# -- a backup is put back in the middle of a day ----------------------------------------------------------------------


async def test_a_backup_put_back_at_noon_gives_no_card_twice_and_the_day_goes_on(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await collected(kiosk, 0)
        saved = await saved_now(kiosk)
        await collected(kiosk, 1)
        await collected(kiosk, 2)
        await kiosk.until(lambda state: state.link.queued == 0)

        await put_back(kiosk, saved)
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)
        for person in kiosk.centre.people[:3]:
            assert await kiosk.refused(kiosk.scan_slip(person)) == m.Cause.JOURNAL_BEHIND
        await kiosk.ticket()

        accepted = await accept(kiosk)
        assert accepted.causes == ("journal_behind", "feeds_unexplained"), "centre and printer both know more"
        assert (accepted.jobs, accepted.cases, accepted.doubtful) == (2, [], 0), "the centre knew of both cards"
        await kiosk.until(lambda state: state.collecting and state.link.up and state.link.queued == 0)

        for person in kiosk.centre.people[:3]:
            assert await kiosk.refused(kiosk.scan_slip(person)) == m.Cause.ALREADY_COLLECTED
        await collected(kiosk, 3)
        await kiosk.balanced(taken=4)
        assert hands(kiosk) == 4
        told = await kiosk.told("journal_accepted")
        assert [(one["people"], one["minutes"], one["jobs"]) for one in told] == [(PAIR, "BA-2026-7", 2)]
        assert len(await kiosk.told("card_taken")) == 4
        assert len(await kiosk.told("blanks_loaded")) == 1, "what the centre knows it is not told again"
        numbers = [event.sequence for event in kiosk.centre.events]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_what_was_accepted_is_said_for_ever_and_what_is_changed_later_is_found(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        saved = await saved_now(kiosk)
        await collected(kiosk, 1)
        await kiosk.until(lambda state: state.link.queued == 0)
        await kiosk.station.sealer.checkpoint()
        kiosk.station.link.hurry()
        await kiosk.until(lambda state: state.link.queued == 0)
        lost = list(kiosk.centre.books["SPC01-K1"].checkpoints.values())[-1]

        await put_back(kiosk, saved)
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)
        assert not (await kiosk.api.journal([lost])).ok
        accepted = await accept(kiosk)
        report = await kiosk.api.journal([lost])
        assert report.ok
        [said] = report.accepted
        start = f"accepted break at {accepted.record} by OFFICER-1 and SUPERVISOR-1, minutes BA-2026-7 (journal_behind"
        assert said.startswith(start)
        assert "checkpoint given (1): record" in said, "what the lost stretch had sealed is not fine, it is accepted"

        await kiosk.ticket()
        await kiosk.power_cut()
        assert (await kiosk.api.journal()).ok
        assert (await kiosk.api.state()).collecting_cause is None, "the next start believes it, too"
        tamper(kiosk, "UPDATE audit SET actor = 'OFFICER-9' WHERE sequence = 2")
        report = await kiosk.api.journal()
        assert report.problems[:2] == [
            "record 2: was altered",
            f"record {accepted.record}: what stands before it is not what was accepted by it",
        ]


async def test_a_card_that_was_never_told_of_closes_every_approval_of_the_old_copy(tmp_path: Path) -> None:
    """The line was down on the lost stretch: the centre knows nothing, the printer's counter knows how many."""
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        saved = await saved_now(kiosk)
        kiosk.centre.outage = "link"
        await kiosk.until(lambda state: not state.link.up)
        await collected(kiosk, 0)

        await put_back(kiosk, saved)  # the line is still down: nobody can be asked but the printer
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.FEEDS_UNEXPLAINED)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.FEEDS_UNEXPLAINED
        await kiosk.die()
        await kiosk.boot()
        kiosk.centre.outage = "none"
        await kiosk.until(lambda state: state.link.up)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.FEEDS_UNEXPLAINED, "the centre cannot clear it either"

        accepted = await accept(kiosk)
        assert accepted.jobs == 0
        assert accepted.fed is not None
        assert accepted.fed.difference == 1
        assert [(case.kind, case.place, case.quantity) for case in accepted.cases] == [
            ("missing", "hopper", 1),
            ("counter", "printer", 1),
        ]
        assert accepted.doubtful == len(kiosk.centre.people)
        await kiosk.until(lambda state: state.collecting)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.NEEDS_STAFF
        kiosk.centre.set_approval(kiosk.centre.people[1].nik, "good")  # the centre looks into it, and approves anew
        await kiosk.station.link.round()
        await collected(kiosk, 1)
        assert hands(kiosk) == 2


async def test_accepted_while_the_line_is_down_also_what_comes_next_is_in_doubt(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        saved = await saved_now(kiosk)
        late = kiosk.centre.people[4]
        kiosk.centre.set_approval(late.nik, "good")  # reaches the kiosk after the copy was made
        await collected(kiosk, 0)
        await kiosk.until(lambda state: state.link.queued == 0)
        kiosk.centre.outage = "link"
        await put_back(kiosk, saved)
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.FEEDS_UNEXPLAINED)
        assert (await accept(kiosk)).doubtful > 0
        kiosk.centre.outage = "none"
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)
        accepted = await accept(kiosk)
        assert accepted.jobs == 1, "now the centre says which card it was"
        await kiosk.until(lambda state: state.collecting)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.ALREADY_COLLECTED
        assert await kiosk.refused(kiosk.scan_slip(late)) == m.Cause.NEEDS_STAFF
        kiosk.centre.set_approval(late.nik, "good")
        await kiosk.station.link.round()
        await collected(kiosk, 4)


async def test_a_card_that_others_fed_and_that_lies_in_the_bin_closes_no_approval(tmp_path: Path) -> None:
    """A technician printed a test card with kioskd off, and threw it into the bin."""
    async with office(tmp_path) as kiosk:
        await collected(kiosk, 0)
        await kiosk.die()
        fed_by_others(kiosk)
        await kiosk.boot()
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.FEEDS_UNEXPLAINED)
        accepted = await accept(kiosk)
        assert accepted.doubtful == 0
        assert {(case.kind, case.place) for case in accepted.cases} == {
            ("missing", "hopper"),
            ("surplus", "bin"),
            ("counter", "printer"),
        }
        await collected(kiosk, 1)


async def test_a_card_fed_behind_the_kiosks_back_is_noticed_before_the_next_blank(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await collected(kiosk, 0)
        fed_by_others(kiosk)
        await kiosk.scan_slip(kiosk.centre.people[1])
        kiosk.finger(kiosk.centre.people[1])
        ended = await kiosk.stage(m.Stage.CANNOT, m.Stage.TAKE_CARD)
        assert (ended.stage, ended.cause) == (m.Stage.CANNOT, m.Cause.FEEDS_UNEXPLAINED)
        assert hands(kiosk) == 1


@pytest.mark.parametrize(("counted", "believed"), [(0, True), (1, True), (2, False)])
async def test_a_printer_that_counts_its_cleaning_card_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: int, believed: bool
) -> None:
    async with office(tmp_path) as kiosk:
        await asyncio.sleep(20)
        clean = kiosk.printer.mechanics._clean

        async def counts() -> None:
            await clean()
            kiosk.printer.mechanics.fed += counted

        monkeypatch.setattr(kiosk.printer.mechanics, "_clean", counts)
        cleaning = s.PrinterCleaning(request_id=kiosk.request())
        await kiosk.api.clean_printer(await kiosk.signed(cleaning, ["TECHNICIAN-1"]))
        await kiosk.die()
        await kiosk.boot()
        await asyncio.sleep(20)
        assert (await kiosk.api.state()).collecting is believed


# -- a journal that does not hold --------------------------------------------------------------------------------------


def tamper(kiosk: Office, change: str) -> None:
    def changed(tx: object) -> None:
        for trigger in ("audit_only_grows_update", "audit_only_grows_delete"):
            kiosk.journal._connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        kiosk.journal._connection.execute(change)

    kiosk.journal.write_now(changed)


def tampered_on_disk(change: str) -> Callable[[Path], None]:
    def act(file: Path) -> None:
        raw = sqlite3.connect(file)
        for trigger in ("audit_only_grows_update", "audit_only_grows_delete"):
            raw.execute(f"DROP TRIGGER {trigger}")
        raw.execute(change)
        raw.commit()
        raw.close()

    return act


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'OFFICER-9' WHERE sequence = (SELECT max(sequence) FROM audit)",
        "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit) - 1",
        "DELETE FROM audit WHERE sequence >= (SELECT max(sequence) FROM checkpoint)",
        "DELETE FROM audit",
    ],
)
async def test_a_damaged_record_stays_damaged_until_two_accept_it(tmp_path: Path, change: str) -> None:
    async with office(tmp_path) as kiosk:
        await collected(kiosk, 0)
        await kiosk.die()
        tampered_on_disk(change)(tmp_path / JOURNAL)
        for start in ("first", "second", "third"):
            await kiosk.boot()
            assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.JOURNAL_DAMAGED, f"at the {start} start"
            await kiosk.ticket()
            await kiosk.station.sealer.checkpoint()  # covers the damage: the next start has nothing to find at the end
            await kiosk.die()
        await kiosk.boot()

        accepted = await accept(kiosk)
        assert accepted.causes == ("journal_damaged",)
        assert accepted.findings, "what is wrong is on record"
        assert (accepted.jobs, accepted.cases, accepted.doubtful) == (0, [], 0)
        report = await kiosk.api.journal()
        assert report.ok
        [said] = report.accepted
        minutes = (
            f"accepted break at {accepted.record} by OFFICER-1 and SUPERVISOR-1, minutes BA-2026-7 (journal_damaged)"
        )
        assert said.startswith(minutes)
        assert "record" in said.rpartition(minutes)[2]
        await kiosk.die()
        await kiosk.boot()
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.ALREADY_COLLECTED
        await collected(kiosk, 1)
        await kiosk.balanced(taken=2)
        assert (await kiosk.api.journal(list(kiosk.centre.books["SPC01-K1"].checkpoints.values()))).ok


async def test_a_kiosk_whose_journal_is_gone_begins_anew_on_the_centres_word(tmp_path: Path) -> None:
    """SQLite itself was damaged: the file is put away as evidence, and the kiosk starts without one."""
    async with office(tmp_path) as kiosk:
        await collected(kiosk, 0)
        await kiosk.until(lambda state: state.link.queued == 0)
        await kiosk.die()
        (tmp_path / JOURNAL).rename(tmp_path / "evidence.sqlite")
        await kiosk.boot()
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)
        accepted = await accept(kiosk)
        assert accepted.jobs == 1
        first = accepted.cases[0]
        assert (first.kind, first.place, first.quantity) == ("surplus", "hopper", BLANKS)
        await kiosk.until(lambda state: state.collecting)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.ALREADY_COLLECTED
        assert (await kiosk.api.state()).blanks.hopper == BLANKS - 1
        assert (tmp_path / identity.FILE).exists()


async def test_whoever_writes_into_the_file_accepts_nothing(tmp_path: Path) -> None:
    """He alters a record, and covers it by an acceptance of his own making, hashes and all."""
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        await kiosk.die()
        tampered_on_disk("UPDATE audit SET actor = 'OFFICER-9' WHERE sequence = 2")(tmp_path / JOURNAL)
        (stranger := tmp_path / "stranger").mkdir()
        own = KioskKey.kept(stranger, "SPC01-K1", SeededChance(9))
        terms = stretch.Terms([Doubt.DAMAGED], [], "BA-2026-7", None, 0, {}, None, [], 0)
        forged = Journal(tmp_path / JOURNAL, kiosk.clock, SeededChance(3), threaded=False)
        forged.write_now(lambda tx: stretch.begin(tx, "OFFICER-1+SUPERVISOR-1", terms, own, beyond=0))
        forged.close()
        report = inspection.verify(tmp_path / JOURNAL, key=public_key(kiosk.station.key.public))
        assert "record 2: was altered" in report.problems
        assert report.accepted == ()
        await kiosk.boot()


# -- who may, and what it takes ----------------------------------------------------------------------------------------


async def test_nobody_accepts_alone_for_nothing_twice_or_while_the_centre_is_away(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        saved = await saved_now(kiosk)
        assert await kiosk.refused(accept(kiosk)) == m.Cause.BOOKS_REFUSE, "there is nothing to accept"
        await collected(kiosk, 0)
        await kiosk.until(lambda state: state.link.queued == 0)
        await put_back(kiosk, saved)
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)

        for few in (["SUPERVISOR-1"], ["OFFICER-1", "OFFICER-2"], ["SUPERVISOR-1", "TECHNICIAN-1"]):
            assert await kiosk.refused(accept(kiosk, people=few)) == m.Cause.STAFF_DENIED
        closing = b.CloseRequest(request_id="close-0001", counted=b.Counted(hopper=4, bin=0))
        assert await kiosk.refused(kiosk.api.close_day(await kiosk.signed(closing))) == m.Cause.JOURNAL_BEHIND
        kiosk.centre.outage = "server"
        assert await kiosk.refused(accept(kiosk)) == m.Cause.CENTRE_DOWN, "only the centre knows what is lost"
        assert kiosk.audited(Event.JOURNAL_ACCEPTED) == []
        kiosk.centre.outage = "none"

        first = await accept(kiosk, request="accepted-once")
        assert await accept(kiosk, request="accepted-once") == first
        assert len(kiosk.audited(Event.JOURNAL_ACCEPTED)) == 1
        assert (await kiosk.api.state()).collecting_cause is None


async def test_an_old_or_foreign_word_of_the_centre_is_no_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sits on the line has kept an account from before the card was made."""
    async with office(tmp_path) as kiosk:
        old = kiosk.centre.account("SPC01-K1", "0" * 32, [])
        saved = await saved_now(kiosk)
        await collected(kiosk, 0)
        await kiosk.until(lambda state: state.link.queued == 0)
        await put_back(kiosk, saved)
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)
        genuine = kiosk.centre.account
        wrong: list[Callable[..., str]] = [
            lambda kiosk, nonce, held: old,
            lambda kiosk, nonce, held: genuine("SPC01-K2", nonce, held),
            lambda kiosk, nonce, held: genuine(kiosk, nonce, held)[:-8] + "AAAAAAAA",
            lambda kiosk, nonce, held: "",
        ]
        for answer in wrong:
            monkeypatch.setattr(kiosk.centre, "account", answer)
            assert await kiosk.refused(accept(kiosk)) == m.Cause.CENTRE_DOWN
        monkeypatch.setattr(kiosk.centre, "account", genuine)
        assert (await accept(kiosk)).jobs == 1


async def test_a_difference_of_the_count_is_a_case_and_never_evened_out(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        saved = await saved_now(kiosk)
        await collected(kiosk, 0)
        await kiosk.until(lambda state: state.link.queued == 0)
        await put_back(kiosk, saved)
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.JOURNAL_BEHIND)
        accepted = await accept(kiosk, hopper=BLANKS - 3)
        assert [(one.kind, one.place, one.quantity) for one in accepted.cases] == [("missing", "hopper", 2)]
        assert accepted.doubtful == 0, "the printer fed one card, and the centre has it in a hand"
