"""The same stories over the real pipes: a bad line or a pulled cable in the middle of an act, in real time.

The whole table is played in virtual time over the in-process pipe (test_campaign.py). Here its faults of the line meet
what carries the bytes on a kiosk: pyserial on a pseudo-terminal, sockets, pyusb.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from drivers.contract.words import DeviceState, JobOutcome
from sim.seam.pipe import PipeConnector
from tests.contract.rig import Rig
from tests.devices.simulated import PACE, Simulated, WorldHands, places
from tests.devices.trial import Deed
from tests.faults.stories import story
from tests.faults.truth import LINE as LINE_CAUSES
from tests.faults.truth import RETRIES, may_name

T = TypeVar("T")

LINE = ("drop", "corrupt", "noise", "delay", "unplug")
LIMIT = 60.0
BLINK = 0.3
REST = 40.0
"""At the ordinary pace; what would still move by itself has then moved."""


async def bounded(work: Awaitable[T]) -> T:
    async with asyncio.timeout(LIMIT):
        return await work


@pytest.mark.wall
@pytest.mark.parametrize("seam", ["pty", "tcp", "usb"])
async def test_a_bad_line_in_the_middle_of_an_act(seam: str) -> None:
    """All at once, each with a device of its own: what takes the time is waiting."""
    cases = [
        (model, fault)
        for model, its_seam in places()
        for fault in LINE
        if its_seam == seam and fault in Simulated(model, seam).simulator.FAULTS
    ]
    ends = await asyncio.gather(*(disturbed(model, seam, fault) for model, fault in cases), return_exceptions=True)
    wrong = {case: end for case, end in zip(cases, ends, strict=True) if end is not None}
    assert cases
    assert not wrong


async def disturbed(model: str, seam: str, fault: str) -> None:
    one = Simulated(model, seam)
    async with one.reached() as link:
        driver = one.driver(link())
        await driver.start()
        tale = story(one.device_class, Rig(driver, one.simulator, one.world, PipeConnector(one.simulator.serve)), fault)
        loop = asyncio.get_running_loop()

        began = loop.time()
        said = await bounded(tale.act())
        length = loop.time() - began
        assert said.outcome is JobOutcome.DONE, said
        tale.matches(said)
        await bounded(tale.help())

        async def strike() -> None:
            await asyncio.sleep(length / 2)
            if fault == "unplug":
                hands = WorldHands(one)
                await hands.do(Deed.UNPLUG)
                await asyncio.sleep(BLINK)
                await hands.do(Deed.PLUG)
            else:
                one.faults.fail_next(fault)

        striking = asyncio.ensure_future(strike())
        said = await bounded(tale.act())
        await striking
        if said.retry is not None:
            assert said.retry in RETRIES[fault]
        # A cable that is back before the driver looked again leaves no more behind than a bad line does.
        assert said.cause is None or said.cause in may_name(one.device_class, fault) | LINE_CAUSES, said
        await asyncio.sleep(REST * PACE)
        one.faults.clear()
        async with asyncio.timeout(LIMIT):
            while (status := await driver.poll()).state is DeviceState.BUSY or not (status.ready or status.causes):
                await asyncio.sleep(0.05)
        tale.matches(said)
        await bounded(tale.help())

        said = await bounded(tale.act())
        assert said.outcome is JobOutcome.DONE, said
        tale.matches(said)
        await driver.stop()
