"""One case lived through: the real rooms that make a card, the real encoder driver, the simulated chip, a judge.

Death is as in sim/office/mortal.py: from its instant on nothing of the old kioskd reaches the journal or a device. The
chip's power goes inside the simulated memory (sim/card_encoder/memory.py). What is reported is what the journal's file
and the cards say afterwards, never what the program believed.
"""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from PIL import Image

from drivers.contract.card_encoder import CardEncoder
from drivers.contract.card_printer import FACE_SIZE
from drivers.contract.errors import DeviceError
from kiosk.cards import ledger, mrz
from kiosk.cards.jobs import JobBook, JobEnd, ends_of
from kiosk.cards.maker import Artwork, CardMaker
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import software_keys
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import Plan, Signed
from kiosk.cards.personalise.writer import Job as Order
from kiosk.cards.record import CardRecord
from kiosk.devices.loading import driver_module
from kiosk.journal.database import Journal, Transaction
from kiosk.people.policy import Operation
from kiosk.station.caretaker import HOLD, Caretaker
from sim.card_encoder.memory import ENDURANCE, SMALL, Cut, Supply
from sim.card_encoder.pcsc import STATIONS, Simulator
from sim.centre import Centre
from sim.centre.signer import DocumentSigner
from sim.clock import OfficeClock, SeededChance, run
from sim.office.checks import card_faults, journal_faults
from sim.office.mortal import Killed, Moments, MortalJournal
from sim.seam.pipe import DeviceSide, PipeConnector
from sim.world import Card, Event, Place, World
from tests.kiosk.chip.bench import Hand
from tests.kiosk.mandates import mandate
from tests.reliability.chip import judge
from tests.reliability.chip.cases import MAINS, Case
from tests.reliability.chip.conveyor import Conveyor, Mechanics
from tests.reliability.chip.judge import Condition, Verdict

T = TypeVar("T")

BLANKS = 5
HOLDER, OTHER = "PRR-000001", "PRR-000002"
SHORT = (1, 15)
"""The data groups of a chip with short files: each command of the whole story, fewer times."""
VISITS = 6
TO_THE_FIRST_FILE = 6
"""Memory writes of a run up to its first file: sequence counter, twice the try counter, key, attempts, file. In a run
that still has to give the card its keys, it is a try counter of the session under these."""
STORE, GENERATE, SET_STATUS = 0xE2, 0x46, 0xF0
INITIALIZE, EXTERNAL = 0x50, 0x82
"""INITIALIZE UPDATE, to which a card shows which keys it has, and EXTERNAL AUTHENTICATE, which costs it a try."""
COMMIT_P1 = 0x40
POWER_UP = (1, 2)
DOCUMENT = b"\x0f"
RAM = Path("/dev/shm")


@dataclass(frozen=True)
class Look:
    """What the chip was when a run of its job was about to begin."""

    run: int
    life: int
    condition: Condition
    ours: bool
    """Committed with a digest that this job has promised."""
    stores: int
    """STORE DATA commands that it has had until then."""


@dataclass
class Story:
    """How the first card of a case ended, and all that was found wrong."""

    ended: str = "never came to an end"
    fate: str = "none"
    """End of the job that the first card had; `reason` as the journal has it."""
    reason: str = ""
    looks: list[Look] = field(default_factory=list)
    stores: int = 0
    torn: int = 0
    deaths: int = 0
    writes: int = 0
    commits: int = 0
    """Journal writes of the first life."""
    judged: int = 0
    """Looks of a stranger at a chip, at each of its starts and at the end."""
    violations: list[str] = field(default_factory=list)

    @property
    def runs(self) -> int:
        return len(self.looks)


@cache
def _centre() -> Centre:
    return Centre(OfficeClock().now)


@cache
def plan(approval: str, size: str) -> Plan:
    whole = layout.load("nid-td1")
    brief = whole.model_copy(update={"groups": tuple(group for group in whole.groups if group.number in SHORT)})
    person = _centre().people[0 if approval == HOLDER else 1]
    return Plan(whole if size == "S" else brief, "S", CardRecord.model_validate(person.record))


@cache
def lines(approval: str) -> judge.Lines:
    return mrz.lines(mrz.zone_of(plan(approval, "short").record))


class _Signer:
    """The centre's document signer; what it has signed once it gives again."""

    def __init__(self) -> None:
        self._signer = DocumentSigner()
        self._known: dict[tuple[tuple[int, bytes], ...], Signed] = {}

    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> Signed:
        key = tuple(sorted(groups.items()))
        if key not in self._known:
            self._known[key] = Signed(dict(groups), self._signer.sign(groups))
        return self._known[key]


@cache
def signer() -> _Signer:
    """The one document signer of this process."""
    return _Signer()


class _Supply(Supply):
    """The chip's power, which tells of each cut, and may be cut again in the next run."""

    def __init__(self, again: int, told: Callable[[], None]) -> None:
        super().__init__()
        self._again = again
        self._told = told
        self.torn = 0

    def strike(self) -> Cut | None:
        cut = super().strike()
        if cut is not None:
            self.torn += 1
            if self.torn <= self._again:
                self.cut_at(TO_THE_FIRST_FILE, cut)
            self._told()
        return cut


class _Reader(Simulator):
    """The encoder, with somebody who counts what each card is told."""

    def __init__(self, world: World, supply: Supply, story: Story, seed: int) -> None:
        super().__init__(world, seed=seed, pace=0.0)
        self.supply = supply
        self.said: Counter[tuple[bytes, int]] = Counter()
        self.mute: bytes | None = None
        """UID of a card that never says a word."""
        self._story = story

    async def _control(self, stream: DeviceSide, code: int) -> None:
        """Before a chip comes to life again, a stranger has a look at what is on it."""
        for card in self.world.at(*STATIONS) if code in POWER_UP else ():
            self._story.judged += 1
            if await judge.verdict(card.chip, card.uid, (lines(HOLDER), lines(OTHER))) is Verdict.HALF:
                self._story.violations.append(f"{card.serial} could be read while half written")
        await super()._control(stream, code)

    async def _command(self, stream: DeviceSide, apdu: bytes) -> bool:
        card = self._card
        if card is not None and apdu[:1] != b"\xff":
            if card.uid == self.mute:
                return await self._gone(stream)
            instruction = apdu[1]
            self.said[card.uid, instruction] += 1
            writes = instruction in (STORE, GENERATE) or (instruction == SET_STATUS and apdu[2] == COMMIT_P1)
            if writes and card.chip.get("state") == DOCUMENT:
                self._story.violations.append(f"{card.serial}: written to after its commit ({apdu[:4].hex()})")
        return await super()._command(stream, apdu)


class _Journal(MortalJournal):
    """A mortal journal that lets somebody look at the world after each commit, and at the instant of death."""

    looked: Callable[[], None] = staticmethod(lambda: None)

    def write_now(self, change: Callable[[Transaction], T]) -> T:
        try:
            return super().write_now(change)
        finally:
            self.looked()


@cache
def _morning(folder: Path) -> Path:
    async def load() -> None:
        journal = Journal(folder / "morning.sqlite", OfficeClock(), SeededChance(0), threaded=False)
        journal.write_now(lambda tx: ledger.load(tx, BLANKS, mandate(Operation.LOAD_BLANKS)))
        journal.close()

    run(load())
    return folder / "morning.sqlite"


@cache
def _foreign(uid: bytes) -> dict[str, bytes]:
    """The memory of a chip of this number that was made, long ago, for somebody else."""

    async def make() -> dict[str, bytes]:
        hand = Hand({"size": SMALL.to_bytes(4, "big")}, uid)
        order = Order(plan(OTHER, "short"), uid)
        await _desk(OfficeClock(), SeededChance(9)).write(hand, OTHER, order, _told_nobody)
        return hand.memory

    return run(make())


async def _told_nobody(digest: bytes) -> None:
    """Its job is long over."""


def _desk(clock: OfficeClock, chance: SeededChance) -> ChipDesk:
    return ChipDesk(
        software_keys(chance), lambda jti: signer(), judge.COUNTRY, plan(HOLDER, "short").layout, "S", clock, chance
    )


class Bench:
    """A kiosk's card path over several lives of kioskd."""

    def __init__(self, folder: Path, case: Case) -> None:
        self.case = case
        self.story = Story()
        self._file = folder / "journal.sqlite"
        self._clock = OfficeClock()
        self._chance = SeededChance(0)
        self._moments = Moments()
        self._moments.strike = self._moment
        self._world = World()
        self._supply = _Supply(case.again, self._torn)
        # What torn cells hold differs from case to case; what is written does not, so that a judgement can be kept.
        seed = case.commit * 2 + (case.side == "after") if case.cut is Cut.MIX else 0
        self._reader = _Reader(self._world, self._supply, self.story, seed)
        self._mechanics = Mechanics(self._world)
        self._struck = asyncio.Event()
        self._life = 0
        self._killed = False
        self._stranger: Card | None = None
        self._untouched: dict[str, bytes] = {}
        for card in self._world.load_blanks(BLANKS):
            card.chip["size"] = SMALL.to_bytes(4, "big")
        self._first = self._world.cards[0]
        self._prepare(self._first)
        if case.write:
            self._supply.cut_at(case.write, case.cut)
        self._world.watch(self._see)

    def _prepare(self, card: Card) -> None:
        match self.case.card:
            case "foreign":
                card.chip = dict(_foreign(card.uid))
            case "other keys":
                card.chip["master"] = bytes(16)
            case "locked":
                card.chip["state"] = b"\x83"
            case "dead":
                card.chip_dead = True
            case "mute":
                self._reader.mute = card.uid
            case "worn":
                card.chip["wear:ef:010F"] = ENDURANCE.to_bytes(4, "big")
            case "small":
                card.chip["size"] = (256).to_bytes(4, "big")

    # -- lives ---------------------------------------------------------------------------------------------------
    def _boot(self) -> None:
        self._life += 1
        self._commits = 0
        self._struck.clear()
        self._journal = _Journal(self._file, self._clock, self._chance, self._moments)
        self._journal.looked = self._look
        self._link = PipeConnector(self._reader.serve)
        encoding = driver_module("card_encoder", "pcsc")
        self._encoder: CardEncoder = encoding.Driver(encoding.link_over(self._link))
        self._conveyor = Conveyor(self._mechanics)
        self._caretaker = Caretaker(self._journal, self._conveyor, lambda: None)
        self._maker = CardMaker(
            JobBook(self._journal),
            self._conveyor,
            self._encoder,
            _desk(self._clock, self._chance),
            path=self._caretaker.at_work,
            blanks_per_job=2,
            take_timeout=4.0,
        )

    def _die(self) -> None:
        self._journal.dead = True
        self._conveyor.cut()
        self._link.cut()
        self.story.deaths += 1
        self._struck.set()

    def _torn(self) -> None:
        if self.case.power == MAINS and self._life == 1:
            self._mechanics.restarted = True
            self._die()

    def _moment(self, count: int, name: str) -> None:
        self._commits += name.startswith("before")
        counted_in = 2 if self.case.power == MAINS and self.case.write else 1
        if (
            self._life == counted_in
            and not self._killed
            and self._commits == self.case.commit
            and name.startswith(self.case.side)
        ):
            self._killed = True
            self._die()

    async def _bury(self) -> None:
        with suppress(DeviceError):
            await self._encoder.stop()
        self._journal.close()
        if self._life == 1 and (card := self._mechanics.card) is not None:
            if self.case.then in ("stolen", "swapped"):
                self._world.move(card, Place.HAND)
            if self.case.then == "swapped":
                chip = dict(card.chip) | {"state": b"\x07"}
                self._stranger = Card("SOMEBODY-ELSES", bytes(7), Place.CONTACTLESS, chip=chip)
                self._untouched = dict(chip)
                self._world.add(self._stranger)

    async def live(self) -> None:
        self._boot()
        for _ in range(VISITS):
            life = asyncio.create_task(self._day())
            struck = asyncio.create_task(self._struck.wait())
            await asyncio.wait({life, struck}, return_when=asyncio.FIRST_COMPLETED)
            struck.cancel()
            if self._life == 1:
                self.story.commits = self._commits
            if not self._struck.is_set():
                self.story.ended = life.result()
                return
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            await self._bury()
            self._boot()

    async def _day(self) -> str:
        """One life: kioskd looks what was left, then serves who comes."""
        await self._tend()
        if self._life == 2 and self.case.then == "away":
            await asyncio.sleep(HOLD + 1)
            await self._tend()
        if self._life == 2 and self.case.then == "other":
            await self._serve(OTHER)
        return await self._serve(HOLDER)

    async def _tend(self) -> None:
        async with self._caretaker.at_work:
            await self._caretaker.look()

    async def _serve(self, approval: str) -> str:
        said = ""
        for _ in range(VISITS):
            ends = await self._journal.read(lambda tx: ends_of(tx, approval))
            if JobEnd.TAKEN in ends:
                return "taken"
            if JobEnd.UNKNOWN in ends:
                return "needs_staff"
            artwork = Artwork(_white(), plan(approval, self.case.size))
            made = await self._maker.make(approval, artwork, lambda progress: None)
            said = str(made.end or made.cause)
            await self._tend()
        return said

    # -- those who look on ---------------------------------------------------------------------------------------
    def _look(self) -> None:
        """After a commit: if it began a run on the first card, what that card was."""

        uid = self._first.uid.hex()
        runs = self._journal.post_mortem(
            lambda tx: tx.number(
                "SELECT count(*) FROM act JOIN job ON job.id = act.subject WHERE kind = 'encode' AND uid = ?", uid
            )
        )
        if runs > len(self.story.looks):
            chip = self._first.chip
            promised = self._journal.post_mortem(
                lambda tx: tx.rows(
                    "SELECT json_extract(body, '$.digest') AS digest FROM audit WHERE kind = 'chip_committed'"
                )
            )
            ours = chip.get("digest", b"").hex() in [row["digest"] for row in promised]
            self.story.looks.append(Look(runs, self._life, judge.condition(chip), ours, self._stores()))

    def _stores(self) -> int:
        return self._reader.said[self._first.uid, STORE]

    def _see(self, event: Event) -> None:
        """The exit opens only for a card whose job stands in the journal as verified and printed, and is about to be
        presented."""
        if event.what != Place.BEZEL or event.card is None:
            return
        uid = event.card.uid.hex()
        steps = self._journal.post_mortem(
            lambda tx: tx.rows(
                "SELECT json_extract(audit.body, '$.state') AS state FROM audit JOIN job"
                " ON job.id = json_extract(audit.body, '$.job') WHERE kind = 'job_step' AND uid = ? AND closed IS NULL",
                uid,
            )
        )
        reached = [row["state"] for row in steps]
        if not {"verified", "printed"} <= set(reached) or reached[-1] != "present_intent":
            self.story.violations.append(f"{event.card.serial} came to the exit after {reached}")

    async def judge(self) -> Story:
        """Everything that is found afterwards."""
        story = self.story
        story.torn, story.writes, story.stores = self._supply.torn, self._supply.writes, self._stores()
        if story.ended not in ("taken", "needs_staff"):
            story.violations.append(f"the resident has no card and nobody was called: {story.ended}")
        if self._stranger is not None:
            if self._stranger.chip != self._untouched or self._stranger.place is not Place.CONTACTLESS:
                story.violations.append("somebody else's card was written to or moved")
            self._world.remove(self._stranger)  # the people who were called take it out
        approved = {one: plan(one, self.case.size).groups(None)[1] for one in (HOLDER, OTHER)}
        story.violations += card_faults(self._world, self._journal, approved)
        story.violations += journal_faults(self._journal)
        rows = self._journal.post_mortem(
            lambda tx: tx.rows("SELECT * FROM job WHERE closed IS NOT NULL ORDER BY rowid")
        )
        owner = {row["uid"]: row["jti"] for row in rows if row["uid"]}
        for row in [row for row in rows if row["outcome"] != JobEnd.VOID][:1]:  # the first that left the hopper
            story.fate, story.reason = row["outcome"], row["reason"]
        for card in self._world.cards:
            await self._judge_card(card, owner.get(card.uid.hex(), HOLDER))
        if story.runs - 1 > story.torn + story.deaths and self.case.card == "blank":
            story.violations.append(f"begun {story.runs} times after {story.torn} tears and {story.deaths} deaths")
        if story.runs > 3:
            story.violations.append(f"the chip was begun {story.runs} times")
        return story

    async def _judge_card(self, card: Card, approval: str) -> None:
        self.story.judged += 1
        found = await judge.verdict(card.chip, card.uid, (lines(HOLDER), lines(OTHER)))
        if found is Verdict.HALF:
            self.story.violations.append(f"{card.serial} at {card.place} is half written, and readable")
        taken = card.place is Place.HAND and self.case.then not in ("stolen", "swapped")
        if taken:
            found = await judge.verdict(card.chip, card.uid, (lines(approval),))
        if taken and (found is not Verdict.WHOLE or card.chip.get("card") != DOCUMENT):
            self.story.violations.append(f"{card.serial} was handed out {found}, its production not ended")
        other_keys = card is self._first and self.case.card == "other keys"
        if other_keys and (self._reader.said[card.uid, INITIALIZE] > 2 or self._reader.said[card.uid, EXTERNAL]):
            self.story.violations.append(
                f"{card.serial} has other keys and was asked more than once again, or answered"
            )

    def close(self) -> None:
        self._journal.close()


@cache
def _white() -> Image.Image:
    return Image.new("RGB", FACE_SIZE, "white")


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(dir=RAM if RAM.is_dir() else None, prefix=f"anjungan-tears-{os.getpid()}-")


async def _played(folder: Path, case: Case) -> Story:
    bench = Bench(folder, case)
    try:
        await bench.live()
    except (Exception, Killed) as error:  # noqa: BLE001 - whatever a case brings out is its finding
        bench.story.violations.append(f"{type(error).__name__}: {error}")
    try:
        return await bench.judge()
    finally:
        bench.close()


def play(case: Case) -> Story:
    """Lives through one case, always the same way."""
    folder = Path(_folder().name)
    if case.card == "foreign":
        _foreign(World().load_blanks(1)[0].uid)  # made before the loop of this case runs
    for old in folder.glob("journal.sqlite*"):
        old.unlink()
    shutil.copyfile(_morning(folder), folder / "journal.sqlite")
    return run(_played(folder, case))
