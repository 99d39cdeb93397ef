"""What the issuer's host may do: everything here needs GlobalPlatform's secure channel, SCP03.

STORE DATA, SET STATUS, PUT KEY and key generation ask for C-MAC, C-DECRYPTION and R-MAC (security level 13 or 33).
"""

import random
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec

from sim.card_encoder.apdu import Command
from sim.card_encoder.content import (
    ACCESS,
    ACCESS_SIZE,
    AID,
    AUTHENTICATION_TRIES,
    COM,
    FILES,
    PERSONALIZED,
    SELECTABLE,
    Content,
)
from sim.card_encoder.curve import P256
from sim.card_encoder.scp03 import (
    C_DECRYPTION,
    C_MAC,
    LEVELS,
    OPTIONS,
    PROTOCOL,
    R_MAC,
    TRANSPORT_KEYS,
    CardKeys,
    Channel,
    Refused,
    card_challenge,
    card_keys,
    check_value,
    new_keys,
)
from sim.card_encoder.tlv import tlv
from sim.card_encoder.words import (
    BLOCKED,
    NO_RIGHT,
    NO_SUCH_DATA,
    NOT_AUTHENTICATED,
    NOT_FOUND,
    NOT_NOW,
    OK,
    WRONG_DATA,
    WRONG_LENGTH,
    WRONG_P1P2,
)

ISSUER_DOMAIN = bytes.fromhex("A000000151000000")
CHUNK = 231
"""Most bytes of a file in one STORE DATA."""
WRITABLE = frozenset((*FILES, ACCESS))
WHOLE = C_MAC | C_DECRYPTION | R_MAC
SEVERAL_FROM_ONE = 0x81
"""P2 of PUT KEY: more than one key, the first with identifier 1."""
SCOPE_CARD, SCOPE_APPLICATION = 0x80, 0x40


class Issuer:
    """`uid`: the chip's own number, from which its keys may come. The keys are those that PUT KEY has left in the
    object "keys" of the chip's memory; derived from the object "master", on a card that its issuer has keyed
    beforehand; or the transport keys of a blank, which are GlobalPlatform's test keys."""

    def __init__(self, content: Content, uid: bytes, chance: random.Random) -> None:
        self._content = content
        self._uid = uid
        self._chance = chance
        self._channel: Channel | None = None
        self._block = -1

    @property
    def level(self) -> int:
        """Security level of the open channel; 0 if none is open."""
        return self._channel.level if self._channel else 0

    def end(self) -> None:
        self._channel = None
        self._block = -1

    # -- the channel ---------------------------------------------------------------------------------------------
    def initialize(self, command: Command) -> bytes:
        """INITIALIZE UPDATE: 10 bytes diversification data (zeros and the UID), key version, protocol, options,
        challenge, cryptogram, sequence counter (Amendment D, 7.1.1)."""
        self.end()
        if len(command.data) != 8:
            return WRONG_LENGTH
        keys = self._keys()
        if command.p1 not in (0, keys.version) or command.p2 != 0:
            return NO_SUCH_DATA
        if not self._content.authentication_tries:
            return BLOCKED
        counter = self._content.count_up()
        if counter is None:
            return NOT_NOW
        challenge = card_challenge(keys, counter, AID)
        self._channel = Channel(keys, command.data, challenge)
        head = self._uid.rjust(10, b"\x00") + bytes([keys.version, PROTOCOL, OPTIONS])
        return head + challenge + self._channel.card_cryptogram + counter + OK

    def authenticate(self, command: Command) -> bytes:
        """EXTERNAL AUTHENTICATE. A wrong one costs a try, counted before it is looked at."""
        channel, self._channel = self._channel, None
        if channel is None or channel.level:
            return NOT_NOW
        if len(command.data) != 16:
            return WRONG_LENGTH
        if command.p1 not in LEVELS or command.p2 != 0:
            return WRONG_P1P2
        self._content.authentication_tries -= 1
        if not channel.authenticate(command):
            return NOT_AUTHENTICATED
        self._content.authentication_tries = AUTHENTICATION_TRIES
        self._channel = channel
        return OK

    def opened(self, command: Command) -> Command | None:
        """The command that came protected; None if there is no channel or its protection is wrong, which ends it."""
        try:
            if self._channel and self._channel.level:
                return self._channel.opened(command)
        except Refused:
            pass
        self.end()
        return None

    def closed(self, answer: bytes) -> bytes:
        return self._channel.closed(answer) if self._channel else answer

    # -- inside it -----------------------------------------------------------------------------------------------
    @property
    def _whole(self) -> bool:
        return self.level & WHOLE == WHOLE

    def store(self, command: Command) -> bytes:
        """STORE DATA: file (2 bytes), offset (2), content. Blocks count up, or begin at 0 again."""
        if not self._whole:
            return NO_RIGHT
        if not 4 <= len(command.data) <= 4 + CHUNK:
            return WRONG_LENGTH
        if command.p2 not in (0, (self._block + 1) & 0xFF):
            return WRONG_P1P2
        number, offset = int.from_bytes(command.data[:2], "big"), int.from_bytes(command.data[2:4], "big")
        piece = command.data[4:]
        if number not in WRITABLE:
            return NOT_FOUND
        if number == ACCESS and (offset or len(piece) not in ACCESS_SIZE or not piece.isascii()):
            return WRONG_DATA
        answer = self._content.store(number, offset, piece)
        if answer == OK:
            self._block = command.p2
        return answer

    def put_key(self, command: Command) -> bytes:
        """PUT KEY: three AES keys under the DEK in place of the set that there is (P1: its version). One transaction of
        the card's operating system, so that after a cut it has the old set or the new one, never some of each."""
        if not self._whole:
            return NO_RIGHT
        if self._content.state != SELECTABLE:
            return NOT_NOW
        old = self._keys()
        if command.p1 != old.version or command.p2 != SEVERAL_FROM_ONE:
            return NO_SUCH_DATA
        keys = new_keys(command.data, old.dek)
        if keys is None or not 1 <= keys.version <= 0x7F:
            return WRONG_DATA
        self._content.memory.keep("keys", keys.cell)
        return bytes([keys.version]) + b"".join(map(check_value, (keys.enc, keys.mac, keys.dek))) + OK

    def _keys(self) -> CardKeys:
        memory = self._content.memory
        if memory.has("keys"):
            return CardKeys.held(memory.get("keys"))
        return card_keys(memory.get("master"), self._uid) if memory.has("master") else TRANSPORT_KEYS

    def set_status(self, command: Command) -> bytes:
        """SET STATUS: of the application the commit, which needs access keys and EF.COM; of the card its life."""
        if not self._whole:
            return NO_RIGHT
        if command.p1 == SCOPE_CARD:
            return self._content.move_card(command.p2)
        if (command.p1, command.p2) != (SCOPE_APPLICATION, PERSONALIZED):
            return WRONG_P1P2
        if not (self._content.access and self._content.file(COM)):
            return NOT_NOW
        return self._content.commit(command.data)

    def get_status(self, command: Command) -> bytes:
        """GET STATUS: name and state of the card (80) or the application (40), as object E3."""
        if not self.level:
            return NO_RIGHT
        if command.p2 != 0x02:
            return WRONG_P1P2
        match command.p1:
            case 0x80:
                name, state = ISSUER_DOMAIN, self._content.card_state
            case 0x40:
                name, state = AID, self._content.state
            case _:
                return WRONG_P1P2
        return tlv(0xE3, tlv(0x4F, name), tlv(0x9F70, bytes([state]))) + OK

    def generate(self, command: Command) -> bytes:
        """GENERATE ASYMMETRIC KEY PAIR (ISO/IEC 7816-8): object 7F49, the public point. P1 bit 1: that there is."""
        if not self._whole:
            return NO_RIGHT
        if command.p2 != 0:
            return WRONG_P1P2
        if not command.p1 & 1:
            if self._content.state != SELECTABLE:
                return NOT_NOW
            secret = self._chance.randrange(1, P256.n)
            self._content.memory.keep("key", secret.to_bytes(32, "big"))
        key = active_key(self._content)
        if key is None:
            return NO_SUCH_DATA
        numbers = key.public_key().public_numbers()
        return tlv(0x7F49, tlv(0x86, P256.encode((numbers.x, numbers.y)))) + OK


def active_key(content: Content) -> ec.EllipticCurvePrivateKey | None:
    """The key of active authentication, made on the chip; None before that."""
    secret = content.memory.get("key")
    return _private(secret) if secret else None


@lru_cache(maxsize=4)
def _private(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """Kept for a few cards: its public half is multiplied out anew each time."""
    return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
