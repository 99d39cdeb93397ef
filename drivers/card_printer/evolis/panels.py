"""How the dots of one panel stand on the wire: 8 bits, packed 7, 6 or 5 bits, one bit, and lines without white ends.

Sources: `Db` and `Dbc`, programming guide A5013; eight jobs captured from the maker's Windows driver, whose `Dbc`
panels decode to exactly 1016 lines. That packed levels follow one another without gaps, most significant bit first, is
the guide's arithmetic and has not been seen on a wire.
"""

from functools import cache

import numpy as np

from drivers.contract.card_printer import FACE_SIZE

LINES, DOTS = FACE_SIZE
LINE_BYTES = DOTS // 8
COLOUR_BYTES = LINES * DOTS
"""658,368: 8 bits per dot, 255 = most ink."""
MONO_BYTES = LINES * LINE_BYTES
"""82,296: 81 bytes per line, most significant bit first, 1 = print."""
WHITE, BLACK = b"\x00", b"\xff"
_WHITE_LINE, _BLACK_LINE = bytes(LINE_BYTES), b"\xff" * LINE_BYTES


def packed(ink: bytes, bits: int) -> bytes:
    """`ink` (one byte per dot, a multiple of 8 dots) at 8, 7, 6 or 5 bits per dot, each dot at the nearest level."""
    if bits == 8:
        return ink
    steps = np.frombuffer(ink.translate(_levels(bits)), dtype=np.uint8).reshape(-1, 8)
    word = np.zeros(len(steps), dtype=np.uint64)
    for dot in range(8):
        word = word << np.uint64(bits) | steps[:, dot]
    # Eight dots of `bits` bits are `bits` bytes: the low ones of the word, the highest first.
    return np.ascontiguousarray(word.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - bits :]).tobytes()


def compressed(mono: bytes) -> bytes:
    """`mono` as `Dbc` lines: 00 all white, FF all black, else a count and so many bytes, the rest of the line white."""
    out = bytearray()
    for at in range(0, len(mono), LINE_BYTES):
        line = mono[at : at + LINE_BYTES]
        if line == _WHITE_LINE:
            out += WHITE
        elif line == _BLACK_LINE:
            out += BLACK
        else:
            kept = line.rstrip(WHITE)
            out.append(len(kept))
            out += kept
    return bytes(out)


@cache
def _levels(bits: int) -> bytes:
    top = (1 << bits) - 1
    return bytes((ink * top + 127) // 255 for ink in range(256))
