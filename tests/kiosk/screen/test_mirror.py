"""What the workbench gets to see, and what it may do. Real Unix sockets."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kiosk.screen.mirror import LARGEST, Mirror, MirrorError, pack, read

LAYOUT = {
    "screen": "idle",
    "lang": "id",
    "actions": [{"id": "ticket", "label": "x", "x": 0, "y": 0.5, "w": 1, "h": 0.2}],
}


class Workbench:
    """Listens as the workbench does; keeps what came and can send."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.connected = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.connected.set()
        try:
            while True:
                self.came.put_nowait(await read(reader))
        except asyncio.IncompleteReadError:
            writer.close()

    def send(self, kind: bytes, said: Any) -> None:
        self.writers[-1].write(pack(kind, json.dumps(said).encode()))


@asynccontextmanager
async def mirrored(socket: Path) -> AsyncIterator[tuple[Mirror, Workbench, list[Any]]]:
    happened: list[Any] = []
    mirror = Mirror(socket, lambda x, y: happened.append((x, y)), happened.append)
    bench = Workbench()
    server = await asyncio.start_unix_server(bench.serve, str(socket))
    running = asyncio.create_task(mirror.run())
    try:
        async with asyncio.timeout(20):
            await bench.connected.wait()
            yield mirror, bench, happened
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()


@pytest.mark.wall
async def test_a_frame_comes_as_a_png_of_half_size_followed_by_what_is_on_it(tmp_path: Path) -> None:
    async with mirrored(tmp_path / "m") as (mirror, bench, _):
        mirror.show(Image.new("RGB", (1080, 1920), "#0B4A8F"), LAYOUT)
        kind, payload = await bench.came.get()
        assert kind == b"F"
        frame = Image.open(io.BytesIO(payload))
        assert (frame.format, frame.size) == ("PNG", (540, 960))
        assert frame.getpixel((5, 5)) == (0x0B, 0x4A, 0x8F)
        kind, payload = await bench.came.get()
        assert (kind, json.loads(payload)) == (b"M", LAYOUT)


@pytest.mark.wall
async def test_touches_and_texts_reach_the_screen_in_order(tmp_path: Path) -> None:
    async with mirrored(tmp_path / "m") as (_, bench, happened):
        bench.send(b"T", {"type": "touch", "x": 0.25, "y": 1})
        bench.send(b"T", {"type": "text", "text": "ANJ1-0123456789ABCDEF\n"})
        while len(happened) < 2:
            await asyncio.sleep(0.01)
        assert happened == [(0.25, 1), "ANJ1-0123456789ABCDEF\n"]


@pytest.mark.wall
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (b"T", {"type": "touch", "x": 2, "y": 0}),
        (b"T", {"type": "touch", "x": "0", "y": 0}),
        (b"T", {"type": "text", "text": "x" * 30_000}),
        (b"T", [1]),
        (b"Q", {}),
    ],
)
async def test_what_the_protocol_does_not_know_ends_the_connection_and_a_new_one_is_made(
    tmp_path: Path, kind: bytes, said: Any
) -> None:
    async with mirrored(tmp_path / "m") as (mirror, bench, happened):
        mirror.show(Image.new("RGB", (1080, 1920)), LAYOUT)
        await bench.came.get()
        bench.connected.clear()
        bench.send(kind, said)
        await bench.connected.wait()
        assert happened == []
        await bench.came.get()
        kinds = {(await bench.came.get())[0] for _ in range(2)}
        assert b"F" in kinds  # the new connection begins with the newest frame


async def test_a_length_out_of_bounds_is_not_read() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data((LARGEST + 1).to_bytes(4, "big"))
    with pytest.raises(MirrorError, match="bytes"):
        await read(reader)
