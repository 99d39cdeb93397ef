"""Pins by gpiozero. The factory is named, never guessed: guessing fails on a Pi 5 (gpiozero issues 1166, 1229)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from drivers.transport.base import gone
from drivers.transport.deadman import Deadman

Lost = Callable[[], None]


class PinLink(ABC):
    """Where a driver's pins are. Failures are TransportErrors (NO_DEVICE, NO_ANSWER) or ProtocolErrors."""

    simulated: bool = False

    def deadman(self, act: Callable[[], None], clock: Callable[[], float]) -> Deadman | None:
        """What does `act` from a thread of its own if the loop stands still, for pins that can be set from any thread.

        None where the pins are at the other end of a stream: when this program stops talking, the other side lets go.
        """
        return None

    @abstractmethod
    async def open(self, lost: Lost) -> Any:
        """The gpiozero pin factory to make devices with, opening it if need be. `lost` is called in the loop's thread
        once the pins are out of reach; `refresh` then raises why."""

    @abstractmethod
    async def refresh(self) -> None:
        """Returns once the inputs' levels are those of now. Raises if the pins are out of reach."""

    @abstractmethod
    async def close(self) -> None:
        """Lets go of the pins; never raises."""

    @abstractmethod
    def __str__(self) -> str:
        """As a technician would write it in a profile."""


class LgpioLink(PinLink):
    """`gpio:lgpio`: the header of this Raspberry Pi, over /dev/gpiochip* (the only factory that supports the Pi 5)."""

    def __init__(self) -> None:
        self._factory: Any = None

    def deadman(self, act: Callable[[], None], clock: Callable[[], float]) -> Deadman:
        return Deadman(act, clock)

    async def open(self, lost: Lost) -> Any:
        if self._factory is None:
            try:
                from gpiozero.pins.lgpio import LGPIOFactory
            except ImportError as error:
                raise gone(f"{self}: lgpio is not installed (install anjungan[pi])") from error
            try:
                self._factory = LGPIOFactory()
            except Exception as error:  # lgpio.error, PinUnknownPi, OSError: whatever says that there is no header
                raise gone(f"{self}: {error}") from error
        return self._factory

    async def refresh(self) -> None:
        """Nothing to do: reading a local pin reads the line."""

    async def close(self) -> None:
        if self._factory is not None:
            self._factory.close()
            self._factory = None

    def __str__(self) -> str:
        return "gpio:lgpio"


class FactoryLink(PinLink):
    """Pins of a factory that somebody else made and owns, such as gpiozero's mock pins."""

    simulated = True

    def __init__(self, factory: Any, *, guarded: bool = False) -> None:
        """`guarded`: with a deadman, as on hardware; only for a loop in real time."""
        self._factory = factory
        self._guarded = guarded

    def deadman(self, act: Callable[[], None], clock: Callable[[], float]) -> Deadman | None:
        return Deadman(act, clock) if self._guarded else None

    async def open(self, lost: Lost) -> Any:
        return self._factory

    async def refresh(self) -> None:
        """Nothing to do: the pins are in this process."""

    async def close(self) -> None:
        """Not ours to close."""

    def __str__(self) -> str:
        return "gpio:given"
