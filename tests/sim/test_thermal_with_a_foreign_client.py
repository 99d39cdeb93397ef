"""The simulated receipt printer as a program met it that nobody here wrote: python-escpos' Network, over TCP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from escpos.printer import Network
from PIL import Image, ImageChops

from sim.seam import tcp
from sim.thermal_printer.escpos import Simulator
from sim.world import World
from tests.sim.test_thermal_interpreter import body, drawing

pytestmark = pytest.mark.wall

SIZE = (333, 48)
IMPLEMENTATIONS = ("bitImageRaster", "graphics", "bitImageColumn")


@asynccontextmanager
async def on_the_network() -> AsyncIterator[tuple[Simulator, World, int]]:
    world = World()
    printer = Simulator(world, pace=0.02)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = asyncio.ensure_future(tcp.serve(printer, "127.0.0.1", 0, ready=port.set_result))
    try:
        yield printer, world, await port
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)


async def slips(world: World, count: int) -> list[Image.Image]:
    async with asyncio.timeout(60):
        while len(world.slips) < count:
            await asyncio.sleep(0.01)
    return [slip.picture for slip in world.slips]


async def test_its_text_and_every_kind_of_its_pictures_come_out_exactly() -> None:
    picture = drawing(*SIZE)

    def client(port: int) -> tuple[bool, int]:
        pen = Network("127.0.0.1", port=port, timeout=60, profile="TM-T20II")
        well = pen.is_online(), pen.paper_status()
        pen.textln("Renée Öztürk, Kovačević")
        pen.cut(feed=False)
        for how in IMPLEMENTATIONS:
            pen.image(picture, impl=how)
            pen.cut(feed=False)
        pen.close()
        return well

    async with on_the_network() as (_, world, port):
        assert await asyncio.to_thread(client, port) == (True, 2)
        text, *pictures = await slips(world, 1 + len(IMPLEMENTATIONS))
        assert text.width
        assert world.slip_texts[0] == "Renée Öztürk, Kovačević"
        for how, printed in zip(IMPLEMENTATIONS, pictures, strict=True):
            assert ImageChops.difference(body(printed, *SIZE), picture).getbbox() is None, how


@pytest.mark.parametrize(("fault", "online", "paper"), [("cover-open", False, 2), ("paper-low", True, 1)])
async def test_it_is_told_the_truth_when_it_asks(fault: str, online: bool, paper: int) -> None:
    def client(port: int) -> tuple[bool, int]:
        pen = Network("127.0.0.1", port=port, timeout=60, profile="TM-T20II")
        told = pen.is_online(), pen.paper_status()
        pen.close()
        return told

    async with on_the_network() as (printer, _, port):
        printer.faults.fail_repeatedly(fault)
        assert await asyncio.to_thread(client, port) == (online, paper)


async def test_changes_are_pushed_to_whoever_asked_for_them() -> None:
    def client(port: int, opened: asyncio.Event, loop: asyncio.AbstractEventLoop) -> list[bytes]:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            line.sendall(b"\x1da\x0f")
            first = line.recv(4, socket.MSG_WAITALL)
            loop.call_soon_threadsafe(opened.set)
            return [first, line.recv(4, socket.MSG_WAITALL)]

    async with on_the_network() as (printer, _, port):
        asked = asyncio.Event()
        hearing = asyncio.create_task(asyncio.to_thread(client, port, asked, asyncio.get_running_loop()))
        await asked.wait()
        printer.faults.fail_repeatedly("cover-open")
        well, opened = await hearing
    assert well == bytes.fromhex("10 00 00 00")
    assert opened[0] & 0x28 == 0x28, "off line, cover open"
