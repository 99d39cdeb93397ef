"""The rare things that happen to honest people and to the machine, each through what kioskd itself offers.

Every method is a turn of the rota (see Turn); it is over when the thing has been seen, or its people gave up. That a
run reached each of them at least once, its rare-branch list says (`command.py`).
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.cards.approval import DOCUMENT
from kiosk.station.refusal import Refused
from sim.centre.people import Person
from sim.clock import OfficeClock
from sim.office.mortal import FILLED, Killed
from sim.office.people import Resident
from sim.office.plan import Blackout
from sim.office.scene import Scene
from sim.world import Place

GRANT = timedelta(minutes=10)
BATTERY = 60.0
"""Seconds for which the UPS carries the kiosk."""
ALMOST = 96.0
"""Percent of a disk that is nearly full."""
RETRIES = 20
REASON = "jari tidak terbaca, orang dikenali"


class MachineClock(OfficeClock):
    """The kiosk's own clock, whose battery may die. The centre has another."""

    lost = False

    def now(self) -> datetime:
        right = super().now()
        return datetime(1970, 1, 1, tzinfo=UTC) + (right - self._start) if self.lost else right


class Incidents:
    def __init__(self, scene: Scene, clock: MachineClock) -> None:
        self._scene = scene
        self._house = scene.house
        self._clock = clock

    # -- two people answer for a resident --------------------------------------------------------------------------
    async def worn_fingers(self) -> None:
        resident, person = self._scene.somebody("good", enrolled=False)
        await self._scene.asks("worn fingers", m.Cause.NO_FINGERS, _by_slip(person))
        await self._overridden(resident, person)

    async def finger_fails(self) -> None:
        resident, person = self._scene.somebody("good", "wrong")
        await self._scene.ready()
        async with self._scene.line:
            await resident.at_the_kiosk()
        await self._overridden(resident, person)

    async def at_the_glass(self) -> None:
        resident, person = self._scene.somebody("good", "none")
        async for _ in self._scene.tries(RETRIES, 120.0):
            await self._scene.ready()
            async with self._scene.line:
                try:
                    await self._house.station.collect(_by_slip(person)(self._scene.request_id("at-the-glass")))
                    await asyncio.sleep(2.0)
                    if await self._helped(resident, person):
                        return
                except (Refused, Killed):
                    pass

    async def _overridden(self, resident: Resident, person: Person) -> None:
        async for _ in self._scene.tries(RETRIES, 120.0):
            await self._scene.ready()
            async with self._scene.line:
                if await self._helped(resident, person):
                    return

    async def _helped(self, resident: Resident, person: Person) -> bool:
        """One try: two officers answer, and he takes his card; False if it is to be tried again."""
        request = s.OverrideRequest(request_id=self._scene.request_id("override"), slip=person.slip, reason=REASON)
        try:
            await self._scene.by_staff(request, self._does)
        except Refused as refused:
            return refused.cause in (m.Cause.ALREADY_COLLECTED, m.Cause.NEEDS_STAFF)
        end = await resident.follow(person)
        if end is None or end.stage is m.Stage.CANNOT:
            return False
        self._scene.note("officers", f"answered for a resident: {end.stage}", count=f"override {end.stage}")
        return True

    # -- residents and devices ---------------------------------------------------------------------------------------
    async def bad_batch(self) -> None:
        resident, _ = self._scene.somebody("good")
        board = self._house.encoder.faults
        async for _ in self._scene.tries(RETRIES, 120.0):
            await self._scene.ready()
            async with self._scene.line:
                board.fail_repeatedly("dead-chip")
                try:
                    if await resident.at_the_kiosk() == f"staff {m.Cause.CARD_FAILED}":
                        break
                finally:
                    board.clear("dead-chip")
        async for _ in self._scene.tries(RETRIES, 120.0):
            await self._scene.ready()
            async with self._scene.line:
                if await resident.at_the_kiosk() in ("card", f"refused {m.Cause.ALREADY_COLLECTED}"):
                    self._scene.note("resident", "has his card after a bad batch", count="card after two dead chips")
                    return

    async def pushes_in(self) -> None:
        _, person = self._scene.somebody("good")
        async for _ in self._scene.tries(RETRIES, 60.0):
            customer = asyncio.create_task(self._customer())
            try:
                if await self._scene.until(self._scene.working, 600.0) and await self._is_told_to_wait(person):
                    return
            finally:
                await customer

    async def _customer(self) -> None:
        """One more resident comes for his card, whether anybody else does or not."""
        resident, _ = self._scene.somebody("good")
        await self._scene.ready()
        await self._stands_there(resident)

    async def _stands_there(self, resident: Resident) -> None:
        async with self._scene.line:
            await resident.at_the_kiosk()

    async def _is_told_to_wait(self, person: Person) -> bool:
        station = self._house.station
        try:
            let_in = await station.collect(_by_slip(person)(self._scene.request_id("pushes-in")))
            assert station.collector is not None
            await station.collector.cancel(let_in.id)
        except Refused as refused:
            self._scene.note("somebody", f"pushes in: {refused.cause}", count=f"refused {refused.cause}")
            return refused.cause == m.Cause.BUSY
        except Killed:
            pass
        return False

    async def empty_hopper(self) -> None:
        _, person = self._scene.somebody("good")
        cards = self._house.world.at(Place.HOPPER)
        if not cards:
            return
        await self._scene.by_staff(
            s.BlanksUnloaded(request_id=self._scene.request_id("unload"), quantity=len(cards)), self._does
        )
        for card in cards:
            self._house.world.remove(card)
        self._scene.unloaded += len(cards)
        await self._scene.asks("somebody", m.Cause.BLANKS_OUT, _by_slip(person), every=3.0)

    async def wants_a_person(self) -> None:
        _, person = self._scene.somebody("good", "none")
        async for _ in self._scene.tries(RETRIES, 120.0):
            await self._scene.ready()
            async with self._scene.line:
                station = self._house.station
                try:
                    shown = await station.collect(_by_slip(person)(self._scene.request_id("wants-a-person")))
                    await asyncio.sleep(5.0)
                    assert station.collector is not None
                    end = await station.collector.ask_staff(shown.id)
                except (Refused, Killed):
                    continue
            if end.stage is m.Stage.STAFF:
                self._scene.note("somebody", f"goes to a counter: {end.cause}", count=f"staff {end.cause}")
                return

    async def nonsense(self) -> None:
        await self._scene.asks("somebody", m.Cause.SLIP_INVALID, lambda id: m.CollectRequest(request_id=id, slip="?"))
        await self._scene.asks("somebody", m.Cause.NIK_INVALID, lambda id: m.CollectRequest(request_id=id, nik="12"))
        await self._number_refused("no-such-service", m.Cause.SERVICE_UNKNOWN)

    async def _number_refused(self, service: str, wanted: m.Cause) -> None:
        async for _ in self._scene.tries(RETRIES, 60.0):
            try:
                request = m.TicketRequest(request_id=self._scene.request_id("number"), service=service)
                await self._house.station.take_ticket(request)
            except Refused as refused:
                if refused.cause == wanted:
                    self._scene.note("somebody", f"no number: {wanted}", count=f"no number {wanted}")
                    return
            except Killed:
                pass

    # -- what the centre takes back ----------------------------------------------------------------------------------
    async def revoked(self) -> None:
        person = self._scene.people.pop()
        jti = self._house.centre.set_approval(person.nik, "good")  # the checkers do not hear of it: no card may come
        self._house.centre.revoke(str(jti))
        await self._scene.asks("somebody", m.Cause.APPROVAL_REVOKED, _by_slip(person))

    async def service_cut(self) -> None:
        _, person = self._scene.somebody("good")
        for service in (DOCUMENT, "akta"):
            self._house.centre.cut_service(service, False)
        try:
            await self._scene.asks("somebody", m.Cause.AUTHORISATION_CUT, _by_slip(person))
            await self._number_refused("akta", m.Cause.AUTHORISATION_CUT)
        finally:
            for service in (DOCUMENT, "akta"):
                self._house.centre.cut_service(service, True)

    async def authorisation_ends(self) -> None:
        _, person = self._scene.somebody("good")
        centre = self._house.centre
        centre.granted[DOCUMENT] = GRANT
        try:
            await asyncio.sleep(GRANT.total_seconds())  # the kiosk asks more often than that
            refusal = self._scene.asks("somebody", m.Cause.AUTHORISATION_EXPIRED, _by_slip(person))
            await self._scene.hold_line_down(refusal)
        finally:
            del centre.granted[DOCUMENT]

    # -- clock, mains, disk ------------------------------------------------------------------------------------------
    async def clock_lost(self) -> None:
        _, person = self._scene.somebody("good")

        async def before() -> None:
            self._clock.lost = True

        async def dark() -> None:
            await self._scene.fall(Blackout(0.0, 0, 300.0, "keep", stolen=False), before)
            await self._scene.asks("somebody", m.Cause.CLOCK_UNKNOWN, _by_slip(person), every=20.0)

        try:
            await self._scene.hold_line_down(dark())
            await self._scene.until(lambda: self._house.alive and self._house.station.link.up, 1_800.0)
        finally:
            self._clock.lost = False  # set by hand, once the centre's time is there

    async def mains_fail(self) -> None:
        _, person = self._scene.somebody("good")
        customer = asyncio.create_task(self._customer())

        async def before() -> None:
            """The UPS tells while a card is being made; it is finished, and nothing new is begun."""
            await self._scene.until(self._scene.working, 600.0)
            self._house.simulators["indicator"].mains(False)
            self._scene.note("UPS", "mains gone", count="UPS tells of a cut")
            ask = self._scene.asks("somebody", m.Cause.POWER_FAILING, _by_slip(person), every=2.0)
            try:
                async with asyncio.timeout(BATTERY):
                    await ask
                    await asyncio.sleep(BATTERY)
            except TimeoutError:
                pass

        await self._scene.fall(Blackout(0.0, 0, 300.0, "keep", stolen=False), before)
        await customer

    async def lost_sight(self) -> None:
        async for _ in self._scene.tries(RETRIES, 120.0):
            resident, person = self._scene.somebody("good")
            await self._scene.ready()
            customer = asyncio.create_task(self._stands_there(resident))
            if await self._scene.until(self._printing, 300.0):
                await self._scene.fall(Blackout(0.0, 0, 30.0, "reject", stolen=False), _nothing)
            await customer
            if await self._scene.asks("somebody", m.Cause.NEEDS_STAFF, _by_slip(person), tries=3):
                return

    def _printing(self) -> bool:
        collector = self._house.station.collector
        shown = collector.collection if self._house.alive and collector else None
        return shown is not None and shown.step is m.Step.PRINT

    async def mains_flicker(self) -> None:
        ups = self._house.simulators["indicator"]
        async for _ in self._scene.tries(RETRIES, 60.0):
            customer = asyncio.create_task(self._customer())
            try:
                if await self._scene.until(self._scene.working, 600.0):
                    ups.mains(False)
                    await asyncio.sleep(1.0)
                    ups.mains(True)
                    self._scene.note("UPS", "mains gone and back", count="mains flicker")
                    if await self._scene.until(self._goes_on, 120.0):
                        return
            finally:
                await customer

    def _goes_on(self) -> bool:
        guard = self._house.station.power
        return self._house.alive and guard is not None and not guard.failing

    async def disk_full(self) -> None:
        _, person = self._scene.somebody("good")

        def request(identity: str) -> m.CollectRequest:
            self._house.journal.filling = ALMOST  # also that of a kioskd which has just started
            return _by_slip(person)(identity)

        try:
            await self._scene.asks("somebody", m.Cause.DISK_FULL, request)
            await self._still_gives_numbers()
        finally:
            self._house.journal.filling = FILLED

    async def _still_gives_numbers(self) -> None:
        try:
            number = m.TicketRequest(request_id=self._scene.request_id("number"), service="pengaduan")
            await self._house.station.take_ticket(number)
            self._scene.note("somebody", "has a number", count="number with a full disk")
        except (Refused, Killed) as error:
            self._scene.note("somebody", f"no number: {error!r}")

    # -- what one person may do alone --------------------------------------------------------------------------------
    async def staff_routine(self) -> None:
        today = self._house.clock.now().date()
        await self._routine(s.NextCall(request_id="routine-1", service="akta"), "OFFICER-1")
        await self._routine(s.DigestRequest(request_id="routine-2", day=today), "SUPERVISOR-1")
        await self._routine(s.AuditExport(request_id="routine-3", reason="pemeriksaan rutin"), "AUDITOR-1")
        cleared = s.PinCleared(request_id="routine-4", person="TECHNICIAN-1", reason="lupa PIN, datang sendiri")
        await self._routine(cleared, "OFFICER-2", "SUPERVISOR-1")
        await self._routine(s.PrinterCleaning(request_id="routine-5"), "TECHNICIAN-1")

    async def _routine(self, request: s.Mandated, *people: str) -> None:
        async for _ in self._scene.tries(RETRIES, 300.0):
            async with self._scene.line:
                try:
                    await self._scene.by_staff(request, self._does, people)
                    return
                except Refused as refused:  # a card is on its way, or the printer does not answer
                    self._scene.note("staff", f"{request.OPERATION}: {refused.cause}, later")

    async def _does(self, request: s.Mandated) -> object:
        """By the kioskd that is there now."""
        station = self._house.station
        match request:
            case s.OverrideRequest():
                return await station.override(request)
            case s.BlanksUnloaded():
                return await station.staff.unload_blanks(request)
            case s.NextCall():
                return await station.staff.call_next(request)
            case s.DigestRequest():
                return await station.staff.digest(request)
            case s.AuditExport():
                return await station.export_journal(request)
            case s.PinCleared():
                await station.staff.clear_pin(request)
            case s.PrinterCleaning():
                await station.clean_printer(request)
            case _:
                raise ValueError(request.OPERATION)
        return None


async def _nothing() -> None:
    """Nobody sees it coming."""


def _by_slip(person: Person) -> Callable[[str], m.CollectRequest]:
    return lambda identity: m.CollectRequest(request_id=identity, slip=person.slip)
