"""What the chip holds and in which state of its life it is; every change goes through its non-volatile memory.

Life cycle (GlobalPlatform Card Specification 2.3.1, 11.1.1): the card OP_READY 01, INITIALIZED 07, SECURED 0F,
CARD_LOCKED 7F, TERMINATED FF; the application SELECTABLE 07, PERSONALIZED 0F, LOCKED 83.
"""

import hashlib
from functools import cache

from sim.card_encoder.memory import Memory
from sim.card_encoder.tlv import tlv
from sim.card_encoder.words import FULL, NOT_NOW, OK, WRONG_DATA, WRONG_OFFSET, refusals

AID = bytes.fromhex("A0000002471001")
CARD_ACCESS, SOD, COM = 0x011C, 0x011D, 0x011E
DG13 = 0x010D
FILES = (0x0101, 0x0102, 0x0107, 0x010B, DG13, 0x010E, 0x010F, CARD_ACCESS, SOD, COM)
ACCESS = 0xFF01
"""Pseudo file: what of the MRZ opens the card to a reader. Never read, not part of the digest."""
ACCESS_SIZE = range(24, 41)
"""Document number, birth and expiry date with check digits: 24 characters, more if the number is longer than nine."""
COMMIT_TRIES, AUTHENTICATION_TRIES = 3, 5

SELECTABLE, PERSONALIZED, LOCKED = 0x07, 0x0F, 0x83
OP_READY, INITIALIZED, SECURED, CARD_LOCKED, TERMINATED = 0x01, 0x07, 0x0F, 0x7F, 0xFF


class Content:
    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._counted = False

    # -- life cycle ----------------------------------------------------------------------------------------------
    @property
    def state(self) -> int:
        """The application's. A byte that is no state, as a torn write may leave it, counts as LOCKED."""
        if self.card_state in (CARD_LOCKED, TERMINATED):
            return LOCKED
        state = (self.memory.get("state") or bytes([SELECTABLE]))[0]
        if state == PERSONALIZED:
            return state
        return SELECTABLE if state == SELECTABLE and self.tries and self.authentication_tries else LOCKED

    @property
    def committed(self) -> bool:
        return self.state == PERSONALIZED

    @property
    def card_state(self) -> int:
        return self.memory.get("card", bytes([OP_READY]))[0]

    @property
    def tries(self) -> int:
        """Commits that may still be refused before the application locks itself."""
        return self.memory.get("tries", bytes([COMMIT_TRIES]))[0]

    @property
    def authentication_tries(self) -> int:
        """Hosts that may still fail to prove that they know the keys."""
        return self.memory.get("authentication", bytes([AUTHENTICATION_TRIES]))[0]

    @authentication_tries.setter
    def authentication_tries(self, left: int) -> None:
        if left != self.authentication_tries:
            self.memory.keep("authentication", bytes([left]))

    def count_up(self) -> bytes | None:
        """The next value of the secure channel's sequence counter, 3 bytes; None when it has no more."""
        value = int.from_bytes(self.memory.get("sequence"), "big") + 1
        if value > 0xFFFFFF:
            return None
        counter = value.to_bytes(3, "big")
        self.memory.keep("sequence", counter)
        return counter

    def move_card(self, state: int) -> bytes:
        """SET STATUS of the card as a whole: forward only, but CARD_LOCKED may be undone."""
        now = self.card_state
        forward = state in (INITIALIZED, SECURED) and state > now
        locking = {now, state} == {SECURED, CARD_LOCKED}
        if now == TERMINATED or not (forward or locking or state == TERMINATED):
            return NOT_NOW
        self.memory.keep("card", bytes([state]))
        return OK

    def commit(self, digest: bytes) -> bytes:
        """The single byte that makes the card a document, if `digest` is that of what the chip holds."""
        if self.state != SELECTABLE:
            return NOT_NOW
        if len(digest) != 32:
            return WRONG_DATA
        if digest != self.digest():
            self.memory.keep("tries", bytes([self.tries - 1]))
            return refusals(self.tries)
        self.memory.write("digest", digest, truncate=True)  # before the state: cut in between, it is still no document
        self.memory.write("state", bytes([PERSONALIZED]))
        return OK

    # -- files ---------------------------------------------------------------------------------------------------
    def file(self, number: int) -> bytes:
        return self.memory.get(name_of(number))

    def store(self, number: int, offset: int, data: bytes) -> bytes:
        """Writes into a file; offset 0 begins it anew. The answer's status word."""
        if self.state != SELECTABLE:
            return NOT_NOW
        now = len(self.file(number))
        before = now if offset else 0
        if offset > before:
            return WRONG_OFFSET
        grown = max(before, offset + len(data)) - now
        if sum(map(len, map(self.memory.get, _COUNTED))) + grown > self.memory.capacity:
            return FULL
        if not self._counted:
            self._counted = True
            self.memory.keep("attempts", bytes([min(self.attempts + 1, 0xFF)]))
        self.memory.write(name_of(number), data, offset, truncate=offset == 0)
        return OK

    @property
    def attempts(self) -> int:
        """Power-ups in which something was written."""
        return self.memory.get("attempts", b"\x00")[0]

    @property
    def access(self) -> bytes:
        """The MRZ information that opens the card to a reader; b"" if none is known."""
        return self.memory.get(name_of(ACCESS))

    def digest(self) -> bytes:
        """SHA-256 over number (2 bytes), length (4) and content of each file that is not empty, by number."""
        total = hashlib.sha256()
        for number in sorted(FILES):
            content = self.file(number)
            if content:
                total.update(number.to_bytes(2, "big") + len(content).to_bytes(4, "big") + content)
        return total.digest()

    def status_object(self) -> bytes:
        """FF20: state, committed digest, attempts."""
        digest = self.memory.get("digest") if self.committed else b""
        return tlv(0xFF20, tlv(0x80, bytes([self.state])), tlv(0x81, digest), tlv(0x82, bytes([self.attempts])))


@cache
def name_of(number: int) -> str:
    """The file's name in the chip's memory."""
    return f"ef:{number:04X}"


_COUNTED = tuple(map(name_of, (*FILES, ACCESS)))
"""What takes room in the chip."""
