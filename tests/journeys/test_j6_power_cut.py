"""J6: the power fails in the middle, and comes back."""

import asyncio
from pathlib import Path

import pytest

from kiosk.api import messages as m
from sim.world import Place
from tests.journeys.office import Office, office


async def come_back(kiosk: Office) -> None:
    """The resident returns, tries again, and holds exactly one card in the end."""
    await kiosk.scan_slip()
    assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
    assert len(kiosk.world.at(Place.HAND)) == 1


@pytest.mark.parametrize("step", [m.Step.FEED, m.Step.PRINT])
async def test_a_cut_while_the_card_moves_or_is_printed_costs_a_blank(tmp_path: Path, step: m.Step) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(step)
        await kiosk.blank_on_its_way()

        await kiosk.power_cut()

        await kiosk.balanced(taken=0, scrapped=1)
        [recovered] = kiosk.audited("job_recovered")
        assert recovered["found"] == "scrapped"
        await come_back(kiosk)
        await kiosk.balanced(taken=1, scrapped=1)


@pytest.mark.parametrize("step", [m.Step.ENCODE, m.Step.VERIFY])
async def test_a_cut_while_the_chip_is_written_costs_nothing_but_the_way_back(tmp_path: Path, step: m.Step) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(step)
        begun = kiosk.world.in_path()

        await kiosk.power_cut()

        [recovered] = kiosk.audited("job_recovered")
        assert recovered["found"] == "unfinished"
        assert begun is not None
        assert begun.place is Place.CONTACTLESS, "kioskd alone does not go on with it"
        assert (await kiosk.api.state()).blanks.path == 1
        await come_back(kiosk)
        assert kiosk.world.at(Place.HAND) == [begun]
        await kiosk.balanced(taken=1)


async def test_a_half_written_card_is_not_finished_for_the_next_resident(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.ENCODE)
        begun = kiosk.world.in_path()
        await kiosk.power_cut()

        other = kiosk.centre.people[1]
        await kiosk.scan_slip(other)
        kiosk.finger(other)
        await kiosk.stage(m.Stage.TAKE_CARD)
        card = kiosk.world.take_card()
        await kiosk.stage(m.Stage.DONE)
        assert begun is not None
        assert card is not begun
        assert begun.place is Place.REJECT
        await kiosk.balanced(taken=1, scrapped=1)


async def test_a_cut_before_the_blank_moves_costs_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.FEED)
        assert kiosk.world.in_path() is None

        await kiosk.power_cut()

        await kiosk.balanced(taken=0)
        await come_back(kiosk)
        await kiosk.balanced(taken=1)


async def test_a_cut_in_the_middle_of_printing_is_seen_on_the_card(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRINT)
        await asyncio.sleep(9)
        half = kiosk.world.in_path()
        assert half is not None
        assert half.prints == 1  # some of the ribbon is on it
        await kiosk.power_cut(seconds=3600)
        assert half.place is Place.REJECT
        await come_back(kiosk)
        await kiosk.balanced(taken=1, scrapped=1)


async def test_a_finished_card_waits_inside_for_its_holder(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRESENT)

        await kiosk.power_cut(seconds=5)

        assert len(kiosk.world.at(Place.HAND)) == 0
        await come_back(kiosk)
        await kiosk.balanced(taken=1)  # no blank was lost: the finger was asked again, the card was there


async def test_a_finished_card_is_not_handed_to_the_next_resident(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRESENT)
        await kiosk.power_cut(seconds=5)

        other = kiosk.centre.people[1]
        await kiosk.scan_slip(other)
        kiosk.finger(other)
        await kiosk.stage(m.Stage.TAKE_CARD)
        card = kiosk.world.take_card()
        await kiosk.stage(m.Stage.DONE)
        assert card is not None
        assert other.nik.encode() in b"".join(card.chip.values())
        await kiosk.balanced(taken=1, scrapped=1)


async def test_a_card_at_the_exit_is_taken_back_when_nobody_is_known_to_stand_there(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.stage(m.Stage.TAKE_CARD)

        await kiosk.power_cut(seconds=5)

        await kiosk.balanced(taken=0, captured=1)
        await come_back(kiosk)


async def test_a_card_taken_while_the_power_was_off_is_for_two_officers_to_decide(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.stage(m.Stage.TAKE_CARD)
        for simulator in (kiosk.printer, kiosk.encoder):
            simulator.power_cut()
        kiosk.world.take_card()
        await kiosk.power_cut()

        state = await kiosk.api.state()
        assert state.blanks.unknown == 1
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.NEEDS_STAFF
        assert len(kiosk.world.at(Place.HAND)) == 1


async def test_kioskd_alone_dies_and_a_card_taken_meanwhile_counts_as_taken(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.stage(m.Stage.TAKE_CARD)
        await kiosk.die()
        kiosk.world.take_card()
        await kiosk.boot()

        await kiosk.balanced(taken=1)
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.ALREADY_COLLECTED


@pytest.mark.parametrize("behaviour", ["eject", "reject"])
async def test_a_printer_that_clears_its_path_at_power_on_never_leads_to_a_second_card(
    tmp_path: Path, behaviour: str
) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.printer.power_on_behaviour = behaviour
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRINT)

        await kiosk.power_cut()

        state = await kiosk.api.state()
        assert state.blanks.path == 0
        assert state.blanks.capture + state.blanks.reject + state.blanks.unknown == 1
        assert len(kiosk.world.at(Place.HAND)) == 0
