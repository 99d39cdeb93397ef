"""A whole office in one loop and in virtual time: the real kioskd rooms, byte-level simulators, a centre, a resident.

What a resident or a power cut does is a method here; what the kiosk does is left to the kiosk. `balanced` is asserted
at the end of every journey: ledger and physical world agree, blank by blank.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.api.client import ApiError, Client
from kiosk.devices.loading import load
from kiosk.station.app import create_app
from kiosk.station.logring import LogRing
from sim import data
from sim.centre import Person
from sim.office import memo
from sim.office.house import House
from sim.seam import vpcd
from sim.world import Place
from tests.contract.pcscd import READER, Pcscd

BLANKS = 5
LIFTED_AFTER = 1.0
"""Seconds for which a finger lies on a reader of libfprint, which gives the image when it has left."""


class Fitted:
    """What the next office has; the fixtures `each_scanner` and `each_encoder` change it."""

    scanner = "grow"
    pcscd: Pcscd | None = None
    """A real pcscd, at whose virtual reader the encoder station stands. It keeps real time: see PACE."""


PACE = 0.02
"""Where real time passes, motors and wires run 50 times faster than real ones."""
QUICK = "[limits]\ntake_timeout = 3.0\n"
"""Where real time passes, nobody waits half a minute for a card that stays where it is."""


class Office(House):
    """Made by `office()`."""

    def __init__(self, folder: Path, seed: int) -> None:
        real = Fitted.pcscd is not None
        super().__init__(
            folder,
            seed=seed,
            profile=load(str(_fitted_profile(folder))),
            pace=PACE if real else 1.0,
            elsewhere=("card_encoder",) if real else (),
        )
        self.api: Client
        self._requests = 0

    # -- the machine ---------------------------------------------------------------------------------------------
    async def boot(self) -> None:
        """kioskd starts on the journal that is there."""
        await super().boot()
        self.api = Client(transport=httpx.ASGITransport(create_app(self.station, LogRing())))
        await self.until(lambda state: state.ready and state.link.since is not None)

    async def clear_away(self) -> None:
        await super().clear_away()
        await self.api.close()

    async def power_cut(self, seconds: float = 60.0) -> None:
        """The mains fail: kioskd and every device stop where they are, and come back `seconds` later."""
        await super().power_cut(seconds)
        await self.until(lambda state: all(not device.causes for device in state.devices))

    async def load_blanks(self, quantity: int = BLANKS) -> None:
        """Two officers count blanks, put them into the hopper and enter the count."""
        self.world.load_blanks(quantity)
        counted = s.BlanksLoaded(request_id=self.request(), quantity=quantity)
        await self.api.load_blanks(await self.signed(counted))

    async def call_next(self, service: str) -> m.Called:
        """An officer at a free counter calls."""
        calling = s.NextCall(request_id=self.request(), service=service)
        return await self.api.call_next(await self.signed(calling, ["OFFICER-1"]))

    # -- the resident --------------------------------------------------------------------------------------------
    def request(self) -> str:
        self._requests += 1
        return f"request-{self._requests:06d}"

    @property
    def resident(self) -> Person:
        return self.centre.people[0]

    async def ticket(self, service: str = "akta") -> m.Ticket:
        return await self.api.take_ticket(m.TicketRequest(request_id=self.request(), service=service))

    async def scan_slip(self, person: Person | None = None) -> m.Collection:
        slip = (person or self.resident).slip
        return await self.api.collect(m.CollectRequest(request_id=self.request(), slip=slip))

    async def type_nik(self, person: Person | None = None) -> m.Collection:
        return await self.api.collect(m.CollectRequest(request_id=self.request(), nik=(person or self.resident).nik))

    def finger(self, person: Person | None = None, impression: int = 2) -> None:
        """Lays this person's enrolled finger on the glass."""
        name = next(iter((person or self.resident).fingers.values()))
        self.world.place_finger(data.finger_image(name, impression))
        if self.scanner_driver == "libfprint":
            asyncio.get_running_loop().call_later(LIFTED_AFTER, self.world.place_finger, None)

    async def touch_once(self, person: Person) -> None:
        """Lays the finger on the glass until the kiosk has judged it, and lifts it."""
        asked = await self.until(lambda now: now.collection is not None and now.collection.finger is not None)
        assert asked.collection is not None
        assert asked.collection.finger is not None
        before = asked.collection.finger.attempt
        self.finger(person)
        await self.until(
            lambda now: (
                now.collection is None or now.collection.finger is None or now.collection.finger.attempt > before
            )
        )
        self.world.place_finger(None)

    async def until(self, wanted: Callable[[m.State], bool], limit: float = 300.0) -> m.State:
        """Waits until the kiosk's state is as wanted; fails, saying what it was, after `limit` virtual seconds."""
        state = await self.api.state()
        try:
            async with asyncio.timeout(limit):
                while not wanted(state):
                    state = await self.station.next_state(state.revision)
        except TimeoutError:
            raise AssertionError(f"never so within {limit:.0f} s; at the end: {state.model_dump_json()}") from None
        return state

    async def stage(self, *stages: m.Stage) -> m.Collection:
        """Waits until the collection stands at one of these stages."""
        state = await self.until(lambda now: now.collection is not None and now.collection.stage in stages)
        assert state.collection is not None
        return state.collection

    async def step(self, step: m.Step) -> m.Collection:
        """Waits until the card is at this step."""
        state = await self.until(lambda now: now.collection is not None and now.collection.step is step)
        assert state.collection is not None
        return state.collection

    async def blank_on_its_way(self) -> None:
        """Waits until a blank has left the hopper."""
        async with asyncio.timeout(60):
            while self.world.in_path() is None:
                await asyncio.sleep(0.1)

    async def collect_to_the_end(self, *, take: bool = True) -> m.Collection:
        """With the right finger on the glass: waits for the card and takes it."""
        self.finger()
        await self.stage(m.Stage.TAKE_CARD, m.Stage.CANNOT, m.Stage.STAFF)
        if take:
            self.world.take_card()
        ended = await self.stage(m.Stage.DONE, m.Stage.CANNOT, m.Stage.STAFF)
        self.world.place_finger(None)
        return ended

    async def refused(self, asking: Awaitable[m.Message]) -> str | None:
        """The cause for which kioskd refuses; fails if it does not refuse."""
        try:
            answer = await asking
        except ApiError as error:
            return error.cause
        raise AssertionError(f"not refused: {answer!r}")

    # -- what must hold ------------------------------------------------------------------------------------------
    async def balanced(self, *, taken: int, scrapped: int = 0, captured: int = 0, unknown: int = 0) -> None:
        """Ledger and world agree: blanks in = cards out + scrapped + left, and no card exists twice."""
        state = await self.api.state()
        ledger, world = state.blanks, self.world
        assert (ledger.holder, ledger.reject, ledger.capture, ledger.unknown, ledger.path) == (
            taken,
            scrapped,
            captured,
            unknown,
            0,
        ), ledger
        assert ledger.loaded == ledger.hopper + ledger.holder + ledger.reject + ledger.capture + ledger.unknown
        assert len(world.at(Place.HOPPER)) == ledger.hopper
        assert len(world.at(Place.REJECT)) == scrapped + captured
        assert len(world.at(Place.HAND)) == taken
        assert world.in_path() is None
        report = await self.api.journal()
        assert report.ok, report.problems

    def audited(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of the audit's records of this kind."""
        rows = self.journal.read_now(
            lambda tx: tx.rows("SELECT body FROM audit WHERE kind = ? ORDER BY sequence", kind)
        )
        return [json.loads(row["body"]) for row in rows]

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """What the centre was told, once nothing is queued any more."""
        await self.until(lambda state: state.link.queued == 0)
        return [event.body for event in self.centre.events if event.kind == kind]


def _fitted_profile(folder: Path) -> Path:
    """laptop-sim, with the scanner and the way to the chip that this office has."""
    file = folder / "office.toml"
    slot = f'driver = "{Fitted.scanner}"\ntransport = "sim:fingerprint-scanner"\n'
    text = f'name = "office"\nbase = "laptop-sim"\n[slots.fingerprint_scanner]\n{slot}'
    if Fitted.pcscd is not None:
        text += f'[slots.card_encoder]\ndriver = "pcsc"\ntransport = "pcsc:{READER}"\noptions.simulator = true\n{QUICK}'
    file.write_text(text)
    return file


@asynccontextmanager
async def office(
    folder: Path, *, seed: int = 0, blanks: int = BLANKS, prepare: Callable[[Office], None] | None = None
) -> AsyncIterator[Office]:
    """An office that has opened this morning, with blanks counted in. `prepare` runs before kioskd's first start."""
    memo.drop()  # a journey does everything itself, whatever ran before it in this process
    one = Office(folder, seed)
    if prepare is not None:
        prepare(one)
    async with _at_the_reader(one):
        await one.boot()
        if blanks:
            await one.load_blanks(blanks)
            await one.until(lambda state: state.collecting)
        try:
            yield one
        finally:
            await one.die()


@asynccontextmanager
async def _at_the_reader(one: Office) -> AsyncIterator[None]:
    """Stands the encoder station at pcscd's virtual reader, if this office has one."""
    if Fitted.pcscd is None:
        yield
        return
    card = asyncio.create_task(vpcd.serve(one.encoder, "127.0.0.1", Fitted.pcscd.port))
    try:
        yield
    finally:
        card.cancel()
        with suppress(asyncio.CancelledError):
            await card
