"""J5: a card jams while it is printed."""

from pathlib import Path

import pytest

from kiosk.api import messages as m
from sim.world import Place
from tests.journeys.office import BLANKS, office

pytestmark = pytest.mark.usefixtures("each_encoder")


async def test_the_jammed_blank_is_scrapped_and_the_next_one_becomes_the_card(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.VERIFY)
        kiosk.printer.faults.fail_next("jam")

        second = (await kiosk.until(lambda s: s.collection is not None and s.collection.blank == 2)).collection
        assert second is not None
        assert second.notice == "jam"  # the resident is told why it takes longer

        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1, scrapped=1)
        [scrapped] = await kiosk.told("card_scrapped")
        [taken] = await kiosk.told("card_taken")
        assert scrapped["reason"] == "jam"
        assert scrapped["uid"] != taken["uid"]


async def test_a_printer_that_jams_every_time_uses_no_more_blanks_than_it_may(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.VERIFY)
        kiosk.printer.faults.fail_next("jam")
        await kiosk.until(lambda s: s.collection is not None and s.collection.blank == 2)
        await kiosk.step(m.Step.VERIFY)
        kiosk.printer.faults.fail_next("jam")

        ended = await kiosk.stage(m.Stage.STAFF)
        assert ended.cause == m.Cause.CARD_FAILED
        assert ended.ticket is not None
        await kiosk.balanced(taken=0, scrapped=2)
        assert len(kiosk.world.at(Place.HOPPER)) == BLANKS - 2


async def test_who_got_no_card_because_of_jams_comes_again_with_the_same_approval(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        for blank in (1, 2):
            await kiosk.until(lambda s, blank=blank: s.collection is not None and s.collection.blank == blank)  # type: ignore[misc]
            await kiosk.step(m.Step.VERIFY)
            kiosk.printer.faults.fail_next("jam")
        assert (await kiosk.stage(m.Stage.STAFF)).cause == m.Cause.CARD_FAILED
        kiosk.world.place_finger(None)

        await kiosk.scan_slip()

        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1, scrapped=2)
        assert len(await kiosk.told("card_taken")) == 1
        events = [event for event in kiosk.centre.events if event.kind.startswith("card_")]
        assert [event.kind for event in events] == ["card_scrapped", "card_scrapped", "card_taken"]
        assert len({event.body["approval"] for event in events}) == 1
        await kiosk.until(lambda state: state.collecting)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.ALREADY_COLLECTED


async def test_a_dead_chip_costs_a_blank_but_no_ribbon(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.world.at(Place.HOPPER)[0].chip_dead = True
        await kiosk.scan_slip()

        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1, scrapped=1)
        [rejected] = kiosk.world.at(Place.REJECT)
        assert rejected.prints == 0
