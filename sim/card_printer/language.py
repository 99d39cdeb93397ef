"""What arrives on an Evolis wire, cut into commands: ESC mnemonic;parameters CR, and panels with raw bytes behind them.

Written from the programming guide A5013 and captured jobs of the maker's own drivers, apart from any driver. Bounded
in memory, and total: any bytes at all are cut into commands somehow, as a printer does.
"""

import re
from dataclasses import dataclass

LINES = 1016
DOTS = 648
LINE_BYTES = 81
TEXT_MAX = 512
"""A command text longer than this is thrown away up to the next CR."""
PANEL_SIZE = {2: 82_296, 32: 411_480, 64: 493_776, 128: 576_072, 256: 658_368}
"""Bytes of a whole panel by its number of levels: 648 x 1016 dots of 1, 5, 6, 7 or 8 bits."""

HEADER_MAX = 32
_START = re.compile(rb"[\x1bA-Za-z]")
_TEXT = re.compile(rb"[ -~]+")
_HEADER = re.compile(rb"(Dbc?);([ -:<-~]{1,8});([0-9]{1,4});")


@dataclass(frozen=True, slots=True)
class Command:
    """`name` with its parameters; `panel` for the downloads. `broken`: text no printer would understand."""

    name: str
    parameters: tuple[str, ...] = ()
    panel: bytes = b""
    """A panel's bytes as `levels` bits per dot, decompressed."""
    broken: bool = False


class Splitter:
    """Takes bytes as they come and gives whole commands."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._in_text = False
        self._skipping = False

    def feed(self, data: bytes) -> list[Command]:
        self._buffer += data
        found = []
        while (command := self._next()) is not None:
            found.append(command)
        return found

    def _next(self) -> Command | None:
        buffer = self._buffer
        if not self._in_text:
            # The start character may be left out after a CR; padding and stray bytes between commands mean nothing.
            start = _START.search(buffer)
            if start is None:
                buffer.clear()
                return None
            del buffer[: start.end() if start[0] == b"\x1b" else start.start()]
            self._in_text = True
        header = _HEADER.match(buffer, 0, HEADER_MAX)
        if header:
            return self._download(header)
        return self._text()

    def _text(self) -> Command | None:
        end = self._buffer.find(b"\r")
        if end < 0:
            if len(self._buffer) > TEXT_MAX:
                self._buffer.clear()
                self._skipping = True
            return None
        raw = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._in_text = False
        broken = self._skipping or len(raw) > TEXT_MAX or not _TEXT.fullmatch(raw)
        self._skipping = False
        if broken:
            return Command("", broken=True)
        name, *parameters = raw.decode("ascii").split(";")
        return Command(name, tuple(parameters))

    def _download(self, header: re.Match[bytes]) -> Command | None:
        """The panel behind `header` once it is whole; None before that."""
        name, panel, levels = header[1].decode(), header[2].decode(), int(header[3])
        start = header.end()
        if levels not in PANEL_SIZE or (name == "Dbc" and levels != 2):
            body: bytes | None = b""
            end = start
        elif name == "Db":
            end = start + PANEL_SIZE[levels]
            body = self._copied(start, end) if len(self._buffer) >= end else None
        else:
            body, end = self._lines(start)
        if body is None:
            return None
        del self._buffer[:end]
        self._in_text = False
        return Command(name, (panel, str(levels)), panel=body, broken=not body)

    def _copied(self, start: int, end: int) -> bytes:
        with memoryview(self._buffer) as whole:  # a slice of the buffer itself would be a second copy of 658 kB
            return bytes(whole[start:end])

    def _lines(self, at: int) -> tuple[bytes | None, int]:
        """1016 compressed lines from `at`: 00 white, FF black, else n and n bytes with the rest white."""
        out = bytearray()
        data = self._buffer
        for _ in range(LINES):
            if at >= len(data):
                return None, 0
            size = data[at]
            at += 1
            if size == 0xFF:
                out += b"\xff" * LINE_BYTES
                continue
            kept = min(size, LINE_BYTES)
            if at + size > len(data):
                return None, 0
            out += bytes(data[at : at + kept]).ljust(LINE_BYTES, b"\x00")
            at += size
        return bytes(out), at
