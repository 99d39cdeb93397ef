"""A UPS board's power-fail contact at a Raspberry Pi's header, reached over a byte stream of pin lines.

An open collector: low while the mains are gone, pulled up by the host else. It speaks the same lines as the simulated
ticket dispenser (`pin <bcm> <0|1> <nanoseconds>`, `sync <number>`), written here again for this one wire.
"""

import asyncio
import random

from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide
from sim.world import World

CONTACT = 23
"""How it is wired, BCM number."""
SPIKE = 0.02
"""Seconds for which the contact bounces with the fault `glitch`."""


class Simulator:
    DEVICE = "ups"
    FAULTS = frozenset({"silence", "garbage", "unplug", "glitch"})

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0) -> None:
        del pace  # a contact has none
        self.world = world
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self._random = random.Random(seed)
        self._failed = False
        self._out: list[asyncio.Queue[bytes]] = []

    def mains(self, present: bool) -> None:
        """The mains go, or come back."""
        self._failed = not present
        self._show(int(present))
        if self.faults.take("glitch"):
            loop = asyncio.get_running_loop()
            loop.call_later(SPIKE / 2, self._show, int(not present))
            loop.call_later(SPIKE, self._show, int(present))

    def spike(self) -> None:
        """The contact shows for a moment what is not so."""
        self._show(int(self._failed))
        asyncio.get_running_loop().call_later(SPIKE, self._show, int(not self._failed))

    def power_cut(self) -> None:
        """The battery has ended too: nobody drives the line, and the host that pulls it up is off."""

    def power_on(self) -> None:
        self._failed = False

    async def serve(self, stream: DeviceSide) -> None:
        """One host."""
        out: asyncio.Queue[bytes] = asyncio.Queue()
        self._out.append(out)

        async def forward() -> None:
            while True:
                await stream.write(await out.get())

        writer = asyncio.get_running_loop().create_task(forward())
        held = b""
        try:
            while data := await stream.read():
                *lines, held = (held + data).split(b"\n")
                for line in lines:
                    if line.startswith(b"sync "):
                        self._say(out, self._level(int(not self._failed)))
                        self._say(out, line)
                held = held[-64:]
        finally:
            self._out.remove(out)
            writer.cancel()

    def _show(self, level: int) -> None:
        for out in self._out:
            self._say(out, self._level(level))

    def _level(self, level: int) -> bytes:
        return b"pin %d %d %d" % (CONTACT, level, round(asyncio.get_running_loop().time() * 1e9))

    def _say(self, out: "asyncio.Queue[bytes]", line: bytes) -> None:
        if self.faults.take("silence"):
            return
        if self.faults.take("garbage"):
            line = b"\x00" + self._random.randbytes(12)
        out.put_nowait(line + b"\n")
