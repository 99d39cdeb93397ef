"""The serial dispenser: golden bytes of its manual, the story of a ticket, and what may stand in its way.

What every dispenser does is in tests/devices; what every fault does, in tests/faults.
"""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, DispenseError, ProtocolError
from drivers.contract.words import DeviceCause, JobOutcome, Media, Supply
from drivers.ticket_dispenser.cd720 import Driver
from drivers.ticket_dispenser.cd720.frames import ENQ, Flags, command, found, response
from sim.seam.pipe import PipeConnector
from sim.ticket_dispenser.cd720 import BIN, Simulator
from sim.world import World

GOLDEN = Path(__file__).parents[1] / "golden" / "cd720" / "commands.txt"
COMMANDS = [line.split(maxsplit=1) for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]


class Desk:
    def __init__(self, tickets: int = 100) -> None:
        self.world = World(tickets_left=tickets)
        self.dispenser = Simulator(self.world, seed=1)
        self.cable = PipeConnector(self.dispenser.serve)
        self.driver = Driver(self.cable)
        self.asked = 0

    async def ticket(self, count: int = 1) -> int:
        self.asked += 1
        return await self.driver.dispense(IntentId(f"ticket-{self.asked}"), count)

    async def refused(self, count: int = 1) -> DispenseError:
        with pytest.raises(DispenseError) as caught:
            await self.ticket(count)
        return caught.value


# -- bytes -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "wire"), COMMANDS)
def test_a_command_stands_on_the_wire_as_the_manual_prints_it(name: str, wire: str) -> None:
    assert command(name.encode()) + ENQ == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("data", "flags"),
    [
        (b"001", Flags.READY),
        (b"008", Flags.EMPTY),
        (b"010", Flags.LOW),
        (b"020", Flags.JAMMED),
        (b"081", Flags.TAKEN_AWAY | Flags.READY),
        (b"100", Flags.BIN_FULL),
        (b"200", Flags.FAILURE),
        (b"400", Flags.CALLING_BACK),
        (b"800", Flags.DISPENSING),
        (b"\x3f\x3f\x3f", ~Flags(0)),
    ],
)
def test_the_twelve_flags_stand_where_the_manual_says(data: bytes, flags: Flags) -> None:
    body = b"\x02PB" + data + b"\x03"
    check = 0
    for byte in body:
        check ^= byte
    assert response(body + bytes((check,))).flags == flags


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_are_a_response_or_a_protocol_error(raw: bytes) -> None:
    assert found(raw, b"PB") is None or b"\x02PB" in raw
    try:
        one = response(raw)
    except ProtocolError:
        return
    assert 0 <= one.flags <= 0xFFF


# -- tickets ---------------------------------------------------------------------------------------------------------
async def test_tickets_are_counted_one_by_one_as_they_leave() -> None:
    desk = Desk()
    await desk.driver.start()
    assert desk.driver.status.ready
    assert desk.driver.status.detail["firmware"] == "3.19"
    assert await desk.ticket(3) == 3
    assert desk.world.tickets_out == 3


async def test_the_last_card_is_given_and_the_next_one_is_not_promised() -> None:
    desk = Desk(tickets=2)
    error = await desk.refused(5)
    assert (error.cause, error.dispensed, error.outcome) == (DeviceCause.TICKETS_OUT, 2, JobOutcome.FAILED)
    status = await desk.driver.poll()
    assert (status.causes, status.supplies["tickets"]) == ((DeviceCause.TICKETS_OUT,), Supply.OUT)
    desk.world.tickets_left = 5
    status = await desk.driver.poll()
    assert (status.ready, status.supplies["tickets"]) == (True, Supply.LOW)
    assert await desk.ticket() == 1


async def test_a_jam_is_told_until_somebody_pulls_the_card_out() -> None:
    desk = Desk()
    desk.dispenser.faults.fail_next("jam")
    error = await desk.refused(2)
    assert (error.cause, error.dispensed, error.outcome) == (DeviceCause.JAM, 0, JobOutcome.UNKNOWN)
    status = await desk.driver.poll()
    assert (status.causes, status.media) == ((DeviceCause.JAM,), Media.JAMMED)
    assert (await desk.refused()).outcome is JobOutcome.FAILED, "not even tried"
    await desk.dispenser.pull()
    assert (await desk.driver.poll()).ready
    assert await desk.ticket() == 1
    assert desk.world.tickets_out == 2


async def test_a_card_that_another_program_left_at_the_mouth_is_nobodys() -> None:
    desk = Desk()
    await desk.driver._wire.order(b"DC")
    await asyncio.sleep(2)
    assert (await desk.driver.poll()).media is Media.PRESENT
    assert await desk.ticket() == 1
    assert (desk.world.tickets_out, desk.dispenser.recycled) == (1, 1)


async def test_with_the_bin_full_that_card_stays_and_is_named() -> None:
    desk = Desk()
    desk.dispenser.recycled = BIN
    await desk.driver._wire.order(b"DC")
    await asyncio.sleep(2)
    error = await desk.refused()
    assert (error.cause, error.outcome) == (DeviceCause.REJECT_FULL, JobOutcome.FAILED)
    assert desk.world.tickets_out == 0


async def test_power_lost_with_a_ticket_on_its_way_is_never_counted() -> None:
    desk = Desk()
    desk.dispenser.faults.fail_next("power-loss")
    error = await desk.refused()
    assert error.outcome is JobOutcome.UNKNOWN
    await asyncio.sleep(20)
    assert (await desk.driver.poll()).ready
    assert (desk.world.tickets_out, desk.dispenser.recycled) == (0, 1), "called back at power-on"
    assert await desk.ticket() == 1


@pytest.mark.parametrize("fault", ["silence", "garbage", "drop", "corrupt", "noise", "delay", "short-read"])
@pytest.mark.parametrize("at", range(8))
async def test_one_bad_answer_anywhere_never_invents_or_doubles_a_ticket(fault: str, at: int) -> None:
    desk = Desk()
    await desk.driver.start()
    asyncio.get_running_loop().call_later(at * 0.2, desk.dispenser.faults.fail_next, fault)
    try:
        told = await desk.ticket(2)
    except DispenseError as error:
        told, outcome = error.dispensed, error.outcome
    else:
        outcome = JobOutcome.DONE
    await asyncio.sleep(20)
    assert told <= desk.world.tickets_out <= 2
    assert outcome is JobOutcome.UNKNOWN or told == desk.world.tickets_out


async def test_what_it_does_not_know_it_refuses() -> None:
    desk = Desk()
    with pytest.raises(DeviceError, match="NAK"):
        await desk.driver._wire.order(b"XX")


async def test_the_one_word_state_follows_the_manuals_priorities() -> None:
    desk = Desk(tickets=5)
    line = await desk.cable.connect()

    async def state() -> bytes:
        await line.write(command(b"RF"))
        assert await line.read() == b"\x06"
        await line.write(ENQ)
        return (await line.read())[3:6]

    assert await state() == b"010", "few are left"
    desk.world.tickets_left = 0
    assert await state() == b"200"
    desk.world.tickets_left = 50
    assert await state() == b"000"
    await desk.driver._wire.order(b"DH")
    line = await desk.cable.connect()
    assert await state() == b"800"
    await asyncio.sleep(2)
    assert await state() == b"002"
