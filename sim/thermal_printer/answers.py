"""The way back to the host: answers in order, damaged as the armed faults will have it."""

import asyncio
import random

from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide

FAULTS = ("silence", "garbage", "delay", "drop", "corrupt", "short-read", "noise")
LATE = 2.0
"""Seconds by which the fault `delay` holds an answer back."""
GAP = 0.005
"""Seconds between the single bytes of `short-read`."""


class Answers:
    """However late an answer, none overtakes another: behind one that is held back, the others queue."""

    def __init__(self, faults: FaultBoard, *, seed: int, pace: float) -> None:
        self._faults = faults
        self._chance = random.Random(seed)
        self._pace = pace
        self._queue: asyncio.Queue[tuple[float, list[bytes]]] = asyncio.Queue()
        """When to send, and in which pieces."""
        self._busy = False
        """One of them is being sent, or waits for its time."""
        self._line: DeviceSide | None = None

    def connected(self, line: DeviceSide) -> None:
        """Answers go to the newest line; those still unsent for an older one are lost."""
        self.lost()
        self._line = line

    def disconnected(self, line: DeviceSide) -> None:
        if self._line is line:
            self._line = None

    def lost(self) -> None:
        """What was to be sent is forgotten."""
        while not self._queue.empty():
            self._queue.get_nowait()

    async def send(self, data: bytes) -> None:
        if not self._faults.armed and not self._busy and self._queue.empty():
            await self._write(data)
            return
        late = LATE * self._pace if self._faults.take("delay") else 0.0
        self._queue.put_nowait((asyncio.get_running_loop().time() + late, self._suffer(data)))

    async def run(self) -> None:
        """Sends for ever what could not go out at once."""
        while True:
            self._busy = False
            due, pieces = await self._queue.get()
            self._busy = True
            await asyncio.sleep(max(due - asyncio.get_running_loop().time(), 0))
            for piece in pieces:
                await self._write(piece)
                if len(pieces) > 1:
                    await asyncio.sleep(GAP * self._pace)

    async def _write(self, data: bytes) -> None:
        if self._line is not None:
            await self._line.write(data)

    def _suffer(self, data: bytes) -> list[bytes]:
        """`data` in the pieces in which it will be sent."""
        faults, chance = self._faults, self._chance
        if faults.take("silence"):
            return []
        if faults.take("garbage"):
            # No ESC/POS answer has its top bit set, so these bytes mean nothing, whatever stands around them.
            return [bytes(chance.randrange(0x80, 0x100) for _ in range(len(data) + chance.randrange(3)))]
        if faults.take("drop"):
            at = chance.randrange(len(data))
            data = data[:at] + data[at + 1 :]
        if data and faults.take("corrupt"):
            at = chance.randrange(len(data))
            data = data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]
        if faults.take("noise"):
            data = bytes(chance.randrange(0x80, 0x100) for _ in range(1 + chance.randrange(4))) + data
        if faults.take("short-read"):
            return [bytes((byte,)) for byte in data]
        return [data] if data else []
