"""J2, what happens beside the card: a receipt comes with it, and a hand may be quicker than the rollers."""

import asyncio
from pathlib import Path

import pytest

from kiosk.api import messages as m
from sim.world import Event, Place
from tests.journeys.office import office


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
