"""J9: the thermal paper is out; the number is not."""

from pathlib import Path

import pytest

from kiosk.api import messages as m
from tests.journeys.office import office


async def test_a_preprinted_ticket_stands_for_the_number(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.thermal.faults.fail_repeatedly("paper-out")

        first, second = await kiosk.ticket(), await kiosk.ticket()

        assert (first.number, first.medium, first.preprinted_number) == ("D-001", m.TicketMedium.PREPRINTED, "P-0001")
        assert (second.number, second.preprinted_number) == ("D-002", "P-0002")
        assert first.cause == "paper_out"
        assert kiosk.world.tickets_out == 2
        assert kiosk.world.slips == []


async def test_without_any_paper_the_screen_gives_the_number(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.thermal.faults.fail_repeatedly("paper-out")
        kiosk.dispenser.faults.fail_repeatedly("tickets-out")

        ticket = await kiosk.ticket()

        assert (ticket.number, ticket.medium) == ("D-001", m.TicketMedium.SCREEN)
        assert ticket.token


@pytest.mark.parametrize("fault", ["silence", "garbage", "paper-out-mid", "cover-open"])
async def test_whatever_the_printer_does_the_number_is_given_once(tmp_path: Path, fault: str) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.thermal.faults.fail_repeatedly(fault)
        ticket = await kiosk.ticket()
        assert (ticket.number, ticket.medium) == ("D-001", m.TicketMedium.PREPRINTED)

        kiosk.thermal.faults.clear()
        kiosk.world.paper_mm = 80_000  # somebody puts in a new roll
        await kiosk.until(lambda s: any(d.slot == "thermal_printer" and not d.causes for d in s.devices), limit=120)
        after = await kiosk.ticket()
        assert (after.number, after.medium) == ("D-002", m.TicketMedium.PAPER)


async def test_the_pulled_plug_is_told_and_the_printer_is_used_again_after_it_is_back(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.links["thermal_printer"].unplug()
        assert (await kiosk.ticket()).medium is m.TicketMedium.PREPRINTED
        printer = next(d for d in (await kiosk.api.state()).devices if d.slot == "thermal_printer")
        assert printer.causes == ["no_device"]

        kiosk.links["thermal_printer"].replug()
        await kiosk.until(lambda s: any(d.slot == "thermal_printer" and not d.causes for d in s.devices))
        assert (await kiosk.ticket()).medium is m.TicketMedium.PAPER
