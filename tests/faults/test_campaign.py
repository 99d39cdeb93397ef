"""Every driver x every fault x every moment: the status tells the truth, every wait ends, the world is as reported.

A case is one device, well at first. The fault strikes at its moment, once or for good; the act ends; the device is
asked; the fault goes, staff help; then what came out is held against what was reported, and the next act must succeed.
All in virtual time, from a seed.
"""

import asyncio
import importlib
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from drivers.contract.status import Status
from drivers.contract.words import DeviceCause, JobOutcome
from tests.contract.rig import Rig, models, rig
from tests.faults.stories import STORIES, Told, story
from tests.faults.truth import MAY_NAME, RETRIES, SHOWN, SUPPLY, UNHEARD, may_name

T = TypeVar("T")

MOMENTS = {"start": 0.02, "middle": 0.5, "near-end": 0.93}
"""Share of an undisturbed act's time after which the fault strikes."""
POLL_LIMIT = 40.0
REST = 60.0
"""Seconds in which anything that would still move by itself has moved."""
HELP = 10.0
"""Seconds until staff are there."""
BLINK = 2.0
"""Seconds for which a cable pulled once stays out."""


@dataclass(frozen=True)
class Case:
    model: str
    fault: str
    moment: str
    lasting: bool
    """The fault stays until it is cleared; otherwise it strikes once."""

    @property
    def device_class(self) -> str:
        return self.model.split("/")[0]

    @property
    def may_name(self) -> set[DeviceCause]:
        return may_name(self.device_class, self.fault)

    def __str__(self) -> str:
        return f"{self.model}-{self.fault}-{self.moment}-{'lasting' if self.lasting else 'once'}"


def _table() -> list[Case]:
    cases = []
    for model in models():
        if model.split("/")[0] not in STORIES:  # the indicator's line has no act that a fault could strike
            continue
        simulator = importlib.import_module(f"sim.{model.replace('/', '.')}").Simulator
        for fault in sorted(simulator.FAULTS):
            for moment in ("before", *MOMENTS, "status"):
                cases += [Case(model, fault, moment, lasting) for lasting in (False, True)]
    return cases


TABLE = _table()
_times: dict[str, float] = {}


def test_the_table_is_large_enough_and_knows_every_fault() -> None:
    assert len(set(TABLE)) >= 200
    assert {case.fault for case in TABLE} <= MAY_NAME.keys()
    assert {case.device_class for case in TABLE} == STORIES.keys()


@pytest.mark.parametrize("case", TABLE, ids=str)
async def test_fault(case: Case) -> None:
    length = await _undisturbed(case.model)
    one = await rig(case.model)
    tale = story(case.device_class, one, case.fault)
    seen: list[Status] = []
    one.driver.board.watch(seen.append)

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

    status = await _within(POLL_LIMIT, one.driver.poll())
    _true_status(case, one, status)
    for earlier in seen:
        assert set(earlier.causes) <= case.may_name, f"a wrong cause was named: {earlier.causes}"

    await asyncio.sleep(HELP)
    one.faults.clear()
    one.cable.replug()
    await asyncio.sleep(REST)
    await _within(POLL_LIMIT, one.driver.poll())
    if said is not None:
        tale.matches(said)
    await _within(tale.limit, tale.help())
    await _well_again(one)
    said = await _within(tale.limit, tale.act())
    assert said.outcome is JobOutcome.DONE, said
    tale.matches(said)
    await one.driver.stop()


async def _undisturbed(model: str) -> float:
    """The time that an act takes when nothing is wrong; and it must succeed."""
    if model not in _times:
        one = await rig(model)
        tale = story(model.split("/", maxsplit=1)[0], one, "")
        loop = asyncio.get_running_loop()
        began = loop.time()
        said = await tale.act()
        _times[model] = loop.time() - began
        assert said.outcome is JobOutcome.DONE, said
        tale.matches(said)
        await one.driver.stop()
    return _times[model]


async def _strike_after(delay: float, one: Rig, case: Case) -> None:
    if delay:
        await asyncio.sleep(delay)
    await _strike(one, case)


async def _strike(one: Rig, case: Case) -> None:
    if case.fault == "unplug":
        await one.cable.unplug()
        if not case.lasting:
            asyncio.get_running_loop().call_later(BLINK, one.cable.replug)
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


def _true_status(case: Case, one: Rig, status: Status) -> None:
    assert set(status.causes) <= case.may_name, status
    if not case.lasting:
        return
    if case.fault in UNHEARD and one.driver.answers:
        assert not status.ready, "well, and it said nothing"
        assert status.causes
    if case.fault in SHOWN:
        assert SHOWN[case.fault] in status.causes
    if case.fault in SUPPLY:
        assert SUPPLY[case.fault] in status.supplies.values()


async def _well_again(one: Rig) -> None:
    async with asyncio.timeout(POLL_LIMIT):
        while not (await one.driver.poll()).ready:
            await asyncio.sleep(1)
