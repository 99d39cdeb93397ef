"""Shows the screen's frames to the developer's workbench and takes touches and scans from it.

Unix socket; the workbench listens, the screen connects and keeps trying. A message is a 4-byte big-endian length, one
kind byte (not counted in the length) and the payload. Screen to workbench: `F` PNG of the newest frame, then `M`
JSON of what is on it and where its targets are, as fractions of the frame from the upper left corner. Workbench to
screen: `T` JSON, a touch at such a place or a text as the slip scanner would type it.
"""

import asyncio
import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

AGAIN_AFTER = 1.0
LARGEST = 1 << 20
"""Bytes of the largest message accepted from the workbench."""
LONGEST_TEXT = 20_000
REDUCE = 2
"""Frames are sent at half size, 540 x 960."""

log = logging.getLogger(__name__)


class MirrorError(Exception):
    """The other side sent what the protocol does not know."""


def pack(kind: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + kind + payload


async def read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next message as (kind, payload). MirrorError for a length out of bounds, IncompleteReadError at the end."""
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > LARGEST:
        raise MirrorError(f"a message of {size} bytes; up to {LARGEST} are allowed")
    return await reader.readexactly(1), await reader.readexactly(size)


class Mirror:
    """`touch(x, y)` gets fractions 0..1 from the upper left corner; `text` what a scanner typed, with its line end."""

    def __init__(self, socket: Path, touch: Callable[[float, float], None], text: Callable[[str], None]) -> None:
        self._socket = socket
        self._touch, self._text = touch, text
        self._frame: Image.Image | None = None
        self._layout: dict[str, Any] | None = None
        self._news = asyncio.Event()

    def show(self, frame: Image.Image, layout: dict[str, Any]) -> None:
        """The newest frame, and what is on it: `screen`, `lang`, `actions` with `id`, `label`, `x`, `y`, `w`, `h`.

        A frame that was not sent yet is forgotten.
        """
        self._frame, self._layout = frame, layout
        self._news.set()

    async def run(self) -> None:
        """Keeps a connection until cancelled."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self._socket))
            except OSError:
                await asyncio.sleep(AGAIN_AFTER)
                continue
            try:
                await self._serve(reader, writer)
            except (OSError, EOFError, MirrorError) as error:
                log.info("mirror: %s", error)
            finally:
                writer.close()
            await asyncio.sleep(AGAIN_AFTER)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._news.set()
        sending = asyncio.create_task(self._send(writer))
        try:
            while True:
                kind, payload = await read(reader)
                if kind != b"T":
                    raise MirrorError(f"unknown message kind {kind!r}")
                self._take(payload)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        sent_frame: Image.Image | None = None
        sent_layout: dict[str, Any] | None = None
        while True:
            await self._news.wait()
            self._news.clear()
            frame, layout = self._frame, self._layout
            if frame is not None and frame is not sent_frame:
                writer.write(pack(b"F", png(frame)))
                sent_frame = frame
            if layout is not None and layout != sent_layout:
                writer.write(pack(b"M", json.dumps(layout).encode()))
                sent_layout = layout
            await writer.drain()

    def _take(self, payload: bytes) -> None:
        try:
            said = json.loads(payload)
            match said:
                case {"type": "touch", "x": int() | float() as x, "y": int() | float() as y} if (
                    0 <= x <= 1 and 0 <= y <= 1
                ):
                    self._touch(x, y)
                case {"type": "text", "text": str() as text} if len(text) <= LONGEST_TEXT:
                    self._text(text)
                case _:
                    raise MirrorError("a touch or text message of unknown form")
        except ValueError as error:
            raise MirrorError("a message that is not JSON") from error


def png(frame: Image.Image) -> bytes:
    """`frame` at half size, compressed quickly."""
    out = io.BytesIO()
    frame.reduce(REDUCE).save(out, "PNG", compress_level=1)
    return out.getvalue()
