"""ATR, response APDU and vpcd frames. Every decoder is total: any bytes end in a value or in ProtocolError."""

from drivers.contract.errors import ProtocolError

# Control bodies of one byte, host to card: vsmartcard, "Creating a virtual smart card".
POWER_OFF, POWER_ON, RESET, GET_ATR = b"\x00", b"\x01", b"\x02", b"\x04"

BODY_MAX = 0xFFFF
ATR_MAX = 33
"""ISO/IEC 7816-3, 8.2.1: TS and at most 32 characters."""


def frame(body: bytes) -> bytes:
    """16-bit big-endian length, then the body (0..65,535 bytes)."""
    if len(body) > BODY_MAX:
        raise ValueError(f"a frame carries at most {BODY_MAX} bytes, not {len(body)}")
    return len(body).to_bytes(2, "big") + body


class Frames:
    """Takes bytes in any pieces, gives whole bodies. Holds at most one frame and what was fed with it."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        held = self._held
        held += data
        bodies = []
        while len(held) >= 2 and len(held) >= (end := 2 + int.from_bytes(held[:2], "big")):
            bodies.append(bytes(held[2:end]))
            del held[:end]
        return bodies


def check_atr(data: bytes) -> bytes:
    """`data` if it has the form of an answer to reset (ISO/IEC 7816-3, 8.2).

    That is TS, T0, the interface characters that T0 and each TDi announce, historical characters, and TCK where a
    protocol other than T=0 is offered. b"" passes: no chip.
    """
    if not data:
        return data
    if len(data) > ATR_MAX or len(data) < 2 or data[0] not in (0x3B, 0x3F):
        raise ProtocolError(f"not an ATR: {_shown(data)}")
    historical = data[1] & 0x0F
    announced, at, checked = data[1] >> 4, 2, False
    while announced:
        at += (announced & 0b0111).bit_count()
        if not announced & 0b1000:
            break
        if at >= len(data):
            raise ProtocolError(f"ATR ends inside its interface characters: {_shown(data)}")
        checked = checked or bool(data[at] & 0x0F)
        announced = data[at] >> 4
        at += 1
    expected = at + historical + (1 if checked else 0)
    if len(data) != expected:
        raise ProtocolError(f"ATR of {len(data)} bytes announces {expected}: {_shown(data)}")
    if checked:
        total = 0
        for byte in data[1:]:
            total ^= byte
        if total:
            raise ProtocolError(f"ATR with a wrong check character: {_shown(data)}")
    return data


def check_response(data: bytes) -> bytes:
    """`data` if it ends in a status word (ISO/IEC 7816-4, 5.6: SW1 is 6X or 9X, never 60)."""
    if len(data) < 2:
        raise ProtocolError(f"a response APDU has at least two bytes, not {len(data)}")
    if data[-2] == 0x60 or data[-2] >> 4 not in (6, 9):
        raise ProtocolError(f"response of {len(data)} bytes ends in {data[-2:].hex()}, which is no status word")
    return data


def _shown(data: bytes) -> str:
    return data[: ATR_MAX + 1].hex(" ") + ("..." if len(data) > ATR_MAX + 1 else "")
