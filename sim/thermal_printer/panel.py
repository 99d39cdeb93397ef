"""What the printer knows of itself, in the bytes in which it says so (Epson TM-T88III specification, status tables)."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Panel:
    """The sensors and errors at one moment."""

    cover_open: bool = False
    paper_end: bool = False
    near_end: bool = False
    cutter_stuck: bool = False
    head_hot: bool = False

    @cached_property
    def offline(self) -> bool:
        return self.cover_open or self.paper_end or self.cutter_stuck or self.head_hot

    def real_time(self, n: int) -> int:
        """The answer to DLE EOT n, n 1..4: bits 1 and 4 on, 0 and 7 off."""
        answer = 0x12
        match n:
            case 1:
                answer |= 0x08 if self.offline else 0
            case 2:
                answer |= 0x04 if self.cover_open else 0
                answer |= 0x20 if self.paper_end else 0
                answer |= 0x40 if self.cutter_stuck or self.head_hot else 0
            case 3:
                answer |= 0x08 if self.cutter_stuck else 0
                answer |= 0x40 if self.head_hot else 0
            case 4:
                answer |= 0x0C if self.near_end or self.paper_end else 0
                answer |= 0x60 if self.paper_end else 0
        return answer

    def automatic(self) -> bytes:
        """The four bytes of automatic status back."""
        first = 0x10 | (0x08 if self.offline else 0) | (0x20 if self.cover_open else 0)
        error = (0x08 if self.cutter_stuck else 0) | (0x40 if self.head_hot else 0)
        paper = (0x03 if self.near_end or self.paper_end else 0) | (0x0C if self.paper_end else 0)
        return bytes((first, error, paper, 0))

    def sensor(self, n: int) -> bytes:
        """The answer to GS r n: 1 or 49 paper, 2 or 50 drawer; others none."""
        if n in (1, 49):
            return self.automatic()[2:3]
        return b"\x00" if n in (2, 50) else b""


def watched(mask: int, status: bytes) -> bytes:
    """Of an automatic status, the bits whose change is pushed under GS a `mask`: 2 on-line, 4 errors, 8 paper."""
    first = 0x28 if mask & 0x02 else 0
    return bytes((status[0] & first, status[1] if mask & 0x04 else 0, status[2] if mask & 0x08 else 0))


def identity(n: int) -> bytes:
    """The answer to GS I n: the model in one byte, or a text block for 65..69."""
    texts = {65: b"0.1", 66: b"ANJUNGAN", 67: b"SIM ESC/POS 80", 68: b"SPECIMEN", 69: b""}
    if n in texts:
        return b"\x5f" + texts[n] + b"\x00"
    return b"\x20" if n in (1, 2, 3, 49, 50, 51) else b""
