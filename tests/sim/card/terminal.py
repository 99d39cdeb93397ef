"""A minimal terminal: SCP03 as an issuer, BAC and PACE as a reader. Written from the standards for these tests only.

Proved by the same published vectors as the card (test_vectors.py), so that the two cannot share a mistake unseen.
"""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import cmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.base import CipherContext

Send = Callable[[bytes], bytes]
AID = bytes.fromhex("A0000002471001")
MASTER = bytes.fromhex("404142434445464748494A4B4C4D4E4F")


class Unexpected(Exception):
    """The card said no. `args[0]`: its answer."""


class CardGone(Exception):
    """The card does not answer."""


def said(answer: bytes) -> bytes:
    """The data of an answer that ends in 9000."""
    if not answer:
        raise CardGone
    if answer[-2:] != b"\x90\x00":
        raise Unexpected(answer)
    return answer[:-2]


def _run(context: CipherContext, data: bytes) -> bytes:
    return context.update(data) + context.finalize()


def mac16(key: bytes, data: bytes) -> bytes:
    one = cmac.CMAC(algorithms.AES(key))
    one.update(data)
    return one.finalize()


def _aes(key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(iv))


def _first(key: bytes, block: bytes) -> bytes:
    return _run(_aes(key, bytes(16)).encryptor(), block)


def _des(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(TripleDES((key * 3)[:24]), modes.CBC(bytes(8)))


def filled(data: bytes, block: int) -> bytes:
    data += b"\x80"
    while len(data) % block:
        data += b"\x00"
    return data


def emptied(data: bytes) -> bytes:
    return data[: data.rindex(b"\x80")]


def obj(tag: str, value: bytes) -> bytes:
    size = len(value)
    assert size < 256
    return bytes.fromhex(tag) + (b"\x81" if size > 127 else b"") + bytes([size]) + value


# -- the issuer ----------------------------------------------------------------------------------------------------
def static_key(kind: int, uid: bytes, master: bytes = MASTER) -> bytes:
    return mac16(master, b"\x01" + b"\x01ANJUNGAN" + bytes([kind]) + (uid + bytes(8))[:8])


@dataclass
class Host:
    """SCP03 from the host's side. `level`: what is asked for in EXTERNAL AUTHENTICATE."""

    enc: bytes
    mac: bytes
    challenge: bytes = b"hostsaid"
    level: int = 0x33
    chain: bytes = bytes(16)
    count: int = 0
    answer: bytes = b""
    keys: dict[int, bytes] = field(default_factory=dict)

    def kdf(self, key: bytes, constant: int, bits: int, context: bytes) -> bytes:
        return mac16(key, bytes(11) + bytes([constant, 0, bits >> 8, bits & 255, 1]) + context)[: bits // 8]

    def open(self, send: Send) -> None:
        self.begin(said(send(b"\x80\x50\x00\x00\x08" + self.challenge + b"\x00")))
        said(send(self.proof()))

    def begin(self, answer: bytes) -> None:
        self.answer = answer
        context = self.challenge + answer[13:21]
        for constant, key in ((4, self.enc), (6, self.mac), (7, self.mac)):
            self.keys[constant] = self.kdf(key, constant, 128, context)
        assert self.kdf(self.keys[6], 0, 64, context) == answer[21:29], "the card does not know the keys"

    def proof(self) -> bytes:
        cryptogram = self.kdf(self.keys[6], 1, 64, self.challenge + self.answer[13:21])
        return self._sealed(b"\x84\x82" + bytes([self.level, 0]), cryptogram)

    def wrap(self, apdu: bytes) -> bytes:
        data = apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""
        le = apdu[5 + len(data) :] if data else apdu[4:5]
        self.count += 1
        if data and self.level & 2:
            vector = _first(self.keys[4], self.count.to_bytes(16, "big"))
            data = _run(_aes(self.keys[4], vector).encryptor(), filled(data, 16))
        return self._sealed(bytes([apdu[0] | 4]) + apdu[1:4], data) + le

    def unwrap(self, answer: bytes) -> bytes:
        if not answer:
            raise CardGone
        if len(answer) == 2 or not self.level & 0x10:
            return answer
        data, mac, status = answer[:-10], answer[-10:-2], answer[-2:]
        assert mac16(self.keys[7], self.chain + data + status)[:8] == mac, "R-MAC"
        if data and self.level & 0x20:
            vector = _first(self.keys[4], bytes([0x80]) + self.count.to_bytes(15, "big"))
            data = emptied(_run(_aes(self.keys[4], vector).decryptor(), data))
        return data + status

    def ask(self, send: Send, apdu: bytes) -> bytes:
        return self.unwrap(send(self.wrap(apdu)))

    def _sealed(self, header: bytes, data: bytes) -> bytes:
        head = header + bytes([len(data) + 8])
        self.chain = mac16(self.keys[6], self.chain + head + data)
        return head + data + self.chain[:8]


def host(uid: bytes, *, level: int = 0x33, master: bytes = MASTER) -> Host:
    return Host(static_key(1, uid, master), static_key(2, uid, master), level=level)


# -- the reader ----------------------------------------------------------------------------------------------------
def sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def kdf(seed: bytes, counter: int) -> bytes:
    return sha1(seed + bytes([0, 0, 0, counter]))[:16]


def retail(key: bytes, data: bytes) -> bytes:
    data = filled(data, 8)
    last = _run(_des(key[:8]).encryptor(), data)[-8:]
    return _run(_des(key[:8]).encryptor(), _run(_des(key[8:]).decryptor(), last))


@dataclass
class Session:
    """Secure messaging from the terminal's side; `aes` or triple DES."""

    enc: bytes
    mac: bytes
    counter: int
    aes: bool

    @property
    def block(self) -> int:
        return 16 if self.aes else 8

    def _cipher(self) -> Cipher[modes.CBC]:
        if not self.aes:
            return _des(self.enc)
        return _aes(self.enc, _first(self.enc, self.counter.to_bytes(16, "big")))

    def _checksum(self, data: bytes) -> bytes:
        data = self.counter.to_bytes(self.block, "big") + data
        return mac16(self.mac, filled(data, 16))[:8] if self.aes else retail(self.mac, data)

    def wrap(self, apdu: bytes) -> bytes:
        """A short command, or a READ BINARY in extended length (seven bytes)."""
        self.counter += 1
        extended = len(apdu) == 7 and apdu[4] == 0
        data = apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""
        le = apdu[5 + len(data) :] if data or extended else apdu[4:5]
        head = bytes([apdu[0] | 0x0C]) + apdu[1:4]
        sealed = _run(self._cipher().encryptor(), filled(data, self.block)) if data else b""
        odd = apdu[1] & 1  # then without the byte that tells of the padding
        body = (obj("85", sealed) if odd else obj("87", b"\x01" + sealed)) if data else b""
        body += obj("97", le) if le else b""
        covered = filled(head, self.block) + body if body else head
        body += obj("8E", self._checksum(covered))
        if extended:
            return head + b"\x00" + len(body).to_bytes(2, "big") + body + b"\x00\x00"
        return head + bytes([len(body)]) + body + b"\x00"

    def unwrap(self, answer: bytes) -> bytes:
        if len(answer) == 2:
            raise Unexpected(answer)
        self.counter += 1
        body, status = answer[:-2], answer[-2:]
        assert body[-10:-8] == b"\x8e\x08"
        assert self._checksum(body[:-10]) == body[-8:], "checksum"
        assert body[-14:-10] == b"\x99\x02" + status
        data = body[:-14]
        if data:
            assert data[0] == 0x87
            data = data[{0x81: 3, 0x82: 4}.get(data[1], 2) :]
            data = emptied(_run(self._cipher().decryptor(), data[1:]))
        return data + status

    def ask(self, send: Send, apdu: bytes) -> bytes:
        return self.unwrap(send(self.wrap(apdu)))


def bac(send: Send, mrz: bytes, chance: random.Random) -> Session:
    seed = sha1(mrz)[:16]
    enc, mac = kdf(seed, 1), kdf(seed, 2)
    theirs = said(send(bytes.fromhex("0084000008")))
    ours, key = chance.randbytes(8), chance.randbytes(16)
    sent = _run(_des(enc).encryptor(), ours + theirs + key)
    answer = said(send(b"\x00\x82\x00\x00\x28" + sent + retail(mac, sent) + b"\x28"))
    assert retail(mac, answer[:32]) == answer[32:]
    plain = _run(_des(enc).decryptor(), answer[:32])
    assert plain[:16] == theirs + ours
    shared = bytes(a ^ b for a, b in zip(key, plain[16:], strict=True))
    return Session(kdf(shared, 1), kdf(shared, 2), int.from_bytes(theirs[4:] + ours[4:], "big"), aes=False)


@dataclass(frozen=True)
class Jacobian:
    """A curve in Jacobian coordinates: another way than the card's to the same points."""

    p: int
    a: int
    n: int
    gx: int
    gy: int

    def double(self, q: tuple[int, int, int]) -> tuple[int, int, int]:
        x, y, z = q
        if not y or not z:
            return 1, 1, 0
        s, m = 4 * x * y * y % self.p, (3 * x * x + self.a * z**4) % self.p
        x3 = (m * m - 2 * s) % self.p
        return x3, (m * (s - x3) - 8 * y**4) % self.p, 2 * y * z % self.p

    def add(self, q: tuple[int, int, int], r: tuple[int, int, int]) -> tuple[int, int, int]:
        if not q[2] or not r[2]:
            return r if not q[2] else q
        u1, u2 = q[0] * r[2] ** 2 % self.p, r[0] * q[2] ** 2 % self.p
        s1, s2 = q[1] * r[2] ** 3 % self.p, r[1] * q[2] ** 3 % self.p
        if u1 == u2:
            return self.double(q) if s1 == s2 else (1, 1, 0)
        h, t = u2 - u1, s2 - s1
        x = (t * t - h**3 - 2 * u1 * h * h) % self.p
        return x, (t * (u1 * h * h - x) - s1 * h**3) % self.p, h * q[2] * r[2] % self.p

    def mul(self, k: int, point: bytes) -> tuple[int, int, int]:
        base = (int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big"), 1)
        total = (1, 1, 0)
        for bit in bin(k)[2:]:
            total = self.double(total)
            total = self.add(total, base) if bit == "1" else total
        return total

    def out(self, q: tuple[int, int, int]) -> bytes:
        back = pow(q[2], -1, self.p)
        x, y = q[0] * back**2 % self.p, q[1] * back**3 % self.p
        return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")

    @property
    def g(self) -> bytes:
        return self.out((self.gx, self.gy, 1))


P256 = Jacobian(
    p=2**256 - 2**224 + 2**192 + 2**96 - 1,
    a=-3,
    n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    gx=0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    gy=0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
PROTOCOL = bytes.fromhex("04007F00070202040202")


def token(mac: bytes, public: bytes) -> bytes:
    return mac16(mac, obj("7F49", obj("06", PROTOCOL) + obj("86", public)))[:8]


def pace(send: Send, mrz: bytes, chance: random.Random, curve: Jacobian = P256) -> Session:
    """The four GENERAL AUTHENTICATE; MSE:Set AT comes before. AssertionError if the card's token is wrong."""

    def step(tag: str, value: bytes, *, last: bool = False) -> bytes:
        data = obj("7C", obj(tag, value) if tag else b"")
        return said(send(bytes([0 if last else 0x10, 0x86, 0, 0, len(data)]) + data + b"\x00"))[4:]

    password = kdf(sha1(mrz), 3)
    nonce = _run(_aes(password, bytes(16)).decryptor(), step("", b""))
    secret = chance.randrange(1, curve.n)
    shared = curve.mul(secret, step("81", curve.out(curve.mul(secret, curve.g))))
    generator = curve.out(curve.add(curve.mul(int.from_bytes(nonce, "big"), curve.g), shared))
    secret = chance.randrange(1, curve.n)
    ours = curve.out(curve.mul(secret, generator))
    theirs = step("83", ours)
    seed = curve.out(curve.mul(secret, theirs))[1:33]
    enc, mac = kdf(seed, 1), kdf(seed, 2)
    assert step("85", token(mac, theirs), last=True) == token(mac, ours)
    return Session(enc, mac, 0, aes=True)


def choose_pace(send: Send) -> None:
    data = obj("80", PROTOCOL) + obj("83", b"\x01") + obj("84", b"\x0c")
    said(send(b"\x00\x22\xc1\xa4" + bytes([len(data)]) + data))


SELECT = b"\x00\xa4\x04\x0c\x07" + AID


def select_file(number: int) -> bytes:
    return b"\x00\xa4\x02\x0c\x02" + number.to_bytes(2, "big")


def read(ask: Send, number: int) -> bytes:
    """The whole file, in the pieces the card gives. Unexpected if it will not."""
    said(ask(select_file(number)))
    content = b""
    while True:
        answer = ask(b"\x00\xb0" + len(content).to_bytes(2, "big") + b"\x00")
        if answer[-2:] == b"\x6b\x00" and content:
            return content
        content += said(answer)
