"""pyserial on a real pseudo-terminal: silence, a hang-up and a port that somebody else holds are three things."""

import asyncio
import os
import tty

import pytest

from drivers.contract.errors import TransportError
from drivers.transport.base import ByteStream
from drivers.transport.serial import SerialConnector

pytestmark = pytest.mark.wall


def terminal() -> tuple[int, str]:
    """The far end of a new pseudo-terminal, and the name of the near one."""
    master, slave = os.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    return master, name


async def disturbed(stream: ByteStream) -> None:
    """The kernel hands on what came to a pseudo-terminal in its own time."""
    async with asyncio.timeout(10):
        while stream.quiet():
            await asyncio.sleep(0.001)


async def test_a_silent_line_is_waited_for_and_then_read() -> None:
    master, name = terminal()
    stream = await SerialConnector(name, baud=57_600).connect()
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.05)
    assert not reading.done()
    os.write(master, b"hello")
    assert await reading == b"hello"
    await stream.write(b"back")
    assert os.read(master, 100) == b"back"
    await stream.close()
    os.close(master)


async def test_a_line_is_quiet_until_something_has_come_in_or_it_is_cut() -> None:
    master, name = terminal()
    stream = await SerialConnector(name, baud=57_600).connect()
    assert stream.quiet()
    os.write(master, b"late")
    await disturbed(stream)
    assert await stream.read() == b"late"
    assert stream.quiet()
    os.close(master)
    await disturbed(stream)
    await stream.close()
    assert not stream.quiet()


async def test_a_hang_up_ends_the_reading() -> None:
    master, name = terminal()
    stream = await SerialConnector(name, baud=57_600).connect()
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.05)
    os.close(master)
    with pytest.raises(TransportError, match="no_device"):
        await reading
    await stream.close()


async def test_a_port_has_one_owner() -> None:
    master, name = terminal()
    stream = await SerialConnector(name, baud=57_600).connect()
    with pytest.raises(TransportError, match="no_device"):
        await SerialConnector(name, baud=57_600).connect()
    await stream.close()
    os.close(master)


async def test_a_port_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(TransportError, match="no_device: serial:/dev/nowhere"):
        await SerialConnector("/dev/nowhere", baud=9_600).connect()
