"""Status words (ISO/IEC 7816-4, 5.6) and the chip's answer to one command."""

from typing import NamedTuple

OK = b"\x90\x00"
END_OF_FILE = b"\x62\x82"
NOT_AUTHENTICATED = b"\x63\x00"
MEMORY_FAILURE = b"\x65\x81"
WRONG_LENGTH = b"\x67\x00"
NO_RIGHT = b"\x69\x82"
BLOCKED = b"\x69\x83"
NOT_NOW = b"\x69\x85"
NO_FILE_CHOSEN = b"\x69\x86"
NOT_PROTECTED = b"\x69\x87"
"""Objects of secure messaging are missing."""
BADLY_PROTECTED = b"\x69\x88"
"""Objects of secure messaging are wrong."""
WRONG_DATA = b"\x6a\x80"
NOT_FOUND = b"\x6a\x82"
FULL = b"\x6a\x84"
WRONG_P1P2 = b"\x6a\x86"
NO_SUCH_DATA = b"\x6a\x88"
WRONG_OFFSET = b"\x6b\x00"
UNKNOWN_INS = b"\x6d\x00"
UNKNOWN_CLA = b"\x6e\x00"


class Done(NamedTuple):
    """`answer`: what goes back; b"" if the power went. `cells`: bytes of memory written, which takes time."""

    answer: bytes
    cells: int = 0


def refusals(tries: int) -> bytes:
    """63 Cx: wrong, and so many tries are left."""
    return b"\x63" + bytes([0xC0 | tries])
