"""The card's end of GlobalPlatform's Secure Channel Protocol 03 (Card Specification 2.3, Amendment D 1.1.1), AES-128.

"i" is 70: pseudo-random card challenge, R-MAC and R-ENCRYPTION supported. Security levels 01, 03, 11, 13 and 33.
"""

import hmac
from dataclasses import dataclass, field

from sim.card_encoder.apdu import Command
from sim.card_encoder.primitives import (
    AES_BLOCK,
    aes_block,
    aes_cmac,
    aes_decrypt,
    aes_encrypt,
    diversified,
    pad,
    unpad,
)

TEST_MASTER = bytes(range(0x40, 0x50))
"""GlobalPlatform's well-known test key: every simulated card comes from the factory with it as ENC, MAC and DEK."""
ENC, MAC, DEK = 0x01, 0x02, 0x03
"""Key types in the derivation of a card's own keys."""
TRANSPORT_VERSION, KEY_VERSION = 0x01, 0x30
"""Key versions: with which a blank comes, and of a card that an issuer has keyed beforehand (object "master")."""
KEY_SIZE = 16
PROTOCOL, OPTIONS = 0x03, 0x70

C_MAC, C_DECRYPTION, R_MAC, R_ENCRYPTION = 0x01, 0x02, 0x10, 0x20
LEVELS = (0x01, 0x03, 0x11, 0x13, 0x33)
MAC_SIZE = 8

CARD_CRYPTOGRAM, HOST_CRYPTOGRAM, CARD_CHALLENGE, S_ENC, S_MAC, S_RMAC = 0x00, 0x01, 0x02, 0x04, 0x06, 0x07
"""Derivation constants of Amendment D, table 4-1."""
SM_BIT = 0x04
_AES, _FIELD = 0x88, 3 + KEY_SIZE + 4
"""PUT KEY: the type of an AES key, and how long one key's field is (type, lengths, key, length and check value)."""


class Refused(Exception):
    """The MAC or the padding is wrong: the channel is over, the answer is 6982."""


@dataclass(frozen=True, slots=True)
class CardKeys:
    """One card's static keys, 16 bytes each, and their version."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    dek: bytes = field(default=b"", repr=False)
    version: int = KEY_VERSION

    @classmethod
    def held(cls, cell: bytes) -> "CardKeys":
        """From the object "keys" of the chip's memory: version, ENC, MAC, DEK."""
        return cls(cell[1:17], cell[17:33], cell[33:49], cell[0])

    @property
    def cell(self) -> bytes:
        return bytes([self.version]) + self.enc + self.mac + self.dek


TRANSPORT_KEYS = CardKeys(TEST_MASTER, TEST_MASTER, TEST_MASTER, TRANSPORT_VERSION)


def card_keys(master: bytes, uid: bytes) -> CardKeys:
    """This card's keys: AN10922 (AES-128) for 01, "ANJUNGAN", the key's type, and the UID with zeros to 8 bytes.

    AN10922 puts its own constant 01 before these 18 bytes, so that 19 bytes go into the CMAC.
    """

    def key(kind: int) -> bytes:
        return diversified(master, b"\x01ANJUNGAN" + bytes([kind]) + uid.ljust(8, b"\x00"))

    return CardKeys(key(ENC), key(MAC), key(DEK))


def new_keys(data: bytes, dek: bytes) -> CardKeys | None:
    """The three keys in the data of PUT KEY (Card Specification 2.3.1, 11.8.2.3; Amendment D, 7.2).

    None if they are not AES-128 keys in that form or a check value is wrong: the DEK was another, or a bit fell over.
    """
    if len(data) != 1 + 3 * _FIELD:
        return None
    keys = []
    for at in range(1, len(data), _FIELD):
        field_, check = data[at : at + _FIELD - 4], data[at + _FIELD - 4 : at + _FIELD]
        if field_[:3] != bytes([_AES, KEY_SIZE + 1, KEY_SIZE]) or check[0] != 3:
            return None
        key = aes_decrypt(dek, bytes(AES_BLOCK), field_[3:])
        if check_value(key) != check[1:]:
            return None
        keys.append(key)
    enc, mac, own_dek = keys
    return CardKeys(enc, mac, own_dek, data[0])


def check_value(key: bytes) -> bytes:
    """Amendment D, 4.1.4: the first three bytes of a block of 01 under the key."""
    return aes_block(key, b"\x01" * AES_BLOCK)[:3]


def derived(key: bytes, constant: int, context: bytes, bits: int) -> bytes:
    """Amendment D, 4.1.5: NIST SP 800-108 in counter mode with CMAC; 64 or 128 bits, so one step is enough."""
    block = bytes(11) + bytes([constant, 0x00]) + bits.to_bytes(2, "big") + b"\x01" + context
    return aes_cmac(key, block)[: bits // 8]


def card_challenge(keys: CardKeys, counter: bytes, aid: bytes) -> bytes:
    """Amendment D, 6.2.2.1: the 8 bytes that a host which knows the counter (3 bytes) can compute beforehand."""
    return derived(keys.enc, CARD_CHALLENGE, counter + aid, 64)


class Channel:
    """From INITIALIZE UPDATE on. `level` is 0 until the host has proved that it knows the keys."""

    def __init__(self, keys: CardKeys, host_challenge: bytes, challenge: bytes) -> None:
        context = host_challenge + challenge
        self._enc = derived(keys.enc, S_ENC, context, 128)
        self._mac = derived(keys.mac, S_MAC, context, 128)
        self._rmac = derived(keys.mac, S_RMAC, context, 128)
        self.card_cryptogram = derived(self._mac, CARD_CRYPTOGRAM, context, 64)
        self._host_cryptogram = derived(self._mac, HOST_CRYPTOGRAM, context, 64)
        self._chain = bytes(AES_BLOCK)
        self._counter = 0
        self.level = 0

    def authenticate(self, command: Command) -> bool:
        """EXTERNAL AUTHENTICATE with its MAC. False: not one who knows the keys."""
        cryptogram, mac = command.data[:8], command.data[8:]
        if not self._mac_right(command, cryptogram, mac):
            return False
        if not hmac.compare_digest(cryptogram, self._host_cryptogram):
            return False
        self.level = command.p1
        return True

    def opened(self, command: Command) -> Command:
        """The command inside a protected one. Refused."""
        data, mac = command.data[:-MAC_SIZE], command.data[-MAC_SIZE:]
        if len(command.data) < MAC_SIZE or not self._mac_right(command, data, mac):
            raise Refused
        self._counter += 1
        if self.level & C_DECRYPTION and data:
            if len(data) % AES_BLOCK:
                raise Refused
            plain = unpad(aes_decrypt(self._enc, aes_block(self._enc, self._counter.to_bytes(16, "big")), data))
            if plain is None:
                raise Refused
            data = plain
        return Command(command.cla & ~SM_BIT, command.ins, command.p1, command.p2, data, command.le)

    def closed(self, answer: bytes) -> bytes:
        """The answer with its R-MAC, and encrypted if so agreed. Errors stay bare (Amendment D, 6.2.5)."""
        data, status = answer[:-2], answer[-2:]
        if status[0] not in (0x90, 0x62, 0x63) or not self.level & R_MAC:
            return answer
        if self.level & R_ENCRYPTION and data:
            vector = aes_block(self._enc, (self._counter | 1 << 127).to_bytes(16, "big"))
            data = aes_encrypt(self._enc, vector, pad(data, AES_BLOCK))
        return data + aes_cmac(self._rmac, self._chain + data + status)[:MAC_SIZE] + status

    def _mac_right(self, command: Command, data: bytes, mac: bytes) -> bool:
        header = bytes([command.cla, command.ins, command.p1, command.p2]) + _length(len(data) + MAC_SIZE)
        full = aes_cmac(self._mac, self._chain + header + data)
        if not hmac.compare_digest(full[:MAC_SIZE], mac):
            return False
        self._chain = full
        return True


def _length(size: int) -> bytes:
    """Lc as it stands in the command: one byte, or three in extended length."""
    return bytes([size]) if size <= 0xFF else b"\x00" + size.to_bytes(2, "big")
