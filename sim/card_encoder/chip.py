"""A powered chip: takes each command apart, asks who is speaking, and lets issuer or reader answer.

This is not the e-KTP's native application, which is not public. It is a stand-in with the same duties: it takes an
identity's files, shows nothing of them before they are complete, and changes nothing afterwards. The commands are
listed in docs/card-chip-simulator.md.
"""

import random
from collections.abc import Callable
from typing import TypeVarTuple

from sim.card_encoder.apdu import Command, parse
from sim.card_encoder.content import (
    AID,
    CARD_ACCESS,
    FILES,
    LOCKED,
    PERSONALIZED,
    SELECTABLE,
    TERMINATED,
    Content,
)
from sim.card_encoder.issuer import Issuer
from sim.card_encoder.memory import Memory, MemoryFailure, PowerLost, Supply, never
from sim.card_encoder.messaging import CLA as MESSAGING
from sim.card_encoder.messaging import Broken
from sim.card_encoder.reader import CHAINED, Reader, Right
from sim.card_encoder.scp03 import SM_BIT
from sim.card_encoder.words import (
    END_OF_FILE,
    MEMORY_FAILURE,
    NO_FILE_CHOSEN,
    NO_RIGHT,
    NO_SUCH_DATA,
    NOT_FOUND,
    NOT_NOW,
    OK,
    UNKNOWN_CLA,
    UNKNOWN_INS,
    WRONG_LENGTH,
    WRONG_OFFSET,
    WRONG_P1P2,
    Done,
)

Ts = TypeVarTuple("Ts")

MASTER_FILE = b"\x3f\x00"
ISSUER_ROOM = 239
"""Most bytes of an answer that SCP03 can pad and seal within a short response."""
INITIALIZE, EXTERNAL_AUTHENTICATE, SELECT, GET_DATA = 0x50, 0x82, 0xA4, 0xCA
HANDSHAKES = (INITIALIZE, EXTERNAL_AUTHENTICATE, 0x84, 0x22, 0x86)
"""What opens a session is said plainly, never inside another."""


class Chip:
    """`cells`: what it does not forget (World's `Card.chip`). `uid`: what it says in the anticollision."""

    def __init__(
        self,
        cells: dict[str, bytes],
        *,
        uid: bytes = bytes(7),
        write_fails: Callable[[], bool] = never,
        supply: Supply | None = None,
        seed: int = 0,
    ) -> None:
        chance = random.Random(seed)
        self._memory = Memory(cells, supply=supply, write_fails=write_fails, seed=seed)
        self._content = Content(self._memory)
        self._issuer = Issuer(self._content, uid, chance)
        self._reader = Reader(self._content, chance)
        self._dead = False
        self._selected = False
        self._file: int | None = None

    @property
    def state(self) -> int:
        """The application's life-cycle state."""
        return self._content.state

    def exchange(self, apdu: bytes, *, torn: bool = False) -> Done:
        """One command. `torn`: the power goes in the middle of it, so half of what it would write is written."""
        if self._dead:
            return Done(b"")
        command = parse(apdu)
        before = self._memory.written
        if torn:
            self._memory.tear_next_write()
        try:
            answer = self._protected(command) if command else WRONG_LENGTH
        except PowerLost:
            answer = b""
        self._dead = torn or not answer
        return Done(b"" if self._dead else answer, self._memory.written - before)

    # -- who is speaking -----------------------------------------------------------------------------------------
    def _protected(self, command: Command) -> bytes:
        """Opens what protects the command, obeys it, and protects the answer."""
        if command.cla == MESSAGING:
            return self._by_holder(command)
        self._reader.session = None
        if command.cla in (SM_BIT, 0x80 | SM_BIT):
            return self._by_issuer(command)
        if command.cla not in (0x00, CHAINED, 0x80):
            return UNKNOWN_CLA
        if self._issuer.level and command.ins not in (SELECT, INITIALIZE):
            self._issuer.end()
            return NO_RIGHT
        return self._obeyed(command, Right.STRANGER)

    def _by_holder(self, command: Command) -> bytes:
        session = self._reader.session
        if session is None:
            return NO_RIGHT
        try:
            inner = session.opened(command)
        except Broken as broken:
            self._reader.end()
            return bytes(broken.args[0])
        answer = self._obeyed(inner, Right.HOLDER, room=session.room)
        return session.closed(answer, inner.ins)

    def _by_issuer(self, command: Command) -> bytes:
        if not self._selected:
            return NOT_NOW
        if command.ins == EXTERNAL_AUTHENTICATE:
            return self._trying(self._issuer.authenticate, command)
        inner = self._issuer.opened(command)
        if inner is None:
            return NO_RIGHT
        return self._issuer.closed(self._obeyed(inner, Right.ISSUER, room=ISSUER_ROOM))

    # -- what is asked -------------------------------------------------------------------------------------------
    def _obeyed(self, command: Command, right: Right, *, room: int = 65_536) -> bytes:
        return self._trying(self._answer, command, right, room)

    @staticmethod
    def _trying(act: Callable[[*Ts], bytes], *args: *Ts) -> bytes:
        try:
            return act(*args)
        except MemoryFailure:
            return MEMORY_FAILURE

    def _answer(self, command: Command, right: Right, room: int) -> bytes:
        reader, issuer = self._reader, self._issuer
        if command.ins == SELECT:
            return self._select(command, right)
        if self._content.card_state == TERMINATED and command.ins != GET_DATA:
            return NOT_NOW
        if command.ins in HANDSHAKES and right is not Right.STRANGER:
            return NOT_NOW
        match command.ins:  # these need no application: a reader begins with PACE in the master file
            case 0xB0:
                return self._read(command, right, room)
            case 0x22:
                return reader.choose(command)
            case 0x86:
                return reader.step(command)
        if not self._selected:
            return NOT_NOW
        match command.ins:
            case 0xCA:
                return self._get_data(command)
            case 0x50:
                return issuer.initialize(command)
            case 0xE2:
                return issuer.store(command)
            case 0xD8:
                return issuer.put_key(command)
            case 0xF2:
                return issuer.get_status(command)
            case 0x46:
                return issuer.generate(command)
            case 0xF0:
                return issuer.set_status(command)
            case 0x84:
                return reader.challenge(command)
            case 0x82:
                return reader.authenticate(command)
            case 0x88:
                return reader.sign(command, right)
        return UNKNOWN_INS

    def _select(self, command: Command, right: Right) -> bytes:
        """By name (04), below the chosen one (02), the master file (00). Plainly said, it ends every session."""
        if right is Right.STRANGER:
            self._issuer.end()
        match command.p1:
            case 0x04:
                self._file = None
                self._selected = command.data == AID
                return OK if self._selected else NOT_FOUND
            case 0x00 if command.data in (b"", MASTER_FILE):
                self._file, self._selected = None, False
                return OK
            case 0x02 if len(command.data) == 2:
                number = int.from_bytes(command.data, "big")
                self._file = number if self._there(number) else None
                return OK if self._file else NOT_FOUND
        return WRONG_P1P2

    def _get_data(self, command: Command) -> bytes:
        match command.p1, command.p2:
            case 0xFF, 0x20:
                return self._content.status_object() + OK
            case 0xFF, 0x21:
                return b"\xff\x21\x22\x81\x20" + self._content.digest() + OK
        return NO_SUCH_DATA

    def _read(self, command: Command, right: Right, room: int) -> bytes:
        """READ BINARY, of the chosen file or by short identifier (ISO/IEC 7816-4, 7.2.2)."""
        number, offset = self._file, command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            number, offset = 0x0100 | command.p1 & 0x1F, command.p2
            if not self._there(number):
                return NOT_FOUND
            self._file = number
        if number is None:
            return NO_FILE_CHOSEN if self._selected or right is not Right.STRANGER else NOT_NOW
        if not self._reader.may_read(number, right):
            return NO_RIGHT
        content = self._content.file(number)
        if offset >= len(content):
            return WRONG_OFFSET
        wanted = command.le or 256
        data = content[offset : offset + min(wanted, room)]
        ended = len(data) < min(wanted, room) and wanted not in (256, 65_536)
        return data + (END_OF_FILE if ended else OK)

    def _there(self, number: int) -> bool:
        """The master file has EF.CardAccess. A finished card has only the files that it was given."""
        known = number in FILES if self._selected else number == CARD_ACCESS
        return known and (not self._content.committed or self._content.file(number) != b"")


__all__ = ["LOCKED", "PERSONALIZED", "SELECTABLE", "Chip"]
