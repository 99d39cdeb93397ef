"""A reader's field in vpcd framing: whichever card stands at the encoder station answers, as its own chip would.

The host plays vpcd (vsmartcard): one-byte bodies 0 power off, 1 power on, 2 reset, 4 give the ATR; all others are
command APDUs. No chip: an empty ATR. A chip that lost its power in the middle: an empty answer.
"""

import asyncio
import random

from sim.card_encoder.air import Air
from sim.card_encoder.chip import Chip
from sim.card_encoder.memory import Supply
from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide
from sim.world import Card, Place, World

ATR = bytes.fromhex("3B80800101")
"""What a PC/SC reader makes up for an ISO/IEC 14443-4 chip without historical bytes (PC/SC part 3, 3.1.3.2.3)."""
STATIONS = (Place.CONTACTLESS, Place.CONTACT)

LATE, BYTE_TIME = 2.0, 0.0006
"""Seconds: how late a late answer is, and between the bytes of one that comes in pieces."""
MOVING = frozenset({0xE2, 0xF0, 0x46, 0xD8, 0xB0})
"""Instructions that write to the chip, and READ BINARY, in a secure channel or not; the header is never encrypted."""


class Simulator:
    DEVICE = "card-encoder"
    FAULTS = frozenset(
        {
            "silence", "garbage", "unplug", "delay", "drop", "corrupt", "short-read", "noise", "power-loss", "no-card",
            "card-torn", "answer-lost", "chip-mute", "dead-chip", "chip-write-error",
        }
    )  # fmt: skip

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0, rate: int | None = None) -> None:
        """`rate`: kbit/s of the air-time model (106, 212, 424, 848); None: air and memory take no time."""
        self.world = world
        self.supply = Supply()
        """The chips' power: counts their writes, and can be cut at one of them."""
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self._pace = pace
        self._air = Air(rate) if rate is not None else None
        self._random = random.Random(seed)
        self._powered = True
        self._card: Card | None = None
        self._chip: Chip | None = None

    def power_cut(self) -> None:
        """The reader's supply goes: no field, so every chip forgets its session; its memory stays."""
        self._powered = False
        self._chip = self._card = None

    def power_on(self) -> None:
        self._powered = True

    async def serve(self, stream: DeviceSide) -> None:
        held = bytearray()
        while data := await stream.read():
            held += data
            while len(held) >= 2 and len(held) >= (end := 2 + int.from_bytes(held[:2], "big")):
                body = bytes(held[2:end])
                del held[:end]
                if not self._powered:
                    continue
                if len(body) == 1:
                    await self._control(stream, body[0])
                elif not await self._command(stream, body):
                    return

    # -- the field -----------------------------------------------------------------------------------------------
    def _alive(self) -> Card | None:
        """The card whose chip the field can see. A dead chip does not answer, so no reader can tell it from none."""
        cards = self.world.at(*STATIONS)
        if not cards:
            return None
        if self.faults.take("dead-chip"):
            cards[0].chip_dead = True
        return None if cards[0].chip_dead else cards[0]

    async def _control(self, stream: DeviceSide, code: int) -> None:
        match code:
            case 0:
                self._chip = self._card = None
            case 1 | 2:
                self._card = self._alive()
                self._chip = self._started(self._card) if self._card else None
            case 4:
                seen = self._alive() is not None and not self.faults.take("no-card")
                await self._answer(stream, ATR if seen else b"")

    def _started(self, card: Card) -> Chip:
        return Chip(
            card.chip,
            uid=card.uid,
            write_fails=self._write_fails,
            supply=self.supply,
            seed=self._random.randrange(1 << 32),
        )

    def _write_fails(self) -> bool:
        return self.faults.take("chip-write-error")

    # -- commands ------------------------------------------------------------------------------------------------
    async def _command(self, stream: DeviceSide, apdu: bytes) -> bool:
        """Answers one APDU. False if the connection ends with it."""
        if self._air:
            await self._pass(self._air.carried(len(apdu)))
        if apdu[:1] == b"\xff":
            await self._answer(stream, self._reader_command(apdu))
            return True
        card, chip = self._card, self._chip
        if (
            card is None
            or chip is None
            or card.chip_dead
            or card.place not in STATIONS
            or self.faults.take("chip-mute")
        ):
            return await self._gone(stream)
        moves_data = len(apdu) > 1 and apdu[1] in MOVING
        if moves_data and self.faults.take("card-torn"):
            chip.exchange(apdu, torn=True)
            return await self._gone(stream)
        if moves_data and self.faults.take("power-loss"):
            chip.exchange(apdu, torn=True)
            self._chip = self._card = None
            return False  # the reader restarts: on its bus it vanishes and comes back
        done = chip.exchange(apdu)
        if not done.answer or self.faults.take("answer-lost"):
            return await self._gone(stream)
        if self._air:
            await self._pass(self._air.written(done.cells) + self._air.carried(len(done.answer)))
        if self._powered:
            await self._answer(stream, done.answer)
        return True

    async def _gone(self, stream: DeviceSide) -> bool:
        """No chip answers, until the next cold start."""
        self._chip = self._card = None
        await self._answer(stream, b"")
        return True

    def _reader_command(self, apdu: bytes) -> bytes:
        """FF CA 00 00: the reader answers from the anticollision (PC/SC part 3, 3.2.2). Contact chips have no UID."""
        card = self._card
        if apdu[1:4] != b"\xca\x00\x00":
            return b"\x6d\x00"
        if card is None or card.place is not Place.CONTACTLESS:
            return b"\x6a\x81"
        return card.uid + b"\x90\x00"

    # -- the wire ------------------------------------------------------------------------------------------------
    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(self._pace * seconds)

    async def _answer(self, stream: DeviceSide, body: bytes) -> None:
        if self.faults.armed:
            await self._answer_badly(stream, body)
        else:
            await stream.write(len(body).to_bytes(2, "big") + body)

    async def _answer_badly(self, stream: DeviceSide, body: bytes) -> None:
        """With whatever strikes the wire now; that may be nothing."""
        faults = self.faults
        if faults.take("silence"):
            return
        if faults.take("delay"):
            await asyncio.sleep(LATE)
        if faults.take("garbage"):
            body = bytes([self._random.randrange(0x20)]) + self._random.randbytes(6) + b"\x12\x34"
        wire = len(body).to_bytes(2, "big") + body
        at = self._random.randrange(len(wire))
        if faults.take("drop"):
            wire = wire[:at] + wire[at + 1 :]
        if faults.take("corrupt"):
            wire = wire[:at] + bytes([wire[at] ^ 1 << self._random.randrange(8)]) + wire[at + 1 :]
        if faults.take("noise"):
            wire = self._random.randbytes(3) + wire
        if faults.take("short-read"):
            for byte in wire:
                await stream.write(bytes([byte]))
                await asyncio.sleep(self._pace * BYTE_TIME)
            return
        await stream.write(wire)
