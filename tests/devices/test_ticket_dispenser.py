"""Pre-printed tickets, counted."""

import pytest

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, DispenseError
from drivers.contract.ticket_dispenser import TicketDispenser
from drivers.contract.words import Completion, DeviceCause
from tests.devices.test_any_device import until_ready
from tests.devices.trial import Deed, Opened, Trial, needs


def dispenser(one: Trial) -> TicketDispenser:
    assert isinstance(one.driver, TicketDispenser)
    return one.driver


async def test_one_ticket_is_one_and_three_are_three_however_often_they_are_asked_for(ticket_dispenser: Opened) -> None:
    async with ticket_dispenser() as one:
        for count in (1, 3):
            for _ in range(2):
                assert await dispenser(one).dispense(IntentId(f"trial-{count}"), count) == count
            await one.hands.came_out(count, count)


@pytest.mark.parametrize("count", [0, -1, 21])
async def test_a_count_out_of_bounds_moves_nothing(ticket_dispenser: Opened, count: int) -> None:
    async with ticket_dispenser() as one:
        with pytest.raises(DeviceError) as caught:
            await dispenser(one).dispense(IntentId("trial"), count)
        assert caught.value.completion is Completion.INVALID_DATA
        await one.hands.came_out(0, 0)


async def test_without_a_roll_nobody_is_promised_a_ticket(ticket_dispenser: Opened) -> None:
    async with ticket_dispenser() as one:
        one.hands.needed(Deed.EMPTY)
        await one.hands.do(Deed.EMPTY)
        with pytest.raises(DispenseError) as caught:
            await dispenser(one).dispense(IntentId("trial-1"), 1)
        assert (caught.value.cause, caught.value.dispensed) == (DeviceCause.TICKETS_OUT, 0)
        await one.hands.do(Deed.FILL)
        await until_ready(one)
        assert await dispenser(one).dispense(IntentId("trial-2"), 1) == 1
        await one.hands.came_out(1, 1)


@needs(Deed.UNPLUG)
async def test_what_comes_out_while_the_cable_is_pulled_is_at_most_what_was_asked_for(ticket_dispenser: Opened) -> None:
    async with ticket_dispenser() as one:
        one.hands.needed(Deed.UNPLUG)
        await one.hands.during(Deed.UNPLUG, after=0.3)
        told = 0
        try:
            told = await dispenser(one).dispense(IntentId("trial-1"), 3)
        except DispenseError as error:
            told = error.dispensed
        await one.hands.do(Deed.PLUG)
        await one.hands.came_out(told, 4)
        await until_ready(one)
