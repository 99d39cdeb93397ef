"""Basic access control, the chip's end (ICAO Doc 9303-11, 4.3): whoever has seen the printed MRZ may read."""

import hmac
import random

from sim.card_encoder.messaging import Messaging, TripleDesCipher
from sim.card_encoder.primitives import (
    DES_BLOCK,
    ENC,
    MAC,
    RetailMac,
    derive_3des,
    des3_decrypt,
    des3_encrypt,
    pad,
    sha1,
)

CHALLENGE, KEY, SIZE = 8, 16, 40


class BasicAccess:
    """`mrz`: document number, birth date and expiry date, each with its check digit, as ASCII."""

    def __init__(self, mrz: bytes, chance: random.Random) -> None:
        seed = sha1(mrz)[:16]
        self._enc, self._mac = derive_3des(seed, ENC), RetailMac(derive_3des(seed, MAC))
        self._chance = chance
        self._challenge = b""

    def challenge(self) -> bytes:
        """RND.IC, good for one try."""
        self._challenge = self._chance.randbytes(CHALLENGE)
        return self._challenge

    def authenticate(self, data: bytes) -> tuple[bytes, Messaging] | None:
        """EXTERNAL AUTHENTICATE: the chip's cryptogram and the session; None if the terminal does not know the MRZ."""
        expected, self._challenge = self._challenge, b""
        cryptogram, mac = data[:-DES_BLOCK], data[-DES_BLOCK:]
        if len(data) != SIZE or not expected:
            return None
        if not hmac.compare_digest(self._mac.over(pad(cryptogram, DES_BLOCK)), mac):
            return None
        plain = des3_decrypt(self._enc, cryptogram)
        theirs, ours, their_key = plain[:8], plain[8:16], plain[16:]
        if not hmac.compare_digest(ours, expected):
            return None
        our_key = self._chance.randbytes(KEY)
        answer = des3_encrypt(self._enc, ours + theirs + our_key)
        seed = bytes(a ^ b for a, b in zip(their_key, our_key, strict=True))
        session = Messaging(TripleDesCipher(derive_3des(seed, ENC), derive_3des(seed, MAC)), ours[4:] + theirs[4:])
        return answer + self._mac.over(pad(answer, DES_BLOCK)), session
