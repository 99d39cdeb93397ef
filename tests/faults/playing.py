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
from tests.faults.stories import Story, Told, story
from tests.faults.table import MOMENTS, REAL_TIME, Case
from tests.faults.truth import RETRIES, SHOWN, SUPPLY, UNHEARD

T = TypeVar("T")

POLL_LIMIT = 40.0
REST = 60.0
"""Seconds in which anything that would still move by itself has moved."""
HELP = 10.0
"""Seconds until staff are there."""
BLINK = 2.0
"""Seconds for which a cable pulled once stays out."""

QUICK = 0.02
"""Pace of what is played in real time."""
AWAY = 2.0
"""Real seconds for which a card is away from a reader behind pcscd, which looks for it every 0.4 s: if it is back
before pcscd 1.9.9 saw it gone, it is held for absent for ever."""

SELDOM: dict[tuple[str, str], dict[str, float]] = {
    ("card_printer/evolis", "tcp"): {"poll_interval": 1.0},
    ("card_printer/evolis", "usb"): {"poll_interval": 1.0},
}
"""Options of drivers that ask less often than they do by default, because the asking is what costs."""

_lengths: dict[tuple[str, str], float] = {}


async def play(case: Case) -> None:
    """AssertionError or TimeoutError if it does not go as it must. In virtual time, but behind pcscd."""
    length = 0.0 if case.seam in REAL_TIME else await _undisturbed(case.model, case.seam)
    async with ready(case.model, case.seam) as (driver, one):
        tale = story(driver, one, case.fault)
        seen: list[Status] = []
        driver.board.watch(seen.append)

        said = None
        if case.moment == "status":
            await _strike(one, case)
        else:
            struck = await _to_strike(one, case, tale, length)
            said = await _within(tale.limit, tale.act())
            await _within(POLL_LIMIT, struck)
            _true_report(case, said)

        status = await _within(POLL_LIMIT, driver.poll())
        _true_status(case, driver, status)
        for earlier in seen:
            assert set(earlier.causes) <= case.may_name, f"a wrong cause was named: {earlier.causes}"

        await asyncio.sleep(HELP * one.pace)
        await _mend(one)
        await asyncio.sleep(REST * one.pace)
        await _within(POLL_LIMIT, driver.poll())
        if said is not None:
            tale.matches(said)
        await _within(tale.limit, tale.help())
        await _well(driver, one.pace)
        said = await _within(tale.limit, tale.act())
        assert said.outcome is JobOutcome.DONE, said
        tale.matches(said)


@asynccontextmanager
async def ready(model: str, seam: str) -> AsyncIterator[tuple[Device, Simulated]]:
    """A driver that is well, and its simulator, over this seam."""
    real = seam in REAL_TIME
    one = Simulated(model, seam, pace=QUICK if real else 1.0)
    one.away = AWAY
    async with one.reached() if real else in_virtual_time(one) as link:
        driver = one.driver(link(), **SELDOM.get((model, seam), {}))
        await driver.start()
        await _well(driver, one.pace)
        try:
            yield driver, one
        finally:
            await driver.stop()


async def _undisturbed(model: str, seam: str) -> float:
    """The time that an act takes when nothing is wrong; and it must succeed."""
    if (model, seam) not in _lengths:
        async with ready(model, seam) as (driver, one):
            tale = story(driver, one, "")
            loop = asyncio.get_running_loop()
            began = loop.time()
            said = await tale.act()
            _lengths[model, seam] = loop.time() - began
            assert said.outcome is JobOutcome.DONE, said
            tale.matches(said)
    return _lengths[model, seam]


async def _to_strike(one: Simulated, case: Case, tale: Story, length: float) -> Awaitable[None]:
    """Has the fault strike at its moment of the act that begins now: by the clock in virtual time, which nothing can
    delay; in real time by what the act has done, whatever time it took. Returns what is done once it has struck."""
    share = MOMENTS.get(case.moment, 0.0)
    loop = asyncio.get_running_loop()
    if not share:
        await _strike(one, case)
        return asyncio.sleep(0)
    if one.seam not in REAL_TIME:

        async def later() -> None:
            await asyncio.sleep(length * share)
            await _strike(one, case)

        return asyncio.ensure_future(later())
    struck: asyncio.Future[None] = loop.create_future()

    def progress(done: float) -> None:
        if done >= share and not struck.done():
            struck.set_result(None)
            _arm(one, case)

    tale.progress = progress
    return struck


def _arm(one: Simulated, case: Case) -> None:
    """A `once` of the unplugged reader ends with `_mend`: nobody is quick enough to have it back within the act."""
    if case.lasting or case.fault == "unplug":
        one.faults.fail_repeatedly(case.fault)
    else:
        one.faults.fail_next(case.fault)


async def _strike(one: Simulated, case: Case) -> None:
    if case.fault != "unplug" or one.seam in REAL_TIME:
        _arm(one, case)
        return
    assert one.plug is not None
    await one.plug(False)
    if not case.lasting:
        plug = one.plug
        asyncio.get_running_loop().call_later(BLINK, lambda: asyncio.ensure_future(plug(True)))


async def _mend(one: Simulated) -> None:
    """The fault goes, and the cable is in. Behind pcscd the reader is pulled out first: vpcd waits without end for an
    answer that got lost, and pcscd with it, as no reader's own driver does."""
    one.faults.clear()
    if one.seam in REAL_TIME:
        one.faults.fail_repeatedly("unplug")
        await asyncio.sleep(AWAY)
        one.faults.clear()
    elif one.plug is not None:
        await one.plug(True)


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
    pcscd_answers = case.seam in REAL_TIME  # of what it saw last
    if case.fault in UNHEARD and driver.answers and not pcscd_answers:
        assert not status.ready, "well, and it said nothing"
        assert status.causes
    if case.fault in SHOWN:
        assert SHOWN[case.fault] in status.causes
    if case.fault in SUPPLY:
        assert SUPPLY[case.fault] in status.supplies.values()


async def _well(driver: Device, pace: float) -> None:
    async with asyncio.timeout(POLL_LIMIT):
        while not (await driver.poll()).ready:
            await asyncio.sleep(pace)
