"""Real-time commands, which a printer obeys as they arrive, wherever they stand (Epson ESC/POS reference).

That includes the middle of a picture, as on the machine: there they are obeyed and are part of the picture too.
"""

from collections.abc import Iterator

CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
FULL_STATUS = b"\x10\x04\x14"
_COMMANDS = (
    *(bytes((0x10, 0x04, n)) for n in range(1, 5)),
    FULL_STATUS,
    *(bytes((0x10, 0x05, n)) for n in range(3)),
    CLEAR,
)
_BEGINNINGS = frozenset(command[:length] for command in _COMMANDS for length in range(1, len(command) + 1))


class Ears:
    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """`data` in order, in pieces that end with a real-time command; the last piece has none (None)."""
        start = at = 0
        while at < len(data):
            if not self._held and (at := data.find(0x10, at)) < 0:
                break
            self._held += data[at : at + 1]
            at += 1
            while self._held and self._held not in _BEGINNINGS:
                self._held = self._held[1:]
            if self._held in _COMMANDS:
                command, self._held = self._held, b""
                yield data[start:at], command
                start = at
        yield data[start:], None
