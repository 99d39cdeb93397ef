"""A workbench with a screen made of a few lines: what a hand does there is written down, nothing is decided."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from sim.centre import Centre
from sim.faults import FaultBoard
from sim.workbench.app import create_app
from sim.workbench.bench import Bench
from sim.workbench.mirror import Mirror
from sim.world import World

PNG = b"\x89PNG\r\n\x1a\n" + b"not much of a picture"


class Printer:
    """A simulated device as far as the bench knows one."""

    DEVICE = "card-printer"
    FAULTS = frozenset({"silence", "jam"})

    def __init__(self) -> None:
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self.powered = True

    def power_cut(self) -> None:
        self.powered = False

    def power_on(self) -> None:
        self.powered = True


class Kiosk:
    """The programs of a kiosk that only remembers what was done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    @property
    def states(self) -> dict[str, str]:
        return {"kioskd": "running", "screen": "running"}

    async def kill(self, program: str) -> None:
        self.done.append(f"kill {program}")

    async def power_cut(self) -> None:
        self.done.append("power cut")

    async def power_on(self) -> None:
        self.done.append("power on")


@dataclass
class FakeScreen:
    """The connecting side of the mirror, written from the description of its frames."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, kind: bytes, payload: bytes) -> None:
        self.writer.write(len(payload).to_bytes(4, "big") + kind + payload)
        await self.writer.drain()

    async def show(self, screen: str, *actions: tuple[str, float, float]) -> None:
        offered = [{"id": name, "label": name, "x": x, "y": y, "w": 0.2, "h": 0.1} for name, x, y in actions]
        await self.send(b"M", json.dumps({"screen": screen, "lang": "id", "actions": offered}).encode())

    async def hear(self) -> dict[str, Any]:
        size = int.from_bytes(await self.reader.readexactly(4), "big")
        assert await self.reader.readexactly(1) == b"T"
        message: dict[str, Any] = json.loads(await self.reader.readexactly(size))
        return message


@dataclass
class Table:
    """The bench, its API and its screen."""

    bench: Bench
    api: httpx.AsyncClient
    screen: FakeScreen
    printer: Printer
    kiosk: Kiosk

    async def settled(self, condition: str) -> None:
        """Waits until the snapshot's screen satisfies a name: `frame` or `model`."""
        seen = -1
        async with asyncio.timeout(5):
            while not getattr(self.bench.mirror, condition):
                seen = await self.bench.bell.after(seen)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.api.post(f"/api/{path}", json=body)


@asynccontextmanager
async def table(folder: Path) -> AsyncIterator[Table]:
    world, printer, kiosk = World(), Printer(), Kiosk()
    centre = Centre(lambda: datetime(2026, 3, 2, 5, 0, tzinfo=UTC))
    mirror = Mirror(folder / "mirror.sock")
    async with mirror, Bench(world, {printer.DEVICE: printer}, centre, mirror, folder / "kioskd.sock", kiosk) as bench:
        screen = FakeScreen(*await asyncio.open_unix_connection(str(mirror.path)))
        transport = httpx.ASGITransport(create_app(bench))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
            yield Table(bench, api, screen, printer, kiosk)
        screen.writer.close()
