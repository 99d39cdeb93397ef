"""The card encoder with the simulated chip: over the pipe in virtual time, and through a real pcscd."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.card_encoder.pcsc import Driver, FramedReader, Options, link, link_over
from drivers.contract.errors import DeviceError, TransportError
from drivers.contract.words import Completion, DeviceCause, DeviceState, Media
from drivers.transport.base import LinkError
from drivers.transport.pcsc import PcscReader
from kiosk.cards import chip
from kiosk.cards.personalise.writer import Job
from kiosk.centre.cards import CentreSigner
from kiosk.devices.loading import load
from kiosk.station.chips import chip_desk
from sim.card_encoder.pcsc import Simulator
from sim.clock import OfficeClock, SeededChance
from sim.seam import vpcd
from sim.seam.pipe import PipeConnector
from sim.world import Card, Place, World
from tests.contract.pcscd import READER, Pcscd, private_pcscd
from tests.kiosk.chip.bench import centre, plan

GOLDEN = Path(__file__).parents[1] / "golden" / "pcsc"
SELECT = bytes.fromhex("00A4040C07A0000002471001")
STATUS = bytes.fromhex("00CAFF2000")
UID = bytes.fromhex("FFCA000000")
STORE = bytes.fromhex("80E200000801010000AABBCCDD")
"""A command that would write, were there a secure channel; the hand that tears the card away does not ask."""
INITIALIZE = bytes.fromhex("8050000008000102030405060700")
"""Counts in the chip's memory."""


@dataclass
class Kiosk:
    world: World
    card: Card
    reader: Simulator
    cable: PipeConnector
    driver: Driver

    def at_station(self) -> None:
        self.world.move(self.card, Place.CONTACTLESS)


async def kiosk(options: Options | None = None, *, pace: float = 1.0) -> Kiosk:
    world = World()
    [card] = world.load_blanks(1)
    reader = Simulator(world, seed=3, pace=pace)
    cable = PipeConnector(reader.serve)
    driver = Driver(link_over(cable), options)
    await driver.start()
    return Kiosk(world, card, reader, cable, driver)


async def cause_of(awaitable: object) -> DeviceCause:
    with pytest.raises(DeviceError) as caught:
        await awaitable  # type: ignore[misc]  # any of the driver's calls
    return caught.value.cause


async def test_a_card_is_seen_talked_to_and_let_go() -> None:
    k = await kiosk()
    assert k.driver.status.ready
    assert k.driver.status.media is Media.NOT_PRESENT
    k.at_station()
    assert (await k.driver.poll()).media is Media.PRESENT
    channel = await k.driver.open()
    assert channel.atr == bytes.fromhex("3B80800101")
    assert k.driver.status.state is DeviceState.BUSY
    assert await channel.transmit(UID) == k.card.uid + b"\x90\x00"
    assert await channel.transmit(SELECT) == b"\x90\x00"
    await channel.close()
    await channel.close()
    assert (await k.driver.poll()).state is DeviceState.ONLINE
    await k.driver.stop()


async def test_the_chip_answers_as_the_golden_transcript_says() -> None:
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    command = b""
    for line in (GOLDEN / "blank.txt").read_text().splitlines():
        if line.startswith(">"):
            command = bytes.fromhex(line[1:])
        elif line.startswith("<"):
            assert await channel.transmit(command) == bytes.fromhex(line[1:]), line
    await k.driver.stop()


async def test_open_waits_for_the_printer_to_bring_the_card() -> None:
    k = await kiosk()
    asyncio.get_running_loop().call_later(1.0, k.at_station)
    channel = await k.driver.open(timeout=2.0)
    assert asyncio.get_running_loop().time() == pytest.approx(1.0, abs=0.2)
    await channel.close()
    await k.driver.stop()


async def test_a_chip_that_is_seen_before_it_can_run_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    k = await kiosk()
    k.at_station()
    starts, first = FramedReader.connect, iter([True])

    async def unpowered_at_first(reader: FramedReader) -> bytes:
        if next(first, False):
            raise TransportError(DeviceCause.NO_CARD, "connect: 0x80100067")
        return await starts(reader)

    monkeypatch.setattr(FramedReader, "connect", unpowered_at_first)
    channel = await k.driver.open(timeout=2.0)
    assert await channel.transmit(UID) == k.card.uid + b"\x90\x00"
    await channel.close()
    await k.driver.stop()


async def test_no_card_by_then_is_no_card() -> None:
    k = await kiosk()
    with pytest.raises(DeviceError) as caught:
        await k.driver.open(timeout=0.5)
    assert caught.value.cause is DeviceCause.NO_CARD
    assert caught.value.completion is Completion.TIMED_OUT
    await k.driver.stop()


@pytest.mark.parametrize("fault", ["no-card", "dead-chip"])
async def test_a_chip_that_does_not_answer_is_no_card(fault: str) -> None:
    k = await kiosk()
    k.reader.faults.fail_repeatedly(fault)
    k.at_station()
    assert await cause_of(k.driver.open(timeout=0.5)) is DeviceCause.NO_CARD
    k.reader.faults.clear()
    assert k.card.chip_dead is (fault == "dead-chip")
    await k.driver.stop()


async def test_only_one_session_at_a_time() -> None:
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    with pytest.raises(DeviceError) as caught:
        await k.driver.open()
    assert caught.value.completion is Completion.SEQUENCE_ERROR
    await channel.close()
    await (await k.driver.open()).close()
    await k.driver.stop()


async def test_a_cold_reset_forgets_the_chosen_application() -> None:
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    await channel.transmit(SELECT)
    assert await channel.reset() == channel.atr
    assert await channel.transmit(STATUS) == b"\x69\x85"
    await k.driver.stop()


async def test_a_card_torn_away_is_lost_until_a_reset_finds_it_again() -> None:
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    await channel.transmit(SELECT)
    k.reader.faults.fail_next("card-torn")
    assert await cause_of(channel.transmit(STORE)) is DeviceCause.CARD_LOST
    assert await cause_of(channel.transmit(SELECT)) is DeviceCause.CARD_LOST, "no command goes to an unknown state"
    await channel.reset()
    assert await channel.transmit(SELECT) == b"\x90\x00"
    await k.driver.stop()


async def test_the_printer_moves_the_card_away_in_the_middle() -> None:
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    k.world.move(k.card, Place.REJECT)
    assert await cause_of(channel.transmit(SELECT)) is DeviceCause.CARD_LOST
    assert await cause_of(channel.reset()) is DeviceCause.NO_CARD
    await k.driver.stop()


async def test_a_memory_failure_is_the_chips_own_word() -> None:
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    await channel.transmit(SELECT)
    k.reader.faults.fail_next("chip-write-error")
    assert await channel.transmit(INITIALIZE) == b"\x65\x81"
    await k.driver.stop()


async def test_silence_is_no_answer_and_heals() -> None:
    k = await kiosk()
    k.reader.faults.fail_repeatedly("silence")
    assert (await k.driver.poll()).causes == (DeviceCause.NO_ANSWER,)
    k.reader.faults.clear()
    assert (await k.driver.poll()).ready
    k.at_station()
    channel = await k.driver.open()
    k.reader.faults.fail_repeatedly("silence")
    assert await cause_of(channel.transmit(SELECT)) is DeviceCause.CARD_LOST
    k.reader.faults.clear()
    await channel.reset()
    assert await channel.transmit(SELECT) == b"\x90\x00"
    await k.driver.stop()


async def test_garbage_is_a_protocol_error_and_heals() -> None:
    k = await kiosk()
    k.at_station()
    k.reader.faults.fail_repeatedly("garbage")
    assert (await k.driver.poll()).causes == (DeviceCause.PROTOCOL,)
    k.reader.faults.clear()
    channel = await k.driver.open()
    k.reader.faults.fail_next("garbage")
    assert await cause_of(channel.transmit(SELECT)) is DeviceCause.PROTOCOL
    await channel.reset()
    assert await channel.transmit(SELECT) == b"\x90\x00"
    await k.driver.stop()


@pytest.mark.parametrize("fault", ["drop", "corrupt", "noise"])
async def test_a_bad_line_never_passes_for_a_chip_that_is_well(fault: str) -> None:
    """One answer is spoiled: the status says so, or shows another ATR where the form of an ATR leaves that free."""
    for seed in range(40):
        world = World()
        [card] = world.load_blanks(1)
        world.move(card, Place.CONTACTLESS)
        reader = Simulator(world, seed=seed)
        driver = Driver(link_over(PipeConnector(reader.serve)))
        reader.faults.fail_next(fault)
        await driver.start()
        spoiled = driver.status
        assert spoiled.causes or spoiled.detail["atr"] != "3B 80 80 01 01"
        assert (await driver.poll()).media is Media.PRESENT
        assert driver.status.ready
        await driver.stop()


@pytest.mark.parametrize("fault", ["delay", "short-read"])
async def test_a_slow_chip_is_waited_for(fault: str) -> None:
    k = await kiosk()
    k.at_station()
    k.reader.faults.fail_repeatedly(fault)
    channel = await k.driver.open()
    assert await channel.transmit(SELECT) == b"\x90\x00"
    await k.driver.stop()


async def test_unplugged_and_plugged_in_again() -> None:
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    await k.cable.unplug()
    assert await cause_of(channel.transmit(SELECT)) is DeviceCause.NO_DEVICE
    status = await k.driver.poll()
    assert (status.state, status.causes) == (DeviceState.NO_DEVICE, (DeviceCause.NO_DEVICE,))
    k.cable.replug()
    assert (await k.driver.poll()).media is Media.PRESENT
    assert await cause_of(channel.transmit(SELECT)) is DeviceCause.NO_DEVICE, "a session is never resumed by itself"
    await channel.reset()
    assert await channel.transmit(SELECT) == b"\x90\x00"
    await k.driver.stop()


async def test_the_reader_loses_power_in_the_middle_and_comes_back() -> None:
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    await channel.transmit(SELECT)
    k.reader.faults.fail_next("power-loss")
    assert await cause_of(channel.transmit(STORE)) is DeviceCause.NO_DEVICE
    await channel.reset()
    assert await channel.transmit(STATUS) == b"\x69\x85"
    k.reader.power_cut()
    assert (await k.driver.poll()).causes == (DeviceCause.NO_ANSWER,)
    k.reader.power_on()
    assert (await k.driver.poll()).ready
    await k.driver.stop()


@pytest.mark.parametrize("size", [0, 1, 3])
async def test_what_is_no_apdu_is_never_sent(size: int) -> None:
    """One byte would be a control word of the framing: power off, say."""
    k = await kiosk()
    k.at_station()
    channel = await k.driver.open()
    with pytest.raises(DeviceError) as caught:
        await channel.transmit(bytes(size))
    assert caught.value.completion is Completion.INVALID_DATA
    assert await channel.transmit(SELECT) == b"\x90\x00"
    await k.driver.stop()


def test_a_virtual_reader_is_refused_unless_the_profile_says_simulator() -> None:
    with pytest.raises(LinkError, match="simulator"):
        Driver(link("pcsc:Virtual PCD 00 00"))
    Driver(link("pcsc:Virtual PCD 00 00"), Options(simulator=True))


# -- through a real pcscd ---------------------------------------------------------------------------------------------
@contextlib.asynccontextmanager
async def behind(daemon: Pcscd, options: Options | None = None) -> AsyncIterator[tuple[World, Card, Simulator, Driver]]:
    """A card in the hopper, its simulator at pcscd's virtual reader, and our driver as pcscd's client."""
    world = World()
    [card] = world.load_blanks(1)
    simulator = Simulator(world, pace=0.05)
    served = asyncio.ensure_future(vpcd.serve(simulator, "127.0.0.1", daemon.port))
    driver = Driver(link(f"pcsc:{READER}"), options or Options(simulator=True))
    try:
        await until(driver, lambda: driver.status.ready)
        yield world, card, simulator, driver
    finally:
        await driver.stop()
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)


async def until(driver: Driver, reached: object, seconds: float = 10.0) -> None:
    """Polls until it is so; the limit is for a test that fails, not a measure of speed."""
    assert callable(reached)
    async with asyncio.timeout(seconds):
        while True:
            await driver.poll()
            if reached():
                return
            await asyncio.sleep(0.02)


@pytest.mark.wall
async def test_pcscd_shows_our_chip_to_our_driver_and_says_when_it_goes() -> None:
    with private_pcscd() as daemon:
        async with behind(daemon) as (world, card, _, driver):
            assert driver.status.media is Media.NOT_PRESENT
            world.move(card, Place.CONTACTLESS)
            channel = await driver.open()
            assert channel.atr == bytes.fromhex("3B80800101")
            assert await channel.transmit(UID) == card.uid + b"\x90\x00"
            assert await channel.transmit(SELECT) == b"\x90\x00"
            await channel.reset()
            assert await channel.transmit(STATUS) == b"\x69\x85"
            await channel.close()
            world.move(card, Place.PRINT)
            await until(driver, lambda: driver.status.media is Media.NOT_PRESENT)


@pytest.mark.wall
async def test_a_residents_chip_is_written_and_read_back_through_pcscd() -> None:
    async def promised(digest: bytes) -> None:
        assert card.chip.get("state", b"") != b"\x0f"

    registry, http = centre()
    with private_pcscd() as daemon:
        async with http, behind(daemon) as (world, card, _, driver):
            world.move(card, Place.CONTACTLESS)
            channel = await driver.open()
            profile, signer = load("laptop-sim"), lambda jti: CentreSigner(http, "SPC01", jti)
            desk = chip_desk(profile, http, signer, OfficeClock(), SeededChance())
            job = Job(plan(registry.people[0]), await chip.read_uid(channel))
            digest = await desk.write(channel, registry.approvals(0)[1][0].jti, job, promised)
            await desk.prove(channel, job)
            assert await chip.inspect(channel) == chip.ChipReport(chip.ChipState.COMMITTED, digest, 1)


@pytest.mark.wall
async def test_pcscd_and_a_card_torn_away() -> None:
    with private_pcscd() as daemon:
        async with behind(daemon) as (world, card, simulator, driver):
            world.move(card, Place.CONTACTLESS)
            channel = await driver.open()
            await channel.transmit(SELECT)
            simulator.faults.fail_next("card-torn")
            assert await cause_of(channel.transmit(STORE)) is DeviceCause.CARD_LOST
            assert await cause_of(channel.transmit(SELECT)) is DeviceCause.CARD_LOST
            async with asyncio.timeout(10):  # pcscd looks for a card every 0.4 s
                while True:
                    with contextlib.suppress(DeviceError):
                        await channel.reset()
                        break
            assert await channel.transmit(SELECT) == b"\x90\x00"


@pytest.mark.wall
async def test_pcscd_killed_is_service_down_and_comes_back_without_a_restart_of_ours() -> None:
    with private_pcscd() as daemon:
        async with behind(daemon) as (world, card, _, driver):
            world.move(card, Place.CONTACTLESS)
            channel = await driver.open()
            daemon.stop()
            assert await cause_of(channel.transmit(SELECT)) is DeviceCause.SERVICE_DOWN
            assert (await driver.poll()).causes == (DeviceCause.SERVICE_DOWN,)
            daemon.start()
            await until(driver, lambda: driver.status.media is Media.PRESENT)
            await channel.reset()
            assert await channel.transmit(SELECT) == b"\x90\x00"


@pytest.mark.wall
async def test_pcscd_with_another_reader_than_the_profile_says_is_no_device() -> None:
    with private_pcscd():
        driver = Driver(link("pcsc:ACS ACR1252"))
        with contextlib.suppress(TimeoutError):
            await until(driver, lambda: driver.status.causes == (DeviceCause.NO_DEVICE,))
        assert driver.status.causes == (DeviceCause.NO_DEVICE,)
        assert "Virtual PCD" in driver.status.detail["error"]
        await driver.stop()


@pytest.mark.wall
async def test_a_virtual_reader_is_not_taken_by_half_of_its_name_either() -> None:
    with private_pcscd():
        driver = Driver(PcscReader("Virt"))
        await until(driver, lambda: "refused" in driver.status.detail.get("error", ""))
        assert driver.status.causes == (DeviceCause.NO_DEVICE,)
        await driver.stop()
