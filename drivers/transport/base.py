"""What a driver sees of a pipe."""

from abc import ABC, abstractmethod
from typing import Protocol

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause


class LinkError(ValueError):
    """A transport in a profile that cannot be understood. The text says what would be right."""


class ByteStream(Protocol):
    """An open pipe of bytes. Every failure is a TransportError with cause NO_DEVICE (gone) or NO_ANSWER (will not take
    more). Waits only through the running loop, so callers bound it with `asyncio.timeout`."""

    async def read(self, limit: int = 4096) -> bytes:
        """At least one byte and at most `limit`; b"" once the other side has closed for good. One reader at a time. A
        read that is cancelled loses nothing: the next one has its bytes."""

    def quiet(self) -> bool:
        """True if it is certain that nothing has arrived which a `read` would give at once, nor the end. False where
        only a read tells. Never waits, raises nothing."""

    async def write(self, data: bytes) -> None:
        """Hands over all of `data`, however many pieces the pipe takes it in."""

    async def half_close(self) -> None:
        """Says that nothing more will be written. Pipes without that notion do nothing."""

    async def close(self) -> None:
        """Closes both ways. May be called twice; never raises."""


class Connector(ABC):
    """Knows how to open one pipe. Drivers keep the connector and reconnect through it."""

    per_command: bool = False
    """The device closes the pipe after each answer (card printers on TCP)."""
    simulated: bool = False

    @abstractmethod
    async def connect(self) -> ByteStream:
        """Opens the pipe. TransportError NO_DEVICE if the port, host or device is not there."""

    @abstractmethod
    def __str__(self) -> str:
        """The address as a technician would write it in a profile."""


def gone(what: str) -> TransportError:
    """The error for a pipe that is not there (any more)."""
    return TransportError(DeviceCause.NO_DEVICE, what)
