"""A chip that is disturbed while it is written costs time, not a blank; and only its holder gets it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

from drivers.contract.card_printer import FACE_SIZE
from drivers.contract.words import DeviceCause
from kiosk.api.messages import Blanks, Cause, Step
from kiosk.cards import ledger
from kiosk.cards.chip import ChipError, ChipReason
from kiosk.cards.jobs import Job, JobBook, JobEnd, JobState, OutOfOrder
from kiosk.cards.maker import Artwork, CardMaker, Made, Progress
from kiosk.cards.personalise.custody import CardSession, CentreAway, Errand, KeyCustody, LocalKeys, software_keys
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import DocumentSigner, Signed, SigningError
from kiosk.cards.recovery import Settled
from kiosk.devices.loading import driver_module
from kiosk.journal.database import Journal
from kiosk.people.policy import Operation
from kiosk.station.caretaker import HOLD, Caretaker
from sim.card_encoder.pcsc import Simulator
from sim.clock import OfficeClock, SeededChance
from sim.seam.pipe import PipeConnector
from sim.world import Place, World
from tests.kiosk.mandates import mandate
from tests.reliability.chip import judge
from tests.reliability.chip.bench import HOLDER, OTHER, plan
from tests.reliability.chip.bench import signer as centre_signer
from tests.reliability.chip.conveyor import Conveyor, Mechanics

BLANKS = 4


@dataclass
class Station:
    """A kiosk's card path, and those on whom its chips depend."""

    journal: Journal
    chips: ChipDesk
    book: JobBook = field(init=False)
    world: World = field(default_factory=World)
    told: list[Progress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = JobBook(self.journal)
        self.world.load_blanks(BLANKS)
        self.reader = Simulator(self.world, pace=0.0)
        self.link = PipeConnector(self.reader.serve)
        self.mechanics = Mechanics(self.world)
        self.conveyor = Conveyor(self.mechanics)
        self.caretaker = Caretaker(self.journal, self.conveyor, lambda: None)
        encoding = driver_module("card_encoder", "pcsc")
        self.encoder = encoding.Driver(encoding.link_over(self.link))
        self.maker = self.maker_with(self.chips)

    def maker_with(self, chips: ChipDesk) -> CardMaker:
        return CardMaker(
            self.book, self.conveyor, self.encoder, chips,
            path=self.caretaker.at_work, blanks_per_job=2, take_timeout=4.0,
        )  # fmt: skip

    async def collect(self, approval: str = HOLDER, maker: CardMaker | None = None) -> Made:
        artwork = Artwork(Image.new("RGB", FACE_SIZE, "white"), plan(approval, "short"))
        return await (maker or self.maker).make(approval, artwork, self.told.append)

    async def look(self) -> None:
        async with self.caretaker.at_work:
            await self.caretaker.look()

    async def blanks(self) -> Blanks:
        return await self.journal.read(ledger.balance)


@asynccontextmanager
async def card_path(folder: Path, custody: KeyCustody | None = None) -> AsyncIterator[Station]:
    journal = Journal(folder / "journal.sqlite", OfficeClock(), SeededChance(1), threaded=False)
    journal.write_now(lambda tx: ledger.load(tx, BLANKS, mandate(Operation.LOAD_BLANKS)))
    keys = custody or software_keys(SeededChance(2))
    chips = ChipDesk(
        keys, lambda approval: centre_signer(), judge.COUNTRY, plan(HOLDER, "short").layout, "S",
        OfficeClock(), SeededChance(3),
    )  # fmt: skip
    path = Station(journal, chips)
    yield path
    await path.encoder.stop()
    journal.close()


@pytest.mark.parametrize(
    "fault", ["card-torn", "answer-lost", "chip-mute", "chip-write-error", "garbage", "corrupt", "power-loss"]
)
async def test_a_disturbance_while_the_chip_is_written_costs_no_blank(tmp_path: Path, fault: str) -> None:
    async with card_path(tmp_path) as path:

        def disturb(progress: Progress) -> None:
            path.told.append(progress)
            if progress.step is Step.ENCODE and len(path.told) == 2:
                asyncio.get_running_loop().call_soon(path.reader.faults.fail_next, fault)

        artwork = Artwork(Image.new("RGB", FACE_SIZE, "white"), plan(HOLDER, "short"))
        made = await path.maker.make(HOLDER, artwork, disturb)

        assert made.end is JobEnd.TAKEN
        assert (await path.blanks()).reject == 0


async def test_the_resident_is_told_why_it_takes_longer(tmp_path: Path) -> None:
    async with card_path(tmp_path) as path:
        path.reader.faults.fail_next("card-torn")
        assert (await path.collect()).end is JobEnd.TAKEN
        assert Progress(Step.ENCODE, 1, DeviceCause.CARD_LOST) in path.told


@dataclass
class FarKeys:
    """The keys are at the centre, and the line breaks as the first session is opened."""

    near: LocalKeys
    away: bool = True

    async def host_challenge(self) -> bytes:
        return await self.near.host_challenge()

    async def open_session(self, errand: Errand, challenge: bytes, card_answer: bytes) -> CardSession:
        if self.away:
            raise CentreAway(Cause.LINK_DOWN, "test")
        return await self.near.open_session(errand, challenge, card_answer)

    async def close(self) -> None:
        await self.near.close()


def far_keys() -> FarKeys:
    return FarKeys(software_keys(SeededChance(2)))


async def test_a_line_that_breaks_costs_no_blank_and_the_card_waits_for_its_holder(tmp_path: Path) -> None:
    keys = far_keys()
    async with card_path(tmp_path, keys) as path:
        assert await path.collect() == Made(None, Cause.LINK_DOWN)
        await path.look()
        assert (await path.blanks()).path == 1

        keys.away = False
        assert (await path.collect()).end is JobEnd.TAKEN
        assert (await path.blanks()).reject == 0
        assert path.world.cards[0].place is Place.HAND, "the very card that was begun"


async def test_a_held_card_goes_to_the_bin_when_nobody_comes_for_it(tmp_path: Path) -> None:
    async with card_path(tmp_path, far_keys()) as path:
        await path.collect()
        await path.look()
        await asyncio.sleep(HOLD - 1)
        await path.look()
        assert (await path.blanks()).path == 1
        await asyncio.sleep(2)
        await path.look()
        blanks = await path.blanks()
        assert (blanks.path, blanks.reject) == (0, 1)


async def test_a_card_begun_for_one_resident_is_never_finished_for_another(tmp_path: Path) -> None:
    keys = far_keys()
    async with card_path(tmp_path, keys) as path:
        await path.collect(HOLDER)
        keys.away = False
        assert (await path.collect(OTHER)).end is JobEnd.TAKEN
        assert path.world.cards[0].place is Place.REJECT
        assert path.world.cards[1].place is Place.HAND


@pytest.mark.parametrize(("away", "blank"), [(2.0, "finished at once"), (60.0, "held")])
async def test_a_reader_that_goes_away_is_not_the_cards_fault(tmp_path: Path, away: float, blank: str) -> None:
    async with card_path(tmp_path) as path:

        def unplug(progress: Progress) -> None:
            if progress.step is Step.ENCODE and progress.notice is None:
                path.link.cut()
                asyncio.get_running_loop().call_later(away, path.link.replug)

        artwork = Artwork(Image.new("RGB", FACE_SIZE, "white"), plan(HOLDER, "short"))
        made = await path.maker.make(HOLDER, artwork, unplug)
        if blank == "held":
            assert made == Made(None, DeviceCause.NO_DEVICE)
            await asyncio.sleep(away)
            made = await path.collect()
        assert made.end is JobEnd.TAKEN
        assert (await path.blanks()).reject == 0


class NoSigner:
    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> Signed:
        raise SigningError("test")


async def test_what_the_centre_does_not_sign_costs_one_blank_and_not_two(tmp_path: Path) -> None:
    async with card_path(tmp_path) as path:
        nobody: Callable[[str], DocumentSigner] = lambda approval: NoSigner()  # noqa: E731 - one line says it
        maker = path.maker_with(replace(path.chips, signer=nobody))
        assert await path.collect(maker=maker) == Made(JobEnd.SCRAPPED, Cause.CARD_FAILED)
        assert (await path.blanks()).reject == 1


# -- the exit ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "state", [JobState.FED, JobState.ENCODE_INTENT, JobState.ENCODED, JobState.VERIFIED, JobState.PRINT_INTENT]
)
async def test_whoever_tries_to_hand_out_an_unfinished_card_opens_no_exit(tmp_path: Path, state: JobState) -> None:
    """The maker itself, told that a card is ready which is not: the journal gives no intent, so nothing moves."""
    async with card_path(tmp_path) as path:
        job = await fed(path)
        for step in (JobState.ENCODE_INTENT, JobState.ENCODED, JobState.VERIFIED, JobState.PRINT_INTENT):
            if job.state is state:
                break
            if step.endswith("_intent"):
                job, _ = await path.book.intend(job, step)
            else:
                job = await path.book.done(job, None, step)

        with pytest.raises(OutOfOrder):
            await path.maker._hand_over(job, Settled.HELD, path.told.append, None)
        assert path.world.cards[0].place is Place.CONTACTLESS
        assert path.world.at(Place.BEZEL, Place.HAND) == []


async def test_a_maker_that_leaves_the_stranger_out_gets_no_card_out(tmp_path: Path) -> None:
    """A stranger who is not convinced ends in the reject bin, however good writer and printer find their work."""

    class Blind(ChipDesk):
        async def prove(self, *args: object) -> None:
            raise ChipError(ChipReason.MISMATCH, "test")

    async with card_path(tmp_path) as path:
        chips = path.chips
        blind = Blind(chips.custody, chips.signer, chips.country, chips.layout, chips.size, chips.clock, chips.chance)
        assert (await path.collect(maker=path.maker_with(blind))).end is JobEnd.SCRAPPED
        assert len(path.world.at(Place.REJECT)) == 2
        assert path.world.at(Place.BEZEL, Place.HAND) == []


async def fed(path: Station) -> Job:
    job = await path.book.open(HOLDER, 1)
    job, intent = await path.book.intend(job, JobState.FEED_INTENT, fed_before=0)
    path.world.move(path.world.cards[0], Place.CONTACTLESS)
    return await path.book.done(job, intent, JobState.FED)
