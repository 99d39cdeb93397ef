"""J10: no finger can be read, and two people of the office answer for the resident; one alone never can."""

import json
from pathlib import Path

import pytest

from kiosk.api import messages as m
from kiosk.api import staff as s
from sim.centre import Person
from sim.world import Place
from tests.journeys.office import Office, office

REASON = "worn by work, seen by both"


async def override(
    kiosk: Office, person: Person, *people: str, reason: str = REASON, request_id: str = ""
) -> m.Collection:
    wanted = s.OverrideRequest(request_id=request_id or kiosk.request(), slip=person.slip, reason=reason)
    return await kiosk.api.override(await kiosk.signed(wanted, people))


async def taken(kiosk: Office) -> m.Collection:
    await kiosk.stage(m.Stage.TAKE_CARD, m.Stage.CANNOT, m.Stage.STAFF)
    kiosk.world.take_card()
    return await kiosk.stage(m.Stage.DONE, m.Stage.CANNOT, m.Stage.STAFF)


async def three_times_with_two_fingers(kiosk: Office) -> m.Collection:
    """The resident's own skin does not match today: every attempt of both fingers fails."""
    await kiosk.scan_slip()
    stranger = kiosk.centre.people[1]
    while (await kiosk.api.state()).collection is not None:
        now = await kiosk.stage(m.Stage.FINGER, m.Stage.STAFF)
        if now.stage is m.Stage.STAFF:
            return now
        await kiosk.touch_once(stranger)
    raise AssertionError("the collection ended without a word")


async def test_two_officers_override_and_the_card_is_made_and_taken(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        ended = await three_times_with_two_fingers(kiosk)
        assert ended.cause == m.Cause.FINGER_NO_MATCH
        tries = len(kiosk.audited("finger_checked"))
        assert tries >= 3
        await kiosk.until(lambda state: state.collection is None)

        for alone in (["OFFICER-1"], ["OFFICER-1", "OFFICER-1"]):
            assert await kiosk.refused(override(kiosk, kiosk.resident, *alone)) == m.Cause.STAFF_DENIED
        technician = override(kiosk, kiosk.resident, "OFFICER-1", "TECHNICIAN-1")
        assert await kiosk.refused(technician) == m.Cause.STAFF_DENIED
        silent = override(kiosk, kiosk.resident, "OFFICER-1", "OFFICER-2", reason="")
        assert await kiosk.refused(silent) == m.Cause.STAFF_DENIED
        assert kiosk.audited("job_opened") == []

        shown = await override(kiosk, kiosk.resident, "OFFICER-1", "OFFICER-2")
        assert shown.stage is m.Stage.WORKING
        assert (await taken(kiosk)).stage is m.Stage.DONE

        [overridden] = kiosk.audited("finger_overridden")
        assert overridden["tries"] == tries
        acts = kiosk.journal.read_now(lambda tx: tx.rows("SELECT * FROM staff_act WHERE operation = 'override'"))
        assert [(act["first"], act["second"], act["reason"]) for act in acts] == [("OFFICER-1", "OFFICER-2", REASON)]
        actors = kiosk.journal.read_now(
            lambda tx: tx.rows("SELECT actor, body FROM audit WHERE kind IN ('finger_overridden', 'staff_acted')")
        )
        both = [json.loads(row["body"]) for row in actors if row["actor"] == "OFFICER-1+OFFICER-2"]
        assert any(body.get("reason") == REASON for body in both)
        assert [body["people"] for body in await kiosk.told("finger_overridden")] == [["OFFICER-1", "OFFICER-2"]]
        await kiosk.balanced(taken=1)


async def test_a_resident_without_usable_fingers_is_helped_by_two(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        worn = next(person for person in kiosk.centre.people if not person.fingers)
        assert await kiosk.refused(kiosk.scan_slip(worn)) == m.Cause.NO_FINGERS
        await override(kiosk, worn, "OFFICER-2", "SUPERVISOR-1")
        assert (await taken(kiosk)).stage is m.Stage.DONE
        assert kiosk.audited("finger_overridden")[0]["tries"] == 0
        await kiosk.balanced(taken=1)


async def test_two_who_stand_by_take_over_while_the_scanner_still_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        collection = await kiosk.scan_slip()
        await kiosk.stage(m.Stage.FINGER)
        other = kiosk.centre.people[1]
        assert await kiosk.refused(override(kiosk, other, "OFFICER-1", "OFFICER-2")) == m.Cause.BUSY
        shown = await override(kiosk, kiosk.resident, "OFFICER-1", "OFFICER-2")
        assert shown.id == collection.id
        assert (await taken(kiosk)).stage is m.Stage.DONE
        assert len(kiosk.audited("collection_started")) == 1
        await kiosk.balanced(taken=1)


async def test_it_works_while_the_scanner_is_broken_and_never_without_an_approval(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.links["fingerprint_scanner"].unplug()
        await kiosk.until(lambda state: state.collecting_cause == "no_device")
        assert await kiosk.refused(kiosk.scan_slip()) == "no_device"
        await override(kiosk, kiosk.resident, "OFFICER-1", "OFFICER-2")
        assert (await taken(kiosk)).stage is m.Stage.DONE

        again = await kiosk.refused(override(kiosk, kiosk.resident, "OFFICER-1", "OFFICER-2"))
        assert again == m.Cause.ALREADY_COLLECTED
        nobody = s.OverrideRequest(request_id=kiosk.request(), slip="ANJ1-0000000000000000", reason=REASON)
        assert await kiosk.refused(_asked(kiosk, nobody)) == m.Cause.APPROVAL_MISSING
        await kiosk.balanced(taken=1)


async def _asked(kiosk: Office, request: s.OverrideRequest) -> m.Collection:
    return await kiosk.api.override(await kiosk.signed(request))


async def test_what_two_signed_for_one_resident_is_good_for_no_other(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        other = kiosk.centre.people[1]
        signed = await kiosk.signed(
            s.OverrideRequest(request_id=kiosk.request(), slip=kiosk.resident.slip, reason=REASON)
        )
        swapped = signed.model_copy(update={"slip": other.slip})
        assert await kiosk.refused(kiosk.api.override(swapped)) == m.Cause.STAFF_DENIED
        assert await kiosk.refused(kiosk.api.override(signed)) == m.Cause.STAFF_DENIED  # used up by the attempt
        assert kiosk.audited("job_opened") == []


async def test_the_same_request_sent_again_makes_no_second_card(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await override(kiosk, kiosk.resident, "OFFICER-1", "OFFICER-2", request_id="override-1")
        again = await override(kiosk, kiosk.resident, "OFFICER-1", "OFFICER-2", request_id="override-1")
        assert again.id == "override-1"
        assert (await taken(kiosk)).stage is m.Stage.DONE
        assert len(kiosk.audited("finger_overridden")) == 1
        await kiosk.balanced(taken=1)


@pytest.mark.parametrize("found", [s.Found.HOLDER, s.Found.DESTROYED])
async def test_a_card_that_was_lost_sight_of_is_found_by_two_people(tmp_path: Path, found: s.Found) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRINT)
        card = kiosk.world.in_path()
        assert card is not None
        kiosk.strike(power=True)
        await kiosk.clear_away()
        kiosk.world.move(card, Place.HAND)  # somebody opened the printer in the dark
        kiosk.world.place_finger(None)
        kiosk.power_on()
        await kiosk.boot()
        await kiosk.until(lambda state: state.collecting)
        [lost] = await kiosk.api.unresolved()
        assert (await kiosk.api.state()).blanks.unknown == 1
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.NEEDS_STAFF

        said = s.Resolution(request_id=kiosk.request(), job=lost.job, found=found, reason="the drawer was open")
        assert await kiosk.refused(_resolved(kiosk, said, "SUPERVISOR-1")) == m.Cause.STAFF_DENIED
        assert await kiosk.refused(_resolved(kiosk, said, "TECHNICIAN-1", "AUDITOR-1")) == m.Cause.STAFF_DENIED
        await _resolved(kiosk, said, "TECHNICIAN-1", "OFFICER-1")
        assert await kiosk.api.unresolved() == []
        if found is s.Found.HOLDER:
            assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.ALREADY_COLLECTED
        else:
            kiosk.world.remove(card)
            await kiosk.scan_slip()
            assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        blanks = (await kiosk.api.state()).blanks
        assert (blanks.holder, blanks.unknown) == (1, 0)


async def _resolved(kiosk: Office, said: s.Resolution, *people: str) -> m.Blanks:
    return await kiosk.api.resolve(await kiosk.signed(said, people))
