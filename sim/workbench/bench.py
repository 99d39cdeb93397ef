"""Everything a developer can do to the simulated kiosk, and everything there is to see: what the page's API calls.

Holds no truth of its own: cards and paper are the World's, approvals the Centre's, the picture the screen's, and the
ledger kioskd's.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from PIL.Image import Image

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.api.client import ApiError, Client
from sim import data
from sim.centre import Centre
from sim.faults import REGISTRY, FaultBoard
from sim.workbench import staff
from sim.workbench.bell import Bell
from sim.workbench.mirror import Mirror
from sim.world import PATH, Card, Event, Place, World

log = logging.getLogger(__name__)

FULL_ROLL_MM = 80_000.0
FULL_TICKETS = 500
HOPPER_HOLDS = 100
"""Cards: the hopper of a desktop card printer."""
OUT_FOR = 2.0
"""Seconds without power in a power cut."""
RETRY = 0.5
"""Seconds between two tries to reach kioskd while it is away."""
_NOTES = 80

R = TypeVar("R", bound=s.Mandated)
Mode = Literal["next", "always", "clear"]


class SimulatedDevice(Protocol):
    """What the bench needs of a simulator."""

    @property
    def DEVICE(self) -> str: ...
    @property
    def FAULTS(self) -> frozenset[str]: ...
    @property
    def faults(self) -> FaultBoard: ...
    def power_cut(self) -> None: ...
    def power_on(self) -> None: ...


class Programs(Protocol):
    """The programs of the kiosk itself, outside the world: kioskd and the screen."""

    @property
    def states(self) -> dict[str, str]:
        """By program: running, stopped, starting."""

    async def kill(self, program: str) -> None:
        """SIGKILL; the supervisor starts it again. KeyError for an unknown one."""

    async def power_cut(self) -> None:
        """All of them die at once and stay dead until `power_on`."""

    async def power_on(self) -> None: ...


class Refused(Exception):
    """This cannot be done now; the text says why."""


@dataclass(frozen=True, slots=True)
class Note:
    """One line of what a bystander saw."""

    number: int
    kind: str
    text: str


class Bench:
    """The workbench without its web page. Use as an async context: it follows kioskd and the world meanwhile."""

    def __init__(
        self,
        world: World,
        devices: Mapping[str, SimulatedDevice],
        centre: Centre,
        mirror: Mirror,
        kioskd: Path,
        programs: Programs | None = None,
    ) -> None:
        self.world = world
        self.devices = dict(devices)
        self.centre = centre
        self.mirror = mirror
        self.programs = programs
        self.bell: Bell = mirror.bell
        self.kiosk: m.State | None = None
        self.closing = False
        """The workbench is about to end: streams end with it."""
        self._kioskd = kioskd
        self._unpowered: set[str] = set()
        self._faces: dict[str, tuple[Image | None, int]] = {}
        self._loads = 0
        self._calls = 0
        self._notes: deque[Note] = deque(maxlen=_NOTES)
        self._noted = 0
        self._stack = contextlib.AsyncExitStack()
        self._lifting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Bench":
        self._stack.callback(self.world.watch(self._seen))
        self._stack.callback(self.centre.watch(self.bell.ring))
        follower = asyncio.create_task(self._follow())
        self._stack.push_async_callback(_ended, follower)
        return self

    def close(self) -> None:
        """Ends the event streams, so that the web server can stop."""
        self.closing = True
        self.bell.ring()

    async def __aexit__(self, *_: object) -> None:
        self.close()
        if self._lifting is not None:
            await _ended(self._lifting)
        await self._stack.aclose()

    # -- what there is to see ------------------------------------------------------------------------------------
    def snapshot(self) -> dict[str, Any]:
        """Everything, as JSON. Pictures are fetched by their numbers."""
        model = self.mirror.model
        return {
            "sequence": self.bell.count,
            "screen": {
                "connected": self.mirror.connected,
                "frame": self.mirror.frames,
                "model": model.model_dump() if model else None,
            },
            "people": [self._person(person.nik) for person in self.centre.people],
            "world": self._world(),
            "devices": [self._device(device) for device in self.devices.values()],
            "centre": {
                "outage": self.centre.outage,
                "services": self.centre.services,
                "events": [asdict(event) for event in self.centre.events[-12:]],
                "event_count": len(self.centre.events),
            },
            "kioskd": self.kiosk.model_dump(mode="json") if self.kiosk else None,
            "programs": self.programs.states if self.programs else {},
            "notes": [asdict(note) for note in self._notes],
        }

    def _person(self, nik: str) -> dict[str, Any]:
        person = self.centre.person(nik)
        return {
            "nik": person.nik,
            "name": person.name,
            "slip": person.slip,
            "fingers": person.fingers,
            "approval": person.approval,
            "collected": person.collected,
        }

    def _world(self) -> dict[str, Any]:
        world = self.world
        path = world.at(*PATH)
        return {
            "hopper": len(world.at(Place.HOPPER)),
            "path": [card.serial for card in path],
            "bezel": len(world.at(Place.BEZEL)),
            "reject": len(world.at(Place.REJECT)),
            "hand": len(world.at(Place.HAND)),
            "paper_mm": round(world.paper_mm),
            "tickets_left": world.tickets_left,
            "tickets_out": world.tickets_out,
            "finger": world.finger.stem if world.finger else None,
            "light": world.light,
            "slips": len(world.slips),
            "cards": [
                {
                    "serial": c.serial,
                    "place": c.place.value,
                    "prints": c.prints,
                    "printed": c.front is not None,
                    "face": self._face(c),
                }
                for c in world.cards
                if c.place not in (Place.HOPPER, Place.BOX)
            ],
        }

    def _face(self, card: Card) -> int:
        """Which picture of this card's face it is by now: it changes with each panel of ribbon, and so does the
        address under which the page asks for it."""
        known, number = self._faces.get(card.serial, (None, 0))
        if card.front is not known:
            number += 1
            self._faces[card.serial] = (card.front, number)
        return number

    def _device(self, device: SimulatedDevice) -> dict[str, Any]:
        return {
            "device": device.DEVICE,
            "faults": {name: REGISTRY[name].meaning for name in sorted(device.FAULTS)},
            "armed": list(device.faults.armed),
            "powered": device.DEVICE not in self._unpowered,
        }

    # -- the resident's hands ------------------------------------------------------------------------------------
    async def slip(self, nik: str) -> None:
        """This person holds his slip before the scanner."""
        await self.mirror.type(self.centre.person(nik).slip + "\n")

    def person_finger(self, nik: str, *, right: bool = True) -> str:
        """The name of a finger of this person, or (right False) of somebody else. Refused if he has none."""
        own = self.centre.person(nik).fingers
        if right:
            if not own:
                raise Refused("this person's fingers are too worn to be read; the registry holds none")
            return next(iter(own.values()))
        return next(name for name in data.finger_names() if name not in own.values())

    def touch_glass(self, finger: str, impression: int = 2, hold: float | None = None) -> None:
        """Lays a finger on the scanner's glass; lifts it after `hold` seconds, or leaves it there (None)."""
        picture = data.finger_image(finger, impression)
        self.lift_finger()
        self.world.place_finger(picture)
        if hold is not None:
            self._lifting = asyncio.create_task(self._lift_after(hold))

    def lift_finger(self) -> None:
        """Nothing on the glass any more."""
        if self._lifting is not None:
            self._lifting.cancel()
            self._lifting = None
        if self.world.finger is not None:
            self.world.place_finger(None)

    async def _lift_after(self, hold: float) -> None:
        await asyncio.sleep(hold)
        self.world.place_finger(None)

    def take_card(self) -> str:
        """Pulls the card out of the exit; its serial. Refused if there is none."""
        card = self.world.take_card()
        if card is None:
            raise Refused("no card is out of the slot")
        return card.serial

    # -- the technician's hands ----------------------------------------------------------------------------------
    async def load_blanks(self, number: int) -> None:
        """Two officers count blanks, book them and fill them in. Refused if there is no room for all."""
        room = HOPPER_HOLDS - len(self.world.at(Place.HOPPER))
        if not 1 <= number <= room:
            raise Refused(f"the hopper has room for {room} more cards")
        await self.book_blanks(number)
        self.world.load_blanks(number)

    async def book_blanks(self, number: int) -> None:
        """Two officers enter into kioskd's ledger how many blanks they counted. Refused if kioskd does not answer."""
        self._loads += 1
        booking = s.BlanksLoaded(request_id=f"bench-blanks-{self._loads:06d}", quantity=number)
        async with self._client() as client:
            await client.load_blanks(await self._signed(client, booking, staff.PAIR))

    async def call_next(self, service: str) -> str | None:
        """A counter calls its next number; None if nobody waits."""
        self._calls += 1
        calling = s.NextCall(request_id=f"bench-call-{self._calls:06d}", service=service)
        async with self._client() as client:
            number = (await client.call_next(await self._signed(client, calling, staff.PAIR[:1]))).number
        self._note("counter", f"{service}: {number or 'nobody waits'}")
        return number

    def refill(self) -> None:
        """A new roll of thermal paper and a new roll of pre-printed tickets."""
        self.world.paper_mm = FULL_ROLL_MM
        self.world.tickets_left = FULL_TICKETS
        self.world.tell(Event("stock", "new rolls of paper and tickets"))

    def fault(self, device: str, name: str, mode: Mode) -> None:
        """Arms a fault or clears it. KeyError for an unknown device, UnknownFault for an unknown fault."""
        board = self.devices[device].faults
        if mode == "next":
            board.fail_next(name)
        elif mode == "always":
            board.fail_repeatedly(name)
        else:
            board.clear(name)
        self._note("fault", f"{device}: {name} {'cleared' if mode == 'clear' else 'armed, ' + mode}")

    async def power_cut(self, device: str, out_for: float = OUT_FOR) -> None:
        """Cuts the power of one device, or (`all`) of the whole kiosk with its programs, and gives it back."""
        cut = list(self.devices) if device == "all" else [device]
        chosen = [self.devices[name] for name in cut]
        whole = device == "all" and self.programs is not None
        self._note("power", f"{device}: power cut")
        for one in chosen:
            one.power_cut()
            self._unpowered.add(one.DEVICE)
        if whole and self.programs is not None:
            await self.programs.power_cut()
        self.bell.ring()
        try:
            await asyncio.sleep(out_for)
        finally:
            for one in chosen:
                one.power_on()
                self._unpowered.discard(one.DEVICE)
            self._note("power", f"{device}: power back")
        if whole and self.programs is not None:
            await self.programs.power_on()

    async def kill(self, program: str) -> None:
        """Kills kioskd or the screen. Refused if they are not ours to kill."""
        if self.programs is None or program not in self.programs.states:
            raise Refused(f"no program {program!r} was started from here")
        self._note("program", f"{program} killed")
        await self.programs.kill(program)

    # ------------------------------------------------------------------------------------------------------------
    async def _signed(self, client: Client, request: R, people: Sequence[str]) -> R:
        """`request` as people of the specimen office. They bring the roster along: the line may be down."""
        await client.send_roster(s.RosterSent(roster=self.centre.roster))
        return await staff.signed(client, self.centre, request, people)

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        try:
            async with Client(self._kioskd) as client:
                yield client
        except ApiError as error:
            raise Refused(f"kioskd: {error}") from error

    def _seen(self, event: Event) -> None:
        text = event.slip.text.strip().partition("\n")[0] if event.slip else event.what
        if event.card is not None and event.card.serial not in text:
            text = f"{event.card.serial} {text}"
        self._note(event.kind, text)

    def _note(self, kind: str, text: str) -> None:
        self._noted += 1
        self._notes.append(Note(self._noted, kind, text))
        self.bell.ring()

    async def _follow(self) -> None:
        """Keeps `kiosk` what kioskd last said; None while it cannot be reached."""
        while True:
            if self._kioskd.exists():
                with contextlib.suppress(ApiError):
                    async with Client(self._kioskd) as client:
                        async for state in client.events():
                            self.kiosk = state
                            self.bell.ring()
            if self.kiosk is not None:
                self.kiosk = None
                self.bell.ring()
            await asyncio.sleep(RETRY)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
