"""A toy driver package for the profile and supervision stories: a thermal printer that prints to memory."""

import asyncio
from types import ModuleType

import pytest
from pydantic import BaseModel, ConfigDict, Field

from drivers.contract.device import IntentId
from drivers.contract.status import Status
from drivers.contract.thermal_printer import Block, ThermalPrinter
from drivers.contract.words import DeviceCause, DeviceState
from drivers.transport import link as transport
from drivers.transport.base import Connector


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: int = Field(default=48, ge=20, le=80)
    cut: bool = True


class Driver(ThermalPrinter):
    """Its health is whatever `mood` says; counts how often it was asked."""

    width_dots = 576

    def __init__(self, link: Connector, options: Options | None = None) -> None:
        super().__init__()
        self.link = link
        self.columns = (options or Options()).columns
        self.mood = "well"
        self.polls = 0
        self.stopped = 0

    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        self.stopped += 1

    async def poll(self) -> Status:
        self.polls += 1
        if self.mood == "broken promise":
            raise RuntimeError("the driver has a fault of its own")
        if self.mood == "hangs":
            await asyncio.sleep(3600)
        if self.mood == "unplugged":
            return self.board.publish(Status(state=DeviceState.NO_DEVICE, causes=(DeviceCause.NO_DEVICE,)))
        return self.board.publish(Status(state=DeviceState.ONLINE, detail={"firmware": "1.0"}))

    async def print_slip(self, intent: IntentId, blocks: tuple[Block, ...]) -> None:
        async with self.lock:
            await asyncio.sleep(30)


def install(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Makes every driver lookup in `where` (a module with `driver_module`) find the toy."""
    toy = ModuleType("toy")
    toy.Driver, toy.Options = Driver, Options  # type: ignore[attr-defined]
    toy.link, toy.link_over = transport.stream, lambda connector: connector  # type: ignore[attr-defined]
    monkeypatch.setattr(where, lambda slot, driver: toy)
