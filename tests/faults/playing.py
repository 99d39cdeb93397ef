"""How a case is played, over whatever seam.

One device, well at first. The fault strikes at its moment, once or for good; the act ends; the device is asked; the
fault goes, staff help; then what came out is held against what was reported, and the next act must succeed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from drivers.contract.device import Device
from drivers.contract.status import Status
from drivers.contract.words import JobOutcome
from tests.devices.simulated import Simulated
from tests.faults.outside import in_virtual_time
from tests.faults.stories import Told, story
from tests.faults.table import MOMENTS, Case
from tests.faults.truth import RETRIES, SHOWN, SUPPLY, UNHEARD

T = TypeVar("T")

POLL_LIMIT = 40.0
REST = 60.0
"""Seconds in which anything that would still move by itself has moved."""
HELP = 10.0
"""Seconds until staff are there."""
BLINK = 2.0
"""Seconds for which a cable pulled once stays out."""

_lengths: dict[tuple[str, str], float] = {}


async def play(case: Case) -> None:
    """AssertionError or TimeoutError if it does not go as it must."""
    length = await _undisturbed(case.model, case.seam)
    async with _ready(case.model, case.seam) as (driver, one):
        tale = story(driver, one, case.fault)
        seen: list[Status] = []
        driver.board.watch(seen.append)

        if case.moment == "status":
            await _strike(one, case)
            said = None
        else:
            delay = length * MOMENTS.get(case.moment, 0.0)
            striking = asyncio.ensure_future(_strike_after(delay, one, case))
            if case.moment == "before":
                await striking
            said = await _within(tale.limit, tale.act())
            await striking
            _true_report(case, said)

        status = await _within(POLL_LIMIT, driver.poll())
        _true_status(case, driver, status)
        for earlier in seen:
            assert set(earlier.causes) <= case.may_name, f"a wrong cause was named: {earlier.causes}"

        await asyncio.sleep(HELP)
        one.faults.clear()
        if one.plug is not None:
            await one.plug(True)
        await asyncio.sleep(REST)
        await _within(POLL_LIMIT, driver.poll())
        if said is not None:
            tale.matches(said)
        await _within(tale.limit, tale.help())
        await _well(driver)
        said = await _within(tale.limit, tale.act())
        assert said.outcome is JobOutcome.DONE, said
        tale.matches(said)


@asynccontextmanager
async def _ready(model: str, seam: str) -> AsyncIterator[tuple[Device, Simulated]]:
    one = Simulated(model, seam, pace=1.0)
    async with in_virtual_time(one) as link:
        driver = one.driver(link())
        await driver.start()
        await _well(driver)
        yield driver, one
        await driver.stop()


async def _undisturbed(model: str, seam: str) -> float:
    """The time that an act takes when nothing is wrong; and it must succeed."""
    if (model, seam) not in _lengths:
        async with _ready(model, seam) as (driver, one):
            tale = story(driver, one, "")
            loop = asyncio.get_running_loop()
            began = loop.time()
            said = await tale.act()
            _lengths[model, seam] = loop.time() - began
            assert said.outcome is JobOutcome.DONE, said
            tale.matches(said)
    return _lengths[model, seam]


async def _strike_after(delay: float, one: Simulated, case: Case) -> None:
    if delay:
        await asyncio.sleep(delay)
    await _strike(one, case)


async def _strike(one: Simulated, case: Case) -> None:
    if case.fault == "unplug":
        assert one.plug is not None
        await one.plug(False)
        if not case.lasting:
            plug = one.plug
            asyncio.get_running_loop().call_later(BLINK, lambda: asyncio.ensure_future(plug(True)))
    elif case.lasting:
        one.faults.fail_repeatedly(case.fault)
    else:
        one.faults.fail_next(case.fault)


async def _within(seconds: float, work: Awaitable[T]) -> T:
    """`work`, which has to end by itself in so many (virtual) seconds."""
    async with asyncio.timeout(seconds):
        return await work


def _true_report(case: Case, said: Told) -> None:
    """A report names the right cause, and never success where the act cannot have been."""
    if said.retry is not None:
        assert said.retry in RETRIES.get(case.fault, set()), said
    elif said.cause is not None:
        assert said.cause in case.may_name, said


def _true_status(case: Case, driver: Device, status: Status) -> None:
    assert set(status.causes) <= case.may_name, status
    if not case.lasting:
        return
    if case.fault in UNHEARD and driver.answers:
        assert not status.ready, "well, and it said nothing"
        assert status.causes
    if case.fault in SHOWN:
        assert SHOWN[case.fault] in status.causes
    if case.fault in SUPPLY:
        assert SUPPLY[case.fault] in status.supplies.values()


async def _well(driver: Device) -> None:
    async with asyncio.timeout(POLL_LIMIT):
        while not (await driver.poll()).ready:
            await asyncio.sleep(1)
