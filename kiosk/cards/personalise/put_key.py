"""PUT KEY: the command that gives a card its keys (GlobalPlatform Card Specification 2.3.1, 11.8; AES keys: Amendment D
v1.1.2, 7.2). It goes through a secure channel, and the keys in it are covered by the key encryption key (DEK) besides.

Per key: type 88, length of what follows up to the check value, length of the key, the key under the DEK (AES in CBC
mode, ICV zero), length and value of the check value. The check value is the first three bytes of sixteen bytes 01 under
the key (Amendment D, 4.1.4). The card answers with the version and the three check values (11.8.3.1).
"""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

AES, SIZE = 0x88, 16
CHECK = 3
_SEVERAL = 0x80
"""P2: more than one key, the first of them has identifier 1 (11.8.2.2)."""
FIRST_KEY = 0x01

Block = Callable[[bytes], bytes]
"""AES of one block of 16 bytes with a key that only the function knows."""


def command(old: int, new: int, keys: Sequence[bytes], cover: Block) -> bytes:
    """The plain command: `keys` (ENC, MAC, DEK; AES-128) become version `new` in place of version `old`.

    A key is one block, so that CBC with ICV zero is the block under the DEK.
    """
    data = bytes([new])
    for key in keys:
        data += bytes([AES, 1 + SIZE, SIZE]) + cover(key) + bytes([CHECK]) + check_value(key)
    return bytes([0x80, 0xD8, old, _SEVERAL | FIRST_KEY, len(data)]) + data + b"\x00"


def expected(new: int, keys: Sequence[bytes]) -> bytes:
    """The data that a card answers which has taken these keys."""
    return bytes([new]) + b"".join(map(check_value, keys))


def check_value(key: bytes) -> bytes:
    """3 bytes by which a key is recognised and not found."""
    return aes_block(key)(b"\x01" * SIZE)[:CHECK]


def aes_block(key: bytes) -> Block:
    """`Block` in software."""

    def cipher(block: bytes) -> bytes:
        # One block of ECB is what both the check value and a covered key of this size are.
        context = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
        return context.update(block) + context.finalize()

    return cipher
