"""The module's end of the ZFM/R503 wire: reads command packets, makes acknowledge and data packets.

Written from the packet table of the ZFM-20 and R503 manuals, apart from the driver's own code.
"""

from dataclasses import dataclass
from functools import lru_cache

COMMAND, DATA, ACK, END = 0x01, 0x02, 0x07, 0x08
LONGEST = 256


@dataclass(frozen=True)
class Command:
    """A packet from the host. `intact` False: the checksum was wrong, answered with code 01."""

    address: int
    pid: int
    body: bytes
    intact: bool


def packet(address: int, pid: int, body: bytes) -> bytes:
    """EF01, address, packet id, length of body and checksum together, body, checksum."""
    length = len(body) + 2
    total = (pid + (length >> 8) + (length & 0xFF) + sum(body)) & 0xFFFF
    return (
        bytes([0xEF, 0x01])
        + address.to_bytes(4, "big")
        + bytes([pid, length >> 8, length & 0xFF])
        + body
        + total.to_bytes(2, "big")
    )


@lru_cache(maxsize=8)
def transfer(address: int, data: bytes, size: int) -> tuple[bytes, ...]:
    """`data` in packets of `size` bytes of body; all but the last carry id 02, the last 08. The same few pictures are
    on the glass again and again."""
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return *(packet(address, DATA, piece) for piece in pieces[:-1]), packet(address, END, pieces[-1])


@lru_cache(maxsize=64)
def _read(whole: bytes) -> Command:
    """A host asks the same few things all day."""
    address, pid, body = int.from_bytes(whole[2:6], "big"), whole[6], whole[9:-2]
    return Command(address, pid, body, packet(address, pid, body) == whole)


class Receiver:
    """Collects bytes as the module's UART does and hands out whole packets, searching for EF01 between them."""

    def __init__(self) -> None:
        self._line = b""

    def take(self, data: bytes) -> list[Command]:
        self._line += data
        commands = []
        while True:
            start = self._line.find(b"\xef\x01")
            if start == -1:
                self._line = b"\xef" if self._line.endswith(b"\xef") else b""
                break
            self._line = self._line[start:]
            if len(self._line) < 9:
                break
            length = int.from_bytes(self._line[7:9], "big")
            if length < 2 or length > LONGEST + 2:
                self._line = self._line[2:]
                continue
            if len(self._line) < 9 + length:
                break
            whole, self._line = self._line[: 9 + length], self._line[9 + length :]
            commands.append(_read(whole))
        return commands
