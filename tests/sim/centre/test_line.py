"""The leased line on real sockets: what goes in comes out, and a cut is felt at once."""

import asyncio

import pytest

from sim.centre import Line


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.mark.wall
async def test_the_line_carries_cuts_and_comes_back_on_the_same_port() -> None:
    far = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with far, Line("127.0.0.1", far.sockets[0].getsockname()[1]) as line:
        reader, writer = await asyncio.open_connection(line.host, line.port)
        writer.write(b"halo")
        assert await reader.readexactly(4) == b"halo"

        port = line.port
        await line.set_up(False)
        assert not line.up
        assert await reader.read() == b"", "hung up"
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(line.host, port)

        await line.set_up(True)
        assert line.port == port
        reader, writer = await asyncio.open_connection(line.host, port)
        writer.write(b"lagi" * 50_000)
        writer.write_eof()
        assert await reader.read() == b"lagi" * 50_000, "all of it, and then the end"
        writer.close()


@pytest.mark.wall
async def test_a_line_to_nowhere_hangs_up() -> None:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as far:
        port = far.sockets[0].getsockname()[1]
    async with Line("127.0.0.1", port) as line:
        reader, writer = await asyncio.open_connection(line.host, line.port)
        assert await reader.read() == b""
        writer.close()
