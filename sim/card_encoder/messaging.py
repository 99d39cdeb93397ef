"""Secure messaging as a travel document speaks it after BAC or PACE (ICAO Doc 9303-11, 9.8)."""

import hmac
from typing import Protocol

from sim.card_encoder.apdu import Command
from sim.card_encoder.primitives import (
    AES_BLOCK,
    DES_BLOCK,
    RetailMac,
    aes_block,
    aes_cmac,
    aes_decrypt,
    aes_encrypt,
    des3_decrypt,
    des3_encrypt,
    pad,
    unpad,
)
from sim.card_encoder.tlv import parts, tlv
from sim.card_encoder.words import BADLY_PROTECTED, NOT_PROTECTED

CLA = 0x0C
CRYPTOGRAM, CRYPTOGRAM_ODD, EXPECTED, STATUS, CHECKSUM = 0x87, 0x85, 0x97, 0x99, 0x8E
"""Objects: cryptogram for even and for odd INS, Le, status word, MAC."""
KNOWN = frozenset({CRYPTOGRAM, CRYPTOGRAM_ODD, EXPECTED, CHECKSUM})
"""What a protected command may hold."""
MAC = 8
"""Bytes of a checksum."""
FRAME = 21
"""Bytes of a protected answer beside the cryptogram: 87 82 xxxx 01, 99 02 xxxx, 8E 08 and the MAC, the status word."""


class Broken(Exception):
    """The protection is missing or wrong: the session is over. `args[0]`: the status word."""


class Cipher(Protocol):
    """Which block cipher, and how its initial vectors and MACs are made; `counter` is the send sequence counter."""

    block: int

    def encrypt(self, counter: bytes, padded: bytes) -> bytes: ...
    def decrypt(self, counter: bytes, data: bytes) -> bytes: ...
    def mac(self, counter: bytes, padded: bytes) -> bytes: ...


class TripleDesCipher:
    """9.8.6: zero initial vector, retail MAC, an 8-byte counter."""

    block = DES_BLOCK

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc, self._mac = enc, RetailMac(mac)

    def encrypt(self, counter: bytes, padded: bytes) -> bytes:
        return des3_encrypt(self._enc, padded)

    def decrypt(self, counter: bytes, data: bytes) -> bytes:
        return des3_decrypt(self._enc, data)

    def mac(self, counter: bytes, padded: bytes) -> bytes:
        return self._mac.over(counter + padded)


class AesCipher:
    """9.8.7: the initial vector is the encrypted counter, which has 16 bytes; CMAC cut to 8 bytes."""

    block = AES_BLOCK

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc, self._mac = enc, mac

    def encrypt(self, counter: bytes, padded: bytes) -> bytes:
        return aes_encrypt(self._enc, aes_block(self._enc, counter), padded)

    def decrypt(self, counter: bytes, data: bytes) -> bytes:
        return aes_decrypt(self._enc, aes_block(self._enc, counter), data)

    def mac(self, counter: bytes, padded: bytes) -> bytes:
        return aes_cmac(self._mac, counter + padded)[:8]


class Messaging:
    """One session. Commands and answers must come in turns: each moves the counter on by one."""

    def __init__(self, cipher: Cipher, counter: bytes) -> None:
        self._cipher = cipher
        self._counter = int.from_bytes(counter, "big")
        self._now = counter
        self._extended = False

    @property
    def room(self) -> int:
        """Most bytes of data whose protected answer still fits the way the last command came (short: 258 bytes)."""
        whole = 65_538 if self._extended else 258
        return (whole - FRAME) // self._cipher.block * self._cipher.block - 1

    def opened(self, command: Command) -> Command:
        """The command inside a protected one. Broken."""
        self._count()
        objects = parts(command.data)
        if not objects or CHECKSUM not in objects:
            raise Broken(NOT_PROTECTED)
        if not objects.keys() <= KNOWN or next(reversed(objects)) != CHECKSUM or len(objects[CHECKSUM]) != MAC:
            raise Broken(BADLY_PROTECTED)
        header = bytes([command.cla, command.ins, command.p1, command.p2])
        covered = command.data[: -2 - MAC]
        message = pad(header, self._cipher.block) + (pad(covered, self._cipher.block) if covered else b"")
        if not hmac.compare_digest(self._cipher.mac(self._now, message), objects[CHECKSUM]):
            raise Broken(BADLY_PROTECTED)
        expected = objects.get(EXPECTED)
        self._extended = len(command.data) > 0xFF or (expected is not None and len(expected) > 1)
        return Command(
            command.cla & ~CLA, command.ins, command.p1, command.p2, self._data(command.ins, objects), _le(expected)
        )

    def closed(self, answer: bytes, ins: int) -> bytes:
        """The protected answer; its own status word stands outside too."""
        self._count()
        data, status = answer[:-2], answer[-2:]
        objects = b""
        if data:
            cryptogram = self._cipher.encrypt(self._now, pad(data, self._cipher.block))
            objects = tlv(CRYPTOGRAM_ODD, cryptogram) if ins & 1 else tlv(CRYPTOGRAM, b"\x01" + cryptogram)
        objects += tlv(STATUS, status)
        return objects + tlv(CHECKSUM, self._cipher.mac(self._now, pad(objects, self._cipher.block))) + status

    def _count(self) -> None:
        size = self._cipher.block
        self._counter = (self._counter + 1) % (1 << 8 * size)
        self._now = self._counter.to_bytes(size, "big")

    def _data(self, ins: int, objects: dict[int, bytes]) -> bytes:
        cryptogram = objects.get(CRYPTOGRAM_ODD if ins & 1 else CRYPTOGRAM)
        if cryptogram is None:
            if CRYPTOGRAM in objects or CRYPTOGRAM_ODD in objects:
                raise Broken(BADLY_PROTECTED)
            return b""
        if not ins & 1:
            if cryptogram[:1] != b"\x01":
                raise Broken(BADLY_PROTECTED)
            cryptogram = cryptogram[1:]
        if not cryptogram or len(cryptogram) % self._cipher.block:
            raise Broken(BADLY_PROTECTED)
        plain = unpad(self._cipher.decrypt(self._now, cryptogram))
        if plain is None:
            raise Broken(BADLY_PROTECTED)
        return plain


def _le(expected: bytes | None) -> int | None:
    if expected is None:
        return None
    if len(expected) not in (1, 2):
        raise Broken(BADLY_PROTECTED)
    return int.from_bytes(expected, "big") or (256 if len(expected) == 1 else 65_536)
