"""No card is written without the centre's package for this very session, and no package opens two."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract.errors import DeviceError
from kiosk.api.messages import Cause
from kiosk.cards.encoding import Encoding, GivenUp, Postponed
from kiosk.cards.jobs import JobBook, JobEnd, JobState
from kiosk.cards.packages import PackageBook
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import Errand, Purpose
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.package import Once, PackageError, PackageFault, UsedPackages
from kiosk.cards.personalise.scp03 import ChannelError
from kiosk.cards.personalise.writer import Job, Writer
from kiosk.centre.cards import CentreKeys, CentreSigner
from kiosk.journal.database import Journal
from sim.centre import Centre, CentreTransport, keys
from sim.clock import OfficeClock, SeededChance
from sim.world import World
from tests.kiosk.chip.bench import UID, Hand, centre, gate, plan

OTHER = bytes.fromhex("04FFEEDDCCBBAA")
COUNTED = ("sequence", "wear:sequence")
"""What a chip itself writes at INITIALIZE UPDATE, whoever asks."""
ASKING = (0xA4, 0xCA, 0x50)
"""SELECT, GET DATA, INITIALIZE UPDATE: no write."""


class Meddler(httpx.AsyncBaseTransport):
    """Stands in the line to the centre. `change`: what becomes of each package. `tape`: every answer, by path in order
    of asking, which `replay` gives again instead of asking."""

    def __init__(self, registry: Centre) -> None:
        self._inner = CentreTransport(registry)
        self.change: Callable[[str], object] = lambda token: token
        self.tape: dict[str, list[bytes]] = {}
        self.replay: dict[str, list[bytes]] | None = None
        self.packages: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.replay is not None:
            return httpx.Response(200, content=self.replay[request.url.path].pop(0), request=request)
        answer = await self._inner.handle_async_request(request)
        body = await answer.aread()
        self.tape.setdefault(request.url.path, []).append(body)
        if request.url.path.endswith("/sessions") and answer.status_code == 200:
            self.packages.append(json.loads(body)["package"])
            body = json.dumps({"package": self.change(self.packages[-1])}).encode()
        return httpx.Response(answer.status_code, content=body, request=request)


class Desk:
    """A kiosk at a centre that somebody meddles with."""

    def __init__(self, used: UsedPackages | None = None) -> None:
        self.registry, _ = centre()
        self.line = Meddler(self.registry)
        self.http = httpx.AsyncClient(transport=self.line, base_url="http://centre")
        self.jti = self.registry.approvals(0)[1][0].jti
        self.custody = CentreKeys(self.http, gate(used))

    async def write(self, hand: Hand, uid: bytes = UID) -> bytes:
        async def promise(digest: bytes) -> None:
            assert len(digest) == 32

        job = Job(plan(self.registry.people[0]), uid, approval=self.jti)
        return await Writer(self.custody, CentreSigner(self.http, "SPC01", self.jti), promise).write(hand, job)

    async def refused(self, hand: Hand, uid: bytes = UID) -> PackageError:
        """How it ended, and proof that nothing was written."""
        before = untold(hand)
        with pytest.raises(PackageError) as caught:
            await self.write(hand, uid)
        assert untold(hand) == before, "no cell of the chip was written"
        assert {apdu[1] for apdu in hand.sent} <= set(ASKING), "no command was sent that could write"
        return caught.value


def untold(hand: Hand) -> dict[str, bytes]:
    return {name: cell for name, cell in hand.memory.items() if name not in COUNTED}


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def resigned(**other: object) -> Callable[[str], str]:
    return lambda token: keys.sign(claims(token) | other, kind="card+jwt")


@pytest.mark.parametrize("hand", [Hand(), Hand({"master": bytes(range(0x40, 0x50))})], ids=["blank", "keyed"])
@pytest.mark.parametrize(
    ("change", "fault", "cause"),
    [
        (resigned(uid=OTHER.hex()), PackageFault.OTHER_CARD, Cause.APPROVAL_FORGED),
        (resigned(aud="SPC02"), PackageFault.OTHER_OFFICE, Cause.APPROVAL_OTHER_OFFICE),
        (resigned(exp=1_700_000_000), PackageFault.EXPIRED, Cause.APPROVAL_FORGED),
        (resigned(nik_sha256="0" * 64), PackageFault.OTHER_PERSON, Cause.APPROVAL_OTHER_PERSON),
        (resigned(approval="PRR-000002"), PackageFault.OTHER_ERRAND, Cause.APPROVAL_FORGED),
        (resigned(purpose="finish"), PackageFault.OTHER_ERRAND, Cause.APPROVAL_FORGED),
        (resigned(exchange_sha256="0" * 64), PackageFault.OTHER_EXCHANGE, Cause.APPROVAL_FORGED),
        (resigned(iss="somebody"), PackageFault.FORGED, Cause.APPROVAL_FORGED),
        (resigned(exp="tomorrow"), PackageFault.FORGED, Cause.APPROVAL_FORGED),
        (resigned(exp=1 << 70), PackageFault.FORGED, Cause.APPROVAL_FORGED),
        (resigned(authenticate="no hex"), PackageFault.FORGED, Cause.APPROVAL_FORGED),
        (lambda token: keys.forge(claims(token), kind="card+jwt"), PackageFault.FORGED, Cause.APPROVAL_FORGED),
        (lambda token: keys.sign(claims(token)), PackageFault.FORGED, Cause.APPROVAL_FORGED),
        (lambda token: "", PackageFault.FORGED, Cause.APPROVAL_FORGED),
        (lambda token: "x" * 5_000, PackageFault.FORGED, Cause.APPROVAL_FORGED),
    ],
    ids=[
        "other uid", "other office", "expired", "other person", "other approval", "other purpose", "other exchange",
        "other issuer", "expiry no time", "expiry no year", "command no hex", "forged", "an approval's type",
        "nothing", "far too long",
    ],
)  # fmt: skip
async def test_a_package_that_is_not_for_this_is_refused_before_the_first_write(
    change: Callable[[str], object], fault: PackageFault, cause: Cause, hand: Hand
) -> None:
    desk = Desk()
    desk.line.change = change
    error = await desk.refused(Hand(dict(hand.memory)))
    assert (error.fault, error.cause) == (fault, cause)
    assert desk.registry.people[0].nik not in str(error)


async def test_every_altered_bit_of_a_package_is_seen() -> None:
    desk = Desk()
    await desk.write(Hand())
    token = desk.line.packages[0]
    errand = Errand(UID, Purpose.KEYS, desk.jti, desk.registry.people[0].nik)
    for at in range(len(token)):
        for bit in range(7):
            other = token[:at] + chr(ord(token[at]) ^ 1 << bit) + token[at + 1 :]
            with pytest.raises(PackageError) as caught:
                await gate().admit(other, errand, b"", b"")
            assert caught.value.fault is PackageFault.FORGED


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda data: data.decode("latin-1"))))
@settings(max_examples=1_000, deadline=None)
def test_whatever_comes_instead_of_a_package_is_refused(text: str) -> None:
    with pytest.raises(PackageError) as caught:
        gate()._claims(text)
    assert caught.value.fault is PackageFault.FORGED


async def test_a_package_of_the_same_card_s_last_session_opens_no_other() -> None:
    desk = Desk()
    hand = Hand(lost=frozenset({5}))  # the answer to its first EXTERNAL AUTHENTICATE
    with pytest.raises(DeviceError):
        await desk.write(hand)
    desk.line.change = lambda token: desk.line.packages[0]
    assert (await desk.refused(Hand(hand.memory))).fault is PackageFault.OTHER_EXCHANGE


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_whole_recorded_session_played_again_to_a_twin_of_the_card_is_refused(
    tmp_path: Path, restarted: bool
) -> None:
    """The worst case: the line and a card that repeats its challenge are in one hand. Only the journal remembers."""

    def opened() -> Journal:
        return Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(), threaded=False)

    journal = opened()
    desk = Desk(PackageBook(journal))
    await desk.write(Hand())
    tape = desk.line.tape
    if restarted:
        journal.close()
        journal = opened()
        desk = Desk(PackageBook(journal))
    desk.line.replay = {path: list(answers) for path, answers in tape.items()}
    assert (await desk.refused(Hand())).fault is PackageFault.USED
    journal.close()

    forgetful = Desk(Once())
    twin = Hand()
    forgetful.line.replay = {path: list(answers) for path, answers in tape.items()}
    await forgetful.write(twin)
    assert twin.memory["state"] == b"\x0f", "without that memory the tape would have made a second card"


@dataclass
class Table:
    """A reader with this card on it."""

    hand: Hand

    async def open(self, timeout: float = 5.0) -> Hand:
        del timeout
        return self.hand


@pytest.mark.parametrize("away", [False, True])
async def test_a_job_ends_with_the_package_s_fault_and_waits_for_a_centre_that_is_away(
    tmp_path: Path, away: bool
) -> None:
    journal = Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(), threaded=False)
    desk = Desk(PackageBook(journal))
    desk.line.change = resigned(uid=OTHER.hex())
    if away:
        desk.registry.outage = "link"
    chips = ChipDesk(
        desk.custody, lambda jti: CentreSigner(desk.http, "SPC01", jti), None, layout.load("nid-td1"), "S",
        OfficeClock(), SeededChance(),
    )  # fmt: skip
    book, hand = JobBook(journal), Hand()
    job = await book.open(desk.jti, 1)
    job, _ = await book.intend(job, JobState.FEED_INTENT, fed_before=0)
    job = await book.done(job, None, JobState.FED)
    reader: Any = Table(hand)
    encoding = Encoding(book, reader, chips, job, plan(desk.registry.people[0]), lambda step, failed: None)
    with pytest.raises(Postponed if away else GivenUp) as caught:
        await encoding.finish()
    if isinstance(caught.value, GivenUp):
        assert (str(caught.value), caught.value.cause) == ("chip: package other_card", Cause.APPROVAL_FORGED)
    else:
        assert isinstance(caught.value, Postponed)
        assert caught.value.cause == Cause.LINK_DOWN
    assert {apdu[1] for apdu in hand.sent} <= set(ASKING)
    journal.close()


# -- what the centre itself refuses ----------------------------------------------------------------------------------
async def asked(desk: Desk, uid: bytes, purpose: Purpose = Purpose.WRITE, jti: str | None = None) -> None:
    """A session with a fresh card of this UID, as far as the centre's word for it."""
    hand = Hand({} if purpose is Purpose.KEYS else {"master": bytes(range(0x40, 0x50))}, uid=uid)
    await hand.transmit(bytes.fromhex("00A4040C07A0000002471001"))
    challenge = await desk.custody.host_challenge()
    answer = (await hand.transmit(b"\x80\x50\x00\x00\x08" + challenge + b"\x00"))[:-2]
    errand = Errand(uid, purpose, desk.jti if jti is None else jti, desk.registry.people[0].nik)
    await desk.custody.open_session(errand, challenge, answer)


async def test_an_approval_has_one_card_until_that_is_reported_scrapped() -> None:
    desk = Desk()
    await asked(desk, UID)
    with pytest.raises(PackageError, match="another card") as caught:
        await asked(desk, OTHER)
    assert caught.value.fault is PackageFault.NOT_GIVEN
    event = {"sequence": 1, "kind": "card_scrapped", "at": "", "body": {"approval": desk.jti, "uid": UID.hex()}}
    told = await desk.http.post("/v1/offices/SPC01/events", json={"kiosk": "SPC01-K1", "events": [event]})
    assert told.status_code == 200
    await asked(desk, OTHER)
    with pytest.raises(PackageError, match="reported scrapped"):
        await asked(desk, UID)


async def test_the_kiosk_says_itself_which_cards_have_come_to_nothing(tmp_path: Path) -> None:
    """The events may still be in the outbox when the next blank is in the path."""
    journal = Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(), threaded=False)
    desk = Desk(PackageBook(journal))
    await asked(desk, UID)
    book = JobBook(journal)
    job = await book.open(desk.jti, 1)
    job, _ = await book.intend(job, JobState.FEED_INTENT, fed_before=0)
    job = await book.done(job, None, JobState.FED)
    job, _ = await book.intend(job, JobState.ENCODE_INTENT, uid=UID.hex())
    with pytest.raises(PackageError, match="another card"):
        await asked(desk, OTHER)
    await book.close(job, JobEnd.SCRAPPED, "torn")
    await asked(desk, OTHER)
    journal.close()


async def test_a_card_is_opened_three_times_to_write_and_not_a_fourth() -> None:
    desk = Desk()
    for _ in range(3):
        await asked(desk, UID)
    with pytest.raises(PackageError, match="3 times"):
        await asked(desk, UID)
    await asked(desk, UID, Purpose.FINISH)


@pytest.mark.parametrize("kind", ["missing", "expired", "other_office", "forged", "taken", "unknown"])
async def test_without_a_good_approval_there_is_no_package(kind: str) -> None:
    desk = Desk()
    jti = desk.jti
    person = desk.registry.people[0]
    if kind == "taken":
        person.collected = True
    elif kind == "unknown":
        jti = "PRR-999999"
    else:
        jti = desk.registry.set_approval(person.nik, kind) or jti  # type: ignore[arg-type]  # the kinds are Kind's
    with pytest.raises(PackageError, match="no such approval"):
        await asked(desk, UID, jti=jti)


async def test_technicians_try_as_many_cards_as_they_like() -> None:
    desk = Desk()
    for number in range(5):
        hand = Hand({}, uid=bytes([4, 0, 0, 0, 0, 0, number]))
        await hand.transmit(bytes.fromhex("00A4040C07A0000002471001"))
        challenge = await desk.custody.host_challenge()
        answer = (await hand.transmit(b"\x80\x50\x00\x00\x08" + challenge + b"\x00"))[:-2]
        errand = Errand(hand.uid, Purpose.KEYS, "SPECIMEN", "9999014101010001")
        await desk.custody.open_session(errand, challenge, answer)


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_the_centre_wraps_only_what_the_session_is_for(purpose: Purpose) -> None:
    desk = Desk()
    hand = Hand({} if purpose is Purpose.KEYS else {"master": bytes(range(0x40, 0x50))})
    await hand.transmit(bytes.fromhex("00A4040C07A0000002471001"))
    challenge = await desk.custody.host_challenge()
    answer = (await hand.transmit(b"\x80\x50\x00\x00\x08" + challenge + b"\x00"))[:-2]
    errand = Errand(UID, purpose, desk.jti, desk.registry.people[0].nik)
    session = await desk.custody.open_session(errand, challenge, answer)
    commands = {
        Purpose.KEYS: "80D8018101AA", Purpose.WRITE: "80E28000050102000041", Purpose.FINISH: "80F0800F",
    }  # fmt: skip
    allowed = []
    for kind, command in commands.items():
        try:
            await session.wrap([bytes.fromhex(command)])
        except ChannelError:
            continue
        allowed.append(kind)
    assert allowed == ([] if purpose is Purpose.KEYS else [purpose])
    if purpose is not Purpose.KEYS:
        with pytest.raises(ChannelError, match="no keys"):
            await session.new_keys(0x30)


def test_a_world_s_blanks_come_with_transport_keys() -> None:
    [blank] = World().load_blanks(1)
    assert "keys" not in blank.chip
    assert "master" not in blank.chip
