"""Where simulators meet hosts: names that stay, hosts that come and go, a cable that can be pulled."""

import asyncio
from pathlib import Path

import pytest
import serial

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause
from drivers.transport.base import ByteStream
from drivers.transport.sockets import SimConnector, TcpConnector
from sim.seam import pty, tcp, unix
from sim.thermal_printer.escpos import Simulator
from sim.world import World

ASK, WELL = b"\x10\x04\x01", b"\x12"

pytestmark = pytest.mark.wall


def _ask(port: Path) -> bytes:
    """One question by a program that opens the port, asks and closes it."""
    with serial.Serial(str(port), 9600, timeout=5) as line:
        line.write(ASK)
        return line.read(1)


async def test_a_serial_device_survives_hosts_that_open_and_close_it(tmp_path: Path) -> None:
    port, there = tmp_path / "ttyS", asyncio.Event()
    seam = asyncio.ensure_future(pty.serve(Simulator(World()), port, ready=there.set))
    await there.wait()
    for _ in range(3):
        assert await asyncio.to_thread(_ask, port) == WELL
    seam.cancel()
    await asyncio.gather(seam, return_exceptions=True)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


async def test_a_link_of_before_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    stale, precious, there = tmp_path / "stale", tmp_path / "precious", asyncio.Event()
    stale.symlink_to("/nowhere")
    precious.write_text("mine")
    with pytest.raises(FileExistsError):
        await pty.serve(Simulator(World()), precious)
    assert precious.read_text() == "mine"
    seam = asyncio.ensure_future(pty.serve(Simulator(World()), stale, ready=there.set))
    await there.wait()
    assert await asyncio.to_thread(_ask, stale) == WELL
    seam.cancel()
    await asyncio.gather(seam, return_exceptions=True)


async def test_a_pulled_serial_cable_is_gone_and_comes_back_under_its_name(tmp_path: Path) -> None:
    printer, port, there = Simulator(World()), tmp_path / "ttyS", asyncio.Event()
    seam = asyncio.ensure_future(pty.serve(printer, port, ready=there.set))
    await there.wait()
    there.clear()
    printer.faults.fail_repeatedly("unplug")
    async with asyncio.timeout(10):
        while port.is_symlink():
            await asyncio.sleep(0.01)
    printer.faults.clear()
    await asyncio.wait_for(there.wait(), 10)
    assert await asyncio.to_thread(_ask, port) == WELL
    seam.cancel()
    await asyncio.gather(seam, return_exceptions=True)


async def _connected_again_and_again(host: TcpConnector) -> None:
    """The listening socket closes a moment after the line does."""
    async with asyncio.timeout(10):
        while True:
            await (await host.connect()).close()


async def test_a_network_device_that_is_unplugged_refuses_and_comes_back_on_its_port() -> None:
    printer, ports = Simulator(World()), asyncio.Queue[int]()
    seam = asyncio.ensure_future(tcp.serve(printer, "127.0.0.1", 0, ready=ports.put_nowait))
    host = TcpConnector("127.0.0.1", await ports.get())
    line = await host.connect()
    printer.faults.fail_repeatedly("unplug")
    async with asyncio.timeout(10):
        assert await line.read() == b"", "the connection ends"
    await line.close()
    with pytest.raises(TransportError) as caught:
        await _connected_again_and_again(host)
    assert caught.value.cause is DeviceCause.NO_DEVICE
    printer.faults.clear()
    assert await asyncio.wait_for(ports.get(), 10) == host.port
    line = await host.connect()
    await line.write(ASK)
    assert await line.read() == WELL
    await line.close()
    seam.cancel()
    await asyncio.gather(seam, return_exceptions=True)


async def _until_the_end(line: ByteStream) -> bytes:
    """What comes before the line ends, in whichever way it ends."""
    try:
        return await line.read()
    except TransportError:
        return b""


async def test_in_the_world_a_device_is_reached_by_its_name(tmp_path: Path) -> None:
    one, other, there = Simulator(World()), Simulator(World()), asyncio.Event()
    path = tmp_path / "world.sock"
    seam = asyncio.ensure_future(unix.serve({"one": one, "other": other}, path, ready=there.set))
    await there.wait()
    other.faults.fail_repeatedly("cover-open")
    for name, answer in (("one", b"\x12"), ("other", b"\x1a")):
        line = await SimConnector(name, path).connect()
        await line.write(ASK)
        assert await line.read() == answer
        await line.close()
    one.faults.fail_repeatedly("unplug")
    for name in ("one", "nobody", "x" * 100_000):
        line = await SimConnector(name, path).connect()
        async with asyncio.timeout(10):
            assert await _until_the_end(line) == b"", "no such device: the line ends"
        await line.close()
    seam.cancel()
    await asyncio.gather(seam, return_exceptions=True)
    assert not path.exists()
