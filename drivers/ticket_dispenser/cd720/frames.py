"""The frames of QU-CD-720M/820M, manual version 3.19, sections 3.5.2 and 3.5.3. The decoder is total.

Command: STX C1 C2 ETX BCC. The dispenser says ACK or NAK; on the host's ENQ it obeys, or responds with
STX R1 R2 D1 D2 D3 ETX BCC. BCC is the exclusive or of everything before it.
"""

from dataclasses import dataclass
from enum import IntFlag
from functools import reduce
from operator import xor

from drivers.contract.errors import ProtocolError

STX, ETX, ACK, NAK = 0x02, 0x03, 0x06, 0x15
ENQ = b"\x05"
RESPONSE = 8
"""Bytes of a response."""

POLL, CLEAR, VERSION, THROW, CALL_BACK = b"PB", b"PC", b"GV", b"FU", b"CP"


class Flags(IntFlag):
    """The low four bits of D1, D2 and D3, in this order from the top (section 3.5.5.2)."""

    DISPENSING = 0x800
    CALLING_BACK = 0x400
    FAILURE = 0x200
    BIN_FULL = 0x100
    TAKEN_AWAY = 0x080
    CALLED_BACK = 0x040
    JAMMED = 0x020
    LOW = 0x010
    EMPTY = 0x008
    AT_MOUTH = 0x004
    AT_READER = 0x002
    READY = 0x001


@dataclass(frozen=True, slots=True)
class Response:
    name: bytes
    """R1 R2: the name of the command that it answers."""
    data: bytes
    """D1 D2 D3, each 0x30 to 0x3F."""

    @property
    def flags(self) -> Flags:
        high, middle, low = (byte & 0x0F for byte in self.data)
        return Flags(high << 8 | middle << 4 | low)

    @property
    def version(self) -> str:
        """`315` is 3.15."""
        return f"{self.data[0] & 0x0F}.{self.data[1] & 0x0F}{self.data[2] & 0x0F}"


def command(name: bytes) -> bytes:
    body = bytes((STX, *name, ETX))
    return body + bytes((_check(body),))


def response(frame: bytes) -> Response:
    """ProtocolError, saying why, for anything that is not one whole response."""
    if len(frame) != RESPONSE or frame[0] != STX or frame[6] != ETX:
        raise ProtocolError(f"{frame[:16].hex(' ')}: expected STX, five characters, ETX and a check")
    if frame[7] != _check(frame[:7]):
        raise ProtocolError(f"{frame.hex(' ')}: the check is wrong")
    if any(byte & 0xF0 != 0x30 for byte in frame[3:6]):
        raise ProtocolError(f"{frame.hex(' ')}: data are characters 30 to 3F")
    return Response(frame[1:3], frame[3:6])


def found(received: bytes, name: bytes) -> Response | None:
    """The first whole response to the command `name` in what was received, whatever stands around it."""
    at = received.find(STX)
    while at >= 0:
        try:
            one = response(received[at : at + RESPONSE])
        except ProtocolError:
            pass
        else:
            if one.name == name:
                return one
        at = received.find(STX, at + 1)
    return None


def _check(body: bytes) -> int:
    return reduce(xor, body)
