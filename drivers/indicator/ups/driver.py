"""Watches one line. A level that lasts is believed, a spike is not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from drivers.contract.errors import DeviceError
from drivers.contract.indicator import Indicator, Mains
from drivers.contract.status import Status
from drivers.contract.words import DeviceCause, DeviceState, Media
from drivers.transport.gpio import PinLink

_STATE = {DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE, DeviceCause.PROTOCOL: DeviceState.HARDWARE_ERROR}


class Options(BaseModel):
    """`pin` is a BCM number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pin: int = Field(default=23, ge=0, le=27)
    active_low: bool = True
    """True: the contact pulls the line low while the mains are gone (with our pull-up). False: high (pull-down)."""
    filter: float = Field(default=0.1, ge=0.01, le=2.0)
    """Seconds that a level must last. A UPS bridges the switch-over itself; the contact bounces for some 10 ms."""


@dataclass(frozen=True, slots=True)
class _Line:
    pin: Any
    """gpiozero InputDevice: active while the mains are gone."""
    on_edge: Callable[[], None]
    """Kept here because gpiozero holds its callback only weakly."""


class Driver(Indicator):
    answers = False

    def __init__(self, link: PinLink, options: Options | None = None) -> None:
        super().__init__()
        self.options = options or Options()
        self._link = link
        self._line: _Line | None = None
        self._gone = False
        self._known = False
        """The line's level has been read since the pin was taken."""
        self._settling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        async with self.lock:
            await self._let_go()

    async def poll(self) -> Status:
        async with self.lock:
            try:
                line = await self._ready()
            except DeviceError as error:
                await self._let_go()
                return self._publish(Mains.UNKNOWN, error)
            if self._settling is not None:
                return self.status  # it moved just now; whoever waits for it to settle will tell
            return self._publish(_said(line))

    # -- the line ------------------------------------------------------------------------------------------------
    async def _ready(self) -> _Line:
        """The line, with its level of now. Takes the pin if need be."""
        if self._gone:
            await self._let_go()
        if self._line is None:
            self._gone, self._known = False, False
            self._line = self._take_pin(await self._link.open(self._lost))
        await self._link.refresh()
        if not self._known:
            await asyncio.sleep(0)  # finding out where the line stands is no edge
            self._known = True
        return self._line

    def _take_pin(self, factory: Any) -> _Line:
        from gpiozero import InputDevice

        pin = InputDevice(self.options.pin, pull_up=self.options.active_low, pin_factory=factory)
        loop = asyncio.get_running_loop()

        def on_edge(*_: object) -> None:
            """In gpiozero's own thread on hardware."""
            loop.call_soon_threadsafe(self._moved)

        pin.pin.edges = "both"
        pin.pin.when_changed = on_edge
        return _Line(pin, on_edge)

    def _moved(self) -> None:
        """The newest edge counts from now."""
        if not self._known:
            return
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().create_task(self._settle())

    async def _settle(self) -> None:
        await asyncio.sleep(self.options.filter)
        self._settling = None
        if self._line is not None:
            self._publish(_said(self._line))

    def _lost(self) -> None:
        self._gone = True

    async def _let_go(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        line, self._line = self._line, None
        if line is not None:
            line.pin.close()
        await self._link.close()

    def _publish(self, mains: Mains, error: DeviceError | None = None) -> Status:
        detail = {"mains": mains.value, "pin": f"GPIO{self.options.pin}"}
        if error is None:
            state, causes = DeviceState.ONLINE, tuple[DeviceCause, ...]()
        else:
            state, causes = _STATE.get(error.cause, DeviceState.OFFLINE), (error.cause,)
            detail["error"] = error.detail
        return self.board.publish(
            Status(state=state, media=Media.NOT_SUPPORTED, causes=causes, detail=MappingProxyType(detail))
        )


def _said(line: _Line) -> Mains:
    return Mains.FAILED if line.pin.is_active else Mains.PRESENT
