"""Basic access control (ICAO Doc 9303-11, 4.3): the printed MRZ opens the chip."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives import constant_time

from drivers.contract.errors import ProtocolError
from kiosk.cards.stranger.messaging import ENC_KEY, MAC_KEY, Messaging, TripleDesSuite, key, pad

GET_CHALLENGE = bytes.fromhex("0084000008")
_ODD = bytes(byte & 0xFE | ((byte >> 1).bit_count() + 1) % 2 for byte in range(256))
"""Each byte with its last bit so that the number of ones is odd."""


def information(lines: tuple[str, str, str]) -> str:
    """MRZ information from the three printed lines of a TD1 card: number, birth, expiry, each with check digit."""
    if [len(line) for line in lines] != [30, 30, 30]:
        raise ValueError("a TD1 machine readable zone has three lines of 30 characters")
    upper, middle, _ = lines
    return upper[5:15] + middle[0:7] + middle[8:15]


def seed(mrz_information: str) -> bytes:
    """SHA-1 over it, 20 bytes; BAC uses the first 16."""
    return hashlib.sha1(mrz_information.encode("ascii")).digest()  # noqa: S324 - the standard's


def odd_parity(des_key: bytes) -> bytes:
    """DES keys as the standard prints them: each byte with an odd number of ones."""
    return des_key.translate(_ODD)


@dataclass(frozen=True)
class Handshake:
    """One mutual authentication. `nonce` 8 and `secret` 16 fresh random bytes of ours, `challenge` 8 of the chip."""

    mrz_information: str = field(repr=False)
    challenge: bytes
    nonce: bytes
    secret: bytes = field(repr=False)

    def command(self) -> bytes:
        """EXTERNAL AUTHENTICATE."""
        suite = self._suite
        encrypted = suite.crypt(self.nonce + self.challenge + self.secret, b"", encrypt=True)
        return bytes.fromhex("0082000028") + encrypted + suite.mac(pad(encrypted, 8)) + b"\x28"

    def session(self, answer: bytes) -> Messaging:
        """The session that the chip's 40 bytes open. ProtocolError if they prove nothing."""
        suite = self._suite
        if len(answer) != 40 or not constant_time.bytes_eq(suite.mac(pad(answer[:32], 8)), answer[32:]):
            raise ProtocolError("the chip's answer to EXTERNAL AUTHENTICATE does not hold")
        plain = suite.crypt(answer[:32], b"", encrypt=False)
        if plain[:8] != self.challenge or plain[8:16] != self.nonce:
            raise ProtocolError("the chip answered another handshake")
        shared = bytes(a ^ b for a, b in zip(self.secret, plain[16:], strict=True))
        keys = TripleDesSuite(odd_parity(key(shared, ENC_KEY)), odd_parity(key(shared, MAC_KEY)))
        return Messaging(keys, self.challenge[4:] + self.nonce[4:])

    @cached_property
    def _suite(self) -> TripleDesSuite:
        start = seed(self.mrz_information)[:16]
        return TripleDesSuite(odd_parity(key(start, ENC_KEY)), odd_parity(key(start, MAC_KEY)))
