"""A blank becomes a resident's chip, whole or not at all, and a stranger with the printed lines believes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest
from cryptography import x509

from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.words import DeviceCause
from kiosk.cards import chip, mrz
from kiosk.cards.chip import ChipError, ChipReason, ChipState
from kiosk.cards.personalise.custody import CentreAway, KeyCustody, software_keys
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import SigningError
from kiosk.cards.personalise.writer import Job, Writer
from kiosk.cards.stranger import reader
from kiosk.cards.stranger.passive import NotGenuine
from kiosk.cards.stranger.reader import Access, Content
from kiosk.centre.cards import CentreKeys, CentreSigner
from kiosk.commands import card_reader
from kiosk.devices.loading import load
from kiosk.devices.profile import Profile
from kiosk.station.chips import chip_desk
from sim.centre import Centre, CentreTransport
from sim.centre.signer import DocumentSigner
from sim.clock import OfficeClock, SeededChance
from tests.kiosk.chip.bench import UID, Hand, centre, gate, plan

NOW = datetime(2026, 2, 1, tzinfo=UTC)
COUNTRY = x509.load_pem_x509_certificate(DocumentSigner().country_pem)


@dataclass
class Desk:
    """A technician's table: a centre, a writer and what it has promised."""

    registry: Centre
    http: httpx.AsyncClient
    promised: list[bytes] = field(default_factory=list)

    @property
    def jti(self) -> str:
        return self.registry.approvals(0)[1][0].jti

    @property
    def keys(self) -> CentreKeys:
        return CentreKeys(self.http, gate())

    def job(self, **other: object) -> Job:
        return replace(Job(plan(self.registry.people[0]), UID, approval=self.jti), **other)  # type: ignore[arg-type]  # Job's own fields

    def writer(self, custody: KeyCustody | None = None) -> Writer:
        """At a centre that has seen no card of this approval yet."""
        self.http = httpx.AsyncClient(transport=CentreTransport(self.registry), base_url="http://centre")

        async def promise(digest: bytes) -> None:
            self.promised.append(digest)

        return Writer(custody or self.keys, CentreSigner(self.http, "SPC01", self.jti), promise)


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    registry, http = centre()
    async with http:
        yield Desk(registry, http)


def printed(at: Desk) -> tuple[str, str, str]:
    return mrz.lines(mrz.zone_of(at.job().plan.record))


async def read(hand: Hand, at: Desk, access: Access = Access.BAC) -> Content:
    return await reader.read(hand, printed(at), COUNTRY, NOW, SeededChance(5), access=access)


@pytest.mark.parametrize("access", list(Access))
async def test_what_the_centre_wraps_and_signs_a_stranger_reads_and_believes(access: Access) -> None:
    async with desk() as at:
        hand = Hand()
        digest = await at.writer().write(hand, at.job())
        assert at.promised == [digest]
        assert max(map(len, hand.sent)) <= 261, "short APDUs only"

        content = await read(hand, at, access)
        assert sorted(content.groups) == [1, 2, 7, 11, 14, 15]
        assert content.unread == {13}, "the fingers are for the issuer's readers"
        assert content.original
        for file, read_back in content.files.items():
            assert read_back == hand.memory[f"ef:{file:04X}"]
        await Writer.secure(at.keys, hand, at.job())
        assert hand.memory["card"] == b"\x0f"


async def test_a_file_is_chosen_by_its_first_piece_and_read_in_full_ones() -> None:
    async with desk() as at:
        hand = Hand()
        await at.writer().write(hand, at.job())
        before = len(hand.sent)
        await read(hand, at)
        asked = [(apdu[2], apdu[3]) for apdu in hand.sent[before:] if apdu[1] == 0xB0]

        expected = []
        for file in (0x1E, 0x1D, 1, 2, 7, 11, 13, 14, 15):
            expected.append((0x80 | file, 0))
            kept = file == 13
            for offset in range(reader.CHUNK, 0 if kept else len(hand.memory[f"ef:{0x100 + file:04X}"]), reader.CHUNK):
                expected.append(divmod(offset, 0x100))
        assert asked == expected
        assert sum(apdu[1] == 0xA4 for apdu in hand.sent[before:]) == 1, "the application"


@pytest.mark.parametrize(
    "answers",
    [
        ("310A010203 6282", "6B00"),  # it ends before what its tag announces
        ("310A010203 9000", "0405 6282"),  # ... and says so too late
        ("31 6282",),
        ("6282",),
    ],
)
async def test_a_file_that_ends_too_early_is_refused(answers: tuple[str, ...]) -> None:
    """EF.CardAccess, which is read before there is a session."""
    async with desk() as at:
        hand = Hand()
        await at.writer().write(hand, at.job())
        left = [bytes.fromhex(answer) for answer in answers]
        hand.hook = lambda apdu: left.pop(0) if apdu[:2] == b"\x00\xb0" else None
        with pytest.raises(ProtocolError):
            await read(hand, at, Access.PACE)
        assert not left


async def test_software_keys_and_the_centres_keys_open_the_same_card() -> None:
    async with desk() as at:
        hand = Hand()
        await at.writer(software_keys(SeededChance(1))).write(hand, at.job())
        await hand.reset()
        await Writer.secure(at.keys, hand, at.job())


async def test_nobody_reads_before_the_commit_and_nobody_writes_after_it() -> None:
    async with desk() as at:
        hand = Hand()
        hand.hook = lambda apdu: b"\x65\x81" if apdu[:2] == b"\x84\xf0" else None
        with pytest.raises(ChipError) as caught:
            await at.writer().write(hand, at.job())
        assert caught.value.reason is ChipReason.MEMORY
        with pytest.raises((ProtocolError, NotGenuine)):
            await read(hand, at)

        hand.hook = lambda apdu: None
        await hand.reset()
        await at.writer().write(hand, at.job())
        with pytest.raises(ChipError) as again:
            await at.writer().write(hand, at.job())
        assert again.value.reason is ChipReason.OTHER_CARD


async def test_a_card_torn_or_silent_at_any_command_is_finished_in_one_more_run_and_never_half_readable() -> None:
    """Every command of a personalisation, cut in its middle and cut before its answer."""
    async with desk() as at:
        whole = Hand()
        await at.writer().write(whole, at.job())
        ends = {"again": 0, "already": 0}
        for cut in range(1, len(whole.sent) + 1):
            for torn, lost in ((frozenset({cut}), frozenset[int]()), (frozenset[int](), frozenset({cut}))):
                hand = Hand(torn=torn, lost=lost)
                hand.reset = _gone  # type: ignore[method-assign]  # no card to reset: the first run sees only that
                with pytest.raises(DeviceError):
                    await at.writer().write(hand, at.job())
                after = Hand(hand.memory)
                report = await chip.inspect(after)
                if report.state is ChipState.COMMITTED:
                    assert report.digest in at.promised
                    ends["already"] += 1
                else:
                    with pytest.raises((ProtocolError, NotGenuine)):
                        await read(after, at)
                    ends["again"] += 1
                await after.reset()
                await at.writer().write(after, at.job(promised=tuple(at.promised)))
                assert (await read(after, at)).original
        assert ends["already"] == 1, "only the commit whose answer was lost"


async def _gone() -> bytes:
    raise DeviceError(DeviceCause.NO_CARD, "gone")


async def test_a_technicians_card_that_stutters_is_begun_again_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the kiosk does with a resident's card: tests/kiosk/cards/test_unfinished.py."""
    async with desk() as at:
        profile, hands = load("laptop-sim"), [Hand(torn=frozenset({9, 25})), Hand(torn=frozenset({9, 25, 40}))]

        @asynccontextmanager
        async def card(profile: Profile, name: str) -> AsyncIterator[Hand]:
            yield hands[0]

        @asynccontextmanager
        async def chips(profile: Profile) -> AsyncIterator[ChipDesk]:
            yield chip_desk(profile, at.http, partial(CentreSigner, at.http, "SPC01"), OfficeClock(), SeededChance(1))

        monkeypatch.setattr(card_reader, "_card", card)
        monkeypatch.setattr(card_reader, "_desk", chips)
        digest = await card_reader.personalise(profile, "any")
        assert hands[0].memory["digest"] == digest
        hands.pop(0)
        with pytest.raises(DeviceError):
            await card_reader.personalise(profile, "any")


async def test_a_commit_whose_answer_is_lost_is_not_written_twice() -> None:
    async with desk() as at:
        whole = Hand()
        await at.writer().write(whole, at.job())
        commit = len(whole.sent)
        hand = Hand(lost=frozenset({commit}))
        with pytest.raises(DeviceError):
            await at.writer().write(hand, at.job())
        await hand.reset()
        assert await at.writer().write(hand, at.job(promised=tuple(at.promised))) == hand.memory["digest"]
        assert not any(apdu[1] == 0xE2 for apdu in hand.sent[commit:])


async def test_a_card_with_other_keys_is_asked_once_and_never_again() -> None:
    async with desk() as at:
        for custody in (None, software_keys(SeededChance(1))):
            hand = Hand({"master": bytes(16)})
            with pytest.raises(ChipError) as caught:
                await at.writer(custody).write(hand, at.job())
            assert caught.value.reason is ChipReason.AUTHENTICATION
            assert sum(apdu[1] == 0x50 for apdu in hand.sent) == 1
            assert not any(apdu[1] == 0x82 for apdu in hand.sent)


async def test_a_job_for_another_chip_writes_nothing() -> None:
    async with desk() as at:
        hand = Hand(uid=bytes(7))
        with pytest.raises(ChipError) as caught:
            await at.writer().write(hand, at.job())
        assert caught.value.reason is ChipReason.OTHER_CARD
        assert hand.sent == []


async def test_the_centre_signs_only_what_it_approved() -> None:
    async with desk() as at:
        other = at.job(plan=plan(at.registry.people[1]))
        with pytest.raises(SigningError, match="not of an approved card"):
            await at.writer(software_keys(SeededChance(1))).write(Hand(), other)


@pytest.mark.parametrize("outage", ["link", "server"])
async def test_without_the_centre_nothing_is_begun(outage: str) -> None:
    async with desk() as at:
        at.registry.outage = outage  # type: ignore[assignment]  # the parametrised names are those of Outage
        hand = Hand()
        with pytest.raises(CentreAway):
            await at.writer().write(hand, at.job())
        assert (await chip.inspect(hand)).state is ChipState.BLANK


async def test_a_stranger_with_other_lines_or_another_country_is_not_convinced() -> None:
    async with desk() as at:
        hand = Hand()
        await at.writer().write(hand, at.job())
        others = mrz.lines(mrz.zone_of(plan(at.registry.people[1]).record))
        for access in Access:
            with pytest.raises((NotGenuine, ProtocolError)):
                await reader.read(hand, others, COUNTRY, NOW, SeededChance(5), access=access)
        number, birth, name = printed(at)
        with pytest.raises(NotGenuine, match="printed"):
            await reader.read(hand, (number, birth, name[::-1]), COUNTRY, NOW, SeededChance(5))


@pytest.mark.parametrize("spoilt", [0x0101, 0x0102, 0x010B, 0x010F, 0x011D])
async def test_a_chip_changed_after_the_commit_is_found_out(spoilt: int) -> None:
    async with desk() as at:
        hand = Hand()
        await at.writer().write(hand, at.job())
        content = bytearray(hand.memory[f"ef:{spoilt:04X}"])
        content[-1] ^= 1
        hand.memory[f"ef:{spoilt:04X}"] = bytes(content)
        with pytest.raises((NotGenuine, ProtocolError)):
            await read(hand, at)


async def test_a_copy_of_a_chip_is_told_from_the_original() -> None:
    async with desk() as at:
        hand = Hand()
        await at.writer().write(hand, at.job())
        copy = Hand({**hand.memory, "key": (5).to_bytes(32, "big")})
        with pytest.raises(NotGenuine, match="copy"):
            await read(copy, at)
