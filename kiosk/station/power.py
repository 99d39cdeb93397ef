"""The mains are gone and the UPS's battery runs: make safe what is under way, within the budget, and switch off.

From the first instant no card is begun and no further blank is fed. A resident who has not yet laid his finger on the
glass is told; a card that is being made is finished and handed out if the budget allows. If it does not, the machine
stops where it is: the act's intent is on disk, and the next start asks the hardware, as after any power cut. Last, a
checkpoint seals the audit, and the command of the profile switches the machine off.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from drivers.contract.indicator import Indicator, Mains
from kiosk.api.messages import Cause, Stage
from kiosk.journal import audit
from kiosk.journal.database import Journal
from kiosk.journal.sealer import Sealer
from kiosk.station.caretaker import Caretaker
from kiosk.station.collecting import Collector

log = logging.getLogger(__name__)

RESERVE = 5.0
"""Seconds of the budget kept for the checkpoint and for systemd to stop everything."""
LOOK = 0.1


class PowerGuard:
    """`switch_off` is called once, at the end; it may return (in simulation nothing is switched off)."""

    def __init__(
        self,
        line: Indicator,
        journal: Journal,
        sealer: Sealer,
        collector: Collector | None,
        caretaker: Caretaker | None,
        *,
        budget: float,
        switch_off: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._line = line
        self._journal = journal
        self._sealer = sealer
        self._collector = collector
        self._caretaker = caretaker
        self._budget = budget
        self._switch_off = switch_off
        self._changed = changed
        self._moved = asyncio.Event()
        self.failing = False
        """The mains are gone: nothing new is begun."""

    def why_not(self) -> Cause | None:
        """Why no blank may be fed now; None if one may."""
        return Cause.POWER_FAILING if self.failing else None

    async def run(self) -> None:
        """Watches the line for ever, or until the machine is switched off."""
        unwatch = self._line.board.watch(lambda status: self._moved.set())
        try:
            while True:
                self._moved.clear()
                if self._line.mains is Mains.FAILED and await self._make_safe():
                    return
                await self._moved.wait()
        finally:
            unwatch()

    async def _make_safe(self) -> bool:
        """False if the mains came back in time."""
        end = asyncio.get_running_loop().time() + max(self._budget - RESERVE, 0.0)
        self.failing = True
        self._changed()
        log.critical("mains gone: %.0f s to make safe", self._budget)
        await self._journal.write(lambda tx: audit.append(tx, audit.Event.POWER_FAILED, "kiosk"))
        await self._end_waiting()
        while self._at_work() and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(LOOK)
            if self._line.mains is Mains.PRESENT:
                return await self._go_on()
        if self._at_work():
            log.critical("the budget is spent with a card under way: the next start asks the printer")
        await self._sealer.checkpoint()
        if self._line.mains is Mains.PRESENT:
            return await self._go_on()
        await self._switch_off()
        return True

    async def _go_on(self) -> bool:
        self.failing = False
        await self._journal.write(lambda tx: audit.append(tx, audit.Event.POWER_RETURNED, "kiosk"))
        log.warning("mains back: going on")
        self._changed()
        return False

    async def _end_waiting(self) -> None:
        """Who has not laid his finger on the glass yet is told why nothing will come of it."""
        shown = self._collector.collection if self._collector else None
        if self._collector is not None and shown is not None and shown.stage is Stage.FINGER:
            await self._collector.cancel(shown.id, Cause.POWER_FAILING)

    def _at_work(self) -> bool:
        collecting = self._collector is not None and self._collector.busy
        return collecting or (self._caretaker is not None and self._caretaker.at_work.locked())


async def run_command(command: Sequence[str]) -> None:
    """Switches the machine off as the profile says. Without a command (in simulation) it stays on."""
    if not command:
        log.critical("power.switch_off is empty: this machine stays on until its battery ends")
        return
    log.critical("switching off: %s", " ".join(command))
    process = await asyncio.create_subprocess_exec(*command)
    if status := await process.wait():
        log.critical("%s: exit status %d", command[0], status)
