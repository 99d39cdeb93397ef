"""The issuer's half of SCP03, as it is inside the centre's HSM and inside a SAM: keys stay, wrapped commands come out.

Written from GlobalPlatform Card Specification 2.3.1 (11.8, PUT KEY) and Amendment D by itself: neither the kiosk's
SCP03 nor the simulated card's is used here.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

TEST_KEY = bytes(range(0x40, 0x50))
"""GlobalPlatform's public test key."""
LEVEL = 0x33
LONGEST_UID = 8


Purpose = Literal["keys", "write", "finish"]
ALLOWED: dict[Purpose, tuple[bytes, ...]] = {
    "keys": (),
    "write": (b"\x80\xe2", b"\x00\x46\x80\x00", b"\x00\xca\xff", b"\x80\xf0\x40\x0f"),
    "finish": (b"\x80\xf2\x80\x02", b"\x80\xf0\x80\x0f"),
}
"""How the commands begin that are wrapped in a session: STORE DATA, GENERATE ASYMMETRIC KEY PAIR, GET DATA and the
commit while writing; GET STATUS and SET STATUS SECURED at the end. PUT KEY is made here, never wrapped for others."""


class Refused(Exception):
    """What holds the keys does not do this; the text is for a log."""


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """`master`: from which each card's own keys come. `transport`: ENC, MAC and DEK of all blanks."""

    master: bytes = field(default=TEST_KEY, repr=False)
    transport: bytes = field(default=TEST_KEY, repr=False)

    def of(self, uid: bytes) -> tuple[bytes, bytes, bytes]:
        """ENC, MAC and DEK of one card, by AN10922."""
        if not 4 <= len(uid) <= LONGEST_UID:
            raise Refused(f"a UID of {len(uid)} bytes")
        one, two, three = (_cmac(self.master, b"\x01\x01ANJUNGAN" + bytes([kind]) + uid.ljust(8, b"\x00"))
                           for kind in (1, 2, 3))  # fmt: skip
        return one, two, three


def _cmac(key: bytes, message: bytes) -> bytes:
    total = CMAC(algorithms.AES(key))
    total.update(message)
    return total.finalize()


def _block(key: bytes, block: bytes) -> bytes:
    """One block of AES: an ICV, a check value, or a key of one block under the DEK."""
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)  # noqa: S305  one block only


def _kdf(key: bytes, constant: int, context: bytes, bits: int) -> bytes:
    label = bytes(11) + bytes([constant])
    return _cmac(key, label + b"\x00" + bits.to_bytes(2, "big") + b"\x01" + context)[: bits // 8]


class Session:
    """Keys and counters of one card's channel; one script after the other."""

    def __init__(self, keys: MasterKeys, uid: bytes, host: bytes, answer: bytes, *, transport: bool = False) -> None:
        """`transport`: the card still has the keys of a blank. Refused if the card's cryptogram is wrong."""
        if len(answer) != 32 or answer[11] != 3:
            raise Refused("no answer to INITIALIZE UPDATE of SCP03")
        self._own = keys.of(uid)
        self._dek = keys.transport
        self._version = answer[10]
        enc, mac = (keys.transport, keys.transport) if transport else self._own[:2]
        context = host + answer[13:21]
        self._enc = _kdf(enc, 0x04, context, 128)
        self._mac = _kdf(mac, 0x06, context, 128)
        self._answer_mac = _kdf(mac, 0x07, context, 128)
        if _kdf(self._mac, 0x00, context, 64) != answer[21:29]:
            raise Refused("the card holds other keys")
        body = bytes([0x84, 0x82, LEVEL, 0x00, 0x10]) + _kdf(self._mac, 0x01, context, 64)
        self._chain = _cmac(self._mac, bytes(16) + body)
        self.authenticate = body + self._chain[:8]
        self._sent = 0
        self._open: list[tuple[int, bytes]] = []
        self._checks = b""

    def wrap(self, apdu: bytes) -> bytes:
        """A short command in case 1 to 4 form, enciphered and sealed."""
        size = apdu[4] if len(apdu) > 5 else 0
        data, le = apdu[5 : 5 + size], apdu[5 + size :] if size else apdu[4:]
        if len(apdu) < 4 or len(data) != size or len(data) > 239:
            raise Refused("no short command APDU that can be wrapped")
        self._sent += 1
        if data:
            filled = data + b"\x80" + bytes(15 - len(data) % 16)
            data = self._cipher(self._sent).encryptor().update(filled)
        body = bytes([apdu[0] | 4]) + apdu[1:4] + bytes([len(data) + 8]) + data
        self._chain = _cmac(self._mac, self._chain + body)
        self._open.append((self._sent, self._chain))
        return body + self._chain[:8] + le

    def unwrap(self, response: bytes) -> bytes:
        """The plain answer to the oldest command that has none."""
        if not self._open or len(response) < 2:
            raise Refused("no command awaits this answer")
        number, chain = self._open.pop(0)
        sealed, status = response[:-2], response[-2:]
        if status != b"\x90\x00":
            return response
        data, mac = sealed[:-8], sealed[-8:]
        if _cmac(self._answer_mac, chain + data + status)[:8] != mac:
            raise Refused("an answer's MAC is wrong")
        if data:
            opened = self._cipher(number | 1 << 127).decryptor().update(data)
            data = opened.rstrip(b"\x00")[:-1]
        return data + status

    def new_keys(self, version: int) -> bytes:
        """PUT KEY, wrapped: this card's own keys in place of the transport keys."""
        told = b"".join(
            b"\x88\x11\x10" + _block(self._dek, key) + b"\x03" + _block(key, b"\x01" * 16)[:3] for key in self._own
        )
        self._checks = bytes([version]) + b"".join(_block(key, b"\x01" * 16)[:3] for key in self._own)
        return self.wrap(bytes([0x80, 0xD8, self._version, 0x81, 1 + len(told), version]) + told + b"\x00")

    def check_keys(self, response: bytes) -> None:
        """Refused unless the card's check values are those of its own keys."""
        if not self._checks or self.unwrap(response) != self._checks + b"\x90\x00":
            raise Refused("the card's check values are wrong")

    def _cipher(self, counter: int) -> "Cipher[Any]":
        """CBC with the enciphered counter as ICV."""
        return Cipher(algorithms.AES(self._enc), modes.CBC(_block(self._enc, counter.to_bytes(16, "big"))))


class Purposed:
    """A session to one card and what it is for."""

    def __init__(self, session: Session, purpose: Purpose) -> None:
        self._session = session
        self._purpose: Purpose = purpose

    @property
    def authenticate(self) -> bytes:
        return self._session.authenticate

    def wrap(self, apdu: bytes) -> bytes:
        if not apdu.startswith(ALLOWED[self._purpose]):
            raise Refused(f"{apdu[:4].hex()} is not for a session to {self._purpose}")
        return self._session.wrap(apdu)

    def unwrap(self, response: bytes) -> bytes:
        return self._session.unwrap(response)

    def new_keys(self, version: int) -> bytes:
        if self._purpose != "keys":
            raise Refused(f"no keys in a session to {self._purpose}")
        return self._session.new_keys(version)

    def check_keys(self, response: bytes) -> None:
        self._session.check_keys(response)
