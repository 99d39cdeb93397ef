"""J4: the finger is not the holder's."""

from pathlib import Path

import pytest

from drivers.contract.words import DeviceCause
from drivers.fingerprint_scanner.libfprint import Extractor
from drivers.transport.process import ProcessConnector
from kiosk.api import messages as m
from kiosk.biometrics.examiner import Examiner
from sim.office import house
from sim.world import Place
from tests.journeys.office import BLANKS, office

pytestmark = pytest.mark.usefixtures("each_scanner")


async def test_three_wrong_fingers_lead_to_a_counter_with_a_number(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        stranger = kiosk.centre.people[1]
        await kiosk.scan_slip()
        for _ in range(3):
            await kiosk.touch_once(stranger)

        ended = await kiosk.stage(m.Stage.STAFF)
        assert ended.cause == m.Cause.FINGER_NO_MATCH
        assert ended.ticket is not None
        assert ended.ticket.service == "pengaduan"
        assert ended.ticket.number in kiosk.world.slip_texts[-1]
        assert [check["matched"] for check in kiosk.audited("finger_checked")] == [False, False, False]
        await kiosk.balanced(taken=0)
        assert len(kiosk.world.at(Place.HOPPER)) == BLANKS


async def test_the_second_try_with_the_right_finger_is_good(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        await kiosk.touch_once(kiosk.centre.people[1])
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1)


async def test_who_wants_a_person_gets_a_number_at_once(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        collection = await kiosk.scan_slip()
        ended = await kiosk.api.ask_staff(collection.id)
        assert ended.stage is m.Stage.STAFF
        assert ended.ticket is not None
        await kiosk.balanced(taken=0)


async def test_who_walks_away_leaves_nothing_behind(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        ended = await kiosk.stage(m.Stage.CANNOT)
        assert ended.cause == m.Cause.FINGER_NOT_SEEN
        await kiosk.until(lambda state: state.collection is None)
        await kiosk.balanced(taken=0)


async def test_nobody_else_can_begin_while_one_collects(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        assert await kiosk.refused(kiosk.scan_slip(kiosk.centre.people[1])) == m.Cause.BUSY


async def test_a_person_whose_fingers_could_not_be_enrolled_is_sent_to_staff(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        worn = next(person for person in kiosk.centre.people if not person.fingers)
        assert await kiosk.refused(kiosk.scan_slip(worn)) == m.Cause.NO_FINGERS


async def test_a_kiosk_without_its_minutiae_detector_says_so_before_anybody_lays_a_finger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = Examiner(Extractor(ProcessConnector("libfprint extractor", ["/nonexistent"], {})), threaded=False)
    monkeypatch.setattr(house, "examiner", lambda: missing)
    async with office(tmp_path) as kiosk:
        await kiosk.until(lambda state: state.collecting_cause == DeviceCause.NO_DEVICE)
        assert await kiosk.refused(kiosk.scan_slip()) == DeviceCause.NO_DEVICE
        assert (await kiosk.ticket()).number, "numbers are still given"


async def test_a_detector_that_fails_with_a_finger_on_the_glass_leads_to_a_counter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Examiner(Extractor(ProcessConnector("libfprint extractor", ["/bin/false"], {})), threaded=False)
    monkeypatch.setattr(house, "examiner", lambda: failing)
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        ended = await kiosk.stage(m.Stage.STAFF)
        assert ended.cause == DeviceCause.NO_DEVICE
        assert ended.ticket is not None
        await kiosk.balanced(taken=0)
