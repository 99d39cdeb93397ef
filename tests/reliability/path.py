"""One kiosk's card path on trial: the real rooms that move a card, the real drivers, byte-level devices, one resident.

Only what touches the card is put together (no screen, no finger: his finger is taken to match), so that a schedule of
cuts costs milliseconds. A `Schedule` says where kioskd or the power ends; `play` lives through it, lets the resident
come back until he has his card or is told that people must decide, and gives what the checkers find wrong.
"""

import asyncio
import os
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from drivers.contract.card_encoder import CardChannel, CardEncoder
from drivers.contract.card_printer import FACE_SIZE, CardPrinter
from drivers.contract.errors import DeviceError
from kiosk.cards import ledger
from kiosk.cards.chip import ChipError, ChipReason, ChipState, inspect
from kiosk.cards.jobs import JobBook, JobEnd, ends_of
from kiosk.cards.maker import Artwork, CardMaker, Made
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import KeyCustody, software_keys
from kiosk.cards.personalise.files import Plan, Signed
from kiosk.cards.personalise.writer import Job as Order
from kiosk.cards.personalise.writer import Promise, Writer
from kiosk.cards.record import CardRecord
from kiosk.devices.loading import driver_module
from kiosk.journal.database import Journal
from kiosk.people.policy import Operation
from kiosk.station.caretaker import Caretaker
from sim.card_encoder.pcsc import Simulator as EncoderSimulator
from sim.card_printer.evolis import Simulator as PrinterSimulator
from sim.centre import Centre
from sim.clock import OfficeClock, SeededChance, run
from sim.office import memo
from sim.office.branches import of_cards
from sim.office.checks import IntentWatch, card_faults, journal_faults
from sim.office.mortal import Killed, Moments, MortalJournal, TappedWorld, tapped
from sim.seam.pipe import PipeConnector
from sim.world import Place
from tests.kiosk.mandates import mandate
from tests.reliability.crash_journal import FILE, MortalCrashJournal
from tests.reliability.disk import Disk, Loss

PACE = 0.1
POLL = 0.5
BLANKS = 12
APPROVAL = "PRR-000001"
TAKE_TIMEOUT = 4.0
OUTAGE = 5.0
QUICK = 0.4
VISITS = 9
LASTING = " lasting"
LYING = "LYING"
"""A disk that says it has synced and has not, under a journal that asks for FULL."""
LIMIT = 900.0
"""Virtual seconds in which a resident has his card, or knows that he must go to a counter."""

Maker = Callable[..., CardMaker]
"""CardMaker, or one with a planted bug."""

RAM = Path("/dev/shm")


@dataclass(frozen=True)
class Cut:
    """The end of a life of kioskd: at its `moment`-th commit, card movement or device message. `power_on`: what the
    printer does when the power is back (keep, eject, reject); None: only kioskd dies, the hardware goes on."""

    moment: int
    power_on: str | None
    stolen: bool = False
    """Whoever passes takes a card that lies in the exit while the kiosk is dark."""


@dataclass(frozen=True)
class Schedule:
    """`cuts`: one per life, in order. `hand`: how the resident takes his card the first time (quick, late, absent).
    `fault`: a fault of sim/faults.py that strikes once, as `device/name`; with LASTING, until the first visit ends."""

    cuts: tuple[Cut, ...]
    hand: str = "quick"
    fault: str | None = None
    seed: int = 0
    disk: str | None = None
    """The journal on a disk that forgets (tests/reliability/disk.py), each of whose calls is a moment as well: how the
    journal syncs (FULL, NORMAL, OFF), or LYING. None: a commit either happened or not."""


@dataclass
class Outcome:
    ended: str
    """`taken`, `needs_staff`, or why not."""
    violations: list[str] = field(default_factory=list)
    unintended: list[str] = field(default_factory=list)
    """Movements without an intent in the journal: a violation in itself, whatever came of it."""
    moments: int = 0
    """Moments of the first life."""
    reached: set[str] = field(default_factory=set)
    """Ends and recoveries that this schedule went through."""


@cache
def artwork() -> Artwork:
    """A short set of files: every command of a real card's story, fewer times."""
    whole = layout.load("nid-td1")
    brief = whole.model_copy(update={"groups": tuple(group for group in whole.groups if group.number in (1, 15))})
    record = CardRecord.model_validate(Centre(OfficeClock().now).people[0].record)
    return Artwork(Image.new("RGB", FACE_SIZE, (200, 220, 240)), Plan(brief, "S", record))


@dataclass(frozen=True)
class BriefDesk:
    """Writes the chip with the real writer through SCP03. What is not asked about here is left out: the signature over
    the files is a stand-in, and the chip is asked for its state instead of being read back as a stranger would."""

    custody: KeyCustody

    async def write(self, channel: CardChannel, approval: str, job: Order, promise: Promise) -> bytes:
        return await Writer(self.custody, self, promise).write(channel, job)

    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> Signed:
        return Signed(groups, b"SOD of nobody")

    async def prove(self, channel: CardChannel, job: Order) -> None:
        await channel.reset()
        if (await inspect(channel)).state is not ChipState.COMMITTED:
            raise ChipError(ChipReason.MISMATCH, "not committed")
        await Writer.secure(self.custody, channel, job)


@cache
def _morning(folder: Path) -> Path:
    """A journal into which two officers have booked BLANKS blanks; every schedule begins with a copy."""

    async def load() -> None:
        journal = Journal(folder / "morning.sqlite", OfficeClock(), SeededChance(0), threaded=False)
        journal.write_now(lambda tx: ledger.load(tx, BLANKS, mandate(Operation.LOAD_BLANKS)))
        journal.close()

    run(load())
    return folder / "morning.sqlite"


class Hall:
    """The hardware and, one after another, the lives of a kioskd that knows only how to make cards."""

    def __init__(self, folder: Path, schedule: Schedule, maker: Maker) -> None:
        self._file = folder / "journal.sqlite"
        self._fate = random.Random(f"disk {schedule.seed}")
        self._disk = None
        if schedule.disk is not None:
            self._disk = Disk({FILE: self._file.read_bytes()}, lying=schedule.disk == LYING)
        self._clock = OfficeClock()
        self._chance = SeededChance(schedule.seed)
        self._maker = maker
        self.schedule = schedule
        self.moments = Moments()
        self.world = TappedWorld(self.moments)
        self.world.load_blanks(BLANKS)
        self.printer = PrinterSimulator(self.world, seed=schedule.seed, pace=PACE)
        self.encoder = EncoderSimulator(self.world, seed=schedule.seed, pace=PACE)
        self.watch = IntentWatch(self.world, self.printer)
        self.struck = asyncio.Event()
        self._cuts = list(schedule.cuts)
        self.cut: Cut | None = None
        self.moments.strike = self._strike
        if schedule.fault is not None:
            device, _, name = schedule.fault.removesuffix(LASTING).partition("/")
            board = (self.printer if device == "card-printer" else self.encoder).faults
            (board.fail_repeatedly if schedule.fault.endswith(LASTING) else board.fail_next)(name)

    async def boot(self) -> None:
        self.struck.clear()
        self.cut = self._cuts.pop(0) if self._cuts else None
        self.moments.count = 0
        self.journal = self._journal()
        self.watch.journal = self.journal
        self._links = [
            PipeConnector(tapped(one.serve, one.DEVICE, self.moments)) for one in (self.printer, self.encoder)
        ]
        printing, encoding = driver_module("card_printer", "evolis"), driver_module("card_encoder", "pcsc")
        options = printing.Options(poll_interval=POLL, varnish="none")
        self._printing: CardPrinter = printing.Driver(printing.link_over(self._links[0]), options)
        self._encoding: CardEncoder = encoding.Driver(encoding.link_over(self._links[1]))
        self.caretaker = Caretaker(self.journal, self._printing, lambda: None)
        self.maker = self._maker(
            JobBook(self.journal),
            self._printing,
            self._encoding,
            BriefDesk(software_keys(self._chance)),
            path=self.caretaker.at_work,
            blanks_per_job=2,
            take_timeout=TAKE_TIMEOUT,
        )
        self._care = asyncio.create_task(self.caretaker.run())
        self._care.add_done_callback(lambda task: task.cancelled() or task.exception())

    def _journal(self) -> MortalJournal:
        if self._disk is None:
            return MortalJournal(self._file, self._clock, self._chance, self.moments)
        self._disk.reached = lambda kind: None  # while it opens, nobody else is at work
        synchronous = "FULL" if self.schedule.disk in (None, LYING) else str(self.schedule.disk)
        journal = MortalCrashJournal(self._disk, self._clock, self._chance, self.moments, synchronous)
        self._disk.reached = lambda kind: self.moments.reached(f"disk {kind}")
        return journal

    def _strike(self, count: int, name: str) -> None:
        if self.cut is not None and count == self.cut.moment and not self.struck.is_set():
            self.journal.dead = True
            if self._disk is not None:
                self._disk.cut()
            if self.cut.power_on is not None:
                self.moments.dark = True
                self.printer.power_on_behaviour = self.cut.power_on
                self.printer.power_cut()
                self.encoder.power_cut()
            for link in self._links:
                link.cut()
            self.struck.set()

    async def bury(self) -> None:
        """Clears the tasks of the dead kioskd away, waits out the outage, and lets the power come back."""
        self._care.cancel()
        await asyncio.gather(self._care, return_exceptions=True)
        await self._printing.stop()
        await self._encoding.stop()
        self.watch.settle()
        if self._disk is None:
            self.journal.close()
        else:
            loss = self._fate.choice(tuple(Loss)) if self.moments.dark else None
            self._disk.come_back(loss, self._fate)  # no call of the dead connection does anything any more
            self.journal.close()
        if self.cut is not None and self.cut.stolen:
            self.world.take_card()
        if self.moments.dark:
            await asyncio.sleep(OUTAGE)
            self.moments.dark = False
            self.printer.power_on()
            self.encoder.power_on()

    def repaired(self) -> None:
        """A technician has seen to what was wrong."""
        self.printer.faults.clear()
        self.encoder.faults.clear()

    async def visit(self, hand: str) -> str:
        """The resident comes, with the finger that matches, and goes: how it ended, or the cause for which it did
        not begin."""
        async with asyncio.timeout(LIMIT):
            while not self.caretaker.ready:
                await asyncio.sleep(0.5)
        ends = await self.journal.read(lambda tx: ends_of(tx, APPROVAL))
        if JobEnd.TAKEN in ends:
            return "taken"
        if JobEnd.UNKNOWN in ends:
            return "needs_staff"
        taking = asyncio.create_task(self._hand(hand))
        try:
            made: Made = await self.maker.make(APPROVAL, artwork(), lambda progress: None)
        except DeviceError as error:
            return f"device: {error.cause}"
        finally:
            taking.cancel()
        return str(made.end or made.cause)

    async def _hand(self, how: str) -> None:
        chance = random.Random(self.schedule.seed)
        # Half of the late ones reach for their card in the very moment in which it is drawn in.
        late = TAKE_TIMEOUT + (chance.uniform(-0.2, 1.0) if chance.random() < 0.5 else chance.uniform(0.2, 0.3))
        delay = {"quick": QUICK, "late": late, "absent": 1e6}[how]
        while True:
            if self.world.at(Place.BEZEL):
                await asyncio.sleep(delay)
                self.world.take_card()
            await asyncio.sleep(0.2)


async def _live(hall: Hall, outcome: Outcome) -> None:
    hand = hall.schedule.hand
    await hall.boot()
    for _ in range(VISITS):
        visit = asyncio.create_task(hall.visit(hand))
        struck = asyncio.create_task(hall.struck.wait())
        await asyncio.wait({visit, struck}, return_when=asyncio.FIRST_COMPLETED)
        struck.cancel()
        if not outcome.moments:
            outcome.moments = hall.moments.count
        if hall.struck.is_set():
            visit.cancel()
            await asyncio.gather(visit, return_exceptions=True)
            await hall.bury()
            await hall.boot()
        else:
            outcome.ended = visit.result()
            outcome.reached.add(f"visit: {outcome.ended}")
            if outcome.ended in ("taken", "needs_staff"):
                break
        hand = "quick"
        hall.repaired()
    hall.moments.strike = None
    await asyncio.sleep(15.0)  # the caretaker has a last look


async def _played(folder: Path, schedule: Schedule, maker: Maker) -> Outcome:
    outcome = Outcome("never came to an end")
    hall = Hall(folder, schedule, maker)
    try:
        async with asyncio.timeout(VISITS * LIMIT):
            await _live(hall, outcome)
    except (Exception, Killed) as error:  # noqa: BLE001 - whatever a schedule brings out is its finding
        outcome.violations.append(f"{type(error).__name__}: {error}")
    if outcome.ended not in ("taken", "needs_staff"):
        outcome.violations.append(f"the resident has no card and nobody was called: {outcome.ended}")
    outcome.violations += card_faults(hall.world, hall.journal, {APPROVAL: artwork().plan.groups(None)[1]})
    outcome.violations += journal_faults(hall.journal)
    outcome.unintended += hall.watch.violations
    outcome.reached |= hall.journal.post_mortem(of_cards).keys()
    hall.cut = None
    await hall.bury()
    return outcome


def play(schedule: Schedule, *, folder: Path | None = None, maker: Maker = CardMaker) -> Outcome:
    """Lives through one schedule. `maker` takes the place of the real one to show that the checkers can see."""
    memo.use()
    place = folder or workshop()
    for old in place.glob("journal.sqlite*"):
        old.unlink()
    shutil.copyfile(_morning(place), place / "journal.sqlite")
    return run(_played(place, schedule, maker), seed=schedule.seed)


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(dir=RAM if RAM.is_dir() else None, prefix="anjungan-cuts-")


_given: list[Path] = []


def work_in(folder: str) -> None:
    """This process's journals go into a folder of its own in `folder`; whoever made that removes it."""
    place = Path(folder) / str(os.getpid())
    place.mkdir()
    _given.append(place)


def workshop() -> Path:
    """This process's folder for journals, in memory where the system has it; gone when the process ends."""
    return _given[0] if _given else Path(_folder().name)


def as_words(schedule: Schedule) -> dict[str, Any]:
    """The schedule as JSON, to be played again."""
    return asdict(schedule)


def from_words(words: dict[str, Any]) -> Schedule:
    return Schedule(**(words | {"cuts": tuple(Cut(**cut) for cut in words["cuts"])}))
