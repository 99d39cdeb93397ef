"""K1: the keys are in a SAM in a second reader; the kiosk carries bytes between two chips."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.card_encoder.pcsc import Driver, Options, link, link_over
from drivers.contract.words import DeviceCause
from kiosk.cards import chip
from kiosk.cards.chip import ChipError, ChipReason, ChipState
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import Errand, KeysAway, Purpose
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.opening import open_session
from kiosk.cards.personalise.sam import SamKeys
from kiosk.cards.personalise.scp03 import ChannelError
from kiosk.cards.personalise.writer import Job
from kiosk.centre.cards import CentreSigner
from kiosk.devices.loading import load
from kiosk.devices.profile import ProfileError
from kiosk.station.chips import chip_desk
from sim.card_encoder import sam
from sim.card_encoder.pcsc import Simulator as CardSimulator
from sim.card_encoder.sam import Sam
from sim.clock import OfficeClock, SeededChance
from sim.issuing import MasterKeys
from sim.seam import vpcd
from sim.seam.pipe import PipeConnector
from sim.world import Place, World
from tests.contract.pcscd import READER, private_pcscd
from tests.kiosk.chip.bench import UID, Hand, centre, plan

LAYOUT = layout.load("nid-td1")
SECRET, DELIVERY = bytes(range(0x60, 0x70)), bytes(range(0xA0, 0xB0))
SELECT = bytes.fromhex("00A4040008F0414E4A2D53414D")
WRITE = Errand(UID, Purpose.WRITE)


class Slot:
    """A reader with a SAM in it, and the kiosk's end."""

    def __init__(self, pin: str = "123456", keys: MasterKeys | None = None) -> None:
        self.simulator = sam.Simulator(keys=keys)
        self.custody = SamKeys(Driver(link_over(PipeConnector(self.simulator.serve)), Options()), lambda: pin)

    @property
    def tries(self) -> int:
        return self.simulator.cells.get("tries", b"\x03")[0]

    def count(self, ins: int) -> int:
        return [apdu[1] for apdu in self.simulator.seen].count(ins)


@asynccontextmanager
async def slot(pin: str = "123456", keys: MasterKeys | None = None) -> AsyncIterator[Slot]:
    one = Slot(pin, keys)
    try:
        yield one
    finally:
        await one.custody.close()


async def write(hand: Hand, at: Slot) -> bytes:
    """A resident's card from blank to secured, with the desk's own checks."""

    async def promise(digest: bytes) -> None:
        assert len(digest) == 32

    registry, http = centre()
    async with http:
        jti = registry.approvals(0)[1][0].jti
        profile = load("laptop-sim")
        plain = chip_desk(profile, http, lambda one: CentreSigner(http, "SPC01", one), OfficeClock(), SeededChance())
        desk = ChipDesk(at.custody, plain.signer, plain.country, plain.layout, plain.size, plain.clock, plain.chance)
        job = Job(plan(registry.people[0]), UID)
        digest = await desk.write(hand, jti, job, promise)
        await desk.prove(hand, job)
        return digest


async def test_a_sam_makes_a_card_and_gives_no_key_away() -> None:
    keys = MasterKeys(SECRET, DELIVERY)
    async with slot(keys=keys) as at:
        hand = Hand({"keys": b"\x01" + 3 * DELIVERY})
        digest = await write(hand, at)
        assert (hand.memory["state"], hand.memory["digest"], hand.memory["card"]) == (b"\x0f", digest, b"\x0f")
        assert hand.memory["keys"] == b"\x30" + b"".join(keys.of(UID))
        assert at.simulator.cells["sessions"] == (10_000 - 3).to_bytes(4, "big"), "keys, write, finish"
        assert at.count(0x20) == 1, "the PIN was shown once"


async def test_a_wrong_pin_is_shown_once_and_the_sam_is_not_blocked_by_us() -> None:
    async with slot(pin="654321") as at:
        for _ in range(5):
            with pytest.raises(KeysAway) as caught:
                await open_session(at.custody, Hand(), WRITE, LAYOUT)
            assert caught.value.cause is DeviceCause.PASSWORD
            assert "654321" not in str(caught.value)
        assert (at.tries, at.count(0x20)) == (2, 1)


async def test_a_pin_that_cannot_be_read_costs_no_try(tmp_path: Path) -> None:
    at = Slot()
    custody = SamKeys(Driver(link_over(PipeConnector(at.simulator.serve)), Options()), (tmp_path / "pin").read_text)
    for _ in range(2):
        with pytest.raises(KeysAway, match="cannot be read") as caught:
            await open_session(custody, Hand(), WRITE, LAYOUT)
        assert caught.value.cause is DeviceCause.PASSWORD
    assert (at.tries, at.count(0x20)) == (3, 0)
    await custody.close()


async def test_the_last_try_of_the_pin_is_left_to_a_technician() -> None:
    async with slot() as at:
        at.simulator.cells["tries"] = b"\x01"
        with pytest.raises(KeysAway, match="technician"):
            await open_session(at.custody, Hand(), WRITE, LAYOUT)
        assert (at.tries, at.count(0x20)) == (1, 0)


async def test_a_sam_that_has_opened_its_last_session_says_so() -> None:
    async with slot() as at:
        at.simulator.cells["sessions"] = bytes(4)
        with pytest.raises(KeysAway, match="renewed"):
            await open_session(at.custody, Hand(), WRITE, LAYOUT)


async def test_a_card_with_other_keys_is_asked_once() -> None:
    async with slot() as at:
        hand = Hand({"master": SECRET})
        with pytest.raises(ChipError) as caught:
            await open_session(at.custody, hand, WRITE, LAYOUT)
        assert caught.value.reason is ChipReason.AUTHENTICATION
        assert not any(apdu[1] == 0x82 for apdu in hand.sent)


async def test_without_its_sam_the_kiosk_begins_no_card_and_with_it_again_the_next() -> None:
    async with slot() as at:
        hand = Hand()
        at.simulator.faults.fail_next("chip-mute")
        with pytest.raises(KeysAway, match="SAM"):
            await open_session(at.custody, hand, WRITE, LAYOUT)
        assert (await chip.inspect(hand)).state is ChipState.BLANK
        await open_session(at.custody, hand, WRITE, LAYOUT)
        assert at.count(0x20) == 1, "a new session with the SAM needs its PIN again"


async def test_another_chip_in_the_sam_s_reader_is_not_shown_the_pin() -> None:
    world = World()
    [card] = world.load_blanks(1)
    world.move(card, Place.CONTACTLESS)
    custody = SamKeys(Driver(link_over(PipeConnector(CardSimulator(world, pace=0).serve)), Options()), lambda: "123456")
    with pytest.raises(KeysAway, match="no such SAM"):
        await open_session(custody, Hand(), WRITE, LAYOUT)
    await custody.close()


async def test_the_sam_wraps_only_what_the_session_is_for_and_notices_a_changed_answer() -> None:
    async with slot() as at:
        hand = Hand()
        session = await open_session(at.custody, hand, WRITE, LAYOUT)
        with pytest.raises(KeysAway, match="6985"):
            await session.wrap([bytes.fromhex("80F0800F")])
        [wrapped] = await session.wrap([bytes.fromhex("00CAFF2100")])
        answer = bytearray(await hand.transmit(wrapped))
        answer[0] ^= 1
        with pytest.raises(ChannelError, match="changed"):
            await session.unwrap([bytes(answer)])


# -- the SAM itself --------------------------------------------------------------------------------------------------
def told(text: str, card: Sam | None = None) -> str:
    return (card or ready()).exchange(bytes.fromhex(text)).hex()


def ready(cells: dict[str, bytes] | None = None) -> Sam:
    """Selected and opened with its PIN."""
    card = Sam({} if cells is None else cells)
    assert card.exchange(SELECT) == b"\x90\x00"
    assert card.exchange(b"\x00\x20\x00\x01\x06123456") == b"\x90\x00"
    return card


def test_a_pin_has_three_tries_over_power_cuts_and_then_none() -> None:
    cells: dict[str, bytes] = {}
    for answer in ("63c2", "63c1", "63c0", "6983", "6983"):
        card = Sam(cells)
        card.exchange(SELECT)
        assert told("002000010431313131", card) == answer
    card = Sam(cells)
    card.exchange(SELECT)
    assert card.exchange(b"\x00\x20\x00\x01\x06123456") == b"\x69\x83"
    assert told("00CAFF3000", card) == "ff30138008" + sam.IDENTITY.hex() + "810100" + "820400002710" + "9000"


@pytest.mark.parametrize("apdu", ["0084000008", "8050020000", "805A000001AA00", "805E300000"])
def test_without_its_pin_it_uses_no_key(apdu: str) -> None:
    card = Sam({})
    card.exchange(SELECT)
    assert told(apdu, card) == "6982"


def test_a_challenge_is_good_for_one_session_and_each_is_counted() -> None:
    cells: dict[str, bytes] = {}
    card = ready(cells)
    asked = "8050020025" + "0401020304" + "00" * 32 + "00"
    assert told(asked, card) == "6985", "no challenge was asked for"
    assert "sessions" not in cells
    card.exchange(bytes.fromhex("0084000008"))
    assert told(asked, card) == "6300"
    assert told(asked, card) == "6985"
    assert cells["sessions"] == (9_999).to_bytes(4, "big")


@pytest.mark.parametrize("apdu", ["805A000001AA00", "805C0000029000", "805E300000", "80600000029000"])
def test_without_a_session_it_wraps_nothing(apdu: str) -> None:
    assert told(apdu) == "6985"


@pytest.mark.parametrize(
    ("apdu", "answer"),
    [("00", "6700"), ("01A4040000", "6e00"), ("80FF000000", "6d00"), ("8050090000", "6a86"), ("8050020000", "6a80"),
     ("00CA000000", "6a88"), ("00A40400021234", "6a82")],
)  # fmt: skip
def test_what_means_nothing_has_an_answer(apdu: str, answer: str) -> None:
    assert told(apdu) == answer


# -- the profile -----------------------------------------------------------------------------------------------------
def test_the_profile_names_the_sam_s_reader(tmp_path: Path) -> None:
    text = 'name = "one"\nbase = "laptop-sim"\n[chip]\nkeys = "sam"\n'
    file = tmp_path / "one.toml"
    file.write_text(text)
    with pytest.raises(ProfileError, match=r"chip\.sam belong together"):
        load(str(file))
    file.write_text(text + '[chip.sam]\ntransport = "pcsc:Virtual PCD 00 01"\npin_file = "/nowhere"\n')
    assert load(str(file)).chip.keys == "sam"


# -- behind pcscd ----------------------------------------------------------------------------------------------------
@pytest.mark.wall
async def test_a_card_is_personalised_with_a_sam_in_the_second_slot_of_a_real_pcscd(tmp_path: Path) -> None:
    """The technician's command, two readers of one pcscd, the SAM as its own program."""
    (tmp_path / "pin").write_text("4711\n")
    profile = tmp_path / "bench.toml"
    profile.write_text(
        'name = "bench"\nbase = "laptop-sim"\n[chip]\nkeys = "sam"\n'
        f'[chip.sam]\ntransport = "pcsc:Virtual PCD 00 01"\npin_file = "{tmp_path / "pin"}"\n'
    )
    world = World()
    [card] = world.load_blanks(1)
    world.move(card, Place.CONTACTLESS)
    registry, http = centre()
    with private_pcscd() as daemon:
        at = f"127.0.0.1:{daemon.port + 1}"
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sim", "sam", "--vpcd", at, "--pin", "4711", env=dict(os.environ),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        serving = asyncio.create_task(vpcd.serve(CardSimulator(world, pace=0.0), "127.0.0.1", daemon.port))
        reader = Driver(link(f"pcsc:{READER}"), Options(simulator=True))
        loaded = load(str(profile))
        desk = chip_desk(loaded, http, lambda one: CentreSigner(http, "SPC01", one), OfficeClock(), SeededChance())
        try:
            channel = await reader.open(timeout=10.0)
            job = Job(plan(registry.people[0]), await chip.read_uid(channel))

            async def promise(digest: bytes) -> None:
                assert card.chip.get("state", b"") != b"\x0f"

            async with asyncio.timeout(30):  # pcscd looks for a chip every 0.4 s
                while True:
                    try:
                        digest = await desk.write(channel, registry.approvals(0)[1][0].jti, job, promise)
                        break
                    except KeysAway:
                        await asyncio.sleep(0.2)
            await desk.prove(channel, job)
            assert await chip.inspect(channel) == chip.ChipReport(ChipState.COMMITTED, digest, 1)
            assert card.chip["keys"] == b"\x30" + b"".join(MasterKeys().of(card.uid))
            await channel.close()
        finally:
            await desk.close()
            await reader.stop()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            program.terminate()
            await program.wait()
            await http.aclose()
