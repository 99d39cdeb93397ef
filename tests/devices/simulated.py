"""Every driver on its simulator, over each of its seams, with hands in the simulated world."""

import asyncio
import contextlib
import importlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from drivers.contract.device import Device
from drivers.transport.gpio import FactoryLink
from drivers.transport.usb import UsbConnector
from sim.data import finger_image
from sim.faults import FaultBoard
from sim.seam import pty, tcp, vpcd
from sim.seam.gpio import WiredPins
from sim.seam.pipe import PipeConnector
from sim.seam.served import Served
from sim.seam.usb_backend import UsbBackend
from sim.world import Place, World
from tests.contract.pcscd import READER, private_pcscd
from tests.contract.rig import models
from tests.devices.trial import Deed, Hands, Needs, Trial

REAL_SEAMS = {
    "card_printer/evolis": ("tcp", "usb"),
    "card_printer/cups": ("tcp",),
    "card_encoder/pcsc": ("pcscd",),
    "thermal_printer/escpos": ("pty", "tcp", "usb"),
    "fingerprint_scanner/grow": ("pty",),
    "ticket_dispenser/notch": ("pins",),
    "ticket_dispenser/cd720": ("pty",),
}
"""Besides the pipe, over which every driver there is runs."""
QUICK: Mapping[str, dict[str, Any]] = {
    "card_printer/evolis": {"poll_interval": 0.02},
    "card_printer/cups": {"poll_interval": 0.05},
    "fingerprint_scanner/grow": {"poll_interval": 0.02},
    "ticket_dispenser/cd720": {"poll_interval": 0.02},
}
"""Options for a simulator that is in a hurry, as those in real time are."""
VIRTUAL = {"simulator": True}
"""A reader behind pcscd that is software has to be allowed."""
PACE = 0.05
EMPTY = {"card_printer": "hopper-empty", "thermal_printer": "paper-out", "ticket_dispenser": "tickets-out"}
CABLELESS = {"pins", "pcscd"}
"""There is no cable to pull: pins have none, and behind pcscd it is the card that goes."""
FINGER = finger_image("101", 2)
TOUCH = 3.0


def places() -> list[tuple[str, str]]:
    """(class/model, seam) of everything there is."""
    return [(model, seam) for model in models() for seam in ("pipe", *REAL_SEAMS.get(model, ()))]


def offers(place: tuple[str, str], needs: Needs) -> bool:
    """Whether what stands there has what a test asks for."""
    model, seam = place
    path = model.replace("/", ".")
    faults = importlib.import_module(f"sim.{path}").Simulator.FAULTS
    missing = {Deed.UNPLUG} if seam in CABLELESS else set()
    missing |= {deed for deed in (Deed.OPEN, Deed.EMPTY) if _fault(model.split("/", maxsplit=1)[0], deed) not in faults}
    if needs.holds_cards not in (None, getattr(importlib.import_module(f"drivers.{path}").Driver, "can_encode", None)):
        return False
    return not missing & set(needs.deeds)


def _fault(device_class: str, deed: Deed) -> str:
    return "cover-open" if deed is Deed.OPEN else EMPTY.get(device_class, "")


def in_real_time(seam: str) -> bool:
    return seam not in ("pipe", "pins")


class Simulated:
    """One simulator in its world, and what a driver needs to reach it over a seam."""

    def __init__(self, model: str, seam: str, *, pace: float | None = None) -> None:
        """`pace` of the simulator: by default, what suits a seam in real time or in virtual time."""
        self.model = model
        self.seam = seam
        self.device_class = model.split("/", maxsplit=1)[0]
        self.pace = pace or (PACE if in_real_time(seam) else 1.0)
        path = model.replace("/", ".")
        self.package = importlib.import_module(f"drivers.{path}")
        self.world = World(tickets_left=100)
        self.world.load_blanks(10)
        self.simulator = importlib.import_module(f"sim.{path}").Simulator(self.world, seed=1, pace=self.pace)
        self.served: Served = self.simulator
        """What the seams serve."""
        self.backend: UsbBackend | None = None
        self.away = vpcd.AWAY
        """Seconds for which a torn card is not at pcscd."""
        self.plug: Callable[[bool], Awaitable[None]] | None = None
        """Puts the cable in (True) or pulls it; None: this seam has none."""

    @property
    def faults(self) -> FaultBoard:
        board: FaultBoard = self.simulator.faults
        return board

    def driver(self, link: Any, **chosen: Any) -> Device:
        quick = QUICK.get(self.model, {}) if self.pace < 1 else {}
        options = {**quick, **(VIRTUAL if self.seam == "pcscd" else {}), **chosen}
        driver: Device = self.package.Driver(link, self.package.Options.model_validate(options))
        return driver

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[Callable[[], Any]]:
        """What makes the driver's link."""
        seams = {"pipe": self._pipe, "pty": self._pty, "tcp": self._tcp, "usb": self._usb, "pins": self._pins}
        async with {**seams, "pcscd": self._pcscd}[self.seam]() as link:
            yield link

    @asynccontextmanager
    async def _pipe(self) -> AsyncIterator[Callable[[], Any]]:
        cable = PipeConnector(self.served.serve)

        async def plug(plugged: bool) -> None:
            cable.replug() if plugged else cable.cut()

        self.plug = plug
        yield lambda: self.package.link_over(cable)

    @asynccontextmanager
    async def _pty(self) -> AsyncIterator[Callable[[], Any]]:
        with tempfile.TemporaryDirectory() as folder:
            port, there = Path(folder) / "ttyDEVICE", asyncio.Event()
            async with self._served(pty.serve(self.served, port, ready=there.set)):
                await there.wait()
                yield lambda: self.package.link(f"serial:{port}")

    @asynccontextmanager
    async def _tcp(self) -> AsyncIterator[Callable[[], Any]]:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def listening(number: int) -> None:
            if not port.done():
                port.set_result(number)

        async with self._served(tcp.serve(self.served, "127.0.0.1", 0, ready=listening)):
            number = await port
            yield lambda: self.package.link(f"tcp:127.0.0.1:{number}")

    @asynccontextmanager
    async def _usb(self) -> AsyncIterator[Callable[[], Any]]:
        short = 100 if self.device_class == "thermal_printer" else 1000
        backend = self.backend = UsbBackend(self.served.serve, short_writes=short)

        async def plug(plugged: bool) -> None:
            backend.replug() if plugged else backend.unplug()

        self.plug = plug
        yield lambda: self.package.link_over(UsbConnector.from_address("0f49:0a00", backend=backend))

    @asynccontextmanager
    async def _pins(self) -> AsyncIterator[Callable[[], Any]]:
        pins = FactoryLink(WiredPins(self.simulator, asyncio.get_running_loop()))
        yield lambda: pins

    @asynccontextmanager
    async def _pcscd(self) -> AsyncIterator[Callable[[], Any]]:
        with private_pcscd() as daemon:
            async with self._served(vpcd.serve(self.served, "127.0.0.1", daemon.port, away=self.away)):
                yield lambda: self.package.link(f"pcsc:{READER}")

    @asynccontextmanager
    async def _served(self, serving: Any) -> AsyncIterator[None]:
        async def plug(plugged: bool) -> None:
            self.faults.clear("unplug") if plugged else self.faults.fail_repeatedly("unplug")
            await asyncio.sleep(0.2)  # the seam looks at the fault now and then

        if self.seam != "pcscd":  # there the reader stays when its card goes
            self.plug = plug
        server = asyncio.ensure_future(serving)
        try:
            yield
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)


class WorldHands(Hands):
    def __init__(self, one: Simulated) -> None:
        self._one = one
        self._counted = 0
        self._later: set[asyncio.Task[None]] = set()

    def needed(self, *deeds: Deed) -> None:
        assert offers((self._one.model, self._one.seam), Needs(deeds)), "the test says so with @needs"

    async def do(self, deed: Deed) -> None:
        world = self._one.world
        match deed:
            case Deed.UNPLUG | Deed.PLUG:
                assert self._one.plug is not None
                await self._one.plug(deed is Deed.PLUG)
            case Deed.OPEN | Deed.EMPTY:
                self._one.faults.fail_repeatedly(_fault(self._one.device_class, deed))
            case Deed.CLOSE | Deed.FILL:
                undone = Deed.OPEN if deed is Deed.CLOSE else Deed.EMPTY
                self._one.faults.clear(_fault(self._one.device_class, undone))
                if self._one.device_class == "ticket_dispenser":
                    await self._one.simulator.pull()  # whoever puts a roll in pulls its end through the optic
                    self._counted += 1
            case Deed.TAKE:
                assert world.take_card() or world.take_slip(), "there is nothing to take"
            case Deed.TOUCH:
                world.place_finger(FINGER)
                await asyncio.sleep(TOUCH * self._one.pace)
                world.place_finger(None)
            case Deed.CARD:
                world.move(world.at(Place.HOPPER)[0], Place.CONTACTLESS)
            case Deed.NO_CARD:
                world.move(world.at(Place.CONTACTLESS)[0], Place.HOPPER)

    async def during(self, deed: Deed, after: float) -> None:
        async def then() -> None:
            await asyncio.sleep(after * self._one.pace)
            await self.do(deed)

        task = asyncio.ensure_future(then())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def came_out(self, least: int, most: int) -> None:
        total = self._total()
        came, self._counted = total - self._counted, total
        assert least <= came <= most, f"{came} came out"

    def _total(self) -> int:
        world = self._one.world
        match self._one.device_class:
            case "thermal_printer":
                return sum(text.count("THE END") for text in world.slip_texts)
            case "ticket_dispenser":
                return world.tickets_out
            case "card_printer":
                assert all(card.prints <= 1 for card in world.cards), "a card was printed twice"
                return sum(card.prints for card in world.at(Place.HAND, Place.BOX))
        return 0


async def _there(driver: Device) -> None:
    """pcscd takes a moment to see a virtual reader."""
    async with asyncio.timeout(10):
        while not driver.status.ready:
            await asyncio.sleep(0.05)
            await driver.poll()


@asynccontextmanager
async def simulated(model: str, seam: str) -> AsyncIterator[Trial]:
    one = Simulated(model, seam)
    async with one.reached() as link:
        driver = one.driver(link())
        await driver.start()
        try:
            await _there(driver)
            yield Trial(driver, WorldHands(one), lambda: one.driver(link()), real=False, patience=60.0)
        finally:
            with contextlib.suppress(Exception):
                await driver.stop()
