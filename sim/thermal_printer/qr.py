"""QR codes that the printer draws itself: GS ( k with cn = 49 (Epson ESC/POS reference, functions 165 to 181)."""

from dataclasses import dataclass
from functools import lru_cache

import segno
from PIL import Image

from sim.thermal_printer.raster import enlarged

_LEVELS = {48: "l", 49: "m", 50: "q", 51: "h"}
_ALPHANUMERIC = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
"""What a code holds at 5.5 bits each, ISO/IEC 18004 section 7.4.4."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A code without quiet zone, not drawn yet."""

    data: bytes
    level: str
    module: int
    modules: int

    @property
    def side(self) -> int:
        """In dots."""
        return self.modules * self.module

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", errors="replace")

    def draw(self) -> Image.Image:
        matrix = _made(self.data, self.level).matrix
        bits = bytes(255 if dark else 0 for row in matrix for dark in row)
        return enlarged(Image.frombytes("L", (len(matrix), len(matrix)), bits), self.module, self.module)


class QrCodes:
    """Remembers module size, error level and the stored data between the commands that set them."""

    def __init__(self) -> None:
        self.module = 3
        self.level = "l"
        self.data = b""

    def obey(self, body: bytes) -> Symbol | None:
        """`body` begins with cn and fn. The symbol, if the command is to print it."""
        if len(body) < 2 or body[0] != 49:
            return None
        match body[1], body[2:]:
            case 67, rest if len(rest) == 1 and 1 <= rest[0] <= 16:
                self.module = rest[0]
            case 69, rest if len(rest) == 1 and rest[0] in _LEVELS:
                self.level = _LEVELS[rest[0]]
            case 80, rest if len(rest) > 1:
                self.data = rest[1:]
            case 81, _ if self.data:
                return self._symbol()
        return None

    def _symbol(self) -> Symbol | None:
        try:
            modules = _modules(_alike(self.data), self.level)
        except ValueError:
            return None  # more than a code can hold prints nothing, as on the machine
        return Symbol(self.data, self.level, self.module, modules)


def _made(data: bytes, level: str) -> segno.QRCode:
    # Readers take any mask; mask 0, a chequerboard, leaves few large areas and needs no search.
    return segno.make_qr(data, error=level, boost_error=False, mask=0)


@lru_cache(maxsize=256)
def _modules(data: bytes, level: str) -> int:
    return len(_made(data, level).matrix)


def _alike(data: bytes) -> bytes:
    """Data of which a code is as large: only its length counts, and how densely its characters can be packed."""
    if data.isdigit():
        return b"0" * len(data)
    if _ALPHANUMERIC.issuperset(data):
        return b"A" * len(data)
    return b"a" * len(data) if data.isascii() else data  # pairs of other bytes may be packed as kanji
