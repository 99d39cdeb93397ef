"""GlobalPlatform Secure Channel Protocol 03, the host's side, over AES keys of 128, 192 or 256 bits.

Source: GlobalPlatform Card Specification 2.3.1, Amendment D v1.1.2: 4.1.5 (key derivation), 6.2.2 (challenges and
cryptograms), 6.2.4 to 6.2.7 (C-MAC, R-MAC, ICVs), 7.1 (commands). S8 mode: challenges and MACs of 8 bytes.

Two halves, so that a master key may sit elsewhere: `Cmac` is anything that computes AES-CMAC with a static key
(software, an HSM); `Channel` works with the session keys derived by it.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import cmac, constant_time
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from drivers.contract.errors import ProtocolError

C_MAC, C_DECRYPTION, R_MAC, R_ENCRYPTION = 0x01, 0x02, 0x10, 0x20
LEVELS = (0x01, 0x03, 0x11, 0x13, 0x33)
"""Security levels of amendment D, table 7-6."""
FULL = C_MAC | C_DECRYPTION | R_MAC | R_ENCRYPTION

BLOCK, MAC, CHALLENGE = 16, 8, 8
SCP, PSEUDO_RANDOM = 0x03, 0x10
_CARD_CRYPTOGRAM, _HOST_CRYPTOGRAM, _S_ENC, _S_MAC, _S_RMAC = 0x00, 0x01, 0x04, 0x06, 0x07

Cmac = Callable[[bytes], bytes]
"""AES-CMAC (SP 800-38B) of a message with a key that only the function knows."""


class ChannelError(Exception):
    """The other side does not hold the keys, or what it sent was changed on its way. The session is over."""


def initialize_update(key_version: int, host_challenge: bytes) -> bytes:
    """The command that asks the card for its challenge."""
    return bytes([0x80, 0x50, key_version, 0x00, CHALLENGE]) + host_challenge + b"\x00"


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """What a card answers to INITIALIZE UPDATE (amendment D, 7.1.1.6). `counter` is b"" for a random challenge."""

    diversification: bytes
    key_version: int
    options: int
    challenge: bytes
    cryptogram: bytes
    counter: bytes

    @classmethod
    def parse(cls, data: bytes) -> "CardAnswer":
        """ProtocolError if these are not the 29 or 32 bytes of an SCP03 answer."""
        if len(data) not in (29, 32):
            raise ProtocolError(f"INITIALIZE UPDATE answered {len(data)} bytes; SCP03 has 29 or 32")
        answer = cls(data[:10], data[10], data[12], data[13:21], data[21:29], data[29:])
        if data[11] != SCP:
            raise ProtocolError(f"the card speaks secure channel protocol {data[11]:02X}, not 03")
        if bool(answer.counter) is not bool(answer.options & PSEUDO_RANDOM):
            raise ProtocolError("the answer's length contradicts its SCP03 options")
        return answer


def derive(prf: Cmac, constant: int, context: bytes, bits: int) -> bytes:
    """The KDF in counter mode of SP 800-108 with the fields of amendment D, 4.1.5. `bits`: 64, 128, 192 or 256."""
    out = b""
    for counter in range(1, -(-bits // 128) + 1):
        out += prf(bytes(11) + bytes([constant, 0x00]) + bits.to_bytes(2, "big") + bytes([counter]) + context)
    return out[: bits // 8]


class Channel:
    """One session. Commands go through `wrap` in the order of sending, responses through `unwrap` in the same order.

    The MAC chain runs over the commands only, so a whole script can be wrapped before the first answer is there.
    """

    def __init__(
        self, enc: Cmac, mac: Cmac, *, bits: int, level: int, host_challenge: bytes, card_answer: bytes
    ) -> None:
        """ChannelError if the card does not hold the keys: never try again with the same card, it counts and locks."""
        if level not in LEVELS:
            raise ValueError(f"security level {level:02X} is none of amendment D")
        answer = CardAnswer.parse(card_answer)
        context = host_challenge + answer.challenge
        self._enc = algorithms.AES(derive(enc, _S_ENC, context, bits))
        # One block of ECB is how the standard makes an ICV; it keeps no state, so this lasts the session.
        self._icv = Cipher(self._enc, modes.ECB()).encryptor()  # noqa: S305
        self._mac = aes_cmac(derive(mac, _S_MAC, context, bits))
        self._rmac = aes_cmac(derive(mac, _S_RMAC, context, bits))
        expected = derive(self._mac, _CARD_CRYPTOGRAM, context, 64)
        if not constant_time.bytes_eq(expected, answer.cryptogram):
            raise ChannelError("the card's cryptogram is wrong: the card holds other keys")
        self._level = level
        self._chain = bytes(BLOCK)
        self._counter = 0
        self._awaited: deque[tuple[bytes, int]] = deque()
        host_cryptogram = derive(self._mac, _HOST_CRYPTOGRAM, context, 64)
        self.authenticate = self._with_mac(bytes([0x84, 0x82, level, 0x00]), host_cryptogram, b"")
        """EXTERNAL AUTHENTICATE, to be sent as it is; its answer is only a status word."""

    def __repr__(self) -> str:
        return "Channel()"  # of a session that was never opened too: a traceback may show it

    def wrap(self, apdu: bytes) -> bytes:
        """A short command APDU (up to 239 data bytes with C-DECRYPTION, 247 without) with encryption and MAC."""
        head, data, le = _parts(apdu)
        self._counter += 1
        if self._level & C_DECRYPTION and data:
            data = self._crypt(_pad(data), self._counter, encrypt=True)
        if len(data) + MAC > 0xFF:
            raise ValueError(f"{len(data)} bytes and a MAC do not fit a short APDU")
        wrapped = self._with_mac(bytes([head[0] | 0x04]) + head[1:], data, le)
        self._awaited.append((self._chain, self._counter))
        return wrapped

    def unwrap(self, response: bytes) -> bytes:
        """The plain data and status word of the answer to the oldest command that has none yet. ChannelError if it
        was changed. An error status carries no MAC (amendment D, 6.2.5), so it proves nothing but that it failed."""
        if len(response) < 2 or not self._awaited:
            raise ProtocolError("no command awaits this answer, or it has no status word")
        chain, counter = self._awaited.popleft()
        data, status = response[:-2], response[-2:]
        if not self._level & R_MAC or status[0] not in (0x90, 0x62, 0x63):
            return response
        if len(data) < MAC:
            raise ChannelError("an answer without its MAC")
        data, mac = data[:-MAC], data[-MAC:]
        if not constant_time.bytes_eq(self._rmac(chain + data + status)[:MAC], mac):
            raise ChannelError("an answer's MAC is wrong")
        if self._level & R_ENCRYPTION and data:
            if len(data) % BLOCK:
                raise ChannelError("an encrypted answer of broken length")
            data = _unpad(self._crypt(data, counter | 1 << 127, encrypt=False))
        return data + status

    def _with_mac(self, head: bytes, data: bytes, le: bytes) -> bytes:
        body = head + bytes([len(data) + MAC]) + data
        self._chain = self._mac(self._chain + body)
        return body + self._chain[:MAC] + le

    def _crypt(self, data: bytes, counter: int, *, encrypt: bool) -> bytes:
        """CBC under S-ENC; the ICV is the encrypted counter, with its first bit set for answers (6.2.6, 6.2.7)."""
        cipher = Cipher(self._enc, modes.CBC(self._icv.update(counter.to_bytes(BLOCK, "big"))))
        context = cipher.encryptor() if encrypt else cipher.decryptor()
        return context.update(data) + context.finalize()


def aes_cmac(key: bytes) -> Cmac:
    """`Cmac` in software."""
    keyed = cmac.CMAC(algorithms.AES(key))

    def mac(message: bytes) -> bytes:
        total = keyed.copy()
        total.update(message)
        return total.finalize()

    return mac


def _parts(apdu: bytes) -> tuple[bytes, bytes, bytes]:
    """(header, data, Le) of a short command APDU (ISO/IEC 7816-4, 5.1)."""
    head, body = apdu[:4], apdu[4:]
    if len(body) <= 1:
        return head, b"", body
    if body[0] == 0 or len(body) not in (1 + body[0], 2 + body[0]):
        raise ValueError(f"no short command APDU: {len(apdu)} bytes")
    return head, body[1 : 1 + body[0]], body[1 + body[0] :]


def _pad(data: bytes) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


def _unpad(data: bytes) -> bytes:
    plain = data.rstrip(b"\x00")
    if not plain.endswith(b"\x80"):
        raise ChannelError("an answer whose padding is broken")
    return plain[:-1]
