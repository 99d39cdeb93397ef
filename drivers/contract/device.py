"""What all devices have in common."""

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NewType, TypeVar, cast

from drivers.contract.status import Status, StatusBoard
from drivers.contract.words import JobOutcome

IntentId = NewType("IntentId", str)
"""The id of a durable journal row. Physical acts take one, so that no act can precede its record."""

T = TypeVar("T")

REMEMBERED_ACTS = 64


class Device(ABC):
    """A device behind a link that may be missing, and may come and go.

    `start` never fails because the device is missing: the status says so, and `poll` tries again. Only one command runs
    at a time (`self.lock`). Drivers wait through the running loop only (`asyncio.timeout`, `asyncio.sleep`,
    `loop.time()`), so that virtual time moves them.
    """

    answers: bool = True
    """False for a device that is only wires: it cannot be asked, so its status says no more than its last act showed,
    and silence shows only when it is told to do something."""

    def __init__(self) -> None:
        self.board = StatusBoard()
        self.lock = asyncio.Lock()
        self._acts: OrderedDict[IntentId, asyncio.Future[object]] = OrderedDict()

    @property
    def status(self) -> Status:
        """The newest snapshot; never waits."""
        return self.board.status

    @abstractmethod
    async def start(self) -> None:
        """Opens the link if it can be opened and polls once. Raises nothing for a missing device."""

    @abstractmethod
    async def stop(self) -> None:
        """Closes the link and leaves the hardware safe. May be called twice."""

    @abstractmethod
    async def poll(self) -> Status:
        """Asks the device now, reconnecting if need be, and publishes what it said.

        Raises nothing: a silent device is a status."""

    async def once(self, intent: IntentId, act: Callable[[], Awaitable[T]]) -> T:
        """Runs `act` at most once for this intent: a repeated id gets the first outcome, error included."""
        known = self._acts.get(intent)
        if known is not None:
            return cast(T, await asyncio.shield(known))
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._acts[intent] = future
        while len(self._acts) > REMEMBERED_ACTS:
            self._acts.popitem(last=False)
        try:
            result = await act()
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                future.cancel()
            else:
                future.set_exception(error)
                future.exception()  # a first outcome nobody asks for again is no "exception was never retrieved"
            raise
        future.set_result(result)
        return result


__all__ = ["Device", "IntentId", "JobOutcome"]
