"""gpiozero's mock pins, wired straight to the simulated dispenser: what a program nobody here wrote would use.

Unlike on hardware, callbacks run in the thread that drives the pin (gpiozero's mock pins): assert nothing about it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin


class Wired(Protocol):
    """What this seam needs of a Simulator whose device hangs on pins."""

    def drive(self, pin: int, level: int) -> None: ...

    def levels(self) -> tuple[tuple[int, int], ...]: ...

    def watch(self, watcher: Callable[[int, int], None]) -> Callable[[], None]: ...


class _Pin(MockPin):  # type: ignore[misc]  # gpiozero is untyped
    def _set_pull(self, value: Any) -> None:
        super()._set_pull(value)
        for number, level in self._factory.wired.levels():  # a device that pulls low is stronger than a pull-up
            if self.info.name == f"GPIO{number}":
                self._factory.follow(number, level)

    def _get_state(self) -> Any:
        self._factory.look()
        return super()._get_state()

    def _set_state(self, value: Any) -> None:
        super()._set_state(value)
        self._factory.wired.drive(int(self.info.name.removeprefix("GPIO")), int(bool(value)))

    def _call_when_changed(self) -> None:
        PiPin._call_when_changed(self, self._factory.ticks(), self._state)


class WiredPins(MockFactory):  # type: ignore[misc]  # gpiozero is untyped
    """A pin factory whose inputs follow the device and whose outputs move it. Time is the loop's."""

    def __init__(self, wired: Wired, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(pin_class=_Pin)
        self.wired = wired
        self._loop = loop
        wired.watch(self.follow)

    def ticks(self) -> float:
        return self._loop.time()

    def look(self) -> None:
        """What changed without an edge of its own, a fault that was armed, is told by whoever reads a pin next."""
        self.wired.levels()

    def follow(self, number: int, level: int) -> None:
        pin = self.pin(number)
        if level:
            pin.drive_high()
        else:
            pin.drive_low()
