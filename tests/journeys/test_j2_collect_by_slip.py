"""J2: a resident scans his slip, lays down his finger and takes his card."""

import asyncio
from pathlib import Path

import pytest

from kiosk.api import messages as m
from sim.world import Event, Place
from tests.journeys.office import office

pytestmark = pytest.mark.usefixtures("each_scanner", "each_encoder")


async def test_the_card_is_made_handed_out_and_told_to_the_centre(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        collection = await kiosk.scan_slip()
        assert collection.stage is m.Stage.FINGER

        ended = await kiosk.collect_to_the_end()

        assert ended.stage is m.Stage.DONE
        await kiosk.balanced(taken=1)
        [card] = kiosk.world.at(Place.HAND)
        assert card.prints == 1
        assert card.front is not None
        assert kiosk.resident.nik.encode() in b"".join(card.chip.values())
        [told] = await kiosk.told("card_taken")
        assert told["uid"] == card.uid.hex()


async def test_with_the_card_comes_a_receipt_that_names_nobody(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        collection = await kiosk.scan_slip()
        await kiosk.collect_to_the_end()
        await asyncio.sleep(5)

        [text] = kiosk.world.slip_texts
        [started] = kiosk.audited("collection_started")
        for expected in ("TANDA TERIMA", "KTP-el diserahkan", started["approval"], kiosk.profile.kiosk.id):
            assert expected in text
        for secret in (kiosk.resident.nik, kiosk.resident.name, collection.id):
            assert secret not in text


@pytest.mark.parametrize("fault", ["paper-out", "silence", "cutter"])
async def test_a_receipt_that_cannot_be_printed_costs_nobody_his_card(
    tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.thermal.faults.fail_repeatedly(fault)
        began = asyncio.get_running_loop().time()
        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        assert asyncio.get_running_loop().time() - began < 60
        await kiosk.balanced(taken=1)
        await asyncio.sleep(60)
        assert "not on paper" in caplog.text

        kiosk.thermal.faults.clear()
        await asyncio.sleep(60)
        assert not any("GRATIS" in text for text in kiosk.world.slip_texts), "and none comes out by itself later"


async def test_a_hand_that_is_quicker_than_the_exit_rollers_has_its_card(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:

        def pull(event: Event) -> None:
            if event.kind == "card-moved" and event.what == Place.BEZEL:
                asyncio.get_running_loop().call_later(0.35, kiosk.world.take_card)

        kiosk.world.watch(pull)
        await kiosk.scan_slip()
        kiosk.finger()
        ended = await kiosk.stage(m.Stage.DONE, m.Stage.CANNOT, m.Stage.STAFF)

        assert ended.stage is m.Stage.DONE
        await kiosk.balanced(taken=1)


async def test_every_named_step_is_shown_in_order(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        seen: list[m.Step] = []

        def note() -> None:
            collection = kiosk.station.collector.collection if kiosk.station.collector else None
            if collection and collection.step and collection.step not in seen:
                seen.append(collection.step)

        kiosk.station.machine.watch(lambda slot, status: note())
        changed = kiosk.station.changed

        def noting() -> None:
            note()
            changed()

        assert kiosk.station.collector is not None
        kiosk.station.collector._changed = noting
        await kiosk.scan_slip()
        await kiosk.collect_to_the_end()

        assert seen == list(m.Step)


async def test_the_same_approval_never_gives_a_second_card(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        await kiosk.collect_to_the_end()

        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.ALREADY_COLLECTED
        await kiosk.balanced(taken=1)


async def test_after_the_hand_over_nothing_personal_is_left_in_the_journal(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        person = kiosk.resident
        await kiosk.scan_slip()
        await kiosk.collect_to_the_end()
        await kiosk.die()

        kept = b"".join(path.read_bytes() for path in tmp_path.glob("journal.sqlite*"))
        assert person.name.encode() not in kept
        await kiosk.boot()


async def test_a_card_nobody_takes_is_taken_back_and_can_be_collected_later(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        ended = await kiosk.collect_to_the_end(take=False)

        assert (ended.stage, ended.cause) == (m.Stage.CANNOT, m.Cause.CARD_NOT_TAKEN)
        await kiosk.balanced(taken=0, captured=1)

        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1, captured=1)


async def test_without_counted_blanks_no_card_is_begun(tmp_path: Path) -> None:
    async with office(tmp_path, blanks=0) as kiosk:
        kiosk.world.load_blanks(3)  # put in by one person, counted by nobody

        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.BLANKS_OUT
        assert len(kiosk.world.at(Place.HOPPER)) == 3
