"""What a reader in the world may do with a finished card: basic access control or PACE, then secure messaging.

ICAO Doc 9303-11 (access and protection) and 9303-10 (commands and files). Doc 9303-11, 6.1: active authentication.
"""

import random
from enum import Enum, auto

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sim.card_encoder.apdu import Command
from sim.card_encoder.bac import CHALLENGE, SIZE, BasicAccess
from sim.card_encoder.content import CARD_ACCESS, DG13, Content
from sim.card_encoder.issuer import active_key
from sim.card_encoder.messaging import Messaging
from sim.card_encoder.pace import ECDH_GM_AES128, MRZ, P256_ID, Pace, Wrong
from sim.card_encoder.tlv import parts
from sim.card_encoder.words import (
    NO_RIGHT,
    NO_SUCH_DATA,
    NOT_AUTHENTICATED,
    NOT_NOW,
    OK,
    WRONG_DATA,
    WRONG_LENGTH,
    WRONG_P1P2,
)

OID, PASSWORD, PARAMETERS = 0x80, 0x83, 0x84
CHAINED = 0x10


class Right(Enum):
    """Who is speaking."""

    STRANGER = auto()
    HOLDER = auto()
    """Has proved by BAC or PACE that the MRZ is before his eyes."""
    ISSUER = auto()
    """Inside SCP03."""


class Reader:
    """`session`: the secure messaging in force; commands then come through it or not at all."""

    def __init__(self, content: Content, chance: random.Random) -> None:
        self._content = content
        self._chance = chance
        self._basic: BasicAccess | None = None
        self._pace: Pace | None = None
        self.session: Messaging | None = None

    def end(self) -> None:
        self.session = None
        self._basic = self._pace = None

    def may_read(self, number: int, right: Right) -> bool:
        """Nothing before the commit. DG13 holds the finger templates: for the issuer's own readers only."""
        if not self._content.committed:
            return False
        match right:
            case Right.ISSUER:
                return True
            case Right.HOLDER:
                return number != DG13
        return number == CARD_ACCESS

    # -- BAC -----------------------------------------------------------------------------------------------------
    def challenge(self, command: Command) -> bytes:
        """GET CHALLENGE."""
        if not self._usable:
            return NOT_NOW
        if command.le != CHALLENGE:
            return WRONG_LENGTH
        self._basic = BasicAccess(self._content.access, self._chance)
        return self._basic.challenge() + OK

    def authenticate(self, command: Command) -> bytes:
        """EXTERNAL AUTHENTICATE (MUTUAL AUTHENTICATE)."""
        basic, self._basic = self._basic, None
        if basic is None:
            return NOT_NOW
        if len(command.data) != SIZE:
            return WRONG_LENGTH
        proved = basic.authenticate(command.data)
        if proved is None:
            return NOT_AUTHENTICATED
        answer, self.session = proved
        return answer + OK

    # -- PACE ----------------------------------------------------------------------------------------------------
    def choose(self, command: Command) -> bytes:
        """MSE:Set AT with the one protocol, password and curve that there are (9303-11, 4.4.4.1)."""
        self._pace = None
        if not self._usable:
            return NOT_NOW
        if (command.p1, command.p2) != (0xC1, 0xA4):
            return WRONG_P1P2
        objects = parts(command.data)
        if objects is None or set(objects) - {OID, PASSWORD, PARAMETERS} or objects.get(OID) != ECDH_GM_AES128:
            return WRONG_DATA
        if objects.get(PASSWORD) != bytes([MRZ]) or objects.get(PARAMETERS, bytes([P256_ID])) != bytes([P256_ID]):
            return NO_SUCH_DATA
        self._pace = Pace(self._content.access, self._chance)
        return OK

    def step(self, command: Command) -> bytes:
        """GENERAL AUTHENTICATE; all but the last of the four are marked as chained (9303-11, 4.4.4.2)."""
        pace, self._pace = self._pace, None
        if pace is None:
            return NOT_NOW
        try:
            answer = pace.step(command.data)
        except Wrong:
            return WRONG_DATA
        if answer is None:
            return NOT_AUTHENTICATED
        if bool(command.cla & CHAINED) is (pace.session is not None):
            return NOT_NOW
        if pace.session is None:
            self._pace = pace
        self.session = pace.session
        return answer + OK

    # -- active authentication -----------------------------------------------------------------------------------
    def sign(self, command: Command, right: Right) -> bytes:
        """INTERNAL AUTHENTICATE: ECDSA over the terminal's 8 bytes, SHA-256, as r and s of 32 bytes each."""
        if not self._content.committed or right is Right.STRANGER:
            return NO_RIGHT
        if len(command.data) != 8:
            return WRONG_LENGTH
        key = active_key(self._content)
        if key is None:
            return NO_SUCH_DATA
        r, s = decode_dss_signature(key.sign(command.data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + OK

    @property
    def _usable(self) -> bool:
        return self._content.committed and bool(self._content.access)
