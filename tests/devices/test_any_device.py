"""What every device promises, whatever it is."""

import asyncio

import pytest

from drivers.contract.words import DeviceCause, DeviceState, Supply
from tests.devices.trial import Deed, Opened, Trial, needs


async def until_ready(one: Trial) -> None:
    async with asyncio.timeout(one.patience):
        while not (await one.driver.poll()).ready:
            await asyncio.sleep(0.1)


async def test_a_well_device_says_so_and_tells_nothing_twice(device: Opened) -> None:
    async with device() as one:
        assert one.driver.status.ready, one.driver.status
        assert one.driver.status.causes == ()
        seen: list[int] = []
        one.driver.board.watch(lambda status: seen.append(status.revision))
        await one.driver.poll()
        await one.driver.poll()
        assert seen == []


async def test_it_can_be_stopped_twice_and_started_again(device: Opened) -> None:
    async with device() as one:
        await one.driver.stop()
        await one.driver.stop()
        await one.driver.start()
        await until_ready(one)


@needs(Deed.UNPLUG)
async def test_unplugged_it_is_missing_and_plugged_in_again_it_is_back(device: Opened) -> None:
    async with device() as one:
        if not one.driver.answers and one.real:
            pytest.skip("wires cannot tell that nobody is at their other end")
        one.hands.needed(Deed.UNPLUG)
        await one.hands.do(Deed.UNPLUG)
        async with asyncio.timeout(one.patience):
            while (status := await one.driver.poll()).ready:
                await asyncio.sleep(0.1)
        assert status.state in (DeviceState.NO_DEVICE, DeviceState.OFFLINE, DeviceState.POWER_OFF)
        assert status.causes[0] in (DeviceCause.NO_DEVICE, DeviceCause.NO_ANSWER)
        await one.hands.do(Deed.PLUG)
        await until_ready(one)
        assert one.driver.status.causes == ()


@needs(Deed.EMPTY)
async def test_what_has_run_out_is_named_and_forgotten_once_it_is_filled(device: Opened) -> None:
    async with device() as one:
        one.hands.needed(Deed.EMPTY)
        await one.hands.do(Deed.EMPTY)
        status = await one.driver.poll()
        # A dispenser without a roll sensor learns it only by trying; then it must not claim to know.
        assert {Supply.OUT, Supply.UNKNOWN} & set(status.supplies.values()), status
        await one.hands.do(Deed.FILL)
        await until_ready(one)
        assert Supply.OUT not in one.driver.status.supplies.values()
