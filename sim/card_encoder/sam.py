"""A SAM: a contact card (T=1) that holds the issuer's keys, uses them behind a PIN, counts that, and never shows them.

A stand-in, because the registry's SAM is not public: the duties are those that makers publish of theirs (NXP, P5DF081
MIFARE SAM AV2, product short data sheet rev. 3.2, section 2), the commands our own, listed in
docs/card-chip-simulator.md. `Simulator` puts it into a reader of its own, in vpcd framing as the cards' reader speaks.
"""

import hmac
import random

from sim.card_encoder.apdu import Command, parse
from sim.card_encoder.memory import Memory, MemoryFailure, PowerLost, Supply
from sim.card_encoder.tlv import tlv
from sim.card_encoder.words import (
    BADLY_PROTECTED,
    BLOCKED,
    MEMORY_FAILURE,
    NO_RIGHT,
    NO_SUCH_DATA,
    NOT_AUTHENTICATED,
    NOT_FOUND,
    NOT_NOW,
    OK,
    UNKNOWN_CLA,
    UNKNOWN_INS,
    WRONG_DATA,
    WRONG_LENGTH,
    WRONG_P1P2,
    refusals,
)
from sim.faults import FaultBoard
from sim.issuing import MasterKeys, Purpose, Purposed, Refused, Session
from sim.seam.pipe import DeviceSide
from sim.world import World

ATR = bytes.fromhex("3B800181")
"""ISO/IEC 7816-3, 8.2: T=1 only, no historical bytes, check character."""
AID = bytes.fromhex("F0414E4A2D53414D")
IDENTITY = bytes.fromhex("53414D0000000001")
PIN, PIN_TRIES = b"123456", 3
SESSIONS = 10_000
"""Sessions that a new SAM opens before it has to be renewed."""
PURPOSES: dict[int, Purpose] = {1: "keys", 2: "write", 3: "finish"}
SELECT, UNWRAP = 0xA4, 0x5C


class Sam:
    """`cells`: what it does not forget: "tries", "sessions". `keys`, `pin`: what its issuer has put into it."""

    def __init__(
        self,
        cells: dict[str, bytes],
        *,
        keys: MasterKeys | None = None,
        pin: bytes = PIN,
        supply: Supply | None = None,
        seed: int = 0,
    ) -> None:
        self._memory = Memory(cells, supply=supply, seed=seed)
        self._keys = keys or MasterKeys()
        self._pin = pin
        self._chance = random.Random(f"sam {seed}")
        self._selected = False
        self._verified = False
        self._challenge = b""
        self._session: Purposed | None = None

    @property
    def tries(self) -> int:
        return self._memory.get("tries", bytes([PIN_TRIES]))[0]

    @property
    def sessions(self) -> int:
        """How many it still opens."""
        return int.from_bytes(self._memory.get("sessions", SESSIONS.to_bytes(4, "big")), "big")

    def exchange(self, apdu: bytes) -> bytes:
        """One command; b"" if the power went in it."""
        command = parse(apdu)
        if command is None:
            return WRONG_LENGTH
        try:
            return self._answer(command)
        except MemoryFailure:
            return MEMORY_FAILURE
        except PowerLost:
            return b""

    def _answer(self, command: Command) -> bytes:
        if command.cla not in (0x00, 0x80):
            return UNKNOWN_CLA
        if command.ins == SELECT and command.cla == 0x00:
            self._verified, self._session, self._challenge = False, None, b""
            self._selected = (command.p1, command.data) == (0x04, AID)
            return OK if self._selected else NOT_FOUND
        if not self._selected:
            return NOT_NOW
        match command.cla, command.ins:
            case 0x00, 0xCA:
                return self._status(command)
            case 0x00, 0x20:
                return self._verify(command)
        if not self._verified:
            return NO_RIGHT
        match command.cla, command.ins:
            case 0x00, 0x84:
                if command.le != 8:
                    return WRONG_LENGTH
                self._challenge = self._chance.randbytes(8)
                return self._challenge + OK
            case 0x80, 0x50:
                return self._open(command)
            case 0x80, (0x5A | 0x5C | 0x5E | 0x60):
                return self._within(command)
        return UNKNOWN_INS

    def _status(self, command: Command) -> bytes:
        if (command.p1, command.p2) != (0xFF, 0x30):
            return NO_SUCH_DATA
        left = self.sessions.to_bytes(4, "big")
        return tlv(0xFF30, tlv(0x80, IDENTITY), tlv(0x81, bytes([self.tries])), tlv(0x82, left)) + OK

    def _verify(self, command: Command) -> bytes:
        """A wrong PIN costs a try, counted before it is looked at."""
        self._verified, self._session = False, None
        if (command.p1, command.p2) != (0x00, 0x01):
            return WRONG_P1P2
        if not self.tries:
            return BLOCKED
        self._memory.keep("tries", bytes([self.tries - 1]))
        if not hmac.compare_digest(command.data, self._pin):
            return refusals(self.tries)
        self._memory.keep("tries", bytes([PIN_TRIES]))
        self._verified = True
        return OK

    def _open(self, command: Command) -> bytes:
        """Counts, then derives the card's keys and looks whether the card has them. A challenge is good once."""
        challenge, self._challenge = self._challenge, b""
        self._session = None
        purpose = PURPOSES.get(command.p1)
        if purpose is None or command.p2 != 0:
            return WRONG_P1P2
        if not command.data or not 4 <= command.data[0] <= 8 or len(command.data) != 1 + command.data[0] + 32:
            return WRONG_DATA
        if not challenge or not self.sessions:
            return NOT_NOW
        self._memory.keep("sessions", (self.sessions - 1).to_bytes(4, "big"))
        uid, answer = command.data[1 : 1 + command.data[0]], command.data[1 + command.data[0] :]
        try:
            session = Session(self._keys, uid, challenge, answer, transport=purpose == "keys")
        except Refused:
            return NOT_AUTHENTICATED
        self._session = Purposed(session, purpose)
        return self._session.authenticate + OK

    def _within(self, command: Command) -> bytes:
        if self._session is None:
            return NOT_NOW
        try:
            match command.ins:
                case 0x5A:
                    return self._session.wrap(command.data) + OK
                case 0x5E:
                    return self._session.new_keys(command.p1) + OK
        except Refused:
            return NOT_NOW
        try:
            if command.ins == UNWRAP:
                return self._session.unwrap(command.data) + OK
            self._session.check_keys(command.data)
        except Refused:
            self._session = None
            return BADLY_PROTECTED
        return OK


class Simulator:
    """The reader with the SAM in it. One-byte bodies are the reader's: 0 off, 1 on, 2 reset, 4 the ATR."""

    DEVICE = "sam"
    FAULTS = frozenset({"unplug", "chip-mute"})

    def __init__(
        self,
        world: World | None = None,
        *,
        pace: float = 1.0,
        keys: MasterKeys | None = None,
        pin: bytes = PIN,
        seed: int = 0,
    ) -> None:
        """`world` and `pace` are there as with every simulator; a SAM moves nothing and takes no time."""
        del world, pace
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self.cells: dict[str, bytes] = {}
        self.supply = Supply()
        self.seen: list[bytes] = []
        """Every command that has reached the SAM."""
        self._keys = keys
        self._pin = pin
        self._seed = seed
        self._sam: Sam | None = None

    async def serve(self, stream: DeviceSide) -> None:
        held = bytearray()
        while data := await stream.read():
            held += data
            while len(held) >= 2 and len(held) >= 2 + int.from_bytes(held[:2], "big"):
                length = int.from_bytes(held[:2], "big")
                body = bytes(held[2 : 2 + length])
                del held[: 2 + length]
                answer = self._control(body[0]) if len(body) == 1 else self._command(body)
                if answer is not None:
                    await stream.write(len(answer).to_bytes(2, "big") + answer)

    def _control(self, code: int) -> bytes | None:
        match code:
            case 0:
                self._sam = None
            case 1 | 2:
                self._seed += 1
                self._sam = Sam(self.cells, keys=self._keys, pin=self._pin, supply=self.supply, seed=self._seed)
            case 4:
                return ATR
        return None

    def _command(self, apdu: bytes) -> bytes:
        if self._sam is None or self.faults.take("chip-mute"):
            self._sam = None
            return b""
        self.seen.append(apdu)
        answer = self._sam.exchange(apdu)
        if not answer:
            self._sam = None
        return answer
