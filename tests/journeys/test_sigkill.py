"""kioskd is killed by SIGKILL at random moments of J2, for real: its own process, real sockets, real SQLite.

The hardware, the centre and the resident live in this process and go on. Whatever the moment, the resident comes back
and holds exactly one card in the end, or two officers must look; and every blank is where the ledger says.
"""

import asyncio
import multiprocessing
import os
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.api.client import ApiError, Client
from kiosk.devices.loading import load
from sim import data
from sim.card_encoder.pcsc import Simulator as EncoderSimulator
from sim.card_printer.evolis import Simulator as PrinterSimulator
from sim.centre import Centre, create_app
from sim.fingerprint_scanner.grow import Simulator as ScannerSimulator
from sim.seam import unix
from sim.thermal_printer.escpos import Simulator as ThermalSimulator
from sim.ticket_dispenser.notch import Simulator as DispenserSimulator
from sim.workbench.staff import signed
from sim.world import Place, World

KILLS = 25
SEEDS = (1, 2)
"""Two runs of 25 kills, so that two cores share them."""
PACE = 0.02
"""The mechanics run 50 times faster than real ones."""
REACTION = 0.7
"""Seconds a quick hand needs to take a card that comes out."""
ENDED = (m.Stage.DONE, m.Stage.CANNOT, m.Stage.STAFF)

# A fork server that has everything imported starts kioskd in a few ms; each is still a process of its own.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["kiosk.station.daemon", "kiosk.devices.loading", "drivers.card_printer.evolis"])


def run_kioskd(state: Path, run: Path, centre_url: str) -> None:
    """The child: kioskd as the command line starts it."""
    from kiosk.station.daemon import main

    os.environ["ANJUNGAN_RUN"] = str(run)
    os.environ["ANJUNGAN_CENTRE_URL"] = centre_url
    main(load("laptop-sim"), state, run)


class Kioskd:
    """One life of kioskd after another."""

    def __init__(self, folder: Path, centre_url: str) -> None:
        self._state, self._run, self._url = folder / "state", folder / "run", centre_url
        self._run.mkdir()
        self.world_socket = self._run / "world.sock"
        self.client = Client(self._run / "kioskd.sock")
        self._start()

    def _start(self) -> None:
        self.process = FORKS.Process(target=run_kioskd, args=(self._state, self._run, self._url), daemon=True)
        self.process.start()

    async def ready(self) -> m.State:
        """Waits until it answers, has asked the hardware, and can make cards."""
        async with asyncio.timeout(60):
            while True:
                assert self.process.is_alive(), f"kioskd ended by itself with {self.process.exitcode}"
                try:
                    state = await self.client.state()
                    if state.collecting and state.link.up:
                        return state
                except ApiError:
                    pass
                await asyncio.sleep(0.02)

    def kill_and_restart(self) -> None:
        self.process.kill()
        self.process.join()
        self._start()

    async def close(self) -> None:
        await self.client.close()
        self.process.kill()
        self.process.join()


class Hall:
    """World, centre and kioskd, with a resident who does his part as soon as he can."""

    def __init__(self, world: World, centre: Centre, kioskd: Kioskd) -> None:
        self.world, self.centre, self.kioskd = world, centre, kioskd
        self._requests = 0

    async def stay(self) -> None:
        """The resident keeps his finger on the glass and takes whatever card comes out."""
        finger = next(iter(self.centre.people[0].fingers.values()))
        self.world.place_finger(data.finger_image(finger, 2))
        try:
            while True:
                if self.world.at(Place.BEZEL):
                    await asyncio.sleep(REACTION)  # he may be late: the kiosk may take it back meanwhile
                    self.world.take_card()
                await asyncio.sleep(0.02)
        finally:
            self.world.place_finger(None)

    async def try_once(self) -> str:
        """Scans the slip and follows the collection: its last stage, or the cause of the refusal, or `gone`."""
        self._requests += 1
        request = f"request-{self._requests:06d}"
        try:
            await self.kioskd.client.collect(m.CollectRequest(request_id=request, slip=self.centre.people[0].slip))
            while True:
                state = await self.kioskd.client.state()
                if state.collection is None or state.collection.stage in ENDED:
                    return str(state.collection.stage if state.collection else "gone")
                await asyncio.sleep(0.02)
        except ApiError as error:
            return error.cause or "gone"

    async def collect_after_all(self) -> str:
        """Comes back until the kiosk gives the card or says for good that it will not."""
        for _ in range(20):
            await self.kioskd.ready()
            answer = await self.try_once()
            if answer in (m.Stage.DONE, m.Cause.ALREADY_COLLECTED, m.Cause.NEEDS_STAFF):
                return answer
        raise AssertionError(f"no end in sight; the last answer was {answer}")

    async def settled(self, end: str) -> None:
        """Waits until the centre has heard of the card; an unresolved one is settled by the officers, out of sight."""
        person = self.centre.people[0]
        if end == m.Cause.NEEDS_STAFF:
            person.collected = True
        async with asyncio.timeout(60):
            while not person.collected:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def hall(folder: Path, seed: int) -> AsyncIterator[Hall]:
    world = World()
    centre = Centre(lambda: datetime.now(UTC))
    simulators = [
        kind(world, seed=seed, pace=PACE)
        for kind in (PrinterSimulator, EncoderSimulator, ThermalSimulator, ScannerSimulator, DispenserSimulator)
    ]
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(centre), log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    kioskd = Kioskd(folder, f"http://127.0.0.1:{listener.getsockname()[1]}")
    listening = asyncio.Event()
    devices = asyncio.create_task(
        unix.serve({one.DEVICE: one for one in simulators}, kioskd.world_socket, ready=listening.set)
    )
    await listening.wait()
    try:
        yield Hall(world, centre, kioskd)
    finally:
        await kioskd.close()
        server.should_exit = True
        devices.cancel()
        await asyncio.gather(serving, devices, return_exceptions=True)


@pytest.mark.long
@pytest.mark.wall
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
async def test_kills_at_random_moments_never_give_two_cards_and_never_lose_a_blank(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with hall(tmp_path, seed) as office:
        person, world, kioskd = office.centre.people[0], office.world, office.kioskd
        world.load_blanks(3 * KILLS)
        while True:  # kioskd may not listen yet
            try:
                await kioskd.client.send_roster(s.RosterSent(roster=office.centre.roster))
                counted = s.BlanksLoaded(request_id="opening-day", quantity=3 * KILLS)
                await kioskd.client.load_blanks(await signed(kioskd.client, office.centre, counted))
                break
            except ApiError:
                await asyncio.sleep(0.05)
        await kioskd.ready()
        resident = asyncio.create_task(office.stay())
        began = asyncio.get_running_loop().time()
        assert await office.try_once() == m.Stage.DONE
        await office.settled(m.Stage.DONE)
        usual = asyncio.get_running_loop().time() - began

        ends: dict[str, int] = {}
        for kill in range(KILLS):
            office.centre.set_approval(person.nik, "good")  # a new card, a new slip
            before = len(world.at(Place.HAND))
            trying = asyncio.create_task(office.try_once())
            await asyncio.sleep(chance.uniform(0, usual))
            kioskd.kill_and_restart()
            await trying
            end = await office.collect_after_all()
            ends[end] = ends.get(end, 0) + 1
            cards = len(world.at(Place.HAND)) - before
            assert cards == 1, f"kill {kill} (seed {seed}): {cards} cards in the hand, the kiosk says {end}"
            await office.settled(end)

            ledger = (await kioskd.client.state()).blanks
            booked = ledger.hopper + ledger.holder + ledger.reject + ledger.capture + ledger.unknown
            where = f"kill {kill} (seed {seed}): {ledger}"
            assert ledger.hopper == len(world.at(Place.HOPPER)), where
            assert ledger.reject + ledger.capture == len(world.at(Place.REJECT)), where
            assert ledger.holder + ledger.unknown == len(world.at(Place.HAND)), where
            assert ledger.loaded == booked, where
        resident.cancel()
        assert (await kioskd.client.journal()).ok
        print(f"{KILLS} kills over {usual:.1f} s of J2, ends: {ends}, ledger: {ledger!r}")
