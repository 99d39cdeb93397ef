"""The centre's key store, simulated: opens SCP03 sessions to cards and wraps commands, so that no kiosk holds a key.

Written from GlobalPlatform Amendment D by itself: neither the kiosk's SCP03 nor the simulated card's is used here. The
master key is GlobalPlatform's public test key.
"""

import random
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

MASTER = bytes(range(0x40, 0x50))
LEVEL = 0x33
SESSIONS_MAX = 64


class Refused(Exception):
    """The centre does not do this; the text is for the kiosk's log."""


def _cmac(key: bytes, message: bytes) -> bytes:
    total = CMAC(algorithms.AES(key))
    total.update(message)
    return total.finalize()


def _kdf(key: bytes, constant: int, context: bytes, bits: int) -> bytes:
    label = bytes(11) + bytes([constant])
    return _cmac(key, label + b"\x00" + bits.to_bytes(2, "big") + b"\x01" + context)[: bits // 8]


class _Session:
    """Keys and counters of one card's channel; one script after the other."""

    def __init__(self, uid: bytes, host: bytes, answer: bytes) -> None:
        if len(answer) != 32 or answer[11] != 3:
            raise Refused("no answer to INITIALIZE UPDATE of SCP03")
        card, cryptogram = answer[13:21], answer[21:29]
        own = [_cmac(MASTER, b"\x01\x01ANJUNGAN" + bytes([kind]) + uid.ljust(8, b"\x00")) for kind in (1, 2)]
        context = host + card
        self._enc = _kdf(own[0], 0x04, context, 128)
        self._mac = _kdf(own[1], 0x06, context, 128)
        self._answer_mac = _kdf(own[1], 0x07, context, 128)
        if _kdf(self._mac, 0x00, context, 64) != cryptogram:
            raise Refused("the card holds other keys")
        body = bytes([0x84, 0x82, LEVEL, 0x00, 0x10]) + _kdf(self._mac, 0x01, context, 64)
        self._chain = _cmac(self._mac, bytes(16) + body)
        self.authenticate = body + self._chain[:8]
        self._sent = 0
        self._open: list[tuple[int, bytes]] = []

    def wrap(self, apdu: bytes) -> bytes:
        """A short command in case 1 to 4 form, enciphered and sealed."""
        size = apdu[4] if len(apdu) > 5 else 0
        data, le = apdu[5 : 5 + size], apdu[5 + size :] if size else apdu[4:]
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

    def _cipher(self, counter: int) -> "Cipher[Any]":
        """CBC with the enciphered counter as ICV; that one block of ECB is the standard's."""
        block = Cipher(algorithms.AES(self._enc), modes.ECB()).encryptor()  # noqa: S305
        return Cipher(algorithms.AES(self._enc), modes.CBC(block.update(counter.to_bytes(16, "big"))))


class KeyStore:
    """All open sessions. The oldest is forgotten when there are too many."""

    def __init__(self) -> None:
        self._chance = random.Random("key store")
        self._challenges: list[bytes] = []
        self._sessions: dict[str, _Session] = {}

    def challenge(self) -> bytes:
        """8 bytes, good for one session."""
        self._challenges = [*self._challenges[-SESSIONS_MAX:], self._chance.randbytes(8)]
        return self._challenges[-1]

    def open(self, uid: bytes, challenge: bytes, answer: bytes) -> tuple[str, bytes]:
        """(session's name, EXTERNAL AUTHENTICATE). Refused unless the challenge is ours and unused."""
        if challenge not in self._challenges:
            raise Refused("the challenge is not ours, or was used before")
        self._challenges.remove(challenge)
        session = _Session(uid, challenge, answer)
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]
        name = self._chance.randbytes(8).hex()
        self._sessions[name] = session
        return name, session.authenticate

    def session(self, name: str) -> _Session:
        try:
            return self._sessions[name]
        except KeyError:
            raise Refused("no such session") from None
