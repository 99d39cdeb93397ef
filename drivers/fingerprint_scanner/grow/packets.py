"""The packets of the ZFM-20 / R30x / AS608 / R503 family: framing, and the shapes of the answers that are used.

Source: ZhianTec ZFM user manual 4.1 and Hangzhou Grow R503 user manual V1.2, "data package format" and "module
instruction system". All numbers are big endian. No waiting and no pipe here.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import adler32

from drivers.contract.errors import ProtocolError

HEADER: Final = b"\xef\x01"
READY: Final = b"\x55"
"""What an R503 sends, outside any packet, when it has started."""
DEFAULT_ADDRESS: Final = 0xFFFFFFFF
CONTENT_MAX: Final = 256
"""Bytes of content in one packet; the length field counts two more for the checksum."""
PACKET_SIZE: Final = 6
"""SetSysPara's number of the parameter "data package length"; its value 0 to 3 means PACKET_MIN << value bytes."""
PACKET_MIN: Final = 32
_START = struct.Struct(">2sIBH")


class PacketId(IntEnum):
    COMMAND = 0x01
    DATA = 0x02
    """A piece of a transfer; more follow."""
    ACK = 0x07
    END = 0x08
    """The last piece of a transfer."""


_KINDS: Final = {kind.value: kind for kind in PacketId}


class Instruction(IntEnum):
    """Every instruction of the two manuals. The driver sends those that bring an image, say how the module is, or light
    the ring; those that enrol and search are named for the log, and for who talks to a module's own library."""

    GET_IMAGE = 0x01
    IMAGE_TO_FEATURES = 0x02
    MATCH = 0x03
    SEARCH = 0x04
    MERGE = 0x05
    STORE = 0x06
    LOAD_FEATURES = 0x07
    UP_FEATURES = 0x08
    DOWN_FEATURES = 0x09
    UP_IMAGE = 0x0A
    DOWN_IMAGE = 0x0B
    DELETE = 0x0C
    EMPTY = 0x0D
    SET_SYSTEM = 0x0E
    READ_SYSTEM = 0x0F
    SET_PASSWORD = 0x12
    VERIFY_PASSWORD = 0x13
    RANDOM = 0x14
    SET_ADDRESS = 0x15
    WRITE_NOTEPAD = 0x18
    READ_NOTEPAD = 0x19
    FAST_SEARCH = 0x1B
    COUNT_TEMPLATES = 0x1D
    READ_INDEX = 0x1F
    GET_IMAGE_EX = 0x28
    CANCEL = 0x30
    AUTO_ENROL = 0x31
    AUTO_IDENTIFY = 0x32
    AURA_LED = 0x35
    CHECK_SENSOR = 0x36
    ALGORITHM_VERSION = 0x39
    FIRMWARE_VERSION = 0x3A
    READ_PRODUCT = 0x3C
    SOFT_RESET = 0x3D
    HANDSHAKE = 0x40
    LAMP_ON = 0x50
    LAMP_OFF = 0x51
    ECHO = 0x53


class Code(IntEnum):
    """Every confirmation code of the two manuals. The driver tells apart those that its instructions can give; of the
    others the log shows the name."""

    OK = 0x00
    PACKET_ERROR = 0x01
    NO_FINGER = 0x02
    CAPTURE_FAILED = 0x03
    TOO_MESSY = 0x06
    TOO_FEW_FEATURES = 0x07
    NO_MATCH = 0x08
    NOT_FOUND = 0x09
    CANNOT_MERGE = 0x0A
    PAGE_OUT_OF_RANGE = 0x0B
    TEMPLATE_UNREADABLE = 0x0C
    TEMPLATE_UPLOAD_FAILED = 0x0D
    CANNOT_RECEIVE = 0x0E
    UPLOAD_FAILED = 0x0F
    DELETE_FAILED = 0x10
    EMPTY_FAILED = 0x11
    WRONG_PASSWORD = 0x13
    NO_IMAGE = 0x15
    FLASH_ERROR = 0x18
    WRONG_REGISTER = 0x1A
    WRONG_SETTING = 0x1B
    WRONG_NOTEPAD_PAGE = 0x1C
    PORT_FAILED = 0x1D
    LIBRARY_FULL = 0x1F
    WRONG_ADDRESS = 0x20
    VERIFY_FIRST = 0x21
    TEMPLATE_EMPTY = 0x22
    LIBRARY_EMPTY = 0x24
    TIMED_OUT = 0x26
    FINGER_EXISTS = 0x27
    SENSOR_FAULT = 0x29
    UNSUPPORTED = 0xFC
    HARDWARE_FAULT = 0xFD
    FAILED = 0xFE


def named(code: int) -> str:
    """A confirmation code for the log: its number and, if the manuals know it, its name."""
    known = Code(code).name.lower().replace("_", " ") if code in tuple(Code) else "unknown"
    return f"{code:02x} ({known})"


class Packet(NamedTuple):
    """A named tuple, because an image arrives in some 300 of them."""

    kind: PacketId
    content: bytes
    address: int = DEFAULT_ADDRESS

    def __repr__(self) -> str:
        return f"Packet({self.kind.name}, {len(self.content)} bytes)"  # content may be a piece of a finger


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something that began like a packet and was none: a byte was lost or changed. `why` is for the log."""

    why: str


def encode(packet: Packet) -> bytes:
    """The packet on the wire. ValueError if the content is longer than CONTENT_MAX."""
    if len(packet.content) > CONTENT_MAX:
        raise ValueError(f"content of {len(packet.content)} bytes; a packet holds {CONTENT_MAX}")
    start = _START.pack(HEADER, packet.address, packet.kind, len(packet.content) + 2)
    return start + packet.content + struct.pack(">H", _checksum(packet.kind, packet.content))


@lru_cache(maxsize=64)
def command(instruction: Instruction, parameters: bytes = b"", address: int = DEFAULT_ADDRESS) -> bytes:
    """A command packet on the wire. Kept: a module is asked the same few things all day."""
    return encode(Packet(PacketId.COMMAND, bytes((instruction,)) + parameters, address))


def _checksum(kind: int, content: bytes) -> int:
    """Sum of packet id, length and content, which is at most 256 bytes; header and address are not counted.

    The lower half of Adler-32 is one more than the sum of the bytes modulo 65,521 (RFC 1950), which so few do not
    reach; zlib adds them up ten times as fast."""
    length = len(content) + 2
    return kind + (length >> 8) + (length & 0xFF) + (adler32(content) & 0xFFFF) - 1 & 0xFFFF


class Decoder:
    """Bytes in, packets and damage out; after damage it looks for the next header. Total: no input makes it raise or
    keep more than one packet's worth of bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """A packet has begun and is not complete."""
        return bool(self._buffer)

    def reset(self) -> None:
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Packet | Damaged]:
        """What `data` completes, in order. Bytes outside packets (0x55 at power-on, noise) are passed over."""
        self._buffer += data
        found: list[Packet | Damaged] = []
        item, at = self._next(0)
        while item is not None:
            found.append(item)
            item, at = self._next(at)
        del self._buffer[:at]
        return found

    def _next(self, at: int) -> tuple[Packet | Damaged | None, int]:
        """What begins at or after `at`, None if it is not whole yet; and up to where the bytes are done with."""
        buffer = self._buffer
        start = buffer.find(HEADER, at)
        if start < 0:
            return None, len(buffer) - (1 if buffer.endswith(HEADER[:1], at) else 0)
        if len(buffer) < start + _START.size:
            return None, start
        # Of what is damaged only the header is given up: a lost byte makes a packet swallow the start of the next.
        after = start + len(HEADER)
        _, address, number, length = _START.unpack_from(buffer, start)
        kind = _KINDS.get(number)
        if kind is None:
            return Damaged(f"packet id {number:02x}"), after
        if not 2 <= length <= CONTENT_MAX + 2:
            return Damaged(f"length {length}"), after
        end = start + _START.size + length
        if len(buffer) < end:
            return None, start
        content = bytes(buffer[start + _START.size : end - 2])
        if _checksum(number, content) != buffer[end - 2] << 8 | buffer[end - 1]:
            return Damaged("checksum"), after
        return Packet(kind, content, address), end


@dataclass(frozen=True, slots=True)
class SystemParameters:
    """The answer to ReadSysPara. `baud` in bit/s, `packet_size` in bytes of content."""

    status: int
    system_id: int
    capacity: int
    security: int
    address: int
    packet_size: int
    baud: int

    @classmethod
    def parse(cls, data: bytes) -> "SystemParameters":
        if len(data) != 16:
            raise ProtocolError(f"ReadSysPara: {len(data)} bytes instead of 16")
        status, system_id, capacity, security, address, size, baud = struct.unpack(">HHHHIHH", data)
        if size > 3:
            raise ProtocolError(f"ReadSysPara: packet size code {size}; 0 to 3 are defined")
        return cls(status, system_id, capacity, security, address, PACKET_MIN << size, 9600 * baud)


@dataclass(frozen=True, slots=True)
class ProductInfo:
    """The answer to ReadProdInfo (R503), as far as it is used. `width`, `height` of the image in pixels."""

    model: str
    serial: str
    sensor: str
    width: int
    height: int

    @classmethod
    def parse(cls, data: bytes) -> "ProductInfo":
        if len(data) != 46:
            raise ProtocolError(f"ReadProdInfo: {len(data)} bytes instead of 46")
        model, serial, sensor, width, height = struct.unpack(">16s4x8s2x8sHH4x", data)
        if not (16 <= width <= 1024 and 16 <= height <= 1024 and width * height % 2 == 0):
            raise ProtocolError(f"ReadProdInfo: an image of {width}x{height}")
        return cls(_text(model), _text(serial), _text(sensor), width, height)


def _text(field: bytes) -> str:
    return "".join(chr(byte) if 0x20 < byte < 0x7F else " " for byte in field.split(b"\0")[0]).strip()


_LEFT: Final = bytes((byte >> 4) * 17 for byte in range(256))
_RIGHT: Final = bytes((byte & 15) * 17 for byte in range(256))


def unpack_image(data: bytearray, width: int, height: int) -> bytearray:
    """UpImage's two pixels per byte (upper four bits of each, left pixel in the high nibble) as one byte per pixel."""
    if len(data) * 2 != width * height:
        raise ProtocolError(f"UpImage: {len(data)} bytes instead of {width * height // 2} for {width}x{height}")
    pixels = bytearray(width * height)
    for side, table in enumerate((_LEFT, _RIGHT)):
        half = data.translate(table)
        pixels[side::2] = half
        half[:] = bytes(len(half))
    return pixels
