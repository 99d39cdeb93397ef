"""Whoever gives up a read loses nothing by it: drivers bound their waiting with time-outs, and answers come late."""

import asyncio
import os
import socket
import tty
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
import usb.core

from drivers.transport.base import ByteStream
from drivers.transport.serial import SerialConnector
from drivers.transport.sockets import TcpConnector
from drivers.transport.usb import UsbStream
from drivers.transport.worker import Worker
from sim.seam.pipe import pipe

SAID = bytes(range(200))

Far = Callable[[bytes], Awaitable[None]]


async def in_process() -> tuple[ByteStream, Far]:
    host, device = pipe()
    return host, device.write


async def over_tcp() -> tuple[ByteStream, Far]:
    met: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: met.put_nowait(writer), "127.0.0.1", 0)
    stream = await TcpConnector("127.0.0.1", server.sockets[0].getsockname()[1]).connect()
    writer = await met.get()
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.close()

    async def say(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    return stream, say


async def on_a_terminal() -> tuple[ByteStream, Far]:
    master, slave = os.openpty()
    tty.setraw(slave)

    async def say(data: bytes) -> None:
        os.write(master, data)

    return await SerialConnector(os.ttyname(slave), baud=57_600).connect(), say


async def over_usb() -> tuple[ByteStream, Far]:
    waiting: list[bytes] = []

    def read(size: int, timeout: int) -> bytes:
        if not waiting:
            raise usb.core.USBTimeoutError("nothing")
        return waiting.pop(0)

    async def say(data: bytes) -> None:
        waiting.append(data)

    into = SimpleNamespace(read=read, wMaxPacketSize=64)
    return UsbStream(None, None, into, Worker("usb"), "usb"), say


@pytest.mark.wall
@pytest.mark.parametrize("line", [in_process, over_tcp, on_a_terminal, over_usb])
async def test_bytes_of_a_read_that_was_given_up_are_the_next_ones(
    line: Callable[[], Awaitable[tuple[ByteStream, Far]]],
) -> None:
    stream, say = await line()
    heard = b""
    for at in range(len(SAID)):
        reading = asyncio.ensure_future(stream.read())
        for _ in range(at % 3):
            await asyncio.sleep(0)
        await say(SAID[at : at + 1])
        for _ in range(at % 7):
            await asyncio.sleep(0)
        reading.cancel()  # at whatever moment: before the byte came, as it came, after
        [result] = await asyncio.gather(reading, return_exceptions=True)
        heard += result if isinstance(result, bytes) else b""
    async with asyncio.timeout(10):
        while len(heard) < len(SAID):
            heard += await stream.read()
    assert heard == SAID
