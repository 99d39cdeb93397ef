"""The ciphers on the simulated chip, put together here and nowhere else: no host code is imported, none imports this.

Sources: NIST SP 800-38B (CMAC), NXP AN10922 (key diversification), ICAO Doc 9303-11 sections 9.7.1 (key derivation) and
9.8.6 (retail MAC, ISO/IEC 9797-1 MAC algorithm 3).
"""

import hashlib
from functools import lru_cache

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

AES_BLOCK, DES_BLOCK = 16, 8
ENC, MAC, PACE = 1, 2, 3
"""Counters of the key derivation function of Doc 9303-11."""


@lru_cache(maxsize=64)
def _aes(key: bytes) -> AES:
    """Kept, as all prepared ciphers here: the keys of a session serve for dozens of commands."""
    return AES(key)


@lru_cache(maxsize=64)
def _blocks(key: bytes) -> CipherContext:
    """ECB keeps no state from block to block, so one encryptor serves for all of them."""
    return Cipher(_aes(key), modes.ECB()).encryptor()  # noqa: S305  one block only, as both standards demand


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> CMAC:
    return CMAC(_aes(key))


class _Cbc:
    """CBC under one key, for message after message: to make a context costs more than a short message does.

    A context goes on from the last block it saw, which it adds (XOR) to the next. Where a message begins, that block is
    taken out again and the message's own initial vector put in.
    """

    def __init__(self, algorithm: AES | TripleDES) -> None:
        cipher = Cipher(algorithm, modes.CBC(bytes(algorithm.block_size // 8)))
        self._size = algorithm.block_size // 8
        self._encryptor, self._decryptor = cipher.encryptor(), cipher.decryptor()
        self._encrypted = self._decrypted = 0
        """The last block of cipher text on each way."""

    def encrypt(self, vector: int, data: bytes) -> bytes:
        size = self._size
        first = int.from_bytes(data[:size], "big") ^ self._encrypted ^ vector
        out = self._encryptor.update(first.to_bytes(size, "big") + data[size:])
        self._encrypted = int.from_bytes(out[-size:], "big")
        return out

    def decrypt(self, vector: int, data: bytes) -> bytes:
        size = self._size
        out = self._decryptor.update(data)
        first = int.from_bytes(out[:size], "big") ^ self._decrypted ^ vector
        self._decrypted = int.from_bytes(data[-size:], "big")
        return first.to_bytes(size, "big") + out[size:]


@lru_cache(maxsize=64)
def _aes_cbc(key: bytes) -> _Cbc:
    return _Cbc(_aes(key))


@lru_cache(maxsize=64)
def _des3(key: bytes) -> _Cbc:
    return _Cbc(TripleDES(key + key[:8]))


def aes_block(key: bytes, block: bytes) -> bytes:
    """One block under AES: initial vectors are made this way."""
    return _blocks(key).update(block)


def aes_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """AES-CBC without padding, of at least one block."""
    return _aes_cbc(key).encrypt(int.from_bytes(iv, "big"), data)


def aes_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    return _aes_cbc(key).decrypt(int.from_bytes(iv, "big"), data)


def aes_cmac(key: bytes, data: bytes) -> bytes:
    """16 bytes."""
    mac = _keyed(key).copy()
    mac.update(data)
    return mac.finalize()


def des3_encrypt(key: bytes, data: bytes) -> bytes:
    """Two-key triple DES, CBC, zero initial vector, no padding, of at least one block."""
    return _des3(key).encrypt(0, data)


def des3_decrypt(key: bytes, data: bytes) -> bytes:
    return _des3(key).decrypt(0, data)


class RetailMac:
    """Single DES over all blocks with the first half of the key, triple DES for the last one: 8 bytes."""

    def __init__(self, key: bytes) -> None:
        first, second = key[:8], key[8:16]
        self._chain = _des3(first * 2)
        self._inner = Cipher(TripleDES(second * 3), modes.ECB()).decryptor()  # noqa: S305  one block at a time
        self._outer = Cipher(TripleDES(first * 3), modes.ECB()).encryptor()  # noqa: S305

    def over(self, padded: bytes) -> bytes:
        chained = self._chain.encrypt(0, padded)[-DES_BLOCK:]
        return self._outer.update(self._inner.update(chained))


def retail_mac(key: bytes, padded: bytes) -> bytes:
    """The same for a single message."""
    return RetailMac(key).over(padded)


_PADDING = tuple(b"\x80" + bytes(zeros) for zeros in range(AES_BLOCK))


def pad(data: bytes, block: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2: 80, then zeros."""
    return data + _PADDING[-(len(data) + 1) % block]


def unpad(data: bytes) -> bytes | None:
    """None if there is no such padding."""
    stripped = data.rstrip(b"\x00")
    return stripped[:-1] if stripped.endswith(b"\x80") else None


_ODD = bytes(byte & 0xFE | (byte >> 1).bit_count() & 1 ^ 1 for byte in range(256))


def parity(key: bytes) -> bytes:
    """The key with odd parity in each byte, as DES keys are written."""
    return key.translate(_ODD)


def derive_3des(seed: bytes, counter: int) -> bytes:
    """Doc 9303-11, 9.7.1.1: 16 bytes, parity adjusted."""
    return parity(_hashed(seed, counter)[:16])


def derive_aes128(seed: bytes, counter: int) -> bytes:
    """Doc 9303-11, 9.7.1.2: 16 bytes."""
    return _hashed(seed, counter)[:16]


def sha1(data: bytes) -> bytes:
    """The hash that Doc 9303-11 prescribes for MRZ passwords and 128-bit keys."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _hashed(seed: bytes, counter: int) -> bytes:
    return sha1(seed + counter.to_bytes(4, "big"))


def diversified(master: bytes, message: bytes) -> bytes:
    """AN10922, 2.2: the AES-128 key for `message` (16 to 31 bytes: UID, application, system).

    Shorter messages are padded to two blocks there, which is not plain CMAC any more; this card has none.
    """
    if not 16 <= len(message) <= 31:
        raise ValueError(f"16 to 31 bytes, not {len(message)}")
    return aes_cmac(master, b"\x01" + message)
