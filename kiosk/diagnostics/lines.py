"""Bytes from a serial line to command lines. Total: any bytes give lines or refusals, in bounded memory."""

from dataclasses import dataclass
from enum import StrEnum

LINE_LIMIT = 256
"""Characters in a line; a longer one is dropped to its end and refused once."""

_ENDS = b"\r\n"
_ERASE = b"\x08\x7f"
_CANCEL = 0x03


class Refused(StrEnum):
    """Why a line was not taken; the value is the error code that the console answers."""

    TOO_LONG = "line-too-long"
    BAD_BYTES = "bad-bytes"
    """Control characters or bytes above 7F: wrong speed, noise, or a program that takes this port for a modem."""


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    """Printable ASCII, no white space at its ends; at most LINE_LIMIT characters, never empty."""


class LineReader:
    """Cuts a byte stream into lines, wherever the pieces end. CR, LF and CR LF all end a line; empty lines are nothing.

    Backspace and DEL erase one character, Ctrl-C forgets the line, as people at a terminal expect.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._refused: Refused | None = None

    def feed(self, data: bytes) -> list[Line | Refused]:
        found: list[Line | Refused] = []
        for byte in data:
            if byte in _ENDS:
                found += self._end()
            elif byte == _CANCEL:
                self._forget()
            elif byte in _ERASE:
                del self._line[-1:]
            elif byte == 0x09 or 0x20 <= byte < 0x7F:
                self._take(byte)
            else:
                self._refused = self._refused or Refused.BAD_BYTES
        return found

    def _take(self, byte: int) -> None:
        if len(self._line) < LINE_LIMIT:
            self._line.append(0x20 if byte == 0x09 else byte)
        else:
            self._refused = self._refused or Refused.TOO_LONG

    def _end(self) -> list[Line | Refused]:
        text, refused = self._line.decode("ascii").strip(), self._refused
        self._forget()
        if refused:
            return [refused]
        return [Line(text)] if text else []

    def _forget(self) -> None:
        self._line.clear()
        self._refused = None
