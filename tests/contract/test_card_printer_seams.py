"""The same printer over its real pipes: TCP in both styles, and USB through pyusb."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import usb.core
from PIL import Image

from drivers.card_printer.evolis import Driver, Options, link
from drivers.contract.card_printer import FACE_SIZE, CardPosition, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause, DeviceState
from drivers.transport.base import Connector
from drivers.transport.sockets import SocketStream
from drivers.transport.usb import UsbConnector
from sim.card_printer.evolis import Simulator
from sim.seam.usb_backend import UsbBackend
from sim.world import Place, World

pytestmark = pytest.mark.wall

OPTIONS = Options(poll_interval=0.02)


def printer() -> Simulator:
    world = World()
    world.load_blanks(20)
    return Simulator(world, pace=0.02)


@asynccontextmanager
async def on_tcp(simulator: Simulator) -> AsyncIterator[int]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await simulator.serve(SocketStream(reader, writer, "simulator"))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def a_whole_card(connector: Connector, simulator: Simulator) -> None:
    driver = Driver(connector, OPTIONS)
    await driver.start()
    assert driver.status.state is DeviceState.ONLINE
    face = Image.new("RGB", FACE_SIZE, (10, 20, 30))
    await driver.feed(IntentId("feed"), Station.CONTACTLESS)
    await driver.print_front(IntentId("print"), face)
    await driver.present(IntentId("present"))
    card = simulator.world.take_card()
    assert await driver.wait_taken(5)
    assert card is not None
    assert card.front is not None
    assert card.front.tobytes() == face.tobytes()
    await driver.stop()


@pytest.mark.parametrize("style", ["?per_command=yes", "?per_command=no"])
async def test_a_card_over_tcp(style: str) -> None:
    simulator = printer()
    async with on_tcp(simulator) as port:
        await a_whole_card(link(f"tcp:127.0.0.1:{port}{style}"), simulator)


async def test_a_network_printer_that_is_off_is_missing_and_comes_back() -> None:
    simulator = printer()
    async with on_tcp(simulator) as port:
        driver = Driver(link(f"tcp:127.0.0.1:{port}"), OPTIONS)
        await driver.start()
        assert driver.status.state is DeviceState.ONLINE
    assert (await driver.poll()).causes == (DeviceCause.NO_DEVICE,)


async def test_programs_that_send_nonsense_do_not_disturb_the_others() -> None:
    simulator = printer()
    async with on_tcp(simulator) as port:
        for nonsense in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256)) * 64, b"\x1bDb;y;256;short", b""):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(nonsense)
            writer.write_eof()
            async with asyncio.timeout(10):
                await reader.read()
            writer.close()
        await a_whole_card(link(f"tcp:127.0.0.1:{port}"), simulator)


@pytest.mark.parametrize("short_writes", [0, 1000])
async def test_a_card_over_usb_also_if_every_write_is_cut_short(short_writes: int) -> None:
    simulator = printer()
    backend = UsbBackend(simulator.serve, short_writes=short_writes)
    await a_whole_card(UsbConnector.from_address("0f49:0a00", backend=backend), simulator)


async def test_a_usb_printer_is_missing_when_unplugged_and_found_when_plugged_in_again() -> None:
    simulator = printer()
    backend = UsbBackend(simulator.serve)
    driver = Driver(UsbConnector.from_address("0f49:0a00", backend=backend), OPTIONS)
    await driver.start()
    backend.unplug()
    status = await driver.poll()
    assert (status.state, status.causes) == (DeviceState.NO_DEVICE, (DeviceCause.NO_DEVICE,))
    assert "not plugged in" in (await driver.poll()).detail["error"]
    backend.replug()
    assert (await driver.poll()).state is DeviceState.ONLINE
    await driver.stop()


async def test_a_usb_printer_that_takes_nothing_is_given_up_on() -> None:
    async def deaf(_: object) -> None:
        await asyncio.sleep(60)

    driver = Driver(UsbConnector.from_address("0f49:0a00", backend=UsbBackend(deaf)), Options(answer_timeout=0.2))
    async with asyncio.timeout(10):
        await driver.start()
    assert driver.status.causes == (DeviceCause.NO_ANSWER,)
    await driver.stop()


async def test_another_usb_device_is_not_taken_for_the_printer() -> None:
    connector = UsbConnector.from_address("04b8:0e28", backend=UsbBackend(printer().serve))
    with pytest.raises(TransportError, match="04b8:0e28: not plugged in"):
        await connector.connect()


async def test_any_pyusb_program_sees_a_printer_with_its_strings() -> None:
    backend = UsbBackend(printer().serve)

    def look() -> tuple[str, bytes, str]:
        device = usb.core.find(idVendor=0x0F49, backend=backend)
        device.set_configuration()
        device.write(0x01, b"\x1bRsn\r", 1000)
        answer = bytes(device.read(0x82, 64, 1000))
        with pytest.raises(usb.core.USBTimeoutError):
            device.read(0x82, 64, 20)
        identity = bytes(device.ctrl_transfer(0xA1, 0, 0, 0, 200, 1000))[2:].decode()
        return device.product, answer, identity

    product, answer, identity = await asyncio.to_thread(look)
    assert product == "Simulated printer"
    assert answer == b"SPECIMEN0001\x00"
    assert "CLS:PRINTER" in identity


async def test_a_program_killed_in_the_middle_of_a_print_leaves_the_printer_printing() -> None:
    simulator = printer()
    async with on_tcp(simulator) as port:
        driver = Driver(link(f"tcp:127.0.0.1:{port}"), OPTIONS)
        await driver.start()
        await driver.feed(IntentId("feed"), Station.CONTACTLESS)
        printing = asyncio.create_task(driver.print_front(IntentId("p"), Image.new("RGB", FACE_SIZE, "red")))
        while not simulator.world.at(Place.PRINT):
            await asyncio.sleep(0.005)
        printing.cancel()
        await asyncio.gather(printing, return_exceptions=True)

        later = Driver(link(f"tcp:127.0.0.1:{port}"), OPTIONS)
        await later.start()
        while (evidence := await later.where()).moving:
            await asyncio.sleep(0.02)
        assert evidence.position is CardPosition.INSIDE
        assert evidence.restarted is False
        assert simulator.world.at(Place.PRINT)[0].prints == 1
