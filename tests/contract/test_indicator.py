"""The power-fail line: what the wire shows, whichever way round it is wired."""

import asyncio

import pytest

from drivers.contract.indicator import Mains
from drivers.contract.words import DeviceCause
from drivers.indicator.ups import Driver, Options, link, link_over
from drivers.transport.base import LinkError
from sim.indicator.ups import Simulator
from sim.seam.pipe import PipeConnector
from sim.world import World


async def ups(**options: object) -> tuple[Driver, Simulator, PipeConnector]:
    simulator = Simulator(World(), seed=1)
    cable = PipeConnector(simulator.serve)
    driver = Driver(link_over(cable), Options.model_validate(options))
    await driver.start()
    return driver, simulator, cable


def now(driver: Driver) -> Mains:
    return driver.mains


async def test_it_tells_at_once_when_the_mains_go_and_come_back() -> None:
    driver, simulator, _ = await ups()
    told: list[str] = []
    driver.board.watch(lambda status: told.append(status.detail["mains"]))
    assert now(driver) is Mains.PRESENT
    simulator.mains(False)
    await asyncio.sleep(driver.options.filter * 2)
    assert now(driver) is Mains.FAILED
    simulator.mains(True)
    await asyncio.sleep(driver.options.filter * 2)
    assert told == ["failed", "present"]
    await driver.stop()


async def test_mains_that_were_gone_before_kioskd_started_are_gone() -> None:
    driver, simulator, _ = await ups()
    await driver.stop()
    simulator.mains(False)
    again = Driver(link_over(PipeConnector(simulator.serve)))
    await again.start()
    assert again.mains is Mains.FAILED
    await again.stop()


async def test_a_relay_that_opens_is_the_other_way_round() -> None:
    driver, simulator, _ = await ups(active_low=False)
    assert now(driver) is Mains.FAILED, "the simulated contact is an open collector: high while the mains are there"
    simulator.mains(False)
    await asyncio.sleep(1)
    assert now(driver) is Mains.PRESENT
    await driver.stop()


@pytest.mark.parametrize("milliseconds", [1, 20, 90])
async def test_what_is_shorter_than_the_filter_is_nothing(milliseconds: int) -> None:
    driver, simulator, _ = await ups()
    simulator.mains(False)
    await asyncio.sleep(milliseconds / 1000)
    simulator.mains(True)
    await asyncio.sleep(1)
    assert now(driver) is Mains.PRESENT
    assert driver.status.revision == 1, "nobody was told anything"
    await driver.stop()


async def test_a_line_that_cannot_be_read_is_unknown_and_never_fine() -> None:
    driver, simulator, cable = await ups()
    simulator.faults.fail_repeatedly("silence")
    assert DeviceCause.NO_ANSWER in (await driver.poll()).causes
    assert now(driver) is Mains.UNKNOWN
    simulator.faults.clear()
    await driver.poll()
    assert now(driver) is Mains.PRESENT
    await cable.unplug()
    await driver.poll()
    assert now(driver) is Mains.UNKNOWN
    await driver.stop()


@pytest.mark.parametrize("text", ["serial:/dev/ttyUSB0", "gpio:native", "gpio:lgpio?pin=4"])
def test_a_transport_that_is_none_says_so(text: str) -> None:
    with pytest.raises(LinkError):
        link(text)
