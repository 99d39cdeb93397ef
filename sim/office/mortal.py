"""A kioskd that can die at any instant, and everything at which an instant can be pointed: commits, moves, messages.

Death is sudden: from that instant on nothing of the old kioskd reaches the journal or a device, although its tasks are
only cleared away a moment later. What the disk does with a cut commit is not modelled here (a commit either happened
or not, as SQLite with synchronous=FULL promises).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from kiosk.clock import Chance, Clock
from kiosk.journal.database import Journal, Transaction
from sim.seam.pipe import DeviceSide
from sim.world import Card, Place, World

T = TypeVar("T")

FILLED = 10.0
"""Percent: the simulated disk has room, whatever the machine's own has."""


class Killed(BaseException):
    """This kioskd is dead. Not an Exception: nothing in it may catch this and carry on."""


class Moments:
    """Numbers the instants of a run, and lets something strike at one of them. `dark`: the power is off."""

    def __init__(self) -> None:
        self.count = 0
        self.dark = False
        self.strike: Callable[[int, str], None] | None = None

    def reached(self, name: str) -> None:
        self.count += 1
        if self.strike is not None:
            self.strike(self.count, name)


class MortalJournal(Journal):
    """The real journal of a process that may die before or after each commit. `filling`: percent of its disk."""

    filling = FILLED

    def __init__(self, path: Path, clock: Clock, chance: Chance, moments: Moments) -> None:
        super().__init__(path, clock, chance, threaded=False)
        self._moments = moments
        self.dead = False
        self.commits = 0

    def write_now(self, change: Callable[[Transaction], T]) -> T:
        self._living()
        self._moments.reached("before a commit")
        self._living()
        result = super().write_now(change)
        self.commits += 1
        self._moments.reached("after a commit")
        self._living()
        return result

    def read_now(self, question: Callable[[Transaction], T]) -> T:
        self._living()
        return super().read_now(question)

    def filled(self) -> float:
        return 100.0 if self.full else self.filling

    def post_mortem(self, question: Callable[[Transaction], T]) -> T:
        """What stands in the file, for those who check, dead or alive."""
        return super().read_now(question)

    def _living(self) -> None:
        if self.dead:
            raise Killed


class TappedWorld(World):
    """A world in which the power may fail just before and just after each movement of a card."""

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        self._moments = moments

    def move(self, card: Card, place: Place) -> None:
        by_motor = place is not Place.HAND
        if by_motor:
            self._moments.reached(f"before {place}")
            if self._moments.dark:
                raise asyncio.CancelledError  # the motor stopped: the act ends here
        super().move(card, place)
        if by_motor:
            self._moments.reached(f"at {place}")


class _TappedSide:
    """A device's wire at which the power may fail when a message has come in, and before an answer goes out."""

    def __init__(self, inner: DeviceSide, device: str, moments: Moments) -> None:
        self._inner = inner
        self._moments = moments
        self._hears, self._answers = f"{device} hears", f"{device} answers"

    async def read(self, limit: int = 4096) -> bytes:
        data = await self._inner.read(limit)
        if data:
            self._moments.reached(self._hears)
            if self._moments.dark:
                raise asyncio.CancelledError
        return data

    def write(self, data: bytes) -> Coroutine[Any, Any, None]:
        self._moments.reached(self._answers)
        if self._moments.dark:
            raise asyncio.CancelledError
        return self._inner.write(data)

    async def close(self) -> None:
        await self._inner.close()


def tapped(
    serve: Callable[[DeviceSide], Awaitable[None]], device: str, moments: Moments
) -> Callable[[DeviceSide], Awaitable[None]]:
    """`serve` of a simulator, with every message of its wire numbered."""

    async def served(stream: DeviceSide) -> None:
        await serve(_TappedSide(stream, device, moments))

    return served
