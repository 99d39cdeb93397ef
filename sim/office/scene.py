"""What everybody who does something rare on a simulated day needs: the house, the line before it, people to spare."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.people.policy import Denied
from kiosk.station.refusal import Refused
from sim.centre.people import Person
from sim.centre.registry import Kind
from sim.office.house import House
from sim.office.mortal import Killed
from sim.office.people import Resident
from sim.office.plan import Blackout, Finger, Visit
from sim.office.rota import OPEN
from sim.workbench.staff import PAIR
from sim.world import Card

T = TypeVar("T")
R = TypeVar("R", bound=s.Mandated)
LOOK = 0.5
TRIES = 40
LET_IN = "let in"
CLOSING = OPEN + 1800.0
"""After that nobody tries anything again."""
SPARE = 48
"""People of the registry beyond the visitors of the plan."""


class Note(Protocol):
    def __call__(self, who: str, what: str, *, count: str = "") -> None: ...


@dataclass
class Scene:
    """`line`: held by whoever stands before the kiosk. `fall`: ends the power or kioskd now, after `before`, and comes
    back when it does."""

    house: House
    line: asyncio.Lock
    note: Note
    violations: list[str]
    approve: Callable[[Person, Kind], str | None]
    """Gives somebody an approval; the checkers know which are genuine."""
    fall: Callable[[Blackout, Callable[[], Awaitable[None]]], Awaitable[None]]
    people: list[Person]
    """Those to spare."""
    first_number: int
    """The first one's number as a visitor."""
    rosters: dict[int, dict[str, str]] = field(default_factory=dict)
    """Every roster of the centre, by number: each person's role."""
    pocketed: list[Card] = field(default_factory=list)
    """Blanks that somebody has in his pocket."""
    closing: float = CLOSING
    unloaded: int = 0
    """Blanks that went back from the hopper to the vault."""
    _asked: int = 0

    def somebody(self, kind: Kind, finger: Finger = "right", *, enrolled: bool = True) -> tuple[Resident, Person]:
        """One more resident, with an approval of that kind. Not `enrolled`: his record holds no finger."""
        number = self.first_number + SPARE - len(self.people)
        person = self.people.pop()
        if not enrolled:
            person.record["fingers"] = []
        self.approve(person, kind)
        who = f"resident {number}"
        visit = Visit(number, 0.0, None, finger)
        return Resident(self.house, visit, person, lambda what: self.note(who, what, count=what)), person

    def request_id(self, what: str) -> str:
        self._asked += 1
        return f"{what.replace('_', '-')}-{self._asked:05d}"

    async def alive(self) -> None:
        while not self.house.alive or self.house.moments.dark:
            await asyncio.sleep(LOOK)

    async def until(self, holds: Callable[[], bool], seconds: float = 7200.0) -> bool:
        """Waits for something that can be seen; False if it does not come before `seconds` or the evening."""
        loop = asyncio.get_running_loop()
        end = min(loop.time() + seconds, self.closing)
        while loop.time() < end:
            if holds():
                return True
            await asyncio.sleep(LOOK)
        return False

    async def tries(self, count: int, every: float) -> AsyncIterator[int]:
        """Up to `count` times, `every` seconds apart, while the office is open and kioskd alive."""
        for number in range(count):
            if number:
                await asyncio.sleep(every)
            if asyncio.get_running_loop().time() > self.closing:
                return
            await self.alive()
            yield number

    async def ready(self) -> None:
        """Waits until kioskd says that it makes cards, or for the evening."""
        while asyncio.get_running_loop().time() < self.closing:
            try:
                if self.house.alive and await self.house.station.collecting_cause() is None:
                    return
            except Killed:
                pass
            await asyncio.sleep(5.0)

    def working(self) -> bool:
        """A card is being made."""
        collector = self.house.station.collector
        shown = collector.collection if self.house.alive and collector else None
        return shown is not None and shown.stage is m.Stage.WORKING

    async def asks(
        self,
        who: str,
        wanted: str,
        request: Callable[[str], m.CollectRequest],
        *,
        every: float = 60.0,
        tries: int = TRIES,
        never_in: bool = False,
    ) -> m.CollectRequest | None:
        """Somebody asks for a card until he is refused for `wanted`; the request that was, or None if he gave up.
        Who is let in walks away, and asks again later; `never_in`: it is a violation that he was."""
        async for _ in self.tries(tries, every):
            asked = request(self.request_id("asks"))
            cause = await self._asked_once(asked)
            if cause == LET_IN and never_in:
                self.violations.append(f"{who} was let in, and was to be refused {wanted}")
                return None
            if cause == wanted:
                self.note(who, f"refused {cause}", count=f"refused {cause}")
                return asked
        self.note(who, f"gives up, never refused {wanted}")
        return None

    async def _asked_once(self, request: m.CollectRequest) -> str:
        async with self.line:
            station = self.house.station
            try:
                collection = await station.collect(request)
                if station.collector is not None:
                    await station.collector.cancel(collection.id)
            except Refused as refused:
                return refused.cause
            except Killed:
                return "dark"
        return LET_IN

    async def by_staff(self, request: R, act: Callable[[R], Awaitable[T]], people: Collection[str] = PAIR) -> T:
        """What honest staff do under their names: again after kioskd died, and later if somebody is locked out."""
        while True:
            await self.alive()
            try:
                return await act(await self.house.signed(request, tuple(people)))
            except Killed:
                await asyncio.sleep(LOOK)
            except Denied as denied:
                if "locked" not in str(denied):
                    raise
                await asyncio.sleep(300.0)

    async def hold_line_down(self, while_: Awaitable[T]) -> T:
        """The line to the centre stays down, whatever else a plan says, until that is over."""

        async def down() -> None:
            while True:
                self.house.centre.outage = "link"
                await asyncio.sleep(1.0)

        self.house.centre.outage = "link"
        holding = asyncio.create_task(down())
        try:
            return await while_
        finally:
            holding.cancel()
            self.house.centre.outage = "none"
