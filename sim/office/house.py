"""The whole office put together in one loop: the real rooms of kioskd, byte-level simulators, a centre.

Whoever drives it (a journey's story, a simulated day) adds the people. Hardware and centre outlive kioskd: `boot`
starts it on the journal that is there, `strike` ends it between two instants, with or without the power.
"""

import asyncio
import atexit
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx

from kiosk.api import staff as s
from kiosk.biometrics.examiner import Examiner
from kiosk.devices.loading import load
from kiosk.devices.machine import POLL_SECONDS, build, minutiae_detector
from kiosk.devices.profile import Profile
from kiosk.people.pins import Cost
from kiosk.station.station import Station
from sim.card_encoder.pcsc import Simulator as EncoderSimulator
from sim.card_printer.evolis import Simulator as PrinterSimulator
from sim.centre import Centre, CentreTransport
from sim.clock import OfficeClock, SeededChance
from sim.fingerprint_scanner.grow import Simulator as GrowSimulator
from sim.fingerprint_scanner.libfprint import Simulator as LibfprintSimulator
from sim.indicator.ups import Simulator as UpsSimulator
from sim.office import artwork
from sim.office.mortal import Moments, MortalJournal, TappedWorld, tapped
from sim.seam.pipe import PipeConnector
from sim.thermal_printer.escpos import Simulator as ThermalSimulator
from sim.ticket_dispenser.notch import Simulator as DispenserSimulator
from sim.workbench.staff import PAIR, signed

JOURNAL = "journal.sqlite"
SCANNERS: dict[str, Any] = {"grow": GrowSimulator, "libfprint": LibfprintSimulator}
"""Every driver of a fingerprint scanner, with its simulator."""


PIN_COST = Cost(n=16, r=1, p=1)
"""The real hash at a price that a simulated day can pay."""
R = TypeVar("R", bound=s.Mandated)


@cache
def examiner() -> Examiner:
    """One for all houses of this process: it keeps nothing of a finger, and its helper takes a while to start."""
    detector = artwork.Minutiae(minutiae_detector())
    atexit.register(detector.stop)
    return Examiner(detector, threaded=False)


class House:
    """`moments` numbers every commit, card movement and device message, so that a cut can be put at any of them."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 0,
        profile: Profile | None = None,
        rest: float = POLL_SECONDS,
        pace: float = 1.0,
        elsewhere: Collection[str] = (),
    ) -> None:
        """`rest`: seconds between two polls of an idle device. `pace`: of every motor and wire, 1.0 as real ones.
        `elsewhere`: slots whose devices kioskd reaches by the profile's own transport, not over a pipe from here."""
        self.folder = folder
        self.profile = profile or load("laptop-sim")
        self.clock = OfficeClock()
        self.moments = Moments()
        self.world = TappedWorld(self.moments)
        self.centre = Centre(self.clock.now, seed=seed)
        self.printer = PrinterSimulator(self.world, seed=seed, pace=pace)
        self.encoder = EncoderSimulator(self.world, seed=seed, pace=pace)
        self.thermal = ThermalSimulator(self.world, seed=seed, pace=pace)
        scanner = self.profile.slots.fingerprint_scanner
        self.scanner_driver = scanner.driver if scanner else "grow"
        self.scanner = SCANNERS[self.scanner_driver](self.world, seed=seed, pace=pace)
        self.dispenser = DispenserSimulator(self.world, seed=seed, pace=pace)
        self.simulators: dict[str, Any] = {
            "card_printer": self.printer,
            "card_encoder": self.encoder,
            "thermal_printer": self.thermal,
            "fingerprint_scanner": self.scanner,
            "ticket_dispenser": self.dispenser,
        }
        if self.profile.slots.indicator is not None:
            self.simulators["indicator"] = UpsSimulator(self.world, seed=seed)
        self.links: dict[str, PipeConnector] = {}
        self.station: Station
        self.journal: MortalJournal
        self._chance = SeededChance(seed)
        self._rest = rest
        self._elsewhere = frozenset(elsewhere)
        self._http: httpx.AsyncClient

    async def boot(self) -> None:
        """kioskd starts on the journal that is there."""
        self.journal = MortalJournal(self.folder / JOURNAL, self.clock, self._chance, self.moments)
        self.links = {
            slot: PipeConnector(tapped(simulator.serve, simulator.DEVICE, self.moments))
            for slot, simulator in self.simulators.items()
            if slot not in self._elsewhere
        }
        self._http = httpx.AsyncClient(transport=CentreTransport(self.centre), base_url="http://centre", timeout=10.0)
        machine = build(self.profile, dict(self.links), rest=self._rest)
        self.station = Station(
            self.profile, machine, self.journal, self._http, self.clock, self._chance, examiner(), PIN_COST
        )
        await self.station.start()

    async def signed(self, request: R, people: Sequence[str] = PAIR) -> R:
        """`request` as people of the office, who bring the centre's roster along."""
        desk = self.station.staff.people
        await desk.accept(self.centre.roster)
        return await signed(desk, self.centre, request, people)

    @property
    def alive(self) -> bool:
        return not self.journal.dead

    def strike(self, *, power: bool) -> None:
        """kioskd is gone between two instants; with `power`, every device stops where it is as well."""
        self.journal.dead = True
        if power:
            self.moments.dark = True
            for simulator in self.simulators.values():
                simulator.power_cut()
        for link in self.links.values():
            link.cut()

    async def clear_away(self) -> None:
        """Ends the tasks of a kioskd that was struck; they reach nothing any more."""
        await self.station.stop()
        await self._http.aclose()
        self.journal.close()

    def power_on(self) -> None:
        self.moments.dark = False
        for simulator in self.simulators.values():
            simulator.power_on()

    async def die(self) -> None:
        """kioskd alone is killed."""
        self.strike(power=False)
        await self.clear_away()

    async def power_cut(self, seconds: float = 60.0) -> None:
        """The mains fail: kioskd and every device stop where they are, and come back `seconds` later."""
        self.strike(power=True)
        await self.clear_away()
        await asyncio.sleep(seconds)
        self.power_on()
        await self.boot()
