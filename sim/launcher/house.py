"""The world process: every simulator behind one socket, the centre behind its line, the workbench on its port."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import uvicorn
from starlette.types import ASGIApp

from sim.card_encoder.pcsc import Simulator as Encoder
from sim.card_printer.evolis import Simulator as CardPrinter
from sim.centre import Centre, Line
from sim.centre import create_app as centre_app
from sim.fingerprint_scanner import virtual_image
from sim.fingerprint_scanner.grow import Simulator as Module
from sim.fingerprint_scanner.libfprint import Simulator as Reader
from sim.seam.served import Served
from sim.seam.unix import serve
from sim.thermal_printer.escpos import Simulator as ThermalPrinter
from sim.ticket_dispenser.notch import Simulator as Dispenser
from sim.workbench.app import create_app as workbench_app
from sim.workbench.bench import Bench, Programs, SimulatedDevice
from sim.workbench.mirror import Mirror
from sim.world import World

LOOPBACK = "127.0.0.1"
PORTS_TRIED = 20
FINGER_SOCKET = "finger.sock"
"""Where libfprint's virtual_image device listens, in the run folder: hw_profiles/laptop-sim-libfprint.toml."""


class PortError(Exception):
    """No port for the workbench."""


def wall_time() -> datetime:
    """The time of day by this machine, for the centre: it must agree with kioskd, which is another process."""
    return datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 - the launcher is where the centre's clock is made


@dataclass(frozen=True)
class House:
    """What stands, once it stands."""

    world: World
    centre: Centre
    bench: Bench
    line: Line
    port: int

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def centre_url(self) -> str:
        return f"http://{self.line.host}:{self.line.port}"


class _Server(uvicorn.Server):
    """A uvicorn that leaves the signals to the launcher: there are two of it, and more to stop than them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(app: ASGIApp, listening: socket.socket) -> AsyncIterator[int]:
    """Serves `app` on this socket; its port."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


def listen(port: int) -> socket.socket:
    """A loopback socket on `port`, or on the next free one after it. PortError if twenty in a row are taken."""
    for tried in range(port, min(port + PORTS_TRIED, 65536) if port else 1):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, tried))
        except OSError:
            listening.close()
            continue
        listening.listen()
        return listening
    raise PortError(f"ports {port} to {port + PORTS_TRIED - 1} are all in use; give --port another")


class Device(Served, SimulatedDevice, Protocol):
    """A simulator, as the seam serves it and the workbench handles it."""


def simulators(world: World, pace: float, scanner: Device) -> dict[str, Device]:
    """One of each class, in one world, by the name under which a profile asks for it."""
    made: list[Device] = [
        CardPrinter(world, pace=pace),
        Encoder(world, pace=pace),
        ThermalPrinter(world, pace=pace),
        scanner,
        Dispenser(world, pace=pace),
    ]
    return {device.DEVICE: device for device in made}


@contextlib.asynccontextmanager
async def house(
    run: Path, *, port: int, pace: float, scanner: str, programs: Programs | None = None
) -> AsyncIterator[House]:
    """Everything that is not the kiosk's own program; `scanner` is the driver that the fingerprint scanner is for.
    PortError, or OSError for a folder without sockets."""
    async with contextlib.AsyncExitStack() as stack:
        page = stack.enter_context(listen(port))
        world = World()
        if scanner == "libfprint":
            reader = Reader(world, pace=pace)
            devices = simulators(world, pace, reader)
            stack.callback((run / FINGER_SOCKET).unlink, missing_ok=True)  # libfprint leaves it
            await stack.enter_async_context(_touched(reader, run / FINGER_SOCKET))
        else:
            devices = simulators(world, pace, Module(world, pace=pace))
        registry = Centre(wall_time)
        far = await stack.enter_async_context(served(centre_app(registry), stack.enter_context(listen(0))))
        line = await stack.enter_async_context(Line(LOOPBACK, far))
        await stack.enter_async_context(_cut_on_command(registry, line))
        await stack.enter_async_context(_reachable(devices, run / "world.sock"))
        mirror = await stack.enter_async_context(Mirror(run / "mirror.sock"))
        bench = Bench(world, devices, registry, mirror, run / "kioskd.sock", programs)
        await stack.enter_async_context(bench)
        shown = await stack.enter_async_context(served(workbench_app(bench), page))
        stack.callback(bench.close)
        yield House(world, registry, bench, line, shown)


@contextlib.asynccontextmanager
async def _reachable(devices: dict[str, Device], path: Path) -> AsyncIterator[None]:
    """The devices answer on the world's socket. OSError if it cannot listen there."""
    listening = asyncio.Event()
    serving = asyncio.create_task(serve(devices, path, ready=listening.set))
    waiting = asyncio.create_task(listening.wait())
    try:
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        yield
    finally:
        waiting.cancel()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


@contextlib.asynccontextmanager
async def _touched(reader: Reader, path: Path) -> AsyncIterator[None]:
    """Fingers on the world's glass are fingers on libfprint's virtual_image device, if the kiosk has opened it."""
    feeding = asyncio.create_task(virtual_image.feed(reader, path))
    try:
        yield
    finally:
        feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feeding


@contextlib.asynccontextmanager
async def _cut_on_command(registry: Centre, line: Line) -> AsyncIterator[None]:
    """The line is up unless the registry's outage is `link`."""
    turn = asyncio.Event()
    stop_watching = registry.watch(turn.set)

    async def follow() -> None:
        while True:
            await turn.wait()
            turn.clear()
            with contextlib.suppress(OSError):  # its port was taken while it was cut; the next change tries again
                await line.set_up(registry.outage != "link")

    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        stop_watching()
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
