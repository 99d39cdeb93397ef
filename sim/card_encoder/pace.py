"""PACE with generic mapping, the chip's end (ICAO Doc 9303-11, 4.4), AES-128, password: the MRZ.

The card offers P-256 (parameter id 12). The curve is an argument, because the standard's worked example is on another.
"""

import hmac
import random
from collections.abc import Callable

from sim.card_encoder.curve import P256, Curve, Point
from sim.card_encoder.messaging import AesCipher, Messaging
from sim.card_encoder.primitives import AES_BLOCK, ENC, MAC, PACE, aes_cmac, aes_encrypt, derive_aes128, sha1
from sim.card_encoder.tlv import parts, tlv

ECDH_GM_AES128 = bytes.fromhex("04007F00070202040202")
"""id-PACE-ECDH-GM-AES-CBC-CMAC-128 (9.2.3)."""
P256_ID = 12
"""NIST P-256 (secp256r1) in the table of standardised domain parameters (9.5.1)."""
MRZ = 1
DYNAMIC, NONCE, MAP_THEIRS, MAP_OURS, KEY_THEIRS, KEY_OURS, TOKEN_THEIRS, TOKEN_OURS = (
    0x7C, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86,
)  # fmt: skip


class Wrong(Exception):
    """This step cannot be; the protocol begins anew."""


class Pace:
    """One run: `step` once for each GENERAL AUTHENTICATE, in order; after the fourth, `session` is there."""

    def __init__(self, mrz: bytes, chance: random.Random, curve: Curve = P256) -> None:
        self._password = derive_aes128(sha1(mrz), PACE)
        self._chance = chance
        self._curve = curve
        self._nonce = b""
        self._generator: Point | None = None
        self._theirs = self._ours = b""
        self._keys = (b"", b"")
        self._done = 0
        self._steps: list[tuple[list[int], int, Callable[[bytes], bytes | None]]] = [
            ([], NONCE, self._encrypted_nonce),
            ([MAP_THEIRS], MAP_OURS, self._mapped),
            ([KEY_THEIRS], KEY_OURS, self._agreed),
            ([TOKEN_THEIRS], TOKEN_OURS, self._token),
        ]
        self.session: Messaging | None = None

    def step(self, data: bytes) -> bytes | None:
        """The chip's dynamic authentication data; None if the terminal's token is not right. Wrong for nonsense."""
        outer = parts(data)
        if self._done == len(self._steps) or outer is None or list(outer) != [DYNAMIC]:
            raise Wrong
        asked, told, act = self._steps[self._done]
        objects = parts(outer[DYNAMIC])
        if objects is None or list(objects) != asked:
            raise Wrong
        self._done += 1
        answer = act(objects[asked[0]] if asked else b"")
        return None if answer is None else tlv(DYNAMIC, tlv(told, answer))

    def _secret(self) -> int:
        return self._chance.randrange(1, self._curve.n)

    def _encrypted_nonce(self, _: bytes) -> bytes:
        self._nonce = self._chance.randbytes(AES_BLOCK)
        return aes_encrypt(self._password, bytes(AES_BLOCK), self._nonce)

    def _mapped(self, theirs: bytes) -> bytes:
        """4.4.3.3.1: the new generator is s x G + H, H being what both sides agree on by Diffie-Hellman."""
        curve, secret = self._curve, self._secret()
        shared = curve.times(secret, self._point(theirs))
        nonce = int.from_bytes(self._nonce, "big")
        self._generator = curve.add(curve.times(nonce, curve.g), shared)
        return self._public(secret, curve.g)

    def _agreed(self, theirs: bytes) -> bytes:
        curve, secret = self._curve, self._secret()
        if self._generator is None:
            raise Wrong
        shared = curve.times(secret, self._point(theirs))
        self._theirs, self._ours = theirs, self._public(secret, self._generator)
        if shared is None or self._theirs == self._ours:
            raise Wrong
        seed = shared[0].to_bytes(curve.size, "big")
        self._keys = (derive_aes128(seed, ENC), derive_aes128(seed, MAC))
        return self._ours

    def _token(self, theirs: bytes) -> bytes | None:
        """4.4.3.4: each side's token is a MAC over the other's public key."""
        enc, mac = self._keys
        if not hmac.compare_digest(token(mac, self._ours), theirs):
            return None
        self.session = Messaging(AesCipher(enc, mac), bytes(AES_BLOCK))
        return token(mac, self._theirs)

    def _point(self, data: bytes) -> Point:
        point = self._curve.decode(data)
        if point is None:
            raise Wrong
        return point

    def _public(self, secret: int, generator: Point) -> bytes:
        point = self._curve.times(secret, generator)
        if point is None:
            raise Wrong
        return self._curve.encode(point)


def token(mac: bytes, public: bytes) -> bytes:
    """8 bytes over the public key as data object 7F49 with the protocol's identifier (9.4.2)."""
    return aes_cmac(mac, tlv(0x7F49, tlv(0x06, ECDH_GM_AES128), tlv(0x86, public)))[:8]
