"""Finds every driver, and joins it to its simulator over an in-process pipe."""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any

import drivers
from drivers.contract.device import Device
from sim.faults import REGISTRY, FaultBoard
from sim.seam.pipe import PipeConnector
from sim.world import World

NOT_DRIVERS = {"contract", "transport"}


def models() -> list[str]:
    """Every driver there is, as `class/model`; a new folder is found without being named anywhere."""
    found = []
    for device_class in pkgutil.iter_modules(drivers.__path__):
        if device_class.ispkg and device_class.name not in NOT_DRIVERS:
            package = importlib.import_module(f"drivers.{device_class.name}")
            found += [f"{device_class.name}/{model.name}" for model in pkgutil.iter_modules(package.__path__)]
    return found


@dataclass
class Rig:
    """A driver on its simulator."""

    driver: Device
    simulator: Any
    world: World
    cable: PipeConnector

    @property
    def faults(self) -> FaultBoard:
        board: FaultBoard = self.simulator.faults
        return board

    def supply_faults(self) -> list[str]:
        """The faults by which this device runs out of what it consumes, as a state one can see before an act."""
        return [name for name in sorted(self.simulator.FAULTS) if REGISTRY[name].supply and not name.endswith("-mid")]


async def rig(model: str) -> Rig:
    """The started driver of `class/model`, with a well-filled world around it."""
    path = model.replace("/", ".")
    driver_module = importlib.import_module(f"drivers.{path}")
    simulator_module = importlib.import_module(f"sim.{path}")
    world = World()
    world.load_blanks(5)
    simulator = simulator_module.Simulator(world, seed=1)
    cable = PipeConnector(simulator.serve)
    driver = driver_module.Driver(driver_module.link_over(cable), driver_module.Options())
    await driver.start()
    return Rig(driver, simulator, world, cable)
