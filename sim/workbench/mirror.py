"""The listening side of the screen mirror: pictures of the touchscreen come in, touches and typed text go out.

A Unix socket; each message is a 4-byte big-endian length, one byte of kind, and the payload: from the screen `F` (PNG)
and `M` (what can be touched, JSON), to the screen `T` (a touch or typed text, JSON). The length counts the payload and
the kind byte is not part of it. One screen at a time; a new one takes the place of the old.
"""

import asyncio
import json
import logging
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.workbench.bell import Bell

log = logging.getLogger(__name__)

MESSAGE_MAX = 8_000_000
"""Bytes; a full-size PNG of noise stays below this."""
_PNG = b"\x89PNG\r\n\x1a\n"


class Action(BaseModel):
    """Something to touch; the rectangle is in fractions of the screen from its top left corner."""

    model_config = ConfigDict(frozen=True)

    id: str
    label: str = ""
    x: float = Field(ge=-1, le=2)
    y: float = Field(ge=-1, le=2)
    w: float = Field(ge=0, le=2)
    h: float = Field(ge=0, le=2)

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2


class ScreenModel(BaseModel):
    """What the screen shows, as far as a hand needs to know."""

    model_config = ConfigDict(frozen=True)

    screen: str
    lang: str = "id"
    actions: tuple[Action, ...] = ()


class NoScreen(Exception):
    """No screen is connected to the mirror."""


class NoSuchAction(Exception):
    """The screen offers no such action now; the text lists those it does."""


class Mirror:
    """Holds the newest frame and model of the screen. `bell` rings at each change."""

    def __init__(self, path: Path, bell: Bell | None = None) -> None:
        self.path = path
        self.bell = bell or Bell()
        self.frame: bytes | None = None
        self.frames = 0
        """How many frames have come; the number of the newest."""
        self.model: ScreenModel | None = None
        self._server: asyncio.Server | None = None
        self._screen: asyncio.StreamWriter | None = None

    @property
    def connected(self) -> bool:
        return self._screen is not None

    async def __aenter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        if self._screen is not None:
            self._screen.close()
        self.path.unlink(missing_ok=True)

    # -- hands ---------------------------------------------------------------------------------------------------
    async def touch(self, x: float, y: float) -> None:
        """A finger down and up at this point, in fractions from the top left corner. NoScreen if there is none."""
        await self._send({"type": "touch", "x": x, "y": y})

    async def touch_action(self, name: str) -> None:
        """A touch in the middle of the action called `name`."""
        if self.model is None:
            raise NoScreen("the screen has not said yet what it shows")
        for action in self.model.actions:
            if action.id == name:
                await self.touch(*action.middle)
                return
        offered = ", ".join(action.id for action in self.model.actions) or "nothing"
        raise NoSuchAction(f"screen {self.model.screen!r} offers no {name!r}; it offers: {offered}")

    async def type(self, text: str) -> None:
        """What a scanner in keyboard mode types."""
        await self._send({"type": "text", "text": text})

    async def _send(self, message: dict[str, object]) -> None:
        if self._screen is None:
            raise NoScreen("no screen is connected; is `kiosk screen --mirror` running?")
        body = json.dumps(message).encode()
        try:
            self._screen.write(len(body).to_bytes(4, "big") + b"T" + body)
            await self._screen.drain()
        except OSError as error:
            raise NoScreen(f"the screen went away: {error}") from error

    # -- the screen ----------------------------------------------------------------------------------------------
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        old, self._screen = self._screen, writer
        if old is not None:
            old.close()
        self.bell.ring()
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                if size > MESSAGE_MAX:
                    log.warning("mirror: the screen announced %d bytes; hung up", size)
                    break
                kind = await reader.readexactly(1)
                self._take(kind, await reader.readexactly(size))
        except (OSError, asyncio.IncompleteReadError):
            pass  # the screen ended; the next one connects by itself
        finally:
            writer.close()
            if self._screen is writer:
                self._screen = None
                self.model = None
            self.bell.ring()

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == b"F" and payload.startswith(_PNG):
            self.frame = payload
            self.frames += 1
        elif kind == b"M":
            try:
                self.model = ScreenModel.model_validate_json(payload)
            except ValidationError as error:
                log.warning("mirror: not a screen model: %d faults, the first: %s", error.error_count(), error)
                return
        else:
            log.warning("mirror: a message of kind %r, %d bytes, means nothing here", kind, len(payload))
            return
        self.bell.ring()
