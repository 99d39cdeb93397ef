"""Never against procedure: the centre's word, its end, its withdrawal, and a machine that does not know the time."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.api import messages as m
from kiosk.centre.standing import STANDING_FACT
from kiosk.devices.loading import load
from kiosk.journal.audit import Event
from sim.world import Place
from tests.journeys.office import Office, office

THE_PAST = datetime(1970, 1, 1, tzinfo=UTC)


async def cut_line(kiosk: Office) -> None:
    kiosk.centre.outage = "link"
    await kiosk.until(lambda state: not state.link.up)


def cards_out(kiosk: Office) -> int:
    return len(kiosk.world.at(Place.HAND))


# -- a service's own end -------------------------------------------------------------------------------------------


async def test_a_service_closes_when_its_authorisation_ends_while_the_line_is_down(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.centre.granted |= {"akta": timedelta(minutes=3), "ktp-el": timedelta(minutes=6)}
        await kiosk.until(lambda state: state.link.up)
        await kiosk.power_cut()  # what was granted is on disk, not only in memory
        await cut_line(kiosk)
        assert (await kiosk.ticket("akta")).service == "akta"

        await asyncio.sleep(180)
        assert await kiosk.refused(kiosk.ticket("akta")) == m.Cause.AUTHORISATION_EXPIRED
        assert (await kiosk.api.state()).collecting, "the card has its own end"
        await asyncio.sleep(180)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.AUTHORISATION_EXPIRED

        kiosk.centre.outage = "none"
        await kiosk.until(lambda state: state.link.up)
        assert (await kiosk.ticket("akta")).service == "akta"
        assert (await kiosk.api.state()).collecting


async def test_a_statement_put_into_the_journal_by_hand_opens_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.centre.cut_service("ktp-el", False)
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.AUTHORISATION_CUT)
        await cut_line(kiosk)
        for forged in ("", "a.b.c", kiosk.journal.read_now(lambda tx: tx.fact(STANDING_FACT) or "")[:-8] + "AAAAAAAA"):
            kiosk.journal.write_now(lambda tx, text=forged: tx.set_fact(STANDING_FACT, text))  # type: ignore[misc]
            assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.LINK_DOWN


async def test_an_old_statement_of_the_centre_is_no_answer(tmp_path: Path) -> None:
    """Somebody on the line repeats what the centre said before it cut the service."""
    async with office(tmp_path) as kiosk:
        old = kiosk.centre.standing("SPC01-K1", "00" * 16)
        kiosk.centre.cut_service("ktp-el", False)
        kiosk.centre.standing = lambda kiosk, nonce: old  # type: ignore[method-assign]
        state = await kiosk.until(lambda state: not state.link.up)
        assert state.link.cause == m.Cause.CENTRE_DOWN


# -- withdrawn -----------------------------------------------------------------------------------------------------


async def test_an_approval_taken_back_gives_no_card_also_while_the_line_is_down(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        jti = next(one.jti for one in kiosk.centre.approvals(0)[1] if one.nik == kiosk.resident.nik)
        kiosk.centre.revoke(jti)
        await kiosk.station.link.round()
        await kiosk.power_cut()
        await cut_line(kiosk)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.APPROVAL_REVOKED
        assert (await kiosk.scan_slip(kiosk.centre.people[1])).stage is m.Stage.FINGER


# -- a machine that does not know the time -------------------------------------------------------------------------


async def test_a_kiosk_that_wakes_in_1970_makes_no_card_until_the_centre_tells_it_the_time(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        true = kiosk.clock._start
        kiosk.centre._now = lambda: true + timedelta(seconds=asyncio.get_running_loop().time())
        kiosk.centre.outage = "link"
        await kiosk.die()
        kiosk.clock._start = THE_PAST
        await kiosk.boot()

        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.CLOCK_UNKNOWN
        assert (await kiosk.api.state()).collecting_cause == m.Cause.CLOCK_UNKNOWN
        told = {check.name: check for check in await kiosk.api.self_test()}
        assert (told["clock"].ok, told["clock"].detail) == (False, "start 2, time by none, wrong by at most ? s")
        assert (await kiosk.ticket()).issued_at.year == true.year, "numbers are given: time goes on from the last seen"

        kiosk.centre.outage = "none"
        await kiosk.until(lambda state: state.collecting)
        assert abs((await kiosk.api.state()).now - kiosk.centre._now()) < timedelta(seconds=1)
        assert {check.name: check.ok for check in await kiosk.api.self_test()}["clock"]
        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE


async def test_a_clock_set_back_makes_no_expired_approval_good_again(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await cut_line(kiosk)
        await kiosk.die()
        kiosk.clock._start += timedelta(days=40)
        await kiosk.boot()
        kiosk.centre.granted["ktp-el"] = timedelta(days=400)
        assert await kiosk.refused(kiosk.type_nik()) in (m.Cause.AUTHORISATION_EXPIRED, m.Cause.APPROVAL_EXPIRED)
        await kiosk.die()
        kiosk.clock._start -= timedelta(days=40)
        await kiosk.boot()
        assert await kiosk.refused(kiosk.type_nik()) == m.Cause.CLOCK_UNKNOWN


async def test_a_clock_that_ran_ahead_is_put_right_by_the_centre_and_on_record(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        true = kiosk.clock._start
        kiosk.centre._now = lambda: true + timedelta(seconds=asyncio.get_running_loop().time())
        await cut_line(kiosk)
        await kiosk.die()
        kiosk.clock._start += timedelta(days=3650)
        await kiosk.boot()
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.AUTHORISATION_EXPIRED
        kiosk.centre.outage = "none"
        await kiosk.until(lambda state: state.collecting)
        [corrected] = kiosk.audited(Event.CLOCK_CORRECTED)
        assert corrected["seconds"] == -3650 * 86_400
        await kiosk.die()
        kiosk.clock._start = true
        await kiosk.boot()
        assert (await kiosk.api.state()).collecting, "the wrong time is not kept"


def test_the_pi_4_says_that_it_has_no_clock_of_its_own() -> None:
    assert [load(name).kiosk.clock_battery for name in ("laptop-sim", "pi4-primacy2", "pi5-primacy2")] == [
        True,
        False,
        True,
    ]


# -- the same approval again ---------------------------------------------------------------------------------------


REPLAYS = ["another job", "another day", "after a reboot", "after a power cut in between", "another kiosk"]


@pytest.mark.parametrize("when", REPLAYS)
async def test_an_approval_gives_one_card(tmp_path: Path, when: str) -> None:
    async with office(tmp_path) as kiosk:
        approvals = kiosk.journal.read_now(lambda tx: [tuple(row) for row in tx.rows("SELECT * FROM approval")])
        records = kiosk.journal.read_now(lambda tx: [tuple(row) for row in tx.rows("SELECT * FROM approval_record")])
        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        wanted: str = m.Cause.ALREADY_COLLECTED
        # The strongest replay: the centre's own token, its record and its signature are back on the disk.
        put_back = "INSERT OR REPLACE INTO approval VALUES (?, ?, ?, ?, ?, ?, ?)"
        with_record = "INSERT OR REPLACE INTO approval_record VALUES (?, ?)"
        match when:
            case "another day":
                await kiosk.die()
                kiosk.clock._start += timedelta(days=1)
                await kiosk.boot()
            case "after a reboot":
                await kiosk.die()
                await kiosk.boot()
            case "after a power cut in between":
                await kiosk.power_cut()
            case "another kiosk":
                await kiosk.die()
                (tmp_path / "journal.sqlite").unlink()
                for rest in tmp_path.glob("journal.sqlite-*"):
                    rest.unlink()
                kiosk.profile = kiosk.profile.model_copy(
                    update={"kiosk": kiosk.profile.kiosk.model_copy(update={"id": "SPC01-K2"})}
                )
                await kiosk.boot()
                await kiosk.load_blanks()
                wanted = m.Cause.APPROVAL_OTHER_OFFICE
        for row in approvals:
            kiosk.journal.write_now(lambda tx, row=row: tx.run(put_back, *row))  # type: ignore[misc]
        for row in records:
            kiosk.journal.write_now(lambda tx, row=row: tx.run(with_record, *row))  # type: ignore[misc]
        await kiosk.until(lambda state: state.collecting)
        assert await kiosk.refused(kiosk.scan_slip()) == wanted
        assert await kiosk.refused(kiosk.type_nik()) == wanted
        assert cards_out(kiosk) == 1
