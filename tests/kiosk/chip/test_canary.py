"""The canary: keys that exist nowhere else are looked for wherever they must not be.

In every custody: log, repr, traceback (with the values of all variables in it), every APDU and every word on the line.
Where the kiosk holds no key (K0, K1): its whole memory, as a core file would keep it, with the session open and after.
"""

import asyncio
import json
import logging
import os
import sys
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn

from drivers.card_encoder.pcsc import Driver, Options, link_over
from kiosk.cards.chip import ChipError
from kiosk.cards.personalise import scp03
from kiosk.cards.personalise.custody import Errand, KeyCustody, LocalKeys, Purpose, software_keys
from kiosk.cards.personalise.opening import open_session
from kiosk.cards.personalise.sam import SamKeys
from kiosk.cards.personalise.token import token_keys
from kiosk.cards.personalise.writer import Job, Writer
from kiosk.centre.cards import CentreKeys, CentreSigner
from sim.card_encoder import issuer, sam
from sim.card_encoder import pcsc as card
from sim.card_encoder.scp03 import Channel
from sim.centre import Centre, CentreTransport, create_app
from sim.clock import OfficeClock, SeededChance
from sim.issuing import MasterKeys
from sim.seam import tcp
from sim.seam.pipe import PipeConnector
from sim.seam.served import Served
from sim.world import Place, World
from tests.kiosk.chip.bench import UID, Hand, gate, plan
from tests.kiosk.chip.conftest import MODULE, PIN, TOKEN, Put

CANARY = MasterKeys(SeededChance(0xCA).token(16), SeededChance(0xB1).token(16))
SAM_PIN = "CANARY8421"
OTHER = bytes(16)


class Sessions:
    """Every session that a simulated card opens, so that it is known which session keys must not show."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.channels: list[Channel] = []
        seen = self.channels

        class Seen(Channel):
            def __init__(self, *arguments: object) -> None:
                super().__init__(*arguments)  # type: ignore[arg-type]  # passed on as they came
                seen.append(self)

        monkeypatch.setattr(issuer, "Channel", Seen)

    def keys(self, uid: bytes) -> set[bytes]:
        """Master, transport and card keys, and those of all sessions."""
        session = {key for one in self.channels for key in (one._enc, one._mac, one._rmac)}
        return {CANARY.master, CANARY.transport, *CANARY.of(uid), *session}


@dataclass
class Shown:
    """Everything that a key could have been shown in."""

    texts: list[str] = field(default_factory=list)
    wire: list[bytes] = field(default_factory=list)

    def add(self, *things: object) -> None:
        for thing in things:
            self.texts += [repr(thing), str(thing), repr(getattr(thing, "__dict__", ""))]

    def trace(self, error: BaseException) -> None:
        """As a debugging aid prints it: with the value of every variable, all causes included. Not this test's own."""
        told: traceback.TracebackException | None = traceback.TracebackException.from_exception(
            error, capture_locals=True
        )
        while told is not None:
            told.stack = traceback.StackSummary.from_list([one for one in told.stack if one.filename != __file__])
            self.texts.append("".join(told.format(chain=False)))
            told = told.__cause__ or told.__context__
        self.texts += [repr(error), str(error)]

    def holds(self, key: bytes) -> bool:
        text = " ".join(self.texts)
        forms = (key.hex(), key.hex().upper(), key.hex(" "), repr(key)[2:-1], str(list(key)))
        return any(form in text for form in forms) or any(
            key in one or key.hex().encode() in one.lower() for one in self.wire
        )


class Tapped(httpx.AsyncBaseTransport):
    """The line to the centre, with everything that goes over it."""

    def __init__(self, registry: Centre, shown: Shown) -> None:
        self._inner = CentreTransport(registry, CANARY)
        self._shown = shown

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._shown.wire.append(await request.aread())
        answer = await self._inner.handle_async_request(request)
        self._shown.wire.append(await answer.aread())
        return answer


def holder(tier: str, http: httpx.AsyncClient, put: Put | None) -> tuple[KeyCustody, sam.Simulator | None]:
    match tier:
        case "K0":
            return CentreKeys(http, gate()), None
        case "K1":
            slot = sam.Simulator(keys=CANARY, pin=SAM_PIN.encode())
            return SamKeys(Driver(link_over(PipeConnector(slot.serve)), Options()), lambda: SAM_PIN), slot
        case "K2" if put is not None:
            put({"master": CANARY.master, "delivery": CANARY.transport})
            return LocalKeys(token_keys(MODULE, TOKEN, PIN, "master", "delivery"), SeededChance(1)), None
    return software_keys(SeededChance(1), CANARY.master, CANARY.transport), None


def blank() -> Hand:
    return Hand({"keys": b"\x01" + 3 * CANARY.transport})


@pytest.mark.parametrize("tier", ["K0", "K1", "K2", "K3"])
async def test_no_byte_of_a_key_shows_in_log_trace_repr_or_on_a_wire(
    tier: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    caplog.set_level(logging.DEBUG)
    shown, sessions = Shown(), Sessions(monkeypatch)
    registry = Centre(OfficeClock().now)
    put = request.getfixturevalue("softhsm") if tier == "K2" else None
    async with httpx.AsyncClient(transport=Tapped(registry, shown), base_url="http://centre") as http:
        custody, slot = holder(tier, http, put)
        jti = registry.approvals(0)[1][0].jti
        hand = blank()

        async def promise(digest: bytes) -> None:
            shown.add(digest)

        job = Job(plan(registry.people[0]), UID, approval=jti)
        writer = Writer(custody, CentreSigner(http, "SPC01", jti), promise)
        await writer.write(hand, job)
        await hand.reset()
        await Writer.secure(custody, hand, job)
        shown.add(custody, writer, job, hand.sent, hand.received)
        assert hand.memory["card"] == b"\x0f"

        errand = Errand(UID, Purpose.WRITE, jti, job.plan.record.nik)
        await hand.reset()
        session = await open_session(custody, hand, errand, job.plan.layout)
        shown.add(session)
        [wrapped] = await session.wrap([bytes.fromhex("00CAFF2100")])
        answer = bytearray(await hand.transmit(wrapped))
        answer[0] ^= 1
        with pytest.raises(scp03.ChannelError) as changed:
            await session.unwrap([bytes(answer)])
        shown.trace(changed.value)
        stranger = Hand({"master": OTHER})
        with pytest.raises(ChipError) as refused:
            await open_session(custody, stranger, errand, job.plan.layout)
        shown.trace(refused.value)
        shown.add(custody, session)
        await custody.close()
        shown.wire += [*hand.sent, *hand.received, *stranger.sent, *stranger.received]
        if slot is not None:
            shown.wire += slot.seen
    shown.texts.append(caplog.text)
    keys = sessions.keys(UID)
    assert len(keys) >= 2 + 3 + 4 * 2, "keys, write, finish, and the one looked into"
    for key in keys:
        assert not shown.holds(key)
    assert SAM_PIN not in " ".join(shown.texts)


def test_the_canary_would_be_seen() -> None:
    key = CANARY.master
    for thing in (key, key.hex(), [key], {"key": bytearray(key)}, list(key)):
        shown = Shown()
        shown.add(thing)
        assert shown.holds(key), thing
    for wire in (b"\x80\xe2" + key, f'{{"key": "{key.hex()}"}}'.encode()):
        assert Shown(wire=[wire]).holds(key)

    shown = Shown()
    with pytest.raises(ValueError, match="Extra data") as caught:
        int.from_bytes(json.loads(key.hex() + "!"), "big")
    shown.trace(caught.value)
    assert shown.holds(key), "the value of a variable in a traceback"


# -- the whole memory of a kiosk -------------------------------------------------------------------------------------
def memory(pid: int) -> Iterator[bytes]:
    """Every region of a process that it can write to, which is what a core file has."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            begin, end = (int(number, 16) for number in where.split("-"))
            with suppress(OSError, OverflowError):  # the kernel's own pages are nobody's to read
                mem.seek(begin)
                yield mem.read(end - begin)


def found_in(pid: int, needles: set[bytes]) -> set[bytes]:
    forms = {needle: (needle, needle.hex().encode(), needle.hex().upper().encode()) for needle in needles}
    return {
        needle for region in memory(pid) for needle, shapes in forms.items() if any(shape in region for shape in shapes)
    }


@asynccontextmanager
async def everything_else() -> AsyncIterator[tuple[dict[str, int], bytes]]:
    """Card, SAM and centre, outside of the kiosk: their ports, and the card's UID."""
    world = World()
    [blank_card] = world.load_blanks(1)
    blank_card.chip["keys"] = b"\x01" + 3 * CANARY.transport
    world.move(blank_card, Place.CONTACTLESS)
    simulators: dict[str, Served] = {
        "card": card.Simulator(world, pace=0.0),
        "sam": sam.Simulator(keys=CANARY, pin=SAM_PIN.encode()),
    }
    config = uvicorn.Config(create_app(Centre(OfficeClock().now), CANARY), port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    ports: dict[str, int] = {}
    tasks = [asyncio.create_task(server.serve())]
    for name, simulator in simulators.items():
        ready = asyncio.get_running_loop().create_future()
        tasks.append(asyncio.create_task(tcp.serve(simulator, "127.0.0.1", 0, ready=ready.set_result)))
        ports[name] = await ready
    while not server.started:
        await asyncio.sleep(0.01)
    ports["centre"] = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield ports, blank_card.uid
        assert blank_card.chip["card"] == b"\x0f", "the card was made"
    finally:
        server.should_exit = True
        await tasks[0]
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.wall
@pytest.mark.parametrize("custody", ["centre", "sam", "software"])
async def test_the_memory_of_a_kiosk_without_keys_holds_none(custody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `software` the very same search finds them, so it can find."""
    sessions = Sessions(monkeypatch)
    told: dict[str, object] = {"custody": custody, "approval": "PRR-000001", "pin": SAM_PIN}
    if custody == "software":
        told["keys"] = [CANARY.master.hex(), CANARY.transport.hex()]
    looks = []
    async with everything_else() as (ports, uid):
        kiosk = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.kiosk.chip.canary_child", env=dict(os.environ),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert kiosk.stdin is not None
        assert kiosk.stdout is not None
        kiosk.stdin.write(json.dumps(told | ports).encode() + b"\n")
        while await kiosk.stdout.readline() == b"look\n":
            looks.append(await asyncio.to_thread(found_in, kiosk.pid, sessions.keys(uid)))
            kiosk.stdin.write(b"on\n")
        assert await kiosk.wait() == 0
    assert len(looks) == 2
    assert len(sessions.channels) >= 3
    if custody == "software":
        assert CANARY.master in looks[0]
    else:
        assert looks == [set(), set()]
