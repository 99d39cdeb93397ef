"""A card dispenser as QUIO's manual of the QU-CD-720M/820M, version 3.19, draws it: one card ready behind the hopper, a
place at a reader, a place at the mouth, a recycling bin.

Frames and flags: sections 3.5.2 and 3.5.5.2. A command is obeyed, or answered, at the ENQ that follows its ACK. What
moves goes on without a host. Durations are guesses: the manual gives none.
"""

import asyncio
from collections.abc import Awaitable, Callable

from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide
from sim.thermal_printer.answers import Answers
from sim.world import World

DISPENSE = 0.8
"""Seconds from the ready place to the mouth or out."""
READYING = 0.5
"""Seconds until the next card is ready."""
BACK = 1.0
OUTAGE = 4.0
LOW_AT = 10
BIN = 20
"""Cards that the recycling bin holds."""
VERSION = b"319"
FRAME = 5
SILENT = ("ST", "DC", "CP", "FU", "DH", "ES")


class Simulator:
    DEVICE = "ticket-dispenser"
    FAULTS = frozenset(
        {
            "silence", "garbage", "unplug", "delay", "drop", "corrupt", "short-read", "noise", "power-loss", "jam",
            "tickets-out",
        }
    )  # fmt: skip

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0) -> None:
        self.world = world
        self.pace = pace
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self.recycled = 0
        """Cards in the recycling bin."""
        self._answers = Answers(self.faults, seed=seed, pace=pace)
        self._sending: asyncio.Task[None] | None = None
        self._act: asyncio.Task[None] | None = None
        self._restart: asyncio.Task[None] | None = None
        self._powered = True
        self._forget()

    def _forget(self) -> None:
        self._moving = ""
        self._place = ""
        """Where a card is that has left the ready place: `reader`, `mouth`, or nowhere."""
        self._jammed = False
        self._taken = False
        self._called_back = False
        self._heard = b""
        self._pending = ""

    # -- power and hands -----------------------------------------------------------------------------------------
    def power_cut(self) -> None:
        """A card that had left the ready place stays where it is, and is called back when the power is back."""
        self._powered = False
        if self._act is not None:
            self._act.cancel()
        left = self._place or ("path" if self._jammed or self._moving == "dispensing" else "")
        self._forget()
        self._place = left
        self._answers.lost()

    def power_on(self) -> None:
        if not self._powered:
            self._powered = True
            self._begin("calling back", self._reset)

    async def pull(self) -> None:
        """A person takes the card at the mouth, or the one that is stuck, or else the next one out of the hopper."""
        if self.world.ticket_out():
            self._taken = True
        self._jammed, self._place = False, ""

    # -- the wire ------------------------------------------------------------------------------------------------
    async def serve(self, stream: DeviceSide) -> None:
        if self._sending is None or self._sending.done():
            self._sending = asyncio.get_running_loop().create_task(self._answers.run())
        self._answers.connected(stream)
        self._heard, self._pending = b"", ""
        try:
            while data := await stream.read():
                if self._powered:
                    await self._hear(data)
        finally:
            self._answers.disconnected(stream)

    async def _hear(self, data: bytes) -> None:
        for byte in data:
            if not self._heard and byte == 0x05:
                pending, self._pending = self._pending, ""
                if pending:
                    await self._obey(pending)
            elif self._heard or byte == 0x02:
                self._heard += bytes((byte,))
                if len(self._heard) == FRAME:
                    frame, self._heard = self._heard, b""
                    await self._command(frame)

    async def _command(self, frame: bytes) -> None:
        name = frame[1:3].decode("latin-1")
        well = frame[3] == 0x03 and frame[4] == frame[0] ^ frame[1] ^ frame[2] ^ frame[3]
        if well and name in (*SILENT, "RF", "PB", "PC", "GV"):
            self._pending = name
            await self._answers.send(b"\x06")
        else:
            await self._answers.send(b"\x15")

    async def _obey(self, name: str) -> None:
        match name:
            case "RF":
                await self._respond("SF", self._state())
            case "PB" | "PC":
                if name == "PC":
                    self._taken = self._called_back = False
                await self._respond(name, self._flags())
            case "GV":
                await self._respond("GV", VERSION)
            case "ST":
                self._begin("calling back", self._reset)
            case "CP" if self._place and self.recycled < BIN:
                self._begin("calling back", self._call_back)
            case "FU" if self._place or self._ready:
                self._begin("dispensing", self._throw)
            case "DC" | "ES" if self._place == "reader" or self._ready:
                self._begin("dispensing", lambda: self._drive("mouth"))
            case "DH" if self._ready:
                self._begin("dispensing", lambda: self._drive("reader"))

    async def _respond(self, name: str, data: bytes) -> None:
        body = b"\x02" + name.encode() + data + b"\x03"
        check = 0
        for byte in body:
            check ^= byte
        await self._answers.send(body + bytes((check,)))

    # -- what the sensors see ------------------------------------------------------------------------------------
    @property
    def _empty(self) -> bool:
        return self.world.tickets_left <= 0 or self.faults.active("tickets-out")

    @property
    def _ready(self) -> bool:
        return not (self._moving or self._jammed or self._place or self._empty)

    @property
    def _failed(self) -> bool:
        """It could make no card ready."""
        return self._empty and not (self._moving or self._place or self._jammed)

    def _flags(self) -> bytes:
        rows = (
            (self._moving == "dispensing", self._moving == "calling back", self._failed, self.recycled >= BIN),
            (self._taken, self._called_back, self._jammed, self.world.tickets_left < LOW_AT),
            (self._empty, self._place == "mouth", self._place == "reader", self._ready),
        )
        return bytes(0x30 | sum(bit << (3 - at) for at, bit in enumerate(row)) for row in rows)

    def _state(self) -> bytes:
        """The first that holds, in the manual's order of priority."""
        return next(
            code
            for holds, code in (
                (self._failed, b"200"),
                (self._jammed, b"020"),
                (self.recycled >= BIN, b"100"),
                (self._moving == "dispensing", b"800"),
                (self._moving == "calling back", b"400"),
                (self._place == "mouth", b"004"),
                (self._place == "reader", b"002"),
                (self._empty, b"008"),
                (self.world.tickets_left < LOW_AT, b"010"),
                (self._ready, b"000"),
                (True, b"001"),
            )
            if holds
        )

    # -- movements -----------------------------------------------------------------------------------------------
    def _begin(self, what: str, act: Callable[[], Awaitable[None]]) -> None:
        if self._moving:
            return

        async def moved() -> None:
            self._moving = what
            try:
                await act()
            finally:
                self._moving = ""

        self._moving = what
        self._act = asyncio.get_running_loop().create_task(moved())

    async def _throw(self) -> None:
        if await self._passes():
            self._place = ""
            self._leaves()
        await asyncio.sleep(READYING * self.pace)

    async def _drive(self, place: str) -> None:
        if await self._passes():
            self._place = place

    async def _passes(self) -> bool:
        """Half way things go wrong, if they are to."""
        await asyncio.sleep(DISPENSE / 2 * self.pace)
        if self.faults.take("power-loss"):
            self._restart = asyncio.get_running_loop().create_task(self._lose_power())
            await asyncio.sleep(OUTAGE)  # the cut ends this act before
        if self.faults.take("jam"):
            self._jammed = True
            return False
        await asyncio.sleep(DISPENSE / 2 * self.pace)
        return True

    def _leaves(self) -> None:
        if self.world.ticket_out():
            self._taken = True

    async def _call_back(self) -> None:
        await asyncio.sleep(BACK * self.pace)
        self._place = ""
        self.world.tickets_left -= 1
        self.recycled += 1
        self._called_back = True
        await asyncio.sleep(READYING * self.pace)

    async def _reset(self) -> None:
        """Section 3.3.1: whatever is in the path is called back, and a card is made ready."""
        if self._place or self._jammed:
            self._jammed = False
            await self._call_back()
        self._taken = self._called_back = False
        await asyncio.sleep(READYING * self.pace)

    async def _lose_power(self) -> None:
        self.power_cut()
        await asyncio.sleep(OUTAGE * self.pace)
        self.power_on()
