"""ESC/POS as a stream of commands: finds where each command ends, and nothing else.

Lengths from Epson's ESC/POS command reference (standard mode, roll paper printers). A byte that begins no known command
is given out alone as `unknown`, as printers drop it. Nothing is ever waited for beyond MOST bytes, so no length field,
however damaged, makes the printer deaf for long.
"""

import re
from collections import deque
from functools import lru_cache
from typing import NamedTuple

ESC, FS, GS, DLE = 0x1B, 0x1C, 0x1D, 0x10
MOST = 1 << 20
"""Bytes that one command may be long; a larger length is damage, and its header is dropped."""

_ESC_FIXED = {
    **dict.fromkeys(b"24<@LSimv\x0c", 0),
    **dict.fromkeys(b" !%+-3=?AEGJKMRTUVadertu{", 1),
    **dict.fromkeys(b"$\\cB", 2),
    **dict.fromkeys(b"p", 3),
    **dict.fromkeys(b"W", 8),
}
_FS_FIXED = {
    **dict.fromkeys(b"&.", 0),
    **dict.fromkeys(b"!-CW", 1),
    **dict.fromkeys(b"S?p", 2),
    **dict.fromkeys(b"2", 74),
}
_GS_FIXED = {
    **dict.fromkeys(b":c", 0),
    **dict.fromkeys(b"!#/BEHITabfhrwj|", 1),
    **dict.fromkeys(b"$ALPW\\", 2),
    **dict.fromkeys(b"^", 3),
    **dict.fromkeys(b"g", 4),
}
_FAMILIES = {ESC: (_ESC_FIXED, "ESC"), FS: (_FS_FIXED, "FS"), GS: (_GS_FIXED, "GS")}


def _shown(byte: int) -> str:
    return chr(byte) if 0x20 < byte < 0x7F else {0x20: "SP", 0x0C: "FF"}[byte]


_FIXED = {
    bytes((first, second)): (f"{prefix} {_shown(second)}", 2 + length)
    for first, (fixed, prefix) in _FAMILIES.items()
    for second, length in fixed.items()
}
"""By their two bytes, the commands whose length these tell: name, and length in all."""
PLAIN = {0x09: "HT", 0x0A: "LF", 0x0C: "FF", 0x0D: "CR", 0x18: "CAN"}


def _alike(family: int, length: int) -> bytes:
    """A pattern for the commands of a family that `length` bytes follow."""
    seconds = bytes(second for second, following in _FAMILIES[family][0].items() if following == length)
    return b"[%b].{%d}" % (re.escape(seconds), length)


_PLAINLY = rb"[^\x00-\x1f]+|[%b]|" % bytes(PLAIN) + b"|".join(
    b"%c(?:%b)" % (family, b"|".join(_alike(family, length) for length in sorted(set(fixed.values()))))
    for family, (fixed, _) in _FAMILIES.items()
)
_PLAIN_RUN = re.compile(b"(?:%b)*" % _PLAINLY, re.DOTALL)
_PLAIN_ONE = re.compile(_PLAINLY, re.DOTALL)
"""Text, and what has its length from its first two bytes: nearly all of a slip, found a whole run at a time."""
_DLE_LENGTHS = {0x04: 3, 0x05: 3, 0x14: 5}
_COUNTED_CUTS = (65, 66, 97, 98, 103, 104)
"""The forms of GS V that a second parameter follows: feed by it, then cut."""


class Command(NamedTuple):
    """`name` as the manuals write it (`ESC !`, `GS v`), `text`, or `unknown`; `data` is what follows the name."""

    name: str
    data: bytes = b""


class _Short(Exception):
    """The command's end has not arrived yet."""


class _Damaged(Exception):
    """No command has such a length."""


@lru_cache(maxsize=1024)
def _plain(raw: bytes) -> Command:
    """The command that _PLAIN_ONE found. Slips say much the same over and over."""
    if raw[0] >= 0x20:
        return Command("text", raw)
    if raw[0] in PLAIN:
        return Command(PLAIN[raw[0]])
    return Command(_FIXED[raw[:2]][0], raw[2:])


class Stream:
    """Takes bytes in any pieces, gives out commands."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._whole: deque[Command] = deque()
        """Commands that were found before the buffer's first byte."""

    def __len__(self) -> int:
        """How much was fed and not given out: commands that are whole, and bytes that are not looked at yet."""
        return len(self._whole) + len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def clear(self) -> None:
        self._whole.clear()
        self._buffer.clear()

    def next(self) -> Command | None:
        """The next whole command, or None until more bytes arrive."""
        if self._whole:
            return self._whole.popleft()
        run = _PLAIN_RUN.match(self._buffer)
        if run and run.end():
            self._whole.extend(map(_plain, _PLAIN_ONE.findall(run.group())))
            del self._buffer[: run.end()]
            return self._whole.popleft()
        return self._intricate() if self._buffer else None

    def _intricate(self) -> Command | None:
        """The next command, if it is none of _PLAIN_ONE, or not whole yet."""
        buffer = self._buffer
        first = buffer[0]
        if first not in (ESC, FS, GS, DLE):
            return self._take("unknown", 0, 1)
        if len(buffer) < 2:
            return None
        second = buffer[1]
        if first == DLE:
            return self._realtime(second)
        if bytes(buffer[:2]) in _FIXED:
            return None
        prefix = _FAMILIES[first][1]
        try:
            end = 2 + _variable(prefix, second, buffer)
        except _Short:
            return None
        except _Damaged:
            return self._take("unknown", 0, 2)
        return self._take(f"{prefix} {_shown(second)}", 2, end) if len(buffer) >= end else None

    def _realtime(self, second: int) -> Command | None:
        """DLE sequences were obeyed as they arrived; in their turn they are only stepped over."""
        if second not in _DLE_LENGTHS:
            return self._take("unknown", 0, 1)
        length = _DLE_LENGTHS[second]
        if second == 0x14 and len(self._buffer) > 2 and self._buffer[2] == 8:
            length = 10
        return self._take("DLE", 1, length) if len(self._buffer) >= length else None

    def _take(self, name: str, start: int, end: int) -> Command:
        command = Command(name, bytes(self._buffer[start:end]))
        del self._buffer[:end]
        return command


def _at(buffer: bytearray, index: int) -> int:
    if index >= len(buffer):
        raise _Short
    return buffer[index]


def _low_high(buffer: bytearray, index: int) -> int:
    return _at(buffer, index) | _at(buffer, index + 1) << 8


def _sane(length: int) -> int:
    if length > MOST:
        raise _Damaged
    return length


def _until_nul(buffer: bytearray, most: int) -> int:
    """Parameters that end with NUL, at most `most` of them."""
    end = buffer.find(0, 2, 2 + most + 1)
    if end >= 0:
        return end - 1
    if len(buffer) > 2 + most:
        raise _Damaged
    raise _Short


def _variable(prefix: str, second: int, buffer: bytearray) -> int:
    """How many bytes follow the command's two, when these bytes themselves say so."""
    match prefix, chr(second):
        case _, "(":  # x pL pH and that many
            return 3 + _low_high(buffer, 3)
        case "ESC", "*":  # m nL nH, one or three bytes a column
            return 3 + _low_high(buffer, 3) * (3 if _at(buffer, 2) in (32, 33) else 1)
        case "ESC", "D":
            return _until_nul(buffer, 32)
        case "ESC", "&":  # y c1 c2, for each character x and x*y bytes
            return _user_characters(buffer)
        case "GS", "v":  # 0 m xL xH yL yH
            return _sane(6 + _low_high(buffer, 4) * _low_high(buffer, 6))
        case "GS", "V":
            return 2 if _at(buffer, 2) in _COUNTED_CUTS else 1
        case "GS", "8":  # L p1 p2 p3 p4
            return _sane(5 + (_low_high(buffer, 3) | _low_high(buffer, 5) << 16))
        case "GS", "*":  # x y, x*8 columns of y bytes
            return 2 + _at(buffer, 2) * _at(buffer, 3) * 8
        case "GS", "k":  # a barcode: up to 6 ends with NUL, from 65 counted
            return 2 + _at(buffer, 3) if _at(buffer, 2) >= 65 else _until_nul(buffer, 256)
        case "GS", "C":
            return {0x30: 3, 0x31: 7, 0x32: 3}.get(_at(buffer, 2), 1)
        case "GS", "e":  # n, for 3 then m (Custom's presenters)
            return 2 if _at(buffer, 2) == 3 else 1
        case "GS", "z":  # 0 t1 t2
            return 3
        case "GS", "Q":  # 0 m xL xH yL yH
            return _sane(6 + _low_high(buffer, 4) * _low_high(buffer, 6))
        case "FS", "q":  # n, for each picture xL xH yL yH and x*y*8 bytes
            return _nv_pictures(buffer)
        case "FS", "g":  # 1 or 2, m a1-a4 nL nH, for 1 then n bytes
            return 8 + (_low_high(buffer, 8) if _at(buffer, 2) == 0x31 else 0)
    raise _Damaged


def _user_characters(buffer: bytearray) -> int:
    height, first, last = _at(buffer, 2), _at(buffer, 3), _at(buffer, 4)
    end = 5
    for _ in range(first, last + 1):
        end += 1 + _at(buffer, end) * height
    return end - 2


def _nv_pictures(buffer: bytearray) -> int:
    end = 3
    for _ in range(_at(buffer, 2)):
        end = _sane(end + 4 + _low_high(buffer, end) * _low_high(buffer, end + 2) * 8)
    return end - 2
