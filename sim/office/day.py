"""One simulated day, from opening to the count at closing: the plan happens to the house, and the checkers look."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.api import blanks as b
from kiosk.api import staff as s
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.files import Plan
from kiosk.cards.record import CardRecord
from kiosk.devices.loading import load
from kiosk.devices.profile import Power, Profile, Slot
from kiosk.journal.database import Transaction
from kiosk.journal.outbox import count as queued
from kiosk.people.policy import Denied
from sim.centre.people import Person
from sim.centre.registry import Kind
from sim.clock import run
from sim.office import closing, memo
from sim.office.branches import of_cards, of_office
from sim.office.checks import IntentWatch, card_faults, journal_faults, told_faults
from sim.office.dishonest import Dishonest
from sim.office.evening import Evening
from sim.office.house import House
from sim.office.incidents import BATTERY, Incidents, MachineClock
from sim.office.mortal import Killed
from sim.office.people import Resident, crowd
from sim.office.plan import Blackout, Day, Outage, Trouble, Visit, plan
from sim.office.rare import NEVER
from sim.office.record import DayRecord
from sim.office.rota import OPEN, Due, Turn
from sim.office.scene import SPARE, Scene
from sim.office.staff_checks import staff_faults
from sim.world import Event, Place

REST = 60.0
"""Seconds between two polls of an idle device: what costs most of an idle day is asking devices how they are."""
ASK_CENTRE = 300.0
"""Seconds between two questions for approvals; what became of a card is told at once, and all else by then."""
LOOK = 1.0
"""Seconds between two looks of the card printer's driver while it moves something."""
BLANKS = 40
DELIVERY = 1_000
"""Blanks that the centre has sent to the vault."""
SMUGGLED = 3
"""Blanks put in past the books by turn: more than are pocketed on the same day, so that the count sees them."""
REFILL_BELOW = 8
ROUND = 120.0
"""Seconds between two rounds of the officers past the kiosk."""
LATEST = OPEN + 3 * 3600.0
"""By then even the last in the line has had his turn."""
DRAIN = 1800.0
RAM = Path("/dev/shm")  # noqa: S108 - only as the parent of a folder of this run's own


def live(seed: int, day: int, residents: int, *, cuts: bool) -> DayRecord:
    """Lives through day `day` of `seed`, in virtual time."""
    memo.use()
    with TemporaryDirectory(dir=RAM if RAM.is_dir() else None, prefix="anjungan-day-") as folder:
        return run(_lived(Path(folder), plan(seed, day, residents, cuts=cuts)), seed=seed * 1_000 + day)


def _head(tx: Transaction) -> str:
    """Hex hash of the newest record."""
    newest = tx.row("SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1")
    return newest["hash"].hex() if newest is not None else ""


async def _lived(folder: Path, day: Day) -> DayRecord:
    return await OfficeDay(folder, day).live()


def _profile() -> Profile:
    whole = load("laptop-sim")
    printer = whole.slots.card_printer
    assert printer is not None
    return whole.model_copy(
        update={
            "centre": whole.centre.model_copy(update={"poll_seconds": ASK_CENTRE}),
            "power": Power(budget_seconds=BATTERY),
            "slots": whole.slots.model_copy(
                update={
                    "card_printer": printer.model_copy(update={"options": {"poll_interval": LOOK}}),
                    "indicator": Slot(driver="ups", transport="sim:ups"),
                }
            ),
        }
    )


class OfficeDay:
    def __init__(self, folder: Path, day: Day) -> None:
        self._day = day
        self.record = DayRecord(day.seed, day.day)
        self._house = House(folder, seed=day.seed * 1_000 + day.day, profile=_profile(), rest=REST)
        self._house.thermal.look = REST
        self._clock = MachineClock()
        self._house.clock = self._clock  # the centre keeps its own
        whole = layout.load(self._house.profile.chip.layout)
        self._zone = whole.model_copy(update={"groups": tuple(one for one in whole.groups if one.number == 1)})
        self._intents = IntentWatch(self._house.world, self._house.printer)
        self._line = asyncio.Lock()
        self._mains = asyncio.Lock()
        """Held from the moment a cut is meant to strike until kioskd is back."""
        self._returning = asyncio.Lock()
        """Held while the power is out and kioskd starts again."""
        self._rota = asyncio.Lock()
        self._dark = asyncio.Event()
        self._blackout: Blackout | None = None
        self._armed_at = 0
        self._uncounted = 0
        self._pocketed = 0
        self._loads = 0
        self._people: dict[int, Person] = {}
        self._approved: dict[str, bytes] = {}
        self._scene = Scene(
            self._house, self._line, self._note, self.record.violations, self._approve, self._fall, [], len(day.visits)
        )
        self._incidents = Incidents(self._scene, self._clock)
        self._dishonest = Dishonest(self._scene)
        self._evening = Evening(self._scene, random.Random(f"evening {day.seed} {day.day}"))
        self._house.world.watch(self._see)

    async def live(self) -> DayRecord:
        self._open_registry()
        await self._boot()
        await self._receive_blanks()
        await self._load_blanks()
        tasks = [
            *(self._visitor(visit) for visit in self._day.visits),
            *(self._outage(outage) for outage in self._day.outages),
            *(self._trouble(trouble) for trouble in self._day.troubles),
            *(self._smuggle(at, count) for at, count in self._day.uncounted),
            *(self._pocket(at) for at in self._day.pocketed),
            *(self._rare(one) for one in self._day.rare),
        ]
        standing = [asyncio.create_task(self._power()), asyncio.create_task(self._staff())]
        try:
            async with asyncio.timeout(LATEST), asyncio.TaskGroup() as group:
                for task in tasks:
                    group.create_task(task)
        except* TimeoutError:
            self.record.violations.append("the day did not end: somebody still stands before the kiosk")
        async with self._returning:  # the last in the line may have left while kioskd was about to start
            for one in standing:
                one.cancel()
        for ended in await asyncio.gather(*standing, return_exceptions=True):
            if isinstance(ended, Exception):
                self.record.violations.append(f"the day's staff or power stopped: {ended!r}")
        await self._close()
        return self.record

    # -- the parts of a day --------------------------------------------------------------------------------------
    def _open_registry(self) -> None:
        """Everybody who comes for a card today has an approval of the kind that the plan says."""
        visits = [visit for visit in self._day.visits if visit.service is None]
        centre = self._house.centre
        people = crowd(len(visits) + SPARE)
        centre.people, self._scene.people = list(people), people[len(visits) :]
        centre.clear()
        self._scene.rosters[1] = {one.id: one.role for one in centre.staff}
        for visit, person in zip(visits, people, strict=False):
            self._people[visit.number] = person
            self._approve(person, visit.approval)
        self._approve(self._scene.people[0], "good")  # the card that dishonest people are after

    def _approve(self, person: Person, kind: Kind) -> str | None:
        jti = self._house.centre.set_approval(person.nik, kind)
        if kind == "good" and jti is not None:
            self._approved[jti] = self._lines_of(person)
        return jti

    def _lines_of(self, person: Person) -> bytes:
        """DG1 of his card: the three printed lines, as they must stand in its chip."""
        # His pictures are on none of them, and most of the record.
        plain = CardRecord.model_validate(person.record | {"photo": "", "signature": None, "fingers": ()})
        return Plan(self._zone, self._house.profile.chip.size, plain).groups(None)[1]

    async def _visitor(self, visit: Visit) -> None:
        await asyncio.sleep(visit.at)
        who = f"resident {visit.number}"
        self._note(who, "arrives")
        async with self._line:
            self.record.wait_of[who] = self._now() - visit.at
            await self._turn(visit, who)

    async def _turn(self, visit: Visit, who: str) -> None:
        resident = Resident(
            self._house, visit, self._people.get(visit.number), lambda what: self._note(who, what, count=what)
        )
        end = await resident.at_the_kiosk()
        self._note(who, f"leaves with {end}", count=f"left with {end.split(' ')[0]}")
        if visit.finger in ("wrong", "none") and end == "card":
            self.record.violations.append(f"{who} got a card without the holder's finger")
        if visit.trick == "again" and end == "card":
            end = await resident.at_the_kiosk()
            self._note(who, f"tried again: {end}", count=f"second try: {end}")
            if end == "card":
                self.record.violations.append(f"{who} got a second card")

    async def _rare(self, due: Due) -> None:
        """What has its turn today by the rota; what belongs to the evening waits for it."""
        if due.turn in (Turn.STOCK, Turn.OLD_COPY):
            return
        await asyncio.sleep(due.at)
        async with self._rota:  # one after the other: two who hold the same line down would wait for each other
            if due.turn is Turn.SMUGGLES:
                await self._smuggle(0.0, SMUGGLED)
            elif due.turn is Turn.POCKETS:
                await self._pocket(0.0)
            else:
                await getattr(self._dishonest if hasattr(Dishonest, due.turn) else self._incidents, due.turn)()
        self._note("rota", f"{due.turn} is over")

    async def _outage(self, outage: Outage) -> None:
        await asyncio.sleep(outage.at)
        self._house.centre.outage = outage.kind
        self._note("link", f"{outage.kind} down", count=f"{outage.kind} outage")
        await asyncio.sleep(outage.seconds)
        self._house.centre.outage = "none"
        self._note("link", "up")

    async def _trouble(self, trouble: Trouble) -> None:
        await asyncio.sleep(trouble.at)
        board = self._house.simulators[trouble.device].faults
        self._note(trouble.device, trouble.fault, count=f"fault {trouble.fault}")
        if trouble.fault in ("jam", "card-torn", "dead-chip", "chip-write-error"):
            board.fail_next(trouble.fault)
            return
        board.fail_repeatedly(trouble.fault)
        await asyncio.sleep(trouble.seconds)
        board.clear(trouble.fault)
        self._note(trouble.device, "well")

    async def _smuggle(self, at: float, count: int) -> None:
        await asyncio.sleep(at)
        self._house.world.load_blanks(count)
        self._uncounted += count
        self._note("staff", f"puts {count} blanks in without counting them", count="uncounted blanks")

    async def _pocket(self, at: float) -> None:
        await asyncio.sleep(at)
        while not (blanks := self._house.world.at(Place.HOPPER)):
            await asyncio.sleep(ROUND)
        self._house.world.put(blanks[-1], Place.BOX)
        self._scene.pocketed.append(blanks[-1])
        self._pocketed += 1
        self._note("staff", "pockets a blank from the hopper", count="blanks pocketed")

    async def _staff(self) -> None:
        """Officers pass by: they fill the hopper, paper and tickets."""
        house = self._house
        while True:
            await asyncio.sleep(ROUND)
            if len(house.world.at(Place.HOPPER)) < REFILL_BELOW and house.alive:
                try:
                    await self._load_blanks()
                except Killed:
                    self._note("staff", "the screen went dark while blanks were counted in")
                except Denied as denied:  # somebody tried his PIN, or the roster has just changed
                    self._note("staff", f"no blanks counted in: {denied}")
            if house.world.paper_mm < 5_000:
                house.world.load_paper()
            house.world.tickets_left = max(house.world.tickets_left, 100)

    async def _receive_blanks(self) -> None:
        """A delivery is counted into the vault before the office opens."""
        station = self._house.station
        request = b.BlanksReceived(request_id="delivery-1", quantity=DELIVERY, note="SJ-SPECIMEN-1")
        await station.blanks.receive(await self._house.signed(request))

    async def _load_blanks(self) -> None:
        """Two officers count blanks in: they enter the number, and put them into the hopper once it is booked."""
        self._loads += 1
        request = s.BlanksLoaded(request_id=f"load-{self._loads:05d}", quantity=BLANKS, source="vault")
        while True:
            try:
                await self._house.station.staff.load_blanks(await self._house.signed(request))
                break
            except Killed:  # nobody knows whether it was booked: asked again under the same number
                await asyncio.sleep(ROUND)
        self._house.world.load_blanks(BLANKS)
        self._note("staff", f"{BLANKS} blanks counted in", count="blanks counted in")

    # -- power ---------------------------------------------------------------------------------------------------
    async def _boot(self) -> None:
        await self._house.boot()
        self._intents.journal = self._house.journal
        self._note("kioskd", "starts", count="kioskd starts")

    async def _power(self) -> None:
        """Each blackout in turn: armed at its time, it strikes at a moment; afterwards kioskd comes back."""
        for blackout in sorted(self._day.blackouts, key=lambda one: one.at):
            await asyncio.sleep(max(0.0, blackout.at - self._now()))
            async with self._mains:
                self._dark.clear()
                self._armed_at, self._blackout = self._house.moments.count, blackout
                self._house.moments.strike = self._strike
                await self._dark.wait()
                await self._come_back(blackout)

    async def _fall(self, blackout: Blackout, before: Callable[[], Awaitable[None]]) -> None:
        """A cut that somebody sees coming (see Scene)."""
        async with self._mains:
            await before()
            self._end(blackout, "after a warning")
            await self._come_back(blackout)

    def _strike(self, count: int, name: str) -> None:
        blackout = self._blackout
        if blackout is None or count < self._armed_at + blackout.moment:
            return
        self._blackout = self._house.moments.strike = None
        self._end(blackout, name)

    def _end(self, blackout: Blackout, name: str) -> None:
        power = blackout.power_on is not None
        if blackout.power_on is not None:
            self._house.printer.power_on_behaviour = blackout.power_on
        self._house.strike(power=power)
        self._note("power" if power else "kioskd", f"ends {name}", count="power cut" if power else "kioskd killed")
        self._dark.set()

    async def _come_back(self, blackout: Blackout) -> None:
        async with self._returning:
            house = self._house
            self._intents.settle()
            self._count_commits()
            await house.clear_away()
            await asyncio.sleep(blackout.seconds)
            if blackout.stolen and house.world.take_card() is not None:
                self._note("somebody", "takes the card at the exit", count="card taken in the dark")
            if blackout.power_on is not None:
                house.power_on()
                self._note("power", f"is back, the printer will {blackout.power_on}")
            await self._boot()

    # -- closing -------------------------------------------------------------------------------------------------
    async def _close(self) -> None:
        """The kiosk has told everything, rests, and is counted."""
        house = self._house
        house.moments.strike = None
        house.centre.outage = "none"
        for simulator in house.simulators.values():
            simulator.faults.clear()
        house.thermal.power_cut()  # a cutter that stuck is freed by hand, with the printer switched off and on
        house.thermal.power_on()
        if not house.alive:
            await house.clear_away()
            house.power_on()
            await self._boot()
        await asyncio.sleep(2 * REST)  # every device has been asked since
        await self._settled()
        await self._evening.look_for_lost_cards()
        await self._settled()
        self._count_commits()
        record, journal = self.record, house.journal
        record.violations += card_faults(
            house.world, journal, self._approved, uncounted=self._uncounted, pocketed=self._pocketed
        )
        await self._count()
        record.violations += journal_faults(journal)
        record.violations += told_faults(journal, house.centre.events)
        self._count_branches()
        record.violations += self._intents.violations
        record.counts["events told"] = len(house.centre.events)
        record.audit_head = journal.post_mortem(_head)  # of the chain that journal_faults has gone along
        record.closed = self._now()
        if self._turn_today(Turn.OLD_COPY):
            self._intents.settle()
            await self._evening.old_copy()
        await house.die()

    def _turn_today(self, turn: Turn) -> bool:
        return any(due.turn is turn for due in self._day.rare)

    async def _count(self) -> None:
        """Two officers close the day; the centre hears of it."""
        close, wrong = await closing.closed(
            self._house,
            vault=DELIVERY - self._loads * BLANKS + self._scene.unloaded,
            uncounted=self._uncounted,
            pocketed=self._pocketed,
        )
        self.record.violations += wrong
        self._note("staff", f"closes the day, {len(close.cases)} cases", count="day closed")
        for case in close.cases:
            self.record.counts[f"case {case.kind}"] += 1
        await self._settled()
        self.record.violations += closing.untold(self._house)
        await self._evening.end_cases(close)
        if self._turn_today(Turn.STOCK):
            await self._evening.stock()
        await self._evening.destroy_spoiled()
        self.record.violations += self._evening.wrong_books(DELIVERY - self._loads * BLANKS)
        await self._settled()

    async def _settled(self) -> None:
        """Waits until no job is open and the outbox is empty; a violation if that never comes."""
        house = self._house
        try:
            async with asyncio.timeout(DRAIN):
                while await house.journal.read(
                    lambda tx: tx.number("SELECT count(*) FROM job WHERE closed IS NULL")
                ) or await house.journal.read(queued):
                    house.world.take_card()
                    house.station.link.hurry()
                    await asyncio.sleep(5.0)
        except TimeoutError:
            self.record.violations.append("the kiosk did not come to rest within half an hour of closing")

    def _count_branches(self) -> None:
        """What the journal has gone through, and whether its people kept to their rules."""
        journal, counts = self._house.journal, self.record.counts
        counts.update(journal.post_mortem(of_cards))
        counts.update(journal.post_mortem(of_office))
        self.record.violations += [f"went through what may never be: {one}" for one in NEVER if counts[one]]
        numbered = self._scene.rosters
        self.record.violations += staff_faults(journal, numbered, self._dishonest.denied, self._dishonest.refused)

    # -- what is written down ------------------------------------------------------------------------------------
    def _count_commits(self) -> None:
        self.record.counts["commits"] += self._house.journal.commits

    def _see(self, event: Event) -> None:
        if event.card is not None and event.kind in ("card-moved", "card-printed"):
            self._note("card", f"{event.card.serial} {event.kind} {event.what}")
        elif event.kind in ("slip", "ticket"):
            self._note("paper", event.kind, count=event.kind)
        elif event.kind == "finger" and event.what != "none":
            self._note("glass", "a finger")
        if event.kind in ("card-moved", "stock"):
            hopper = len(self._house.world.at(Place.HOPPER))
            if not self.record.stock or self.record.stock[-1][1] != hopper:
                self.record.stock.append((self._now(), hopper))

    def _note(self, who: str, what: str, *, count: str = "") -> None:
        self.record.note(self._now(), who, what)
        if count:
            self.record.counts[count] += 1

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
