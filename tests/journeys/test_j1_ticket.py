"""J1: a resident takes a queue number."""

from pathlib import Path

import zxingcpp

from kiosk.api import messages as m
from tests.journeys.office import office


async def test_a_number_comes_out_on_paper_and_its_qr_can_be_read(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        ticket = await kiosk.ticket("akta")

        assert (ticket.number, ticket.medium, ticket.waiting) == ("D-001", m.TicketMedium.PAPER, 0)
        [slip] = kiosk.world.slips
        assert "D-001" in kiosk.world.slip_texts[0]
        [code] = zxingcpp.read_barcodes(slip.picture)
        assert code.text == ticket.token
        await kiosk.balanced(taken=0)


async def test_numbers_are_strict_per_service_and_the_wait_grows(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        numbers = [(await kiosk.ticket("akta")).number for _ in range(3)]
        other = await kiosk.ticket("pengaduan")

        assert numbers == ["D-001", "D-002", "D-003"]
        assert other.number == "F-001"
        state = await kiosk.api.state()
        akta = next(service for service in state.services if service.id == "akta")
        assert akta.waiting == 3
        assert 0 < akta.wait_low < akta.wait_high
        assert (await kiosk.call_next("akta")).number == "D-001"
        assert next(s for s in (await kiosk.api.state()).services if s.id == "akta").waiting == 2


async def test_pressing_twice_gives_one_number_and_one_paper(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        request = m.TicketRequest(request_id=kiosk.request(), service="akta")
        first, second = await kiosk.api.take_ticket(request), await kiosk.api.take_ticket(request)

        assert first == second
        assert len(kiosk.world.slips) == 1


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.ticket("akta")
        await kiosk.die()
        await kiosk.boot()

        assert (await kiosk.ticket("akta")).number == "D-002"


async def test_an_unknown_service_is_refused_by_name(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        assert await kiosk.refused(kiosk.ticket("paspor")) == m.Cause.SERVICE_UNKNOWN
