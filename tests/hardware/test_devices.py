"""What every driver promises, asked of the device itself."""

import asyncio

import pytest

from drivers.contract.card_encoder import CardEncoder
from drivers.contract.card_printer import CardPosition, CardPrinter, Station
from drivers.contract.device import IntentId
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerprintScanner
from drivers.contract.thermal_printer import Align, Rule, Text, ThermalPrinter
from drivers.contract.ticket_dispenser import TicketDispenser
from tests.hardware.conftest import SLOTS, Bench

pytestmark = pytest.mark.wall
LIMIT = 60.0


@pytest.mark.parametrize("slot", SLOTS)
async def test_a_well_device_says_so_and_tells_nothing_twice(slot: str, bench: Bench) -> None:
    device = bench.device(slot)
    async with asyncio.timeout(LIMIT):
        await device.start()
        assert device.status.ready, device.status
        seen: list[int] = []
        device.board.watch(lambda status: seen.append(status.revision))
        await device.poll()
        await device.poll()
        assert seen == []
        await device.stop()


@pytest.mark.parametrize("slot", SLOTS)
async def test_it_can_be_stopped_twice_and_started_again(slot: str, bench: Bench) -> None:
    device = bench.device(slot)
    async with asyncio.timeout(LIMIT):
        await device.start()
        await device.stop()
        await device.stop()
        await device.start()
        assert device.status.ready, device.status
        await device.stop()


async def test_a_slip_is_printed_once_and_proved(bench: Bench) -> None:
    printer = bench.device("thermal_printer")
    assert isinstance(printer, ThermalPrinter)
    blocks = (Text("SPECIMEN", size=2, bold=True, align=Align.CENTRE), Rule(), Text("Renée, Öztürk, Kovačević"))
    async with asyncio.timeout(LIMIT):
        await printer.start()
        await printer.print_slip(IntentId("hardware"), blocks)
        await printer.print_slip(IntentId("hardware"), blocks)
        assert printer.status.ready
        await printer.stop()


async def test_one_ticket_is_one_ticket(bench: Bench) -> None:
    dispenser = bench.device("ticket_dispenser")
    assert isinstance(dispenser, TicketDispenser)
    async with asyncio.timeout(LIMIT):
        await dispenser.start()
        assert await dispenser.dispense(IntentId("hardware"), 1) == 1
        await dispenser.stop()


async def test_the_scanner_sees_a_finger_or_says_that_there_is_none(bench: Bench) -> None:
    scanner = bench.device("fingerprint_scanner")
    assert isinstance(scanner, FingerprintScanner)
    async with asyncio.timeout(LIMIT):
        await scanner.start()
        try:
            image = await scanner.capture(1.0)
        except CaptureRetry:
            pass  # nobody was asked to put a finger there
        else:
            assert len(image.pixels) == image.width * image.height
            image.wipe()
        await scanner.stop()


async def test_a_blank_is_fed_read_and_rejected(bench: Bench) -> None:
    printer = bench.device("card_printer")
    assert isinstance(printer, CardPrinter)
    async with asyncio.timeout(2 * LIMIT):
        await printer.start()
        assert (await printer.where()).position is CardPosition.NONE
        await printer.feed(IntentId("feed"), Station.CONTACTLESS)
        assert (await printer.where()).station is Station.CONTACTLESS
        try:
            await _read(bench.device("card_encoder"))
        finally:
            await printer.reject(IntentId("reject"))
        assert (await printer.where()).position is CardPosition.NONE
        await printer.stop()


async def _read(encoder: object) -> None:
    assert isinstance(encoder, CardEncoder)
    await encoder.start()
    channel = await encoder.open()
    assert channel.atr
    await channel.close()
    await encoder.stop()
