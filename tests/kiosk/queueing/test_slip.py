"""The ticket in a resident's hand."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import zxingcpp

from drivers.contract.device import IntentId
from drivers.contract.thermal_printer import Block, Columns, Text
from drivers.thermal_printer.escpos import Driver
from kiosk.api.messages import Label, Ticket, TicketMedium
from kiosk.queueing.slip import MARK, ticket_blocks
from sim.seam.pipe import PipeConnector
from sim.thermal_printer.escpos import Simulator
from sim.world import World

OFFICE = Label(id="Dinas Kependudukan dan Pencatatan Sipil Kota Contoh", en="Civil Registry Office of Contoh City")


def ticket(**other: Any) -> Ticket:
    facts: dict[str, Any] = {
        "number": "A-017",
        "service": "ktp-el",
        "service_name": Label(id="Perekaman KTP-el", en="Electronic ID card enrolment"),
        "issued_at": datetime(2026, 11, 22, 16, 30, tzinfo=UTC),
        "waiting": 7,
        "wait_low": 10,
        "wait_high": 20,
        "token": "ANJ1-8F3K2M9QXW4T7YBN",
        "medium": TicketMedium.PAPER,
    }
    return Ticket(**facts | other)


def blocks(zone: str = "Asia/Jakarta", *, simulated: bool = True, **other: Any) -> tuple[Block, ...]:
    return ticket_blocks(ticket(**other), OFFICE, simulated=simulated, timezone=ZoneInfo(zone))


def words(of: tuple[Block, ...]) -> list[str]:
    texts = [block.text for block in of if isinstance(block, Text)]
    return texts + [f"{block.left} {block.right}" for block in of if isinstance(block, Columns)]


async def test_it_is_printed_with_its_number_and_a_code_a_scanner_reads() -> None:
    world = World()
    printer = Driver(PipeConnector(Simulator(world).serve))
    await printer.print_slip(IntentId("ticket"), blocks())
    for expected in ("A-017", "Perekaman KTP-el", "7 orang di depan", "sekitar 10-20 menit", "GRATIS", "23:30 WIB"):
        assert expected in world.slip_texts[0]
    assert [code.text for code in zxingcpp.read_barcodes(world.slips[0].picture)] == ["ANJ1-8F3K2M9QXW4T7YBN"]
    assert world.slips[0].picture.height / 8 < 160, "millimetres; paper is the office's money"


def test_the_number_is_the_largest_thing_and_fits_the_paper() -> None:
    sizes = {block.text: block.size for block in blocks() if isinstance(block, Text)}
    assert sizes["A-017"] == max(sizes.values()) == 8
    assert all(len(text) * size <= 48 for text, size in sizes.items() if size > 1)


def test_the_clock_is_the_offices_even_where_it_is_tomorrow_already() -> None:
    assert any("23-11-2026 01:30 WIT" in line for line in words(blocks("Asia/Jayapura")))


def test_only_a_simulated_ticket_says_that_it_is_worthless() -> None:
    assert MARK in words(blocks())
    assert MARK not in words(blocks(simulated=False))


def test_the_next_in_line_is_told_so() -> None:
    said = words(blocks(waiting=0, wait_low=0, wait_high=0))
    assert "Anda berikutnya" in said
    assert "segera dipanggil" in said
    assert not any("0 orang" in line or "0 menit" in line for line in said)


def test_a_range_of_one_is_one_number() -> None:
    assert "sekitar 5 menit" in words(blocks(wait_low=5, wait_high=5))
