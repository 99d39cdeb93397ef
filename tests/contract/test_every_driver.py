"""What holds for every driver there is, and for every one that will be added, when it is told to misbehave; what a well
device does is in tests/devices."""

import asyncio
import importlib
import importlib.util

import pytest

from drivers.contract.words import DeviceCause, DeviceState, Supply
from sim.faults import REGISTRY
from tests.contract.rig import models, rig
from tests.devices.simulated import Simulated, places

ALL = models()
ANSWERING = [model for model in ALL if importlib.import_module(f"drivers.{model.replace('/', '.')}").Driver.answers]
"""Those that can be asked. Of one that is only wires, its class suite shows that an act on a silent one fails."""
WELL = (DeviceState.ONLINE, DeviceState.BUSY)


def test_the_five_device_classes_have_a_driver_each() -> None:
    assert {model.split("/")[0] for model in ALL} >= {
        "card_printer",
        "card_encoder",
        "thermal_printer",
        "fingerprint_scanner",
        "ticket_dispenser",
    }


@pytest.mark.parametrize("model", ALL)
def test_a_driver_has_a_simulator_and_its_folder_says_what_it_is(model: str) -> None:
    path = model.replace("/", ".")
    module = importlib.import_module(f"drivers.{path}")
    assert module.__doc__
    for name in ("Driver", "Options", "link", "link_over"):
        assert hasattr(module, name), f"drivers/{model}/__init__.py exports no {name}"
    assert importlib.util.find_spec(f"sim.{path}") is not None, f"no simulator sim/{model}.py"
    simulator = importlib.import_module(f"sim.{path}").Simulator
    assert {"silence", "garbage"} <= simulator.FAULTS <= REGISTRY.keys()


@pytest.mark.parametrize("model", ANSWERING)
@pytest.mark.parametrize("fault", ["silence", "garbage"])
async def test_a_device_that_makes_no_sense_is_never_called_well(model: str, fault: str) -> None:
    one = await rig(model)
    one.faults.fail_repeatedly(fault)
    async with asyncio.timeout(60):  # virtual: however it misbehaves, a poll ends
        status = await one.driver.poll()
    assert status.state not in WELL
    assert status.causes, "something stands in the way, and it must be named"

    one.faults.clear()
    async with asyncio.timeout(60):
        while (await one.driver.poll()).state not in WELL:
            await asyncio.sleep(1)
    assert one.driver.status.causes == ()
    await one.driver.stop()


@pytest.mark.wall
@pytest.mark.parametrize("seam", ["pty", "tcp", "usb"])
async def test_over_its_real_pipes_too_a_device_is_called_well_only_if_it_makes_sense(seam: str) -> None:
    """All at once: what takes the time is waiting for answers that do not come."""
    over = [model for model, its_seam in places() if its_seam == seam]
    assert over
    await asyncio.gather(*(makes_no_sense(model, seam, fault) for model in over for fault in ("silence", "garbage")))


async def makes_no_sense(model: str, seam: str, fault: str) -> None:
    one = Simulated(model, seam)
    async with one.reached() as link:
        driver = one.driver(link(), answer_timeout=0.5)
        one.faults.fail_repeatedly(fault)
        async with asyncio.timeout(60):
            await driver.start()
            status = await driver.poll()
            assert status.state not in WELL, (model, fault)
            assert status.causes, (model, fault)
            one.faults.clear()
            while (await driver.poll()).state not in WELL:
                await asyncio.sleep(0.05)
        assert driver.status.causes == (), (model, fault)
        await driver.stop()


@pytest.mark.parametrize("model", ALL)
async def test_unplugged_it_is_missing_and_plugged_in_again_it_is_back(model: str) -> None:
    one = await rig(model)
    await one.cable.unplug()
    status = await one.driver.poll()
    assert status.state in (DeviceState.NO_DEVICE, DeviceState.OFFLINE)
    assert status.causes[0] is DeviceCause.NO_DEVICE

    one.cable.replug()
    async with asyncio.timeout(60):
        while (await one.driver.poll()).state not in WELL:
            await asyncio.sleep(1)
    assert one.driver.status.causes == ()
    await one.driver.stop()


@pytest.mark.parametrize("model", ALL)
async def test_what_has_run_out_is_named(model: str) -> None:
    one = await rig(model)
    for fault in one.supply_faults():
        one.faults.fail_repeatedly(fault)
        status = await one.driver.poll()
        # A dispenser without a roll sensor learns it only by trying; then it must not claim to know.
        assert Supply.OUT in status.supplies.values() or Supply.UNKNOWN in status.supplies.values(), fault
        assert Supply.FULL not in status.supplies.values() or len(status.supplies) > 1, fault
        one.faults.clear()
    await one.driver.stop()


@pytest.mark.parametrize("model", ALL)
async def test_snapshots_are_numbered_and_told_only_when_they_change(model: str) -> None:
    one = await rig(model)
    await one.driver.poll()
    seen: list[int] = []
    one.driver.board.watch(lambda status: seen.append(status.revision))
    await one.driver.poll()
    await one.driver.poll()
    assert seen == [], "nothing changed, so nothing is told"
    await one.cable.unplug()
    await one.driver.poll()
    assert seen == sorted(set(seen))
    assert seen
    await one.driver.stop()
