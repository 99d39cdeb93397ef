"""The receipt that a resident gets with his card: printed beside the collection, which never waits for it.

The card is his whatever becomes of the paper: a printer without paper costs a line in the log, and no more.
"""

import asyncio
import logging
from zoneinfo import ZoneInfo

from drivers.contract.errors import DeviceError
from drivers.contract.thermal_printer import ThermalPrinter
from drivers.contract.words import JobOutcome
from kiosk.api.messages import Label
from kiosk.clock import Clock
from kiosk.journal import acts
from kiosk.journal.database import Journal
from kiosk.slips import Receipt, receipt_blocks

log = logging.getLogger(__name__)

CARD = Label(id="KTP-el", en="Electronic identity card")


class Receipts:
    def __init__(
        self,
        journal: Journal,
        printer: ThermalPrinter | None,
        clock: Clock,
        *,
        office: Label,
        kiosk: str,
        timezone: str,
        simulated: bool,
    ) -> None:
        self._journal = journal
        self._printer = printer
        self._clock = clock
        self._office = office
        self._kiosk = kiosk
        self._zone = ZoneInfo(timezone)
        self._simulated = simulated
        self._printing: set[asyncio.Task[None]] = set()

    def print_soon(self, approval: str) -> None:
        """Returns at once. The card of this approval was taken just now."""
        if self._printer is None:
            return
        task = asyncio.create_task(self._print(self._printer, approval))
        self._printing.add(task)
        task.add_done_callback(self._printed)

    async def stop(self) -> None:
        """kioskd goes down; the act of a slip that was cut off is closed at the next start."""
        for task in self._printing:
            task.cancel()
        await asyncio.gather(*self._printing, return_exceptions=True)

    async def _print(self, printer: ThermalPrinter, approval: str) -> None:
        receipt = Receipt(approval, CARD, self._clock.now(), self._kiosk)
        blocks = receipt_blocks(receipt, self._office, simulated=self._simulated, timezone=self._zone)
        intent = await self._journal.write(lambda tx: acts.intend(tx, "print_slip", f"receipt {approval}"))
        outcome = JobOutcome.DONE
        try:
            await printer.print_slip(intent, blocks)
        except DeviceError as error:
            outcome = error.outcome
            log.warning("receipt %s: not on paper: %s", approval, error)
        await self._journal.write(lambda tx: acts.ended(tx, intent, outcome))

    def _printed(self, task: asyncio.Task[None]) -> None:
        self._printing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("receipt failed", exc_info=task.exception())
