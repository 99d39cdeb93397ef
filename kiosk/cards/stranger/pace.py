"""PACE with generic mapping over an elliptic curve (ICAO Doc 9303-11, 4.4), password: the printed MRZ.

Better than BAC: what is overheard cannot be searched for the MRZ afterwards. AES-128, curves P-256 and brainpoolP256r1.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import cmac, constant_time
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from ecdsa import curves, ellipticcurve
from ecdsa.errors import MalformedPointError

from drivers.contract.errors import ProtocolError
from kiosk.cards.stranger import objects
from kiosk.cards.stranger.bac import seed
from kiosk.cards.stranger.messaging import ENC_KEY, MAC_KEY, PASSWORD_KEY, AesSuite, Messaging, key

OID = bytes.fromhex("04007F00070202040202")
"""id-PACE-ECDH-GM-AES-CBC-CMAC-128."""
CURVES = {12: curves.NIST256p, 13: curves.BRAINPOOLP256r1}
"""Standardised domain parameters of Doc 9303-11, 9.5.1."""
PASSWORD_MRZ = 1
SCALAR = 40
"""Random bytes for a private scalar: 64 bits more than the order, so that the remainder is even."""
GET_NONCE = bytes.fromhex("10860000027C0000")


def select(parameter: int) -> bytes:
    """MSE:SET AT (Doc 9303-11, 4.4.4.1)."""
    body = b"\x80" + bytes([len(OID)]) + OID + bytes([0x83, 1, PASSWORD_MRZ, 0x84, 1, parameter])
    return bytes.fromhex("0022C1A4") + bytes([len(body)]) + body


@dataclass(frozen=True, slots=True)
class Exchange:
    """One run. `mapping` and `agreement`: our two private scalars, fresh, 1..order-1. Answers come in turn; each method
    takes the data of the answer before."""

    parameter: int
    mrz_information: str = field(repr=False)
    mapping: int = field(repr=False)
    agreement: int = field(repr=False)

    def map_nonce(self) -> bytes:
        """GENERAL AUTHENTICATE with our mapping key."""
        return _general(0x10, 0x81, _encoded(self._curve.generator * self.mapping))

    def agree(self, nonce_answer: bytes, map_answer: bytes) -> "Agreed":
        """The mapped generator, and our key over it."""
        encrypted = _part(nonce_answer, 0x80)
        if len(encrypted) != 16:
            raise ProtocolError("a PACE nonce of other than 16 bytes")
        password = key(seed(self.mrz_information), PASSWORD_KEY)
        nonce = Cipher(algorithms.AES(password), modes.CBC(bytes(16))).decryptor().update(encrypted)
        shared = self.point(_part(map_answer, 0x82)) * self.mapping
        return Agreed(self, self._curve.generator * int.from_bytes(nonce, "big") + shared)

    @property
    def _curve(self) -> curves.Curve:
        return CURVES[self.parameter]

    def point(self, encoded: bytes) -> ellipticcurve.PointJacobi:
        """A point of the curve; ProtocolError for anything else (an invalid point would give our key away)."""
        curve = self._curve.curve
        try:
            point = ellipticcurve.PointJacobi.from_bytes(
                curve, encoded, valid_encodings=("uncompressed",), order=self._curve.order
            )
        except (MalformedPointError, ValueError) as error:
            raise ProtocolError("the chip sent something that is no point") from error
        if not curve.contains_point(point.x(), point.y()):  # from_bytes only reads coordinates
            raise ProtocolError("the chip sent a point that is not on the curve")
        return point


@dataclass(frozen=True, slots=True)
class Agreed:
    """After the mapping."""

    run: Exchange
    generator: ellipticcurve.PointJacobi = field(repr=False)

    def command(self) -> bytes:
        """GENERAL AUTHENTICATE with our key over the mapped generator."""
        return _general(0x10, 0x83, self._ours())

    def keys(self, answer: bytes) -> "Keyed":
        theirs = _part(answer, 0x84)
        if theirs == self._ours():
            raise ProtocolError("the chip sent our own key back")
        shared = (self.run.point(theirs) * self.run.agreement).to_affine()
        secret = int(shared.x()).to_bytes(32, "big")
        return Keyed(key(secret, ENC_KEY), key(secret, MAC_KEY), self._ours(), theirs)

    def _ours(self) -> bytes:
        return _encoded(self.generator * self.run.agreement)


@dataclass(frozen=True, slots=True)
class Keyed:
    """Both sides have keys; the tokens show whether they are the same."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    ours: bytes
    theirs: bytes

    def command(self) -> bytes:
        """GENERAL AUTHENTICATE with our token."""
        return _general(0x00, 0x85, self._token(self.theirs))

    def session(self, answer: bytes) -> Messaging:
        """The session. ProtocolError if the chip has other keys: it does not know the MRZ, or somebody is between."""
        if not constant_time.bytes_eq(_part(answer, 0x86), self._token(self.ours)):
            raise ProtocolError("the chip's PACE token does not hold")
        return Messaging(AesSuite(self.enc, self.mac), bytes(16))

    def _token(self, point: bytes) -> bytes:
        """Doc 9303-11, 4.4.3.4: CMAC over the other side's public key as a data object 7F49."""
        body = b"\x06" + bytes([len(OID)]) + OID + b"\x86" + bytes([len(point)]) + point
        total = cmac.CMAC(algorithms.AES(self.mac))
        total.update(b"\x7f\x49" + bytes([len(body)]) + body)
        return total.finalize()[:8]


def scalar(token: bytes, parameter: int) -> int:
    """A private scalar from SCALAR random bytes."""
    return int.from_bytes(token, "big") % (int(CURVES[parameter].order) - 1) + 1


def _encoded(point: ellipticcurve.PointJacobi) -> bytes:
    return bytes(point.to_bytes("uncompressed"))


def _general(cla: int, tag: int, value: bytes) -> bytes:
    body = bytes([tag, len(value)]) + value
    return bytes([cla, 0x86, 0x00, 0x00, len(body) + 2, 0x7C, len(body)]) + body + b"\x00"


def _part(answer: bytes, tag: int) -> bytes:
    """The value of the one object `tag` inside dynamic authentication data (7C)."""
    return objects.value(objects.value(answer, 0x7C), tag)
