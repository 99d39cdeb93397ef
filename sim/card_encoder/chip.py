"""The card's own behaviour: an ISO/IEC 7816-4 file card with one application and a one-way life cycle.

This is not the e-KTP's native application, which is not public. It is a stand-in with the same duties: it takes an
identity's files, shows nothing of them before they are complete, and changes nothing afterwards.

Application A0000002471001, elementary files 0101 0102 010B 011D 011E (ICAO Doc 9303-10 numbering), and
  GET DATA FF20   status: state (80), committed digest (81), attempts (82)
  GET DATA FF21   the chip's own SHA-256 over its files (81), for the writer's read-back
  SET STATUS      80 F0 40 0F, data = digest: state becomes PERSONALIZED only if the chip's own digest is the same
Life-cycle values are GlobalPlatform's (card specification 2.3.1, 11.1.1): 07 selectable, 0F personalized, 83 locked.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sim.card_encoder.apdu import Command, parse

AID = bytes.fromhex("A0000002471001")
FILES = (0x0101, 0x0102, 0x010B, 0x011D, 0x011E)
CAPACITY = 32 * 1024
COMMIT_TRIES = 3

SELECTABLE, PERSONALIZED, LOCKED = 0x07, 0x0F, 0x83

OK = b"\x90\x00"
WRONG_LENGTH = b"\x67\x00"
MEMORY_FAILURE = b"\x65\x81"
NO_RIGHT = b"\x69\x82"
NOT_NOW = b"\x69\x85"
NO_FILE_CHOSEN = b"\x69\x86"
WRONG_DATA = b"\x6a\x80"
NOT_FOUND = b"\x6a\x82"
FULL = b"\x6a\x84"
WRONG_P1P2 = b"\x6a\x86"
NO_SUCH_DATA = b"\x6a\x88"
WRONG_OFFSET = b"\x6b\x00"
UNKNOWN_INS = b"\x6d\x00"
UNKNOWN_CLA = b"\x6e\x00"
END_OF_FILE = b"\x62\x82"


@dataclass(frozen=True, slots=True)
class Done:
    """`answer`: what goes back. `cells`: bytes of non-volatile memory that were written, which takes time."""

    answer: bytes
    cells: int = 0


def never() -> bool:
    return False


class Chip:
    """A powered chip: what it forgets without power. `memory` is what it does not forget (World's `Card.chip`)."""

    def __init__(self, memory: dict[str, bytes], *, write_fails: Callable[[], bool] = never) -> None:
        self._memory = memory
        self._write_fails = write_fails
        self._selected = False
        self._file: int | None = None
        self._counted = False

    @property
    def state(self) -> int:
        return self._memory.get("state", bytes([SELECTABLE]))[0]

    def exchange(self, apdu: bytes, *, torn: bool = False) -> Done:
        """One command. `torn`: the power goes in the middle of it, so half of what it would write is written."""
        command = parse(apdu)
        if command is None:
            return Done(WRONG_LENGTH)
        match command.cla, command.ins:
            case 0x00, 0xA4:
                return Done(self._select(command))
            case _ if not self._selected:
                return Done(NOT_NOW)
            case 0x00, 0xCA:
                return Done(self._get_data(command))
            case 0x00, 0xB0:
                return Done(self._read(command))
            case 0x00, 0xD6:
                return self._update(command, torn=torn)
            case 0x80, 0xF0:
                return self._commit(command)
            case 0x00 | 0x80, _:
                return Done(UNKNOWN_INS)
        return Done(UNKNOWN_CLA)

    def _select(self, command: Command) -> bytes:
        if command.p1 == 0x04:
            self._file = None
            self._selected = command.data == AID
            return OK if self._selected else NOT_FOUND
        if command.p1 == 0x02 and self._selected and len(command.data) == 2:
            chosen = int.from_bytes(command.data, "big")
            self._file = chosen if chosen in FILES else None
            return OK if self._file is not None else NOT_FOUND
        return WRONG_P1P2 if self._selected else NOT_NOW

    def _get_data(self, command: Command) -> bytes:
        match command.p1, command.p2:
            case 0xFF, 0x20:
                body = b"\x80\x01" + bytes([self.state])
                digest = self._memory.get("digest", b"")
                body += b"\x81" + bytes([len(digest)]) + digest
                body += b"\x82\x01" + self._memory.get("attempts", b"\x00")
                return b"\xff\x20" + bytes([len(body)]) + body + OK
            case 0xFF, 0x21:
                return b"\xff\x21\x22\x81\x20" + self._digest() + OK
        return NO_SUCH_DATA

    def _read(self, command: Command) -> bytes:
        if self._file is None:
            return NO_FILE_CHOSEN
        if self.state != PERSONALIZED:
            return NO_RIGHT
        content = self._memory.get(_name(self._file), b"")
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80 or offset >= len(content):
            return WRONG_OFFSET
        wanted = command.le or 256
        data = content[offset : offset + wanted]
        return data + (OK if len(data) == wanted or wanted >= 256 else END_OF_FILE)

    def _update(self, command: Command, *, torn: bool) -> Done:
        if self._file is None:
            return Done(NO_FILE_CHOSEN)
        if self.state != SELECTABLE:
            return Done(NOT_NOW)
        name = _name(self._file)
        offset = command.p1 << 8 | command.p2
        before = self._memory.get(name, b"") if offset else b""
        if command.p1 & 0x80 or offset > len(before):
            return Done(WRONG_OFFSET)
        after = before[:offset] + command.data + before[offset + len(command.data) :]
        others = sum(len(self._memory.get(_name(file), b"")) for file in FILES if file != self._file)
        if others + len(after) > CAPACITY:
            return Done(FULL)
        if self._write_fails():
            return Done(MEMORY_FAILURE)
        if not self._counted:
            self._counted = True
            attempts = min(self._memory.get("attempts", b"\x00")[0] + 1, 0xFF)
            self._memory["attempts"] = bytes([attempts])
        if torn:
            after = before[:offset] + command.data[: len(command.data) // 2]
        self._memory[name] = after
        return Done(OK, cells=len(command.data))

    def _commit(self, command: Command) -> Done:
        if (command.p1, command.p2) != (0x40, PERSONALIZED):
            return Done(WRONG_P1P2)
        if self.state != SELECTABLE:
            return Done(NOT_NOW)
        if len(command.data) != 32:
            return Done(WRONG_DATA)
        if self._write_fails():
            return Done(MEMORY_FAILURE)
        if command.data != self._digest():
            tries = self._memory.get("tries", bytes([COMMIT_TRIES]))[0] - 1
            self._memory["tries"] = bytes([tries])
            if tries == 0:
                self._memory["state"] = bytes([LOCKED])
            return Done(b"\x63" + bytes([0xC0 | tries]), cells=1)
        self._memory["digest"] = command.data  # before the state: a chip cut in between is still not committed
        self._memory["state"] = bytes([PERSONALIZED])
        return Done(OK, cells=33)

    def _digest(self) -> bytes:
        total = hashlib.sha256()
        for file in sorted(FILES):
            content = self._memory.get(_name(file), b"")
            if content:
                total.update(file.to_bytes(2, "big") + len(content).to_bytes(4, "big") + content)
        return total.digest()


def _name(file: int) -> str:
    return f"ef:{file:04X}"
