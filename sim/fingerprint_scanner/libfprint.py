"""A reader as libfprint shows it, in two ways.

`Simulator.serve` plays the helper process: its messages over any byte stream, for virtual time and for `make run`.
`sim.fingerprint_scanner.virtual_image.feed` lays the World's finger on libfprint's own virtual_image device, so that
the real helper, the real libfprint and its real detector are at work.

As with libfprint's image devices a capture ends when the finger has left the glass, not before.
"""

import asyncio
import json
import random
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from PIL import Image

from sim.faults import FaultBoard
from sim.fingerprint_scanner.glass import PICTURE_DPI, seen
from sim.seam.pipe import DeviceSide
from sim.world import World

LOOK: Final = 0.05
"""Seconds between two looks at the glass."""
LATE: Final = 2.0
START: Final = b"FPH1"


class Simulator:
    """One image reader and the helper in front of it. `pace` multiplies the time of a look."""

    DEVICE = "fingerprint-scanner"
    FAULTS: ClassVar[frozenset[str]] = frozenset(
        {"silence", "garbage", "unplug", "delay", "short-read", "poor-finger", "sensor-failed"}
    )

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0) -> None:
        self.world = world
        self.pace = pace
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self.powered = True
        self._chance = random.Random(seed)

    def power_cut(self) -> None:
        """The reader has gone from the bus."""
        self.powered = False

    def power_on(self) -> None:
        self.powered = True

    def image(self) -> Image.Image | None:
        """What the sensor sees now."""
        return None if self.world.finger is None else seen(self.world.finger, PICTURE_DPI)

    async def serve(self, stream: DeviceSide) -> None:
        conversation = _Conversation(self, stream)
        try:
            while data := await stream.read():
                if not await conversation.heard(data):
                    break
        finally:
            conversation.end()

    async def send(self, stream: DeviceSide, said: Mapping[str, Any], body: bytes = b"") -> None:
        """One answer, with whatever goes wrong on the way."""
        text = json.dumps(said).encode()
        whole = START + len(text).to_bytes(4, "big") + len(body).to_bytes(4, "big") + text + body
        if self.faults.active("silence"):
            self.faults.take("silence")
            return
        if self.faults.take("delay"):
            await asyncio.sleep(LATE)
        if self.faults.take("garbage"):
            whole = self._chance.randbytes(len(whole))
        size = 1000 if self.faults.take("short-read") else len(whole)
        for at in range(0, len(whole), size):
            await stream.write(whole[at : at + size])


class _Conversation:
    """What one host asked, until it hangs up."""

    def __init__(self, reader: Simulator, stream: DeviceSide) -> None:
        self._reader = reader
        self._stream = stream
        self._line = b""
        self._opened = False
        self._capture: asyncio.Task[None] | None = None
        self._under_way: int | None = None
        self._on_glass = False

    def end(self) -> None:
        if self._capture is not None:
            self._capture.cancel()

    async def heard(self, data: bytes) -> bool:
        """False for a host that does not speak this protocol."""
        self._line += data
        while len(self._line) >= 12:
            if self._line[:4] != START:
                return False
            size, more = int.from_bytes(self._line[4:8], "big"), int.from_bytes(self._line[8:12], "big")
            if len(self._line) < 12 + size + more:
                break
            asked = json.loads(self._line[12 : 12 + size])
            self._line = self._line[12 + size + more :]
            await self._obey(asked)
        return True

    async def _obey(self, asked: dict[str, Any]) -> None:
        number, ask = asked["id"], asked["ask"]
        if not self._reader.powered or (ask != "open" and not self._opened):
            self._opened = False
            await self._say(number, error="no_device", text="libfprint sees no such reader")
        elif ask == "open":
            self._opened = True
            reader = {"driver": "virtual_image", "name": "Virtual image device for debugging", "device": "0"}
            await self._say(number, ok=True, reader=reader)
        elif ask == "poll":
            await self._say(number, ok=True, finger=self._on_glass)
        elif ask == "cancel":
            if self._under_way is not None:
                self.end()
                under_way, self._under_way, self._on_glass = self._under_way, None, False
                await self._say(under_way, cancelled=True)
            await self._say(number, ok=True)
        elif ask == "capture" and self._under_way is None:
            self._under_way = number
            self._capture = asyncio.get_running_loop().create_task(self._captured(number))
        else:
            await self._say(number, error="bad_request", text="no such request now")

    async def _captured(self, number: int) -> None:
        said, body = await self._touch()
        self._under_way, self._on_glass = None, False
        await self._reader.send(self._stream, {"id": number, **said}, body)

    async def _touch(self) -> tuple[dict[str, Any], bytes]:
        reader, pause = self._reader, LOOK * self._reader.pace
        while (image := reader.image()) is None:
            if not reader.powered:
                return {"error": "no_device", "text": "This device has been removed from the system."}, b""
            await asyncio.sleep(pause)
        self._on_glass = True
        if reader.faults.take("sensor-failed"):
            return {"error": "device", "text": "An unspecified error occurred!"}, b""
        if reader.faults.take("poor-finger"):
            return {"retry": "general"}, b""
        while reader.world.finger is not None:
            await asyncio.sleep(pause)
        return {"ok": True, "width": image.width, "height": image.height, "ppmm": 0.0}, image.tobytes()

    async def _say(self, number: int, **said: object) -> None:
        await self._reader.send(self._stream, {"id": number, **said})
