"""The ticket dispenser with its simulator: over the pipe in virtual time, and on gpiozero's mock pins."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, DispenseError
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Supply
from drivers.ticket_dispenser.notch import Driver, Options, link_over
from drivers.transport.gpio import FactoryLink, PinLink
from sim.seam.gpio import WiredPins
from sim.seam.pipe import DeviceSide, PipeConnector
from sim.ticket_dispenser.notch import Simulator
from sim.world import World

GOLDEN = Path(__file__).parents[1] / "golden" / "notch"


@dataclass
class Kiosk:
    world: World
    dispenser: Simulator
    cable: PipeConnector
    driver: Driver
    acts: int = 0

    async def ticket(self, count: int = 1) -> int:
        self.acts += 1
        return await self.driver.dispense(IntentId(f"ticket-{self.acts}"), count)

    async def refused(self, count: int = 1) -> DispenseError:
        with pytest.raises(DispenseError) as caught:
            await self.ticket(count)
        return caught.value

    @property
    def motor_runs(self) -> bool:
        return self.dispenser._mechanics._line


def over_pipe(world: World, simulator: Simulator) -> tuple[PipeConnector, PinLink]:
    cable = PipeConnector(simulator.serve)
    return cable, link_over(cable)


def on_mock_pins(world: World, simulator: Simulator) -> tuple[PipeConnector, PinLink]:
    return PipeConnector(simulator.serve), FactoryLink(WiredPins(simulator, asyncio.get_running_loop()))


Seam = Callable[[World, Simulator], tuple[PipeConnector, PinLink]]
both_seams = pytest.mark.parametrize("seam", [over_pipe, on_mock_pins])


async def kiosk(
    seam: Seam = over_pipe, *, tickets: int = 100, pace: float = 1.0, options: Options | None = None
) -> Kiosk:
    world = World(tickets_left=tickets)
    simulator = Simulator(world, seed=1, pace=pace)
    cable, link = seam(world, simulator)
    driver = Driver(link, options)
    await driver.start()
    return Kiosk(world, simulator, cable, driver)


@both_seams
async def test_a_resident_gets_one_ticket(seam: Seam) -> None:
    k = await kiosk(seam)
    assert k.driver.status.ready
    assert await k.ticket() == 1
    assert k.world.tickets_out == 1
    assert not k.motor_runs
    await k.driver.stop()


@both_seams
@pytest.mark.parametrize("pace", [1.0, 0.05])
async def test_twenty_tickets_are_twenty_tickets_on_a_slow_and_on_a_quick_dispenser(seam: Seam, pace: float) -> None:
    k = await kiosk(seam, pace=pace)
    assert await k.ticket(20) == 20
    assert k.world.tickets_out == 20
    assert k.driver.status.detail["over_runs"] == "0"
    await k.driver.stop()


async def test_the_wire_shows_what_the_manual_draws() -> None:
    expected = [line.split(maxsplit=2) for line in (GOLDEN / "two-tickets.txt").read_text().splitlines()]
    seen: list[list[str]] = []
    started: list[float] = []
    world = World()
    simulator = Simulator(world)
    loop = asyncio.get_running_loop()

    def note(direction: str, pin: int, level: int) -> None:
        if pin == 17 and level == 1:
            started.append(loop.time())
        if started:
            seen.append([f"{(loop.time() - started[0]) * 1000:.0f}", direction, f"pin {pin} {level}"])

    drive = simulator.drive

    def driven(pin: int, level: int) -> None:
        note(">", pin, level)
        drive(pin, level)

    simulator.drive = driven  # type: ignore[method-assign]  # an ear at the wire
    simulator.watch(lambda pin, level: note("<", pin, level))
    driver = Driver(link_over(PipeConnector(simulator.serve)))
    await driver.start()
    assert await driver.dispense(IntentId("two"), 2) == 2
    await driver.stop()
    # the driver believes the last rise once its 3 ms filter has passed
    expected[-1][0] = str(int(expected[-1][0]) + 3)
    assert seen[: len(expected)] == expected


async def test_the_same_intent_runs_the_motor_once() -> None:
    k = await kiosk()
    assert await k.driver.dispense(IntentId("one"), 1) == 1
    assert await k.driver.dispense(IntentId("one"), 1) == 1
    assert k.world.tickets_out == 1
    await k.driver.stop()


@pytest.mark.parametrize("count", [0, -1, 21])
async def test_a_count_out_of_bounds_moves_nothing(count: int) -> None:
    k = await kiosk()
    with pytest.raises(DeviceError) as caught:
        await k.ticket(count)
    assert caught.value.completion is Completion.INVALID_DATA
    assert k.world.tickets_out == 0
    await k.driver.stop()


@both_seams
async def test_an_empty_roll_is_seen_before_anybody_is_promised_a_ticket(seam: Seam) -> None:
    k = await kiosk(seam, tickets=0)
    assert not k.driver.status.ready
    assert k.driver.status.supplies["tickets"] is Supply.OUT
    assert (await k.refused()).cause is DeviceCause.TICKETS_OUT
    assert not k.motor_runs
    await k.driver.stop()


@both_seams
async def test_the_roll_ends_in_the_middle_and_the_tickets_given_are_told(seam: Seam) -> None:
    k = await kiosk(seam, tickets=2)
    error = await k.refused(5)
    assert (error.cause, error.dispensed, error.outcome) == (DeviceCause.TICKETS_OUT, 2, JobOutcome.FAILED)
    assert k.world.tickets_out == 2
    assert k.driver.status.supplies["tickets"] is Supply.OUT
    assert not k.motor_runs
    await k.driver.stop()


async def test_the_last_ticket_is_given_and_the_empty_roll_is_told_with_it() -> None:
    k = await kiosk(tickets=1)
    assert await k.ticket() == 1
    assert k.driver.status.supplies["tickets"] is Supply.OUT
    k.world.tickets_left = 500
    assert (await k.driver.poll()).ready
    assert await k.ticket() == 1
    assert k.driver.status.detail["pulled_by_hand"] == "0"
    await k.driver.stop()


async def test_tickets_out_as_a_fault_is_a_supply_that_comes_back() -> None:
    k = await kiosk()
    k.dispenser.faults.fail_repeatedly("tickets-out")
    assert (await k.driver.poll()).supplies["tickets"] is Supply.OUT
    assert (await k.refused()).cause is DeviceCause.TICKETS_OUT
    k.dispenser.faults.clear()
    assert (await k.driver.poll()).ready
    assert await k.ticket() == 1
    await k.driver.stop()


@both_seams
async def test_a_ticket_that_sticks_once_comes_out_at_the_second_try(seam: Seam) -> None:
    k = await kiosk(seam)
    k.dispenser.faults.fail_next("jam")
    assert await k.ticket(2) == 2
    assert k.world.tickets_out == 2
    assert k.driver.status.ready
    await k.driver.stop()


@both_seams
@pytest.mark.parametrize("fault", ["jam", "motor-dead", "sensor-unplugged"])
async def test_nothing_passing_the_optic_stops_the_motor_and_stays_told_until_staff_pull_a_ticket(
    seam: Seam, fault: str
) -> None:
    k = await kiosk(seam)
    k.dispenser.faults.fail_repeatedly(fault)
    error = await k.refused()
    assert (error.cause, error.dispensed) == (DeviceCause.JAM, 0)
    assert not k.motor_runs
    assert k.driver.status.state is DeviceState.HARDWARE_ERROR
    k.dispenser.faults.clear()
    assert (await k.driver.poll()).causes == (DeviceCause.JAM,)
    await k.dispenser.pull()
    status = await k.driver.poll()
    assert status.ready
    assert status.detail["pulled_by_hand"] == "1"
    assert await k.ticket() == 1
    await k.driver.stop()


@both_seams
async def test_a_brake_that_slips_is_counted_in(seam: Seam) -> None:
    k = await kiosk(seam)
    k.dispenser.faults.fail_next("over-run")
    assert await k.ticket() == 2
    assert k.world.tickets_out == 2
    assert k.driver.status.detail["over_runs"] == "1"
    await k.driver.stop()


@both_seams
@pytest.mark.parametrize("fault", ["double-notch", "glitch"])
async def test_false_edges_make_no_false_tickets(seam: Seam, fault: str) -> None:
    k = await kiosk(seam)
    k.dispenser.faults.fail_repeatedly(fault)
    for given in range(1, 6):
        assert await k.ticket() == 1
        assert k.world.tickets_out == given
    assert await k.ticket(3) == 3
    assert k.world.tickets_out == 8
    await k.driver.stop()


@both_seams
async def test_a_stuck_notch_line_runs_the_motor_for_a_quarter_second_only(seam: Seam) -> None:
    k = await kiosk(seam)
    k.dispenser.faults.fail_repeatedly("stuck-notch")
    assert (await k.refused()).cause is DeviceCause.TICKETS_OUT
    assert k.world.tickets_out <= 2
    await k.driver.stop()


@both_seams
async def test_the_supply_fails_for_a_moment_and_the_ticket_still_comes(seam: Seam) -> None:
    k = await kiosk(seam)
    k.dispenser.faults.fail_next("power-loss")
    assert await k.ticket(2) == 2
    assert k.world.tickets_out == 2
    await k.driver.stop()


async def test_power_cut_in_the_middle_of_a_ticket_is_no_ticket_and_it_comes_later() -> None:
    k = await kiosk()
    asyncio.get_running_loop().call_later(0.05, k.dispenser.power_cut)
    error = await k.refused()
    assert (error.cause, error.dispensed) == (DeviceCause.JAM, 0)
    assert k.world.tickets_out == 0
    k.dispenser.power_on()
    assert await k.ticket() == 1
    assert k.world.tickets_out == 1
    assert k.driver.status.ready
    await k.driver.stop()


async def test_a_low_switch_warns_before_the_end() -> None:
    k = await kiosk(tickets=60, options=Options(low_pin=22))
    assert k.driver.status.supplies["tickets"] is Supply.FULL
    assert await k.ticket(12) == 12
    status = await k.driver.poll()
    assert status.supplies["tickets"] is Supply.LOW
    assert status.ready
    await k.driver.stop()


async def test_silence_is_no_answer_and_not_a_jam() -> None:
    k = await kiosk()
    k.dispenser.faults.fail_repeatedly("silence")
    assert (await k.driver.poll()).causes == (DeviceCause.NO_ANSWER,)
    assert (await k.refused()).cause is DeviceCause.NO_ANSWER
    k.dispenser.faults.clear()
    assert (await k.driver.poll()).ready
    assert await k.ticket() == 1
    await k.driver.stop()


async def test_garbage_is_a_protocol_error_and_over_when_it_is_over() -> None:
    k = await kiosk()
    k.dispenser.faults.fail_repeatedly("garbage")
    assert (await k.driver.poll()).causes == (DeviceCause.PROTOCOL,)
    k.dispenser.faults.clear()
    assert (await k.driver.poll()).ready
    await k.driver.stop()


async def test_unplugged_while_idle_and_plugged_in_again() -> None:
    k = await kiosk()
    await k.cable.unplug()
    status = await k.driver.poll()
    assert (status.state, status.causes) == (DeviceState.NO_DEVICE, (DeviceCause.NO_DEVICE,))
    k.cable.replug()
    assert (await k.driver.poll()).ready
    assert await k.ticket() == 1
    await k.driver.stop()


async def test_unplugged_while_tickets_run_stops_the_motor_and_leaves_the_outcome_unknown() -> None:
    k = await kiosk()
    running = asyncio.ensure_future(k.refused(10))
    await asyncio.sleep(0.3)
    await k.cable.unplug()
    error = await running
    assert (error.cause, error.outcome, error.dispensed) == (DeviceCause.NO_DEVICE, JobOutcome.UNKNOWN, 2)
    assert not k.motor_runs
    out = k.world.tickets_out
    k.cable.replug()
    assert (await k.driver.poll()).ready
    await asyncio.sleep(5)
    assert k.world.tickets_out == out, "a physical act is never resumed by itself"
    await k.driver.stop()


async def test_a_kiosk_that_gives_up_in_the_middle_leaves_the_motor_off() -> None:
    k = await kiosk()
    running = asyncio.ensure_future(k.ticket(10))
    await asyncio.sleep(0.3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(0.1)
    assert not k.motor_runs
    await k.driver.stop()


async def test_a_world_that_drives_an_output_is_refused() -> None:
    async def wrong(side: DeviceSide) -> None:
        while await side.read():
            await side.write(b"pin 17 1\n")

    driver = Driver(link_over(PipeConnector(wrong)))
    await driver.start()
    assert driver.status.causes == (DeviceCause.PROTOCOL,)
    await driver.stop()


@pytest.mark.wall
async def test_tickets_are_counted_on_the_wall_clock_too() -> None:
    k = await kiosk(pace=0.5)
    assert await k.ticket(2) >= 2
    assert k.world.tickets_out >= 2
    assert not k.motor_runs
    await k.driver.stop()


# -- a program that stands still -----------------------------------------------------------------------------------


class Header:
    """gpiozero's mock pins with nobody behind them, and a driver that is guarded as on hardware."""

    def __init__(self) -> None:
        self.factory = MockFactory()
        self.driver = Driver(FactoryLink(self.factory, guarded=True))

    def motor_on_for(self) -> float:
        """Seconds for which MOTOR was high, in all, by the pin's own stamps."""
        high, total = False, 0.0
        for since_last, state in ((entry.timestamp, bool(entry.state)) for entry in self.factory.pin(17).states):
            total += since_last if high else 0.0
            high = state
        assert not high, "the motor still runs"
        return total

    async def dispense_while_standing_still(self, seconds: float) -> DispenseError:
        """The loop stops dead as soon as the motor runs."""
        await self.driver.start()
        task = asyncio.ensure_future(self.driver.dispense(IntentId("one"), 1))
        while not self.factory.pin(17).state:
            await asyncio.sleep(0)
        threading.Event().wait(seconds)
        with pytest.raises(DispenseError) as caught:
            await task
        await self.driver.stop()
        return caught.value


@pytest.mark.wall
async def test_a_hanging_program_leaves_the_motor_off_within_a_second() -> None:
    header = Header()
    error = await header.dispense_while_standing_still(1.3)
    assert (error.cause, error.outcome) == (DeviceCause.HARDWARE, JobOutcome.UNKNOWN)
    assert 0.9 < header.motor_on_for() < 1.25, "not by the loop, which slept for 1.3 s"
    assert header.driver.status.causes == (DeviceCause.HARDWARE,)


@pytest.mark.wall
async def test_a_hanging_program_and_an_empty_roll_leave_the_motor_off_after_a_quarter_second() -> None:
    header = Header()
    await header.driver.start()
    threading.Timer(0.05, header.factory.pin(27).drive_low).start()
    error = await header.dispense_while_standing_still(1.3)
    assert error.cause is DeviceCause.HARDWARE
    assert 0.25 < header.motor_on_for() < 0.8, "from the edge at 0.05 s; a second would be the jam's"


# -- times ---------------------------------------------------------------------------------------------------------


async def motor_times(k: Kiosk) -> list[tuple[float, int]]:
    """Notes each change of MOTOR from now on."""
    noted: list[tuple[float, int]] = []
    drive = k.dispenser.drive

    def driven(pin: int, level: int) -> None:
        noted.append((asyncio.get_running_loop().time(), level))
        drive(pin, level)

    k.dispenser.drive = driven  # type: ignore[method-assign]  # an ear at the wire
    return noted


@pytest.mark.parametrize(("fault", "limit"), [("jam", 1.0), ("motor-dead", 1.0), ("stuck-notch", 0.27)])
async def test_the_motor_is_off_in_time(fault: str, limit: float) -> None:
    k = await kiosk()
    noted = await motor_times(k)
    k.dispenser.faults.fail_repeatedly(fault)
    await k.refused()
    assert noted[-1][1] == 0
    runs = [off - on for (on, high), (off, _) in pairwise(noted) if high]
    assert max(runs) <= limit + 0.001
    await k.driver.stop()


# -- what was learned ----------------------------------------------------------------------------------------------


async def test_the_period_of_a_slow_dispenser_is_learned_and_can_be_recalled_after_a_restart() -> None:
    k = await kiosk(pace=2.0)
    assert k.driver.period == 0.12
    assert await k.ticket(20) == 20
    learned = k.driver.period
    assert learned == pytest.approx(0.24, abs=0.01)
    again = Driver(link_over(k.cable))
    again.recall(learned)
    assert again.period == learned
    for nonsense in (0.0, -1.0, 5.0, float("nan"), float("inf")):
        again.recall(nonsense)
        assert again.period == learned
    await k.driver.stop()
