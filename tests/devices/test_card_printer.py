"""A card's way from the hopper to a hand or to the bin, in whatever printer."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from PIL import Image, ImageDraw

from drivers.contract.card_printer import FACE_SIZE, CardPosition, CardPrinter, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome
from tests.devices.test_any_device import until_ready
from tests.devices.trial import Deed, Opened, Trial, fresh, needs, said

GONE = (DeviceState.NO_DEVICE, DeviceState.OFFLINE)


def face() -> Image.Image:
    picture = Image.new("RGB", FACE_SIZE, (120, 200, 240))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 40, 500, 90), fill="black")
    draw.text((60, 200), "SPECIMEN", fill=(180, 20, 30), font_size=120)
    return picture


class Desk:
    """A printer that holds a card for an encoder; another one skips the test."""

    def __init__(self, one: Trial) -> None:
        assert isinstance(one.driver, CardPrinter)
        if not one.driver.can_encode:
            pytest.skip("this printer can only print")
        self.one, self.printer = one, one.driver
        self.intents = fresh()

    async def feed(self) -> None:
        await self.printer.feed(next(self.intents), Station.CONTACTLESS)

    async def print(self) -> None:
        await self.printer.print_front(next(self.intents), face())

    async def present(self) -> None:
        await self.printer.present(next(self.intents))

    async def reject(self) -> None:
        await self.printer.reject(next(self.intents))

    async def position(self) -> CardPosition:
        async with asyncio.timeout(self.one.patience):
            while (evidence := await self.printer.where()).moving:
                await asyncio.sleep(0.1)
        return evidence.position

    async def refused(self, act: Callable[[], Awaitable[None]]) -> DeviceError:
        with pytest.raises(DeviceError) as caught:
            await act()
        return caught.value


@needs(holds_cards=True)
async def test_a_blank_is_fed_printed_presented_and_taken_each_once(card_printer: Opened) -> None:
    async with card_printer() as one:
        desk = Desk(one)
        one.hands.needed(Deed.TAKE)
        assert await desk.position() is CardPosition.NONE
        for _ in range(2):
            await desk.printer.feed(IntentId("feed"), Station.CONTACTLESS)
        evidence = await desk.printer.where()
        assert (evidence.position, evidence.station) == (CardPosition.INSIDE, Station.CONTACTLESS)
        for _ in range(2):
            await desk.printer.print_front(IntentId("print"), face())
        assert await desk.position() is CardPosition.INSIDE, "printed, and still inside"
        after = (await desk.printer.where()).fed_count
        assert after == evidence.fed_count, "and no other card was fed for it"
        for _ in range(2):
            await desk.printer.present(IntentId("present"))
        assert await desk.printer.wait_taken(1.0) is False
        await one.hands.do(Deed.TAKE)
        assert await desk.printer.wait_taken(10.0) is True
        assert await desk.position() is CardPosition.NONE
        await one.hands.came_out(1, 1)


@needs(holds_cards=False)
async def test_a_printer_that_can_only_print_prints_a_card_once(card_printer: Opened) -> None:
    async with card_printer() as one:
        assert isinstance(one.driver, CardPrinter)
        if one.driver.can_encode:
            pytest.skip("this printer holds its cards")
        for _ in range(2):
            await one.driver.print_front(IntentId("print"), face())
        await one.hands.came_out(1, 1)
        with pytest.raises(DeviceError) as caught:
            await one.driver.feed(IntentId("feed"), Station.CONTACTLESS)
        assert caught.value.completion is Completion.UNSUPPORTED_COMMAND


@needs(holds_cards=True)
async def test_a_forgotten_card_is_taken_back_and_goes_to_nobody(card_printer: Opened) -> None:
    async with card_printer() as one:
        desk = Desk(one)
        await desk.feed()
        await desk.print()
        await desk.present()
        assert await desk.printer.wait_taken(1.0) is False
        await desk.printer.retract(next(desk.intents))
        assert await desk.position() is CardPosition.NONE
        await desk.feed()
        await desk.reject()
        assert await desk.position() is CardPosition.NONE
        await one.hands.came_out(0, 0)


@needs(holds_cards=True)
async def test_acts_that_do_not_fit_are_refused_and_move_nothing(card_printer: Opened) -> None:
    async with card_printer() as one:
        desk = Desk(one)
        for act in (desk.present, desk.reject, desk.print):
            assert (await desk.refused(act)).completion is Completion.SEQUENCE_ERROR
        await desk.feed()
        count = (await desk.printer.where()).fed_count
        assert (await desk.refused(desk.feed)).completion is Completion.SEQUENCE_ERROR
        assert (await desk.printer.where()).fed_count == count
        await desk.reject()
        assert await desk.position() is CardPosition.NONE
        await one.hands.came_out(0, 0)


@needs(holds_cards=True)
async def test_a_program_that_was_restarted_prints_on_no_card_that_it_has_not_fed(card_printer: Opened) -> None:
    async with card_printer() as one:
        desk = Desk(one)
        await desk.feed()
        await desk.printer.stop()
        later = one.again()
        assert isinstance(later, CardPrinter)
        await later.start()
        assert (await later.where()).position is CardPosition.INSIDE
        with pytest.raises(DeviceError) as caught:
            await later.print_front(IntentId("print"), face())
        assert caught.value.completion is Completion.SEQUENCE_ERROR
        await later.reject(IntentId("reject"))
        await later.stop()
        await one.hands.came_out(0, 0)


@needs(holds_cards=True)
async def test_a_cover_that_was_open_is_named_and_then_the_same_card_goes_on(card_printer: Opened) -> None:
    async with card_printer() as one:
        desk = Desk(one)
        one.hands.needed(Deed.OPEN, Deed.TAKE)
        await desk.feed()
        count = (await desk.printer.where()).fed_count
        await one.hands.do(Deed.OPEN)
        error = await desk.refused(desk.print)
        assert (error.cause, error.outcome) == (DeviceCause.COVER_OPEN, JobOutcome.FAILED)
        await one.hands.do(Deed.CLOSE)
        await until_ready(one)
        await desk.print()
        await desk.present()
        await one.hands.do(Deed.TAKE)
        assert await desk.printer.wait_taken(10.0) is True
        assert (await desk.printer.where()).fed_count == count
        await one.hands.came_out(1, 1)


@needs(holds_cards=True)
@pytest.mark.parametrize(
    ("deed", "undo", "causes"),
    [
        (Deed.OPEN, Deed.CLOSE, {DeviceCause.COVER_OPEN}),
        (Deed.UNPLUG, Deed.PLUG, {DeviceCause.NO_DEVICE, DeviceCause.NO_ANSWER}),
    ],
    ids=["cover", "cable"],
)
async def test_a_print_that_is_disturbed_is_reported_as_it_is(
    card_printer: Opened, deed: Deed, undo: Deed, causes: set[DeviceCause]
) -> None:
    async with card_printer() as one:
        desk = Desk(one)
        one.hands.needed(deed)
        await desk.feed()
        await one.hands.during(deed, after=8.0)
        with said() as word:
            await desk.print()
        assert word.error is None or word.error.cause in causes
        assert one.real or word.error is not None, "in the simulated world the hand is never too late"
        await asyncio.sleep(0.5)
        await one.hands.do(undo)
        async with asyncio.timeout(one.patience):
            while (await one.driver.poll()).state in GONE:
                await asyncio.sleep(0.1)
        assert await desk.position() is CardPosition.INSIDE, "the hardware is asked where the card is, and knows"
        assert (await desk.refused(desk.print)).completion is Completion.SEQUENCE_ERROR, "not a second time"
        await desk.reject()
        await until_ready(one)
        assert await desk.position() is CardPosition.NONE
        await one.hands.came_out(0, 0)
