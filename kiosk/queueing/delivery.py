"""How a number reaches the resident: on thermal paper, else on a pre-printed ticket, else on the screen. Never lost."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.thermal_printer import ThermalPrinter
from drivers.contract.ticket_dispenser import TicketDispenser
from drivers.contract.words import DeviceCause, JobOutcome
from kiosk.api.messages import Label, Ticket, TicketMedium
from kiosk.journal import acts
from kiosk.journal.database import Journal, Transaction
from kiosk.queueing.numbers import Queue
from kiosk.queueing.slip import ticket_blocks

log = logging.getLogger(__name__)

USED_FACT = "preprinted_used"
"""How many pre-printed tickets have left the roll since the first number was set."""

PERIOD_FACT = "ticket_period"
"""Seconds per pre-printed ticket, as the dispenser showed; so that a restart does not begin to learn anew."""


@dataclass(frozen=True, slots=True)
class Roll:
    """What is printed on the pre-printed tickets."""

    prefix: str
    first_number: int
    digits: int

    def name(self, index: int) -> str:
        """The text on the ticket that left the roll as number `index`, counted from 0."""
        return f"{self.prefix}{self.first_number + index:0{self.digits}d}"


class TicketDesk:
    """Issues a number, then delivers it. The number is durable before anything is printed."""

    def __init__(
        self,
        journal: Journal,
        queue: Queue,
        office: Label,
        timezone: str,
        roll: Roll,
        printer: ThermalPrinter | None,
        dispenser: TicketDispenser | None,
        *,
        simulated: bool,
    ) -> None:
        self._journal = journal
        self._queue = queue
        self._office = office
        self._zone = ZoneInfo(timezone)
        self._roll = roll
        self._printer = printer
        self._dispenser = dispenser
        self._simulated = simulated

    async def give(self, service: str, request_id: str) -> Ticket:
        """The ticket of this request; printed at most once, however often the request is repeated."""

        def issue(tx: Transaction) -> tuple[Ticket, bool, IntentId | None]:
            ticket, new = self._queue.issue(tx, service, request_id)
            printed = new and self._printer is not None
            return ticket, new, acts.intend(tx, "print_slip", request_id) if printed else None

        ticket, new, intent = await self._journal.write(issue)
        if not new:
            return ticket
        cause = await self._on_paper(ticket, request_id, intent)
        if cause is None:
            return await self._delivered(request_id, TicketMedium.PAPER, None, None, intent=intent)
        preprinted = await self._preprinted(request_id)
        medium = TicketMedium.SCREEN if preprinted is None else TicketMedium.PREPRINTED
        return await self._delivered(request_id, medium, preprinted, cause)

    async def _on_paper(self, ticket: Ticket, request_id: str, intent: IntentId | None) -> str | None:
        """Prints it; None if the printer proved it, which is still to be written; else why not."""
        if self._printer is None or intent is None:
            return DeviceCause.NO_DEVICE.value
        blocks = ticket_blocks(ticket, self._office, simulated=self._simulated, timezone=self._zone)
        try:
            await self._printer.print_slip(intent, blocks)
        except DeviceError as error:
            outcome = error.outcome
            log.warning("ticket %s: not on paper: %s", ticket.number, error)
            await self._journal.write(lambda tx: acts.ended(tx, intent, outcome))
            return error.cause.value
        return None

    async def _preprinted(self, request_id: str) -> str | None:
        """Runs one ticket out of the roll; the number on it, or None if none certainly came out."""
        if self._dispenser is None:
            return None
        intent, period = await self._journal.write(
            lambda tx: (acts.intend(tx, "dispense", request_id), tx.fact(PERIOD_FACT))
        )
        if period is not None:
            self._dispenser.recall(float(period))
        try:
            count = await self._dispenser.dispense(intent, 1)
        except DeviceError as error:
            outcome, count = error.outcome, int(getattr(error, "dispensed", 0))
            log.warning("no pre-printed ticket: %s", error)
        else:
            outcome = JobOutcome.DONE
        index = await self._journal.write(
            self._used(lambda tx: acts.ended(tx, intent, outcome), count, self._dispenser.period)
        )
        return self._roll.name(index) if count else None

    @staticmethod
    def _used(close: Callable[[Transaction], None], count: int, period: float | None) -> Callable[[Transaction], int]:
        def change(tx: Transaction) -> int:
            close(tx)
            index = int(tx.fact(USED_FACT) or "0")
            tx.set_fact(USED_FACT, str(index + count))
            if period is not None:
                tx.set_fact(PERIOD_FACT, f"{period:.6f}")
            return index

        return change

    async def _delivered(
        self,
        request_id: str,
        medium: TicketMedium,
        preprinted: str | None,
        cause: str | None,
        *,
        intent: IntentId | None = None,
    ) -> Ticket:
        """Writes how it reached the resident; `intent` is the act that did it, if that is still open."""

        def change(tx: Transaction) -> Ticket:
            if intent is not None:
                acts.ended(tx, intent, JobOutcome.DONE)
            return self._queue.delivered(tx, request_id, medium, preprinted=preprinted, cause=cause)

        return await self._journal.write(change)
