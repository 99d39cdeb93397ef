"""What arrives on an Evolis wire, cut into commands: ESC mnemonic;parameters CR, and panels with raw bytes behind them.

Written from the programming guide A5013 and captured jobs of the maker's own drivers, apart from any driver. Bounded
in memory, and total: any bytes at all are cut into commands somehow, as a printer does.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

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


@lru_cache(maxsize=64)
def _understood(raw: bytes) -> Command:
    """One command's text; a host asks the same few things again and again."""
    if len(raw) > TEXT_MAX or not _TEXT.fullmatch(raw):
        return Command("", broken=True)
    name, *parameters = raw.decode("ascii").split(";")
    return Command(name, tuple(parameters))


class Splitter:
    """Takes bytes as they come and gives whole commands."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._in_text = False
        self._skipping = False

    def feed(self, data: bytes) -> list[Command]:
        self._begun += data if self._begun else b""
        buffer = self._begun or data  # a panel of 658 kB that comes whole is not copied together first
        found = []
        command, at = self._next(buffer, 0)
        while command is not None:
            found.append(command)
            command, at = self._next(buffer, at)
        if buffer is data:
            self._begun += data[at:]
        else:
            del self._begun[:at]
        return found

    def _next(self, buffer: bytes | bytearray, at: int) -> tuple[Command | None, int]:
        """The command at or after `at`, None if it is not whole yet; and up to where the bytes are done with."""
        if not self._in_text:
            # The start character may be left out after a CR; padding and stray bytes between commands mean nothing.
            start = _START.search(buffer, at)
            if start is None:
                return None, len(buffer)
            at = start.end() if start[0] == b"\x1b" else start.start()
            self._in_text = True
        header = _HEADER.match(buffer, at, at + HEADER_MAX)
        if header:
            return self._download(buffer, at, header)
        return self._text(buffer, at)

    def _text(self, buffer: bytes | bytearray, at: int) -> tuple[Command | None, int]:
        end = buffer.find(b"\r", at)
        if end < 0:
            if len(buffer) - at <= TEXT_MAX:
                return None, at
            self._skipping = True
            return None, len(buffer)
        self._in_text = False
        skipped, self._skipping = self._skipping, False
        return Command("", broken=True) if skipped else _understood(bytes(buffer[at:end])), end + 1

    def _download(self, buffer: bytes | bytearray, at: int, header: re.Match[bytes]) -> tuple[Command | None, int]:
        """The panel behind `header` once it is whole; None before that."""
        name, panel, levels = header[1].decode(), header[2].decode(), int(header[3])
        start = header.end()
        if levels not in PANEL_SIZE or (name == "Dbc" and levels != 2):
            body: bytes | None = b""
            end = start
        elif name == "Db":
            end = start + PANEL_SIZE[levels]
            body = _copied(buffer, start, end) if len(buffer) >= end else None
        else:
            body, end = _lines(buffer, start)
        if body is None:
            return None, at
        self._in_text = False
        return Command(name, (panel, str(levels)), panel=body, broken=not body), end


def _copied(buffer: bytes | bytearray, start: int, end: int) -> bytes:
    if isinstance(buffer, bytes):
        return _piece(buffer, start, end)
    with memoryview(buffer) as whole:  # a slice of a bytearray would be a second copy
        return bytes(whole[start:end])


@lru_cache(maxsize=32)
def _piece(whole: bytes, start: int, end: int) -> bytes:
    """The few faces of a simulated day come again as the very same object, whose hash Python keeps: then nothing is
    copied, and what asks whether two panels are alike sees it at one glance."""
    return whole[start:end]


def _lines(data: bytes | bytearray, at: int) -> tuple[bytes | None, int]:
    """1016 compressed lines from `at`: 00 white, FF black, else n and n bytes with the rest white."""
    out = bytearray()
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
