"""Reads a whole chip as a stranger would: opens it with the printed MRZ, believes it only by its signature.

Commands of ICAO Doc 9303-10, 3.6, and ISO/IEC 7816-4: SELECT 00 A4 (the application), READ BINARY 00 B0 (the files);
INTERNAL AUTHENTICATE 00 88 (Doc 9303-11, 6.1) proves that the chip is not a copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from drivers.contract.errors import ProtocolError
from kiosk.cards.stranger import bac, objects, pace, passive
from kiosk.cards.stranger.messaging import Messaging
from kiosk.cards.stranger.passive import NotGenuine

AID = bytes.fromhex("A0000002471001")
EF_CARD_ACCESS, EF_COM, EF_SOD = 0x011C, 0x011E, 0x011D
GROUPS = {
    0x61: 1, 0x75: 2, 0x63: 3, 0x76: 4, 0x65: 5, 0x66: 6, 0x67: 7, 0x68: 8, 0x69: 9, 0x6A: 10, 0x6B: 11, 0x6C: 12,
    0x6D: 13, 0x6E: 14, 0x6F: 15, 0x70: 16,
}  # fmt: skip
"""Doc 9303-10, table 38: tag to number; the file identifier is 0100 plus the number."""
CHUNK = 0xDF
"""What a short answer carries once it is encrypted: 223 bytes, as in the standard's examples."""
SHORT_IDENTIFIER = 0x80
"""In P1 of READ BINARY: its last five bits choose the file (Doc 9303-10, table 38: those of the file identifier)."""
FILE_MAX = 0x7FFF
OK, END_OF_FILE, NO_RIGHT = b"\x90\x00", b"\x62\x82", b"\x69\x82"
RESTRICTED = frozenset({3, 4, 13})
"""Groups that a chip may keep for its issuer's readers: fingers, irises, and what the issuer chose."""


class Channel(Protocol):
    """What is needed of an encoder's channel."""

    async def transmit(self, apdu: bytes) -> bytes: ...

    async def reset(self) -> bytes: ...


class Chance(Protocol):
    def token(self, size: int) -> bytes: ...


class Access(StrEnum):
    """How the chip is opened."""

    BAC = "bac"
    PACE = "pace"


@dataclass(frozen=True, slots=True)
class Content:
    """Everything on a genuine chip that a stranger may read. `files`: by identifier; `groups`: the signed data groups
    by number; `unread`: those that the chip keeps to itself; `original`: it proved that it is no copy."""

    files: Mapping[int, bytes] = field(repr=False)
    groups: Mapping[int, bytes] = field(repr=False)
    unread: frozenset[int] = frozenset()
    original: bool = False


async def read(
    channel: Channel, lines: tuple[str, str, str], country: x509.Certificate, at: datetime, chance: Chance,
    *, access: Access = Access.BAC,
) -> Content:  # fmt: skip
    """Cold start, access with the three printed lines, EF.COM, EF.SOD, every group; then the signature.

    NotGenuine if the chip shows anything but what was signed, or something else than the printed lines. ProtocolError
    if it makes no sense; DeviceError if it is gone.
    """
    await channel.reset()
    reader = _Reader(channel)
    mrz = bac.information(lines)
    if access is Access.PACE:
        await _pace(reader, mrz, chance)
        await reader.select(bytes.fromhex("00A4040C"), AID, "the application")
    else:
        await reader.select(bytes.fromhex("00A4040C"), AID, "the application")
        await _bac(reader, mrz, chance)
    com, sod = await reader.file(EF_COM), await reader.file(EF_SOD)
    files = {EF_COM: com, EF_SOD: sod}
    unread = set()
    for number in _announced(com):
        try:
            files[0x0100 + number] = await reader.file(0x0100 + number)
        except _NotShown:
            if number not in RESTRICTED:
                raise
            unread.add(number)
    groups = {number: files[0x0100 + number] for number in _announced(com) if number not in unread}
    passive.verify(sod, country, at).check(groups, frozenset(unread))
    if groups.get(1, b"")[5:] != "".join(lines).encode("ascii"):
        raise NotGenuine("DG1 is not the printed machine readable zone")
    original = 15 in groups
    if original:
        await _prove_original(reader, groups[15], chance.token(8))
    return Content(files, groups, frozenset(unread), original)


class _NotShown(ProtocolError):
    """The chip has the file, and keeps it from us."""


class _Reader:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.session: Messaging | None = None

    async def send(self, head: bytes, data: bytes = b"", le: int | None = None) -> tuple[bytes, bytes]:
        """(status word, data) of one command, protected once there is a session."""
        if self.session is None:
            lc = bytes([len(data)]) + data if data else b""
            answer = await self._channel.transmit(head + lc + (b"" if le is None else bytes([le & 0xFF])))
        else:
            answer = self.session.unwrap(await self._channel.transmit(self.session.wrap(head, data, le)))
        if len(answer) < 2:
            raise ProtocolError(f"a response APDU of {len(answer)} bytes")
        return answer[-2:], answer[:-2]

    async def select(self, head: bytes, name: bytes, what: str) -> None:
        status, _ = await self.send(head, name)
        expect(status, f"SELECT {what}")

    async def file(self, identifier: int) -> bytes:
        """A whole file; its outer tag says how long it is. The first piece is asked for in full size, by the file's
        short identifier: so most files are one question."""
        content = await self._piece(identifier, 0, CHUNK)
        size = sum(objects.length(content))
        if size > FILE_MAX:
            raise ProtocolError(f"file {identifier:04X} announces {size} bytes")
        while len(content) < size:
            content += await self._piece(identifier, len(content), min(CHUNK, size - len(content)))
        return content[:size]

    async def _piece(self, identifier: int, offset: int, size: int) -> bytes:
        where = offset.to_bytes(2, "big") if offset else bytes([SHORT_IDENTIFIER | identifier & 0x1F, 0])
        status, piece = await self.send(b"\x00\xb0" + where, le=size)
        if status != END_OF_FILE or offset:  # ISO/IEC 7816-4, 7.2.3: a file that is shorter than asked for
            expect(status, f"READ BINARY {identifier:04X} at {offset}")
        if not 0 < len(piece) <= size:
            raise ProtocolError(f"file {identifier:04X} gave {len(piece)} bytes for {size}")
        return piece


def expect(status: bytes, what: str) -> None:
    if status == NO_RIGHT:
        raise _NotShown(f"{what}: {status.hex().upper()}")
    if status != OK:
        raise ProtocolError(f"{what}: {status.hex().upper()}")


async def _prove_original(reader: _Reader, group: bytes, nonce: bytes) -> None:
    """Active authentication (Doc 9303-11, 6.1): the chip signs our nonce with the key whose public half is signed."""
    try:
        public = load_der_public_key(objects.value(group, 0x6F))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotGenuine("DG15 holds no key") from error
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise NotGenuine("DG15 holds no key on P-256")
    status, answer = await reader.send(bytes.fromhex("00880000"), nonce, 256)
    expect(status, "INTERNAL AUTHENTICATE")
    r, s = int.from_bytes(answer[:32], "big"), int.from_bytes(answer[32:], "big")
    try:
        public.verify(encode_dss_signature(r, s), nonce, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise NotGenuine("the chip does not hold its own key: it is a copy") from error


async def _bac(reader: _Reader, mrz: str, chance: Chance) -> None:
    status, challenge = await reader.send(bac.GET_CHALLENGE[:4], le=8)
    expect(status, "GET CHALLENGE")
    if len(challenge) != 8:
        raise ProtocolError(f"a challenge of {len(challenge)} bytes")
    handshake = bac.Handshake(mrz, challenge, chance.token(8), chance.token(16))
    command = handshake.command()
    status, answer = await reader.send(command[:4], command[5:-1], le=command[-1])
    if status != OK:
        raise NotGenuine(f"the printed zone does not open this chip ({status.hex().upper()})")
    reader.session = handshake.session(answer)


async def _pace(reader: _Reader, mrz: str, chance: Chance) -> None:
    parameter = _pace_parameter(await reader.file(EF_CARD_ACCESS))
    run = pace.Exchange(parameter, mrz, *(pace.scalar(chance.token(pace.SCALAR), parameter) for _ in range(2)))

    async def exchange(command: bytes) -> bytes:
        size = command[4]
        le = command[5 + size] if len(command) > 5 + size else None
        status, answer = await reader.send(command[:4], command[5 : 5 + size], 256 if le == 0 else le)
        if status != OK:
            raise NotGenuine(f"PACE: the printed zone does not open this chip ({status.hex().upper()})")
        return answer

    await exchange(pace.select(parameter))
    nonce = await exchange(pace.GET_NONCE)
    agreed = run.agree(nonce, await exchange(run.map_nonce()))
    keyed = agreed.keys(await exchange(agreed.command()))
    reader.session = keyed.session(await exchange(keyed.command()))


def _pace_parameter(card_access: bytes) -> int:
    """The curve of the first PACEInfo that we speak (Doc 9303-11, 9.2.1)."""
    for parameter in pace.CURVES:
        if b"\x06\x0a" + pace.OID + b"\x02\x01\x02\x02\x01" + bytes([parameter]) in card_access:
            return parameter
    raise ProtocolError("EF.CardAccess offers no PACE that is known here")


def _announced(com: bytes) -> list[int]:
    """The numbers of the data groups that EF.COM lists."""
    try:
        return [GROUPS[tag] for tag in objects.value(objects.value(com, 0x60), 0x5C)]
    except KeyError as error:
        raise ProtocolError("EF.COM lists a data group that there is not") from error
