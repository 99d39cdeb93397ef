"""The kiosk as one thing: its start and its end, its state, and what its clients may ask of it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from importlib import metadata

import httpx

from kiosk.api import messages as m
from kiosk.api.staff import AuditExport, OverrideRequest, PrinterCleaning
from kiosk.biometrics.examiner import Examiner
from kiosk.cards import ledger
from kiosk.cards.approval import DOCUMENT
from kiosk.clock import Chance, Clock
from kiosk.devices.machine import Machine
from kiosk.devices.profile import Profile
from kiosk.journal import audit, doubt, export, inspection
from kiosk.journal.database import Journal, JournalFull, Transaction
from kiosk.journal.sealer import damage
from kiosk.journal.timekeeper import TimeSource
from kiosk.people.acts import spend
from kiosk.people.pins import Cost
from kiosk.people.policy import Operation
from kiosk.station.caretaker import close_cut_off_acts
from kiosk.station.refusal import Refused
from kiosk.station.rooms import join
from kiosk.station.selftest import judge

log = logging.getLogger(__name__)

PIN_COST = Cost()
FULL_REST = 10.0
"""Seconds after which something is tried again that did not fit on the disk."""


class Station:
    """Everything kioskd does, without HTTP around it. `start` and `stop` once each, in the loop that uses it."""

    def __init__(
        self,
        profile: Profile,
        machine: Machine,
        journal: Journal,
        centre: httpx.AsyncClient,
        clock: Clock,
        chance: Chance,
        examiner: Examiner,
        pin_cost: Cost = PIN_COST,
    ) -> None:
        self.profile = profile
        self.machine = machine
        self.journal = journal
        self._disk_most = profile.limits.disk_full_percent
        self._examiner = examiner
        self._revision = 0
        self._change = asyncio.Event()
        self._telling = False
        self._tasks: list[asyncio.Task[None]] = []
        rooms = join(profile, machine, journal, centre, clock, chance, examiner, pin_cost, self.changed)
        self._time, self._standings, self._chips = rooms.time, rooms.standings, rooms.chips
        self.key, self.sealer, self.link = rooms.key, rooms.sealer, rooms.link
        self.queue, self.desk = rooms.queue, rooms.desk
        self.staff, self.blanks, self.days, self.acceptance = rooms.staff, rooms.blanks, rooms.days, rooms.acceptance
        self.caretaker, self.collector, self.power = rooms.caretaker, rooms.collector, rooms.power

    async def start(self) -> None:
        """Opens the devices, asks the hardware what the last run left, and begins to follow the centre."""
        problems = await self.journal.read(damage)
        for problem in problems:
            log.critical("journal: %s", problem)

        def begin(tx: Transaction) -> None:
            self.sealer.begin(tx)
            if problems:
                doubt.found(tx, doubt.Doubt.DAMAGED, "; ".join(problems[: doubt.FINDINGS]))
            close_cut_off_acts(tx)
            audit.append(tx, audit.Event.KIOSK_STARTED, "kiosk", version=version(), profile=self.profile.name)

        await self.sealer.start()
        await self.journal.write(begin)
        self.machine.watch(lambda slot, status: self.changed())
        await self.machine.start()
        self._keep(self.sealer.run)
        self._keep(self.link.run)
        self._keep(self.days.run)
        if self.power is not None:
            self._keep(self.power.run)
        if self.caretaker is not None:
            self._keep(self.caretaker.run)
            self._keep(partial(self._examiner.keep_ready, self.changed))
        self.changed()

    def _keep(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Runs what goes on for as long as kioskd does. A full disk interrupts it and does not end it."""

        async def kept() -> None:
            while True:
                try:
                    return await work()
                except JournalFull as error:
                    log.critical("%s", error)
                    self.changed()
                    await asyncio.sleep(FULL_REST)

        self._tasks.append(asyncio.create_task(kept()))

    async def stop(self) -> None:
        """Stops everything. A card on its way stays where it is."""
        if self.collector is not None:
            await self.collector.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._chips is not None:
            await self._chips.close()
        await self.machine.stop()

    # -- what clients ask ----------------------------------------------------------------------------------------
    async def take_ticket(self, request: m.TicketRequest) -> m.Ticket:
        """A queue number, delivered. Refused for an unknown service or one that cannot be served now."""
        if request.service not in self.queue.series:
            raise Refused(m.Cause.SERVICE_UNKNOWN)
        cause = await self.journal.read(lambda tx: self._service_cause(tx, request.service))
        if cause is not None:
            raise Refused(cause)
        ticket = await self.desk.give(request.service, request.request_id)
        self.changed()  # the centre hears of a number in the link's next round; only what becomes of a card hurries
        return ticket

    async def collect(self, request: m.CollectRequest) -> m.Collection:
        if self.collector is None:
            raise Refused("no_device", "the profile has no card printer, encoder or fingerprint scanner")
        return await self.collector.start(request, self.collecting_cause)

    async def override(self, request: OverrideRequest) -> m.Collection:
        """Two people answer for a resident: his collection begins, or goes on, without his finger."""
        if self.collector is None:
            raise Refused("no_device", "the profile has no card printer, encoder or fingerprint scanner")
        mandate = await self.staff.people.prove(request)
        return await self.collector.override(request, mandate, partial(self.collecting_cause, finger=False))

    async def clean_printer(self, request: PrinterCleaning) -> None:
        """Runs the card printer's cleaning cycle, with a cleaning card in its place."""
        if self.caretaker is None:
            raise Refused("no_device", "the profile has no card printer, encoder or fingerprint scanner")
        await self.caretaker.clean(await self.staff.people.prove(request))

    async def check(self) -> list[m.CheckResult]:
        """The self-test: journal, disk, ledger, link, and each device asked now.

        Moves no card and prints nothing, so that it can be run while residents wait.
        """
        await self.machine.refresh()
        state, report = await self.state(), await self.verify_journal()
        return judge(state, report, self._time, filled=self.journal.filled(), most=self._disk_most)

    async def verify_journal(self, witnesses: Sequence[str] = ()) -> m.JournalReport:
        """Checks the chain, the checkpoints, and checkpoints that others kept."""

        def look(tx: Transaction) -> audit.Report:
            return inspection.check(tx.rows(inspection.RECORDS), tx.rows(inspection.CHECKPOINTS), witnesses=witnesses)

        report = await self.journal.read(look)
        return m.JournalReport(
            ok=not report.problems,
            records=report.records,
            head=report.head,
            problems=list(report.problems),
            checkpoints=report.checkpoints,
            sealed=report.sealed,
            accepted=list(report.accepted),
        )

    async def export_journal(self, request: AuditExport) -> str:
        """The whole audit as one signed text; its newest record has a checkpoint, and says who took it along."""
        mandate = await self.staff.people.prove(request)
        await self.journal.write(lambda tx: spend(tx, mandate, Operation.EXPORT_AUDIT))
        await self.sealer.checkpoint()
        return await self.journal.read(lambda tx: "".join(export.lines(tx, export.Writer(self.key))))

    # -- state ---------------------------------------------------------------------------------------------------
    async def state(self) -> m.State:
        """Everything, now."""
        revision = self._revision
        cause = await self.collecting_cause()

        def ask(tx: Transaction) -> tuple[list[m.Service], m.Link, m.Blanks]:
            return [self._service(tx, one.id) for one in self.profile.services], self.link.view(tx), ledger.balance(tx)

        services, link, blanks = await self.journal.read(ask)
        return m.State(
            revision=revision,
            now=self._time.now(),
            office=self.profile.office.name,
            simulated=self.profile.simulated,
            ready=self.caretaker is None or self.caretaker.ready,
            services=services,
            collecting=cause is None,
            collecting_cause=cause,
            link=link,
            devices=self.machine.views(),
            blanks=blanks,
            collection=self.collector.collection if self.collector else None,
            unclosed_day=self.days.unclosed,
        )

    async def next_state(self, after: int) -> m.State:
        """The state once its revision is above `after`; at once if it is already."""
        while self._revision <= after:
            await self.next_change()
        return await self.state()

    async def next_change(self) -> None:
        """Returns when something that a client can see becomes another."""
        await self._change.wait()

    def changed(self) -> None:
        """Something a client can see is another than before."""
        self._revision += 1
        if not self._telling:  # in the next turn, when whoever changes it has come to his end
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = False
        self._change.set()
        self._change = asyncio.Event()  # who waits for the next change waits for this one

    async def collecting_cause(self, *, finger: bool = True) -> str | None:
        """Why no card can be made now; None if one can. `finger` False: nobody's finger will be asked for."""
        if self.collector is None or self.caretaker is None:
            return "no_device"
        if not self.caretaker.ready:
            return m.Cause.RECOVERING
        if self.power is not None and self.power.failing:
            return m.Cause.POWER_FAILING
        scanner = self.machine.fingerprint_scanner if finger else None
        for device in (self.machine.card_printer, self.machine.card_encoder, scanner):
            if device is not None and device.status.causes and not device.lock.locked():
                return device.status.causes[0]
        if doubts := await self.journal.read(doubt.standing):
            return m.Cause(doubts[0])
        if finger and self._examiner.cause is not None:
            return self._examiner.cause
        if self.profile.chip.keys == "centre" and not self.link.up:
            return self.link.cause  # nobody but the centre can open a card's secure channel
        if self.journal.filled() >= self._disk_most:
            return m.Cause.DISK_FULL
        if self._time.source is TimeSource.NONE:
            return m.Cause.CLOCK_UNKNOWN

        def ask(tx: Transaction) -> m.Cause | None:
            if (cut := self._not_authorised(tx, DOCUMENT)) is not None:
                return cut
            return m.Cause.BLANKS_OUT if ledger.balance(tx).hopper <= 0 else None

        return await self.journal.read(ask)

    def _service(self, tx: Transaction, service: str) -> m.Service:
        load, one = self.queue.load(tx, service), self.queue.series[service]
        cause = self._service_cause(tx, service)
        return m.Service(
            id=service,
            letter=one.letter,
            name=one.name,
            available=cause is None,
            cause=cause,
            waiting=load.waiting,
            wait_low=load.wait_low,
            wait_high=load.wait_high,
        )

    def _service_cause(self, tx: Transaction, service: str) -> m.Cause | None:
        if (cut := self._not_authorised(tx, service)) is not None:
            return cut
        needs_link = next(one.needs_link for one in self.profile.services if one.id == service)
        return self.link.cause if needs_link else None

    def _not_authorised(self, tx: Transaction, service: str) -> m.Cause | None:
        return self._standings.service_cause(tx, service, self._time.now(), self.link.cause)


def version() -> str:
    """The installed version of the whole stack."""
    return metadata.version("anjungan")
