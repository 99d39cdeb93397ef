"""The simulated reader with a secured card in its field: air time, faults, cuts, and the way through a real pcscd."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from drivers.card_encoder.pcsc import Driver, Options, link
from drivers.contract.card_encoder import CardChannel
from drivers.transport.base import ByteStream
from sim.card_encoder.air import RATES, Air
from sim.card_encoder.memory import Cut
from sim.card_encoder.pcsc import Simulator
from sim.seam import vpcd
from sim.seam.pipe import PipeConnector
from sim.world import Card, Place, World
from tests.contract.pcscd import READER, private_pcscd
from tests.sim.card.cardholder import (
    FILES,
    MRZ,
    PhysicalCard,
    by_bac,
    by_pace,
    digest_of,
    personalise,
    state_of,
)
from tests.sim.card.terminal import SELECT, Send, read

OFF, ON, ATR = b"\x00\x01\x00", b"\x00\x01\x01", b"\x00\x01\x04"
STATUS = bytes.fromhex("00CAFF2000")


@dataclass
class Field:
    """The host's end of the reader."""

    world: World
    card: Card
    reader: Simulator
    stream: ByteStream

    async def start(self) -> None:
        await self.stream.write(OFF)
        await self.stream.write(ON)

    async def send(self, apdu: bytes) -> bytes:
        await self.stream.write(len(apdu).to_bytes(2, "big") + apdu)
        held = b""
        while len(held) < 2 or len(held) < 2 + int.from_bytes(held[:2], "big"):
            held += await self.stream.read()
        return held[2:]


@asynccontextmanager
async def at_station(*, rate: int | None = None) -> AsyncIterator[Field]:
    world = World()
    [card] = world.load_blanks(1)
    world.move(card, Place.CONTACTLESS)
    reader = Simulator(world, rate=rate)
    stream = await PipeConnector(reader.serve).connect()
    one = Field(world, card, reader, stream)
    await one.start()
    yield one
    await stream.close()


# -- air time ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("size", "rate", "in_air", "whole"),
    [
        (8 * 1024, 106, 0.93, 1.2),
        (8 * 1024, 424, 0.30, 0.6),
        (22_000, 106, 2.5, 3.2),
        (22_000, 424, 0.80, 1.5),
        (22_000, 848, 0.51, 1.2),
        (32 * 1024, 106, 3.7, 4.8),
        (32 * 1024, 848, 0.76, 1.8),
    ],
)
def test_the_time_of_a_personalisation_in_the_model(size: int, rate: int, in_air: float, whole: float) -> None:
    """Seconds as docs/card-chip-simulator.md promises them, for pieces of 235 bytes in SCP03."""
    air, spent, written = Air(rate), 0.0, 0.0
    for at in range(0, size, 235):
        piece = min(235, size - at)
        wrapped = 5 + (piece + 5 + 15) // 16 * 16 + 8 + 1
        spent += air.carried(wrapped) + air.carried(10)
        written += air.written(piece)
    assert spent == pytest.approx(in_air, rel=0.05)
    assert spent + written == pytest.approx(whole, rel=0.06)


def test_the_rates_are_those_of_iso_14443() -> None:
    assert RATES == (106, 212, 424, 848)
    with pytest.raises(ValueError, match="1000"):
        Air(1000)


async def test_an_exchange_takes_its_time_in_the_air_and_in_the_cells() -> None:
    loop = asyncio.get_running_loop()
    async with at_station(rate=106) as slow:
        began = loop.time()
        await slow.send(SELECT)
        selected = loop.time() - began
        air = Air(106)
        assert selected == pytest.approx(air.carried(12) + air.carried(2))
        began = loop.time()
        await slow.send(bytes.fromhex("8050000008") + bytes(8) + b"\x00")
        assert loop.time() - began == pytest.approx(air.carried(14) + air.carried(34) + 0.002), "the counter is a write"


async def test_unless_it_is_asked_for_air_takes_no_time() -> None:
    loop = asyncio.get_running_loop()
    async with at_station() as one:
        began = loop.time()
        assert await one.send(SELECT) == b"\x90\x00"
        assert loop.time() == began


# -- faults -----------------------------------------------------------------------------------------------------------
async def test_a_lost_answer_is_not_a_lost_command() -> None:
    async with at_station() as one:
        await one.send(SELECT)
        one.reader.faults.fail_next("answer-lost")
        assert await one.send(bytes.fromhex("8050000008") + bytes(8) + b"\x00") == b""
        assert one.card.chip["sequence"] == b"\x00\x00\x01", "the card did count"
        assert await one.send(SELECT) == b"", "out of the field until it is started anew"
        await one.start()
        assert await one.send(SELECT) == b"\x90\x00"


async def test_a_frame_without_a_command_is_answered_too() -> None:
    async with at_station() as one:
        assert await one.send(b"") == b"\x67\x00"


async def test_a_mute_chip_is_back_after_a_cold_start() -> None:
    async with at_station() as one:
        await one.send(SELECT)
        one.reader.faults.fail_next("chip-mute")
        assert await one.send(STATUS) == b""
        assert await one.send(STATUS) == b""
        await one.start()
        assert await one.send(SELECT) == b"\x90\x00"


async def test_the_power_can_be_cut_at_a_write_and_only_there() -> None:
    async with at_station() as one:
        await one.send(SELECT)
        one.reader.supply.cut_at(2, Cut.BEFORE)
        initialize = bytes.fromhex("8050000008") + bytes(8) + b"\x00"
        assert len(await one.send(initialize)) == 34
        assert await one.send(initialize) == b""
        assert one.card.chip["sequence"] == b"\x00\x00\x01"
        await one.start()
        await one.send(SELECT)
        assert (await one.send(initialize))[29:32] == b"\x00\x00\x02"


async def test_challenges_differ_from_one_start_to_the_next() -> None:
    async with at_station() as one:
        one.card.chip |= {"ef:FF01": MRZ, "state": b"\x0f"}
        seen = set()
        for _ in range(5):
            await one.start()
            await one.send(SELECT)
            seen.add(await one.send(bytes.fromhex("0084000008")))
    assert len(seen) == 5


# -- through a real pcscd ---------------------------------------------------------------------------------------------
@dataclass
class ThroughPcscd(PhysicalCard):
    """The same card behind a real resource manager, for the terminal of these tests, which knows of no loop."""

    channel: CardChannel | None = None
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def start(self) -> Send:
        channel = self.channel
        assert channel is not None
        self._wait(channel.reset())
        return lambda apdu: self._wait(channel.transmit(apdu))

    def _wait(self, answer: Awaitable[bytes]) -> bytes:
        async def waited() -> bytes:
            return await answer

        return asyncio.run_coroutine_threadsafe(waited(), self.loop).result(timeout=10)


@pytest.mark.wall
@pytest.mark.parametrize("way", [by_bac, by_pace])
async def test_through_a_real_pcscd_a_card_is_written_and_then_read(
    way: Callable[[PhysicalCard], Send],
) -> None:
    world = World()
    [blank] = world.load_blanks(1)
    world.move(blank, Place.CONTACTLESS)
    simulator = Simulator(world)
    with private_pcscd() as daemon:
        served = asyncio.ensure_future(vpcd.serve(simulator, "127.0.0.1", daemon.port))
        driver = Driver(link(f"pcsc:{READER}"), Options(simulator=True))
        try:
            card = ThroughPcscd(cells=blank.chip, channel=await driver.open(timeout=10.0))

            def story() -> None:
                files = personalise(card)
                assert state_of(card.chosen()) == (0x0F, digest_of(files))
                ask = way(card)
                for number in FILES:
                    if number != 0x010D:
                        assert read(ask, number) == files[number]

            await asyncio.to_thread(story)
        finally:
            await driver.stop()
            served.cancel()
            await asyncio.gather(served, return_exceptions=True)
