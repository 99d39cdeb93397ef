"""What the kiosk relies on from every receipt printer, told as what happens to a resident's ticket."""

import asyncio

import pytest
import zxingcpp

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.thermal_printer import Align, Block, Columns, Qr, Rule, Text
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from drivers.thermal_printer.escpos import Driver, Options
from sim.seam.pipe import PipeConnector
from sim.thermal_printer.escpos import Simulator
from sim.world import World

TICKET: tuple[Block, ...] = (
    Text("Dinas Kependudukan", bold=True, align=Align.CENTRE),
    Text("A-017", size=8, align=Align.CENTRE),
    Rule(),
    Columns("Menunggu", "7 orang"),
    Qr("ANJ1-8F3K2M9QXW4T7YBN"),
    Text("Terima kasih"),
)
LAST_LINE = "Terima kasih"


class Rig:
    """A driver on the simulated printer, over the in-process pipe."""

    def __init__(self, *, seed: int = 0) -> None:
        self.world = World()
        self.printer = Simulator(self.world, seed=seed)
        self.cable = PipeConnector(self.printer.serve)
        self.driver = Driver(self.cable)
        self.number = 0

    async def print(self, blocks: tuple[Block, ...] = TICKET) -> DeviceError | None:
        """Prints under a new intent; the error, if it ended in one. Bounded, whatever the printer does."""
        self.number += 1
        try:
            async with asyncio.timeout(60):
                await self.driver.print_slip(IntentId(f"slip-{self.number}"), blocks)
        except DeviceError as error:
            return error
        return None

    @property
    def whole(self) -> list[str]:
        """The slips that came out complete."""
        return [
            text
            for text in self.world.slip_texts
            if text.startswith("Dinas") and text.endswith(LAST_LINE) and text.count("Dinas") == 1
        ]


async def test_a_ticket_comes_out_once_with_everything_on_it() -> None:
    rig = Rig()
    await rig.driver.start()
    assert await rig.print() is None
    assert rig.world.slip_texts == rig.whole
    assert "Menunggu" + " " * 33 + "7 orang" in rig.world.slip_texts[0]
    assert zxingcpp.read_barcodes(rig.world.slips[0].picture)[0].text == "ANJ1-8F3K2M9QXW4T7YBN"
    assert rig.driver.status.ready
    assert rig.driver.status.supplies["paper"] is Supply.FULL


async def test_it_returns_only_after_the_paper_has_moved() -> None:
    rig = Rig()
    await rig.driver.start()
    began = asyncio.get_running_loop().time()
    await rig.print()
    assert len(rig.world.slips) == 1
    assert asyncio.get_running_loop().time() - began >= rig.world.slips[0].picture.height / 8 / 150


async def test_the_same_intent_prints_one_ticket_however_often_it_is_asked() -> None:
    rig = Rig()
    await asyncio.gather(*(rig.driver.print_slip(IntentId("once"), TICKET) for _ in range(3)))
    await rig.driver.print_slip(IntentId("once"), TICKET)
    assert len(rig.world.slips) == 1


async def test_while_it_prints_it_says_busy() -> None:
    rig = Rig()
    seen: list[DeviceState] = []
    rig.driver.board.watch(lambda status: seen.append(status.state))
    await rig.print()
    assert seen[-2:] == [DeviceState.BUSY, DeviceState.ONLINE]


# -- paper -------------------------------------------------------------------------------------------------------


async def test_without_paper_nothing_is_sent_and_the_ticket_has_certainly_not_been_printed() -> None:
    rig = Rig()
    await rig.driver.start()
    rig.world.paper_mm = 0
    error = await rig.print()
    assert error is not None
    assert (error.cause, error.outcome) == (DeviceCause.PAPER_OUT, JobOutcome.FAILED)
    assert rig.driver.status.supplies["paper"] is Supply.OUT

    rig.world.load_paper()
    await rig.driver.poll()
    await asyncio.sleep(10)
    assert rig.world.slips == [], "a ticket that failed must not come out by itself later"
    assert await rig.print() is None
    assert rig.world.slip_texts == rig.whole


async def test_paper_that_ends_in_a_ticket_leaves_its_fate_unknown_and_never_the_rest_of_it() -> None:
    rig = Rig()
    rig.printer.faults.fail_next("paper-out-mid")
    error = await rig.print()
    assert error is not None
    assert (error.cause, error.outcome) == (DeviceCause.PAPER_OUT, JobOutcome.UNKNOWN)
    assert (await rig.driver.poll()).causes == (DeviceCause.PAPER_OUT,)

    rig.world.load_paper()
    assert (await rig.driver.poll()).ready
    await asyncio.sleep(10)
    assert rig.world.slips == []
    assert await rig.print() is None
    broken, whole = rig.world.slip_texts
    assert not broken.endswith(LAST_LINE), "the broken ticket is cut off by itself, before the next one"
    assert [whole] == rig.whole


async def test_paper_near_its_end_is_told_and_still_printed_on() -> None:
    rig = Rig()
    rig.printer.faults.fail_repeatedly("paper-low")
    assert await rig.print() is None
    assert rig.driver.status.supplies["paper"] is Supply.LOW
    assert rig.driver.status.ready
    assert len(rig.whole) == 1


async def test_a_roll_lasts_as_long_as_its_paper() -> None:
    rig = Rig()
    rig.world.paper_mm = 600
    errors = [error for _ in range(8) if (error := await rig.print()) is not None]
    assert errors
    assert all(error.cause is DeviceCause.PAPER_OUT for error in errors)
    assert [error.outcome for error in errors[1:]] == [JobOutcome.FAILED] * (len(errors) - 1)
    assert len(rig.whole) == 8 - len(errors)


# -- mishaps -----------------------------------------------------------------------------------------------------

STATES = [("cover-open", DeviceCause.COVER_OPEN), ("head-hot", DeviceCause.HEAD_HOT)]


@pytest.mark.parametrize(("fault", "cause"), [*STATES, ("paper-out", DeviceCause.PAPER_OUT)])
async def test_what_stands_in_the_way_before_the_first_byte_is_named_and_nothing_is_sent(
    fault: str, cause: DeviceCause
) -> None:
    rig = Rig()
    rig.printer.faults.fail_repeatedly(fault)
    error = await rig.print()
    assert error is not None
    assert (error.cause, error.outcome) == (cause, JobOutcome.FAILED)
    assert rig.driver.status.causes == (cause,)
    rig.printer.faults.clear()
    assert await rig.print() is None
    assert rig.world.slip_texts == rig.whole


@pytest.mark.parametrize(("fault", "cause"), STATES)
async def test_what_comes_in_the_way_of_a_ticket_leaves_its_fate_unknown(fault: str, cause: DeviceCause) -> None:
    rig = Rig()
    await rig.driver.start()
    asyncio.get_running_loop().call_later(0.3, rig.printer.faults.fail_repeatedly, fault)
    error = await rig.print()
    assert error is not None
    assert (error.cause, error.outcome) == (cause, JobOutcome.UNKNOWN)
    rig.printer.faults.clear()
    await rig.driver.poll()
    await asyncio.sleep(10)
    assert rig.world.slips == []
    assert await rig.print() is None
    assert len(rig.whole) == 1


async def test_a_stuck_cutter_is_named_and_recovers_once_it_is_free() -> None:
    rig = Rig()
    rig.printer.faults.fail_repeatedly("cutter")
    error = await rig.print()
    assert error is not None
    assert (error.cause, error.outcome) == (DeviceCause.CUTTER, JobOutcome.UNKNOWN)
    assert (await rig.driver.poll()).causes == (DeviceCause.CUTTER,)
    rig.printer.faults.clear()
    assert (await rig.driver.poll()).ready
    assert await rig.print() is None
    assert len(rig.world.slips) == 2, "the uncut ticket, and the new one"


@pytest.mark.parametrize("tenth", range(1, 16))
async def test_power_lost_at_any_moment_of_a_ticket_is_never_taken_for_a_printed_one(tenth: int) -> None:
    rig = Rig()
    await rig.driver.start()
    loop = asyncio.get_running_loop()
    loop.call_later(tenth / 10, rig.printer.power_cut)
    loop.call_later(tenth / 10 + 1.5, rig.printer.power_on)
    error = await rig.print()
    if error is None:
        assert len(rig.whole) == 1
    else:
        assert error.outcome is JobOutcome.UNKNOWN
    await asyncio.sleep(10)
    assert (await rig.driver.poll()).ready
    assert await rig.print() is None
    assert rig.world.slip_texts[-1] in rig.whole, "the next ticket is whole, and what was left is not part of it"


async def test_the_fault_power_loss_is_such_a_moment() -> None:
    rig = Rig()
    rig.printer.faults.fail_next("power-loss")
    error = await rig.print()
    assert error is not None
    assert error.outcome is JobOutcome.UNKNOWN
    assert rig.whole == []


# -- the line ----------------------------------------------------------------------------------------------------


async def test_a_printer_that_is_silent_from_the_start_has_printed_nothing() -> None:
    rig = Rig()
    rig.printer.faults.fail_repeatedly("silence")
    error = await rig.print()
    assert error is not None
    assert (error.cause, error.outcome) == (DeviceCause.NO_ANSWER, JobOutcome.FAILED)
    assert rig.driver.status.supplies["paper"] is Supply.UNKNOWN, "silence is not paper"


async def test_a_printer_that_falls_silent_in_a_ticket_leaves_its_fate_unknown() -> None:
    rig = Rig()
    await rig.driver.start()
    asyncio.get_running_loop().call_later(0.3, rig.printer.faults.fail_repeatedly, "silence")
    error = await rig.print()
    assert error is not None
    assert (error.cause, error.outcome) == (DeviceCause.NO_ANSWER, JobOutcome.UNKNOWN)


@pytest.mark.parametrize("fault", ["noise", "short-read", "delay"])
async def test_a_bad_line_costs_time_and_no_ticket(fault: str) -> None:
    rig = Rig()
    rig.printer.faults.fail_repeatedly(fault)
    assert await rig.print() is None
    assert rig.world.slip_texts == rig.whole


@pytest.mark.parametrize("fault", ["drop", "corrupt", "garbage"])
@pytest.mark.parametrize("seed", range(10))
async def test_damaged_answers_never_make_a_ticket_out_of_nothing(fault: str, seed: int) -> None:
    rig = Rig(seed=seed)
    await rig.driver.start()
    loop = asyncio.get_running_loop()
    damage = [
        loop.call_later(moment + seed / 100, rig.printer.faults.fail_next, fault) for moment in (0.05, 0.3, 0.7, 1.1)
    ]
    rig.printer.faults.fail_next("paper-out-mid")
    error = await rig.print()
    assert error is not None
    assert error.outcome is JobOutcome.UNKNOWN
    for timer in damage:
        timer.cancel()
    rig.world.load_paper()
    rig.printer.faults.clear()
    assert await rig.print() is None
    assert len(rig.whole) == 1


async def test_an_answer_of_yesterday_hides_no_missing_paper() -> None:
    rig = Rig()
    await rig.driver.start()
    rig.world.paper_mm = 0
    rig.printer.faults.fail_repeatedly("stale-status")
    error = await rig.print()
    assert error is not None
    assert error.outcome is JobOutcome.UNKNOWN
    assert rig.world.slips == []


async def test_unplugged_in_a_ticket_and_plugged_in_again() -> None:
    rig = Rig()
    await rig.driver.start()
    task = asyncio.ensure_future(rig.print())
    await asyncio.sleep(0.3)
    await rig.cable.unplug()
    error = await task
    assert error is not None
    assert (error.cause, error.outcome) == (DeviceCause.NO_DEVICE, JobOutcome.UNKNOWN)
    assert rig.driver.status.state is DeviceState.NO_DEVICE
    rig.cable.replug()
    assert (await rig.driver.poll()).ready


async def test_a_picture_or_code_no_paper_can_hold_is_refused_before_a_byte_is_sent() -> None:
    rig = Rig()
    error = await rig.print((Qr("x" * 4000),))
    assert error is not None
    assert error.outcome is JobOutcome.FAILED
    assert await rig.print() is None


# -- a presenter -------------------------------------------------------------------------------------------------


class KioskRig(Rig):
    """A Custom printer, which holds each slip at its mouth."""

    def __init__(self) -> None:
        super().__init__()
        self.printer = Simulator(self.world, presenter=True)
        self.cable = PipeConnector(self.printer.serve)
        self.driver = Driver(self.cable, Options(model="custom-kpm"))


async def test_a_slip_is_held_at_the_mouth_until_it_is_taken() -> None:
    rig = KioskRig()
    await rig.driver.start()
    assert rig.driver.can_present
    seen: list[Media] = []
    rig.driver.board.watch(lambda status: seen.append(status.media))
    assert await rig.print() is None
    assert rig.world.slip_at_mouth is not None
    assert await rig.driver.wait_taken(5) is False
    asyncio.get_running_loop().call_later(3, rig.world.take_slip)
    assert await rig.driver.wait_taken(60) is True
    assert asyncio.get_running_loop().time() < 20
    assert list(dict.fromkeys(seen)) == [Media.NOT_PRESENT, Media.PRESENT]
    assert seen[-1] is Media.NOT_PRESENT
    assert rig.world.slip_texts == rig.whole


async def test_a_slip_nobody_takes_is_pulled_back_once() -> None:
    rig = KioskRig()
    await rig.print()
    assert await rig.driver.retract(IntentId("back")) is True
    assert await rig.driver.retract(IntentId("back")) is True
    assert await rig.driver.retract(IntentId("again")) is False, "there is none any more"
    assert len(rig.world.slips_retracted) == 1
    assert rig.world.slips == []


async def test_a_forgotten_slip_is_pulled_back_before_the_next_one_and_given_to_nobody() -> None:
    rig = KioskRig()
    await rig.print()
    assert await rig.print() is None
    assert len(rig.world.slips_retracted) == 1
    assert rig.world.take_slip()
    assert rig.world.slip_texts == rig.whole


async def test_a_slip_that_sticks_in_the_presenter_is_a_jam_of_unknown_fate_until_somebody_clears_it() -> None:
    rig = KioskRig()
    await rig.driver.start()
    rig.printer.faults.fail_repeatedly("jam")
    error = await rig.print()
    assert error is not None
    assert (error.cause, error.outcome) == (DeviceCause.JAM, JobOutcome.UNKNOWN)
    assert (await rig.driver.poll()).media is Media.JAMMED
    assert rig.world.slip_at_mouth is None
    assert rig.world.slips == []
    rig.printer.faults.clear()
    assert await rig.print() is None, "the rollers turn again: what stuck is out of the way"


async def test_a_printer_without_presenter_refuses_to_pull_back() -> None:
    rig = Rig()
    for act in (rig.driver.retract(IntentId("back")), rig.driver.wait_taken(1)):
        with pytest.raises(DeviceError) as caught:
            await act
        assert caught.value.completion is Completion.UNSUPPORTED_COMMAND
    assert not rig.driver.can_present
