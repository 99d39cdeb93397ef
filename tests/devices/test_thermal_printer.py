"""A resident's slip, on whatever prints it."""

import asyncio

import pytest

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.thermal_printer import Align, Block, Qr, Rule, Text, ThermalPrinter
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from tests.devices.test_any_device import until_ready
from tests.devices.trial import MOST, Deed, Opened, Said, Trial, fresh, said


def slip(number: int) -> tuple[Block, ...]:
    return (
        Text("TRIAL", size=2, bold=True, align=Align.CENTRE),
        Text(f"T-{number:03d}", size=8, align=Align.CENTRE),
        Rule(),
        Text("Renée, Öztürk, Kovačević"),
        Qr("ANJ1-8F3K2M9QXW4T7YBN"),
        Text("THE END"),
    )


class Desk:
    def __init__(self, one: Trial) -> None:
        assert isinstance(one.driver, ThermalPrinter)
        self.one, self.printer = one, one.driver
        if self.printer.can_present:
            one.hands.needed(Deed.TAKE)
        self.intents = fresh()
        self.number = 0

    async def print(self) -> Said:
        """Prints the next slip, and takes it if the printer holds it."""
        self.number += 1
        with said() as word:
            async with asyncio.timeout(self.one.patience):
                await self.printer.print_slip(next(self.intents), slip(self.number))
        if word.error is None and self.printer.can_present:
            await self.one.hands.do(Deed.TAKE)
        return word


async def test_a_slip_is_printed_once_however_often_it_is_asked_for(thermal_printer: Opened) -> None:
    async with thermal_printer() as one:
        printer = Desk(one).printer
        seen: list[DeviceState] = []
        printer.board.watch(lambda status: seen.append(status.state))
        for _ in range(2):
            await printer.print_slip(IntentId("once"), slip(1))
        assert seen[0] is DeviceState.BUSY
        assert printer.status.ready
        if printer.can_present:
            assert printer.status.media is Media.PRESENT
            await one.hands.do(Deed.TAKE)
        await one.hands.came_out(1, 1)


async def test_what_no_paper_can_hold_is_refused_before_a_byte_is_sent(thermal_printer: Opened) -> None:
    async with thermal_printer() as one:
        with pytest.raises(DeviceError) as caught:
            await Desk(one).printer.print_slip(IntentId("large"), (Qr("x" * 4000),))
        assert (caught.value.completion, caught.value.outcome) == (Completion.INVALID_DATA, JobOutcome.FAILED)
        await one.hands.came_out(0, 0)


async def test_without_paper_a_slip_fails_and_does_not_come_later_by_itself(thermal_printer: Opened) -> None:
    async with thermal_printer() as one:
        desk = Desk(one)
        one.hands.needed(Deed.EMPTY)
        await one.hands.do(Deed.EMPTY)
        word = await desk.print()
        assert word.error is not None
        assert (word.error.cause, word.outcome) == (DeviceCause.PAPER_OUT, JobOutcome.FAILED)
        assert one.driver.status.supplies["paper"] is Supply.OUT
        await one.hands.do(Deed.FILL)
        await until_ready(one)
        await one.hands.came_out(0, 0)
        assert (await desk.print()).error is None
        await one.hands.came_out(1, 1)


async def test_an_open_cover_is_named_before_anything_is_sent(thermal_printer: Opened) -> None:
    async with thermal_printer() as one:
        desk = Desk(one)
        one.hands.needed(Deed.OPEN)
        await one.hands.do(Deed.OPEN)
        word = await desk.print()
        assert word.error is not None
        assert (word.error.cause, word.outcome) == (DeviceCause.COVER_OPEN, JobOutcome.FAILED)
        await one.hands.do(Deed.CLOSE)
        await until_ready(one)
        assert (await desk.print()).error is None
        await one.hands.came_out(1, 1)


@pytest.mark.parametrize(
    ("deed", "undo", "causes"),
    [
        (Deed.OPEN, Deed.CLOSE, {DeviceCause.COVER_OPEN}),
        (Deed.UNPLUG, Deed.PLUG, {DeviceCause.NO_DEVICE, DeviceCause.NO_ANSWER}),
    ],
    ids=["cover", "cable"],
)
async def test_a_slip_that_is_disturbed_is_reported_as_it_is(
    thermal_printer: Opened, deed: Deed, undo: Deed, causes: set[DeviceCause]
) -> None:
    async with thermal_printer() as one:
        desk = Desk(one)
        one.hands.needed(deed)
        await one.hands.during(deed, after=0.4)
        word = await desk.print()
        assert word.error is None or word.error.cause in causes
        assert one.real or word.error is not None, "in the simulated world the hand is never too late"
        await asyncio.sleep(0.5)
        await one.hands.do(undo)
        await until_ready(one)
        assert (await desk.print()).error is None
        least, most = MOST[word.outcome]
        await one.hands.came_out(least + 1, most + 1)  # what hung in the printer comes out with the next slip


async def test_only_a_presenter_pulls_a_slip_back(thermal_printer: Opened) -> None:
    async with thermal_printer() as one:
        printer = Desk(one).printer
        if printer.can_present:
            assert await printer.retract(IntentId("back")) is False, "there is none at the mouth"
        else:
            with pytest.raises(DeviceError) as caught:
                await printer.retract(IntentId("back"))
            assert caught.value.completion is Completion.UNSUPPORTED_COMMAND
