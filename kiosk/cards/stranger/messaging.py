"""Secure messaging of ICAO Doc 9303-11, 9.8: commands encrypted and authenticated under session keys.

Two ciphers: 3DES with the retail MAC (after BAC), AES-128 with CMAC (after PACE).
"""

import hashlib
from abc import ABC, abstractmethod

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import cmac, constant_time
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from drivers.contract.errors import ProtocolError
from kiosk.cards.stranger import objects

MAC = 8
ENC_KEY, MAC_KEY, PASSWORD_KEY = 1, 2, 3


def key(seed: bytes, use: int) -> bytes:
    """Doc 9303-11, 9.7.1: the KDF for keys of 16 bytes. `use`: 1 encryption, 2 MAC, 3 password."""
    # The standard names SHA-1 here; no collision helps against a derived key.
    return hashlib.sha1(seed + use.to_bytes(4, "big")).digest()[:16]  # noqa: S324


class Suite(ABC):
    """The ciphers of one session."""

    block: int

    @abstractmethod
    def crypt(self, data: bytes, counter: bytes, *, encrypt: bool) -> bytes:
        """CBC over whole blocks."""

    @abstractmethod
    def mac(self, message: bytes) -> bytes:
        """8 bytes over whole blocks."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class TripleDesSuite(Suite):
    """Doc 9303-11, 9.8.6.1: 3DES with two keys in CBC, IV zero; MAC algorithm 3 of ISO/IEC 9797-1."""

    block = 8

    def __init__(self, enc: bytes, mac: bytes) -> None:
        zero = modes.CBC(bytes(8))
        self._cipher = Cipher(TripleDES(enc + enc[:8]), zero)
        self._chain = Cipher(TripleDES(mac[:8] * 3), zero)
        # The MAC's last block alone is under both keys. ECB of one block keeps no state, so this lasts the session.
        self._last = Cipher(TripleDES(mac + mac[:8]), modes.ECB()).encryptor()  # noqa: S305

    def crypt(self, data: bytes, counter: bytes, *, encrypt: bool) -> bytes:
        del counter
        return _through(self._cipher, data, encrypt=encrypt)

    def mac(self, message: bytes) -> bytes:
        chained = _through(self._chain, message[:-8], encrypt=True)[-8:]
        last = int.from_bytes(chained, "big") ^ int.from_bytes(message[-8:], "big")
        return self._last.update(last.to_bytes(8, "big"))


class AesSuite(Suite):
    """Doc 9303-11, 9.8.6.2: AES-128 in CBC, the encrypted counter as IV; CMAC cut to 8 bytes."""

    block = 16

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc = algorithms.AES(enc)
        # One block of ECB is how the standard makes an IV; it keeps no state.
        self._iv = Cipher(self._enc, modes.ECB()).encryptor()  # noqa: S305
        self._cmac = cmac.CMAC(algorithms.AES(mac))

    def crypt(self, data: bytes, counter: bytes, *, encrypt: bool) -> bytes:
        return _through(Cipher(self._enc, modes.CBC(self._iv.update(counter))), data, encrypt=encrypt)

    def mac(self, message: bytes) -> bytes:
        total = self._cmac.copy()
        total.update(message)
        return total.finalize()[:MAC]


class Messaging:
    """One session. `wrap` each command, `unwrap` its answer, in turn. `counter`: the SSC before the first command."""

    def __init__(self, suite: Suite, counter: bytes) -> None:
        self._suite = suite
        self._counter = int.from_bytes(counter, "big")

    def __repr__(self) -> str:
        return f"Messaging({self._suite!r})"

    def wrap(self, head: bytes, data: bytes = b"", le: int | None = None) -> bytes:
        """`head`: CLA INS P1 P2. `le`: most bytes wanted (1..256), None for none."""
        counter = self._next()
        head = bytes([head[0] | 0x0C]) + head[1:]
        body = b""
        if data:
            encrypted = self._suite.crypt(pad(data, self._suite.block), counter, encrypt=True)
            body += _object(0x87, b"\x01" + encrypted)
        if le is not None:
            body += _object(0x97, bytes([le & 0xFF]))
        block = self._suite.block
        mac = self._suite.mac(pad(counter + pad(head, block) + body, block))
        body += _object(0x8E, mac)
        return head + bytes([len(body)]) + body + b"\x00"

    def unwrap(self, response: bytes) -> bytes:
        """Plain data and status word. ProtocolError if the answer is not protected or was changed."""
        counter = self._next()
        found = dict(objects.split(response[:-2]))
        if 0x8E not in found or 0x99 not in found:
            raise ProtocolError(f"an answer without protection, status {response[-2:].hex().upper()}")
        block = self._suite.block
        covered = b"".join(_object(tag, found[tag]) for tag in (0x87, 0x99) if tag in found)
        if not constant_time.bytes_eq(self._suite.mac(pad(counter + covered, block)), found[0x8E]):
            raise ProtocolError("an answer's MAC is wrong")
        status = found[0x99]
        if len(status) != 2:
            raise ProtocolError("a protected status word of other than two bytes")
        data = b""
        if 0x87 in found:
            encrypted = found[0x87]
            if encrypted[:1] != b"\x01" or len(encrypted) % block != 1 or len(encrypted) == 1:
                raise ProtocolError("encrypted data that are no whole blocks")
            data = unpad(self._suite.crypt(encrypted[1:], counter, encrypt=False))
        return data + status

    def _next(self) -> bytes:
        size = self._suite.block
        self._counter = (self._counter + 1) % (1 << 8 * size)
        return self._counter.to_bytes(size, "big")


def pad(data: bytes, block: int) -> bytes:
    """Method 2 of ISO/IEC 9797-1."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    plain = data.rstrip(b"\x00")
    if not plain.endswith(b"\x80"):
        raise ProtocolError("padding that is none")
    return plain[:-1]


def _through(cipher: Cipher[modes.CBC], data: bytes, *, encrypt: bool) -> bytes:
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(data) + context.finalize()


def _object(tag: int, value: bytes) -> bytes:
    size = len(value)
    return bytes([tag, size] if size < 0x80 else [tag, 0x81, size]) + value
