"""What staff book of blanks besides loading: delivery, bin, destruction, cases. Each once per request_id."""

from kiosk.api import blanks as b
from kiosk.api import messages as m
from kiosk.cards.blanks import cases, stock
from kiosk.journal.database import Journal
from kiosk.station.staff import Staff


class BlankDesk:
    """Every method takes a request with its proofs. Raises Denied for people who may not, BooksRefuse for what the
    ledger does not allow."""

    def __init__(self, journal: Journal, staff: Staff) -> None:
        self._journal = journal
        self._staff = staff

    async def receive(self, request: b.BlanksReceived) -> m.Blanks:
        return await self._staff.book(
            request,
            lambda tx, mandate: stock.receive(
                tx, request.quantity, mandate, note=request.note, lot=request.lot, first=request.first
            ),
        )

    async def empty_bin(self, request: b.BinEmptied) -> m.Blanks:
        return await self._staff.book(request, lambda tx, mandate: stock.empty_bin(tx, request.counted, mandate))

    async def destroy(self, request: b.BlanksDestroyed) -> m.Blanks:
        return await self._staff.book(
            request,
            lambda tx, mandate: stock.destroy(
                tx,
                request.counted,
                mandate,
                minutes=request.minutes,
                witnesses=request.witnesses,
                bin_too=request.bin_too,
            ),
        )

    async def report(self, request: b.CaseReported) -> list[b.BlankCase]:
        """Opens a case; all cases."""
        await self._staff.book(
            request,
            lambda tx, mandate: cases.report(tx, request.kind, request.place, request.quantity, mandate),
        )
        return await self.cases()

    async def settle(self, request: b.CaseSettled) -> list[b.BlankCase]:
        """Something of a case was found; all cases."""
        await self._staff.book(
            request,
            lambda tx, mandate: cases.settle(tx, request.case, request.quantity, request.where, mandate),
        )
        return await self.cases()

    async def write_off(self, request: b.CaseWrittenOff) -> list[b.BlankCase]:
        """A case is given up; all cases."""
        await self._staff.book(request, lambda tx, mandate: cases.write_off(tx, request.case, request.minutes, mandate))
        return await self.cases()

    async def cases(self) -> list[b.BlankCase]:
        """Every case, oldest first."""
        return await self._journal.read(cases.all_cases)
