"""The residents of a day: people of the registry in any number, and how they behave at the kiosk."""

import asyncio
import copy
from collections.abc import Callable, Iterator
from contextlib import suppress

from kiosk.api import messages as m
from kiosk.station.refusal import Refused
from sim import data
from sim.centre.people import Person, specimen_people
from sim.office.house import House
from sim.office.mortal import Killed
from sim.office.plan import Visit

PATIENCE = 1800.0
"""Seconds for which somebody at the kiosk waits until it works again, before he leaves."""
TRY_AGAIN = 20.0
NOTICE = 0.3
"""Seconds after which somebody does what the screen has begun to say."""
GLANCE = 5.0
"""Seconds after which he looks at a screen again that says nothing new: it may have gone dark."""
REACTION = {"quick": 1.5, "slow": 12.0, "absent": 1e9}
TRIES = 4
STOPPED = (m.Stage.DONE, m.Stage.CANNOT, m.Stage.STAFF)
FINAL = {m.Cause.ALREADY_COLLECTED, m.Cause.NEEDS_STAFF, m.Cause.NO_FINGERS} | {
    cause for cause in m.Cause if cause.startswith("approval_")
}
"""Causes for which coming back in a minute changes nothing."""


def crowd(size: int) -> list[Person]:
    """`size` people with cards to collect: the looks and fingers of the registry's specimens, each with his own NIK."""
    models = [person for person in specimen_people() if person.fingers]
    made = []
    for number in range(size):
        model = models[number % len(models)]
        record = copy.copy(model.record) | {
            "nik": f"{model.nik[:12]}{1000 + number:04d}",
            "document_number": f"SPC{100_000 + number:06d}",
        }
        made.append(Person(record=record, fingers=dict(model.fingers)))
    return made


class Resident:
    """One visit. `say` is told what comes of it."""

    def __init__(self, house: House, visit: Visit, person: Person | None, say: Callable[[str], None]) -> None:
        self._house = house
        self._visit = visit
        self._person = person
        self._say = say
        self._laid = 0
        """The attempt for which his finger was laid on the glass."""
        self._requests: Iterator[str] = (f"visit-{visit.number:05d}-{n:03d}" for n in range(10_000))

    async def at_the_kiosk(self) -> str:
        """His turn: what he leaves with."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        tries = 0
        while loop.time() < until and tries < TRIES:
            try:
                if self._house.alive:
                    tries += 1
                    end = await (self._number() if self._person is None else self._card(self._person))
                    if end is not None:
                        return end
            except Killed:
                self._say("stands before a dark screen")
            await asyncio.sleep(TRY_AGAIN)
        return "left"

    async def _number(self) -> str | None:
        service = self._visit.service or ""
        try:
            ticket = await self._house.station.take_ticket(
                m.TicketRequest(request_id=next(self._requests), service=service)
            )
        except Refused as refused:
            self._say(f"refused {refused.cause}")
            return f"refused {refused.cause}"
        return f"number {ticket.number} {ticket.medium}"

    async def _card(self, person: Person) -> str | None:
        """One attempt; None if he will try again."""
        station = self._house.station
        try:
            await station.collect(m.CollectRequest(request_id=next(self._requests), slip=person.slip))
        except Refused as refused:
            self._say(f"refused {refused.cause}")
            return f"refused {refused.cause}" if refused.cause in FINAL else None
        collection = await self.follow(person)
        self._house.world.place_finger(None)
        if collection is None:
            raise Killed
        self._say(f"{collection.stage} {collection.cause or ''}".strip())
        if collection.stage is m.Stage.DONE:
            return "card"
        if collection.stage is m.Stage.CANNOT and collection.cause != m.Cause.CARD_NOT_TAKEN:
            return None
        return f"{collection.stage} {collection.cause}"

    async def follow(self, person: Person) -> m.Collection | None:
        """Does what the screen says until the collection ends; None if the screen went dark."""
        station, house = self._house.station, self._house
        shown: float | None = None
        self._laid = 0
        loop = asyncio.get_running_loop()
        while house.alive and house.station is station and station.collector is not None:
            now = station.collector.collection
            if now is None or now.stage in STOPPED:
                return now
            wait = GLANCE
            if now.finger is not None:
                wait = GLANCE if self._touched(person, now.finger) else 0.0
            elif now.stage is m.Stage.TAKE_CARD:
                shown = loop.time() if shown is None else shown
                left = shown + REACTION[self._visit.hand] - loop.time()
                if left <= 0:
                    house.world.take_card()
                else:
                    wait = min(left, GLANCE)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await station.next_change()
            await asyncio.sleep(NOTICE)
        return None

    def _touched(self, person: Person, prompt: m.FingerPrompt) -> bool:
        """Lays a finger on the glass, and lifts it when the scanner has judged it. False if the next is still to be
        laid."""
        how, world = self._visit.finger, self._house.world
        if how == "none" or self._laid == prompt.attempt:
            return True
        if world.finger is not None:
            world.place_finger(None)
            return False
        self._laid = prompt.attempt
        wrong = how == "wrong" or (how == "second_try" and prompt.attempt == 1)
        names = data.finger_names()
        own = next(iter(person.fingers.values()))
        name = names[(names.index(own) + 1) % len(names)] if wrong else own
        world.place_finger(data.finger_image(name, 2 + self._visit.number % 2))
        return True
