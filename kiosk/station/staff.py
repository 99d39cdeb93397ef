"""What people do under their names. Each request is proven first; the act and its names are one transaction."""

from collections.abc import Callable

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.cards import ledger, resolution
from kiosk.cards.blanks import stock
from kiosk.journal.database import Journal, Transaction
from kiosk.people.acts import spend
from kiosk.people.desk import PeopleDesk
from kiosk.people.digest import Hours, digest
from kiosk.people.policy import Mandate, Operation
from kiosk.queueing.numbers import Queue
from kiosk.station import requests
from kiosk.station.refusal import Refused


class Staff:
    """Every method takes a request with its proofs. Raises Denied for people who may not, or who did not prove it."""

    def __init__(
        self, journal: Journal, people: PeopleDesk, queue: Queue, hours: Hours, changed: Callable[[], None]
    ) -> None:
        self.people = people
        self._journal = journal
        self._queue = queue
        self._hours = hours
        self._changed = changed

    async def load_blanks(self, request: s.BlanksLoaded) -> m.Blanks:
        """Books counted blanks into the hopper, once per request_id."""

        def act(tx: Transaction, mandate: Mandate) -> None:
            if request.source == "vault":
                stock.load(tx, request.quantity, mandate, lot=request.lot, first=request.first)
            else:
                ledger.load(tx, request.quantity, mandate, document=request.note)

        return await self.book(request, act)

    async def unload_blanks(self, request: s.BlanksUnloaded) -> m.Blanks:
        """Books counted blanks out of the hopper, once per request_id."""
        return await self.book(
            request,
            lambda tx, mandate: stock.unload(tx, request.quantity, mandate, lot=request.lot, first=request.first),
        )

    async def resolve(self, request: s.Resolution) -> m.Blanks:
        """Books where the card of an unknown job was found, once per request_id."""
        return await self.book(request, lambda tx, mandate: resolution.resolve(tx, request.job, request.found, mandate))

    async def unresolved(self) -> list[s.UnknownJob]:
        return await self._journal.read(resolution.unresolved)

    async def call_next(self, request: s.NextCall) -> m.Called:
        """Calls the number that has waited longest; None if nobody waits."""
        if request.service not in self._queue.series:
            raise Refused(m.Cause.SERVICE_UNKNOWN)
        mandate = await self.people.prove(request)

        def change(tx: Transaction) -> str | None:
            spend(tx, mandate, Operation.CALL_NEXT, request.service)
            return self._queue.call_next(tx, request.service)

        number = await self._journal.write(change)
        self._changed()
        return m.Called(number=number)

    async def digest(self, request: s.DigestRequest) -> list[s.PersonDay]:
        """What each person did on a day."""
        mandate = await self.people.prove(request)

        def change(tx: Transaction) -> list[s.PersonDay]:
            spend(tx, mandate, Operation.READ_DIGEST, request.day.isoformat())
            return digest(tx, request.day, self._hours)

        return await self._journal.write(change)

    async def clear_pin(self, request: s.PinCleared) -> None:
        """Lets somebody set a new PIN."""
        await self.people.clear_pin(await self.people.prove(request), request.person)

    async def book(self, request: s.Mandated, act: Callable[[Transaction, Mandate], object]) -> m.Blanks:
        """Does `act` under the names of those who proved `request`, once per request_id."""
        mandate = await self.people.prove(request)

        def change(tx: Transaction) -> m.Blanks:
            if not requests.known(tx, request.OPERATION, request.request_id):
                requests.keep(tx, request.OPERATION, request.request_id)
                act(tx, mandate)
            return ledger.balance(tx)

        blanks = await self._journal.write(change)
        self._changed()
        return blanks
