"""How long an exchange takes between reader and chip (ISO/IEC 14443-3 and -4), and a write inside the chip.

A model, not a measurement: 9 bit times per byte, frames of 256 bytes, 0.6 ms turn-around per frame, 2 ms for each page
of 64 bytes.
"""

from dataclasses import dataclass

RATES = (106, 212, 424, 848)
"""kbit/s."""
BIT_TIMES, TURN_AROUND = 9, 0.0006
FRAME, AROUND = 256, 3
"""Bytes of a frame; those of them that are not the command's: prologue and checksum."""
PAGE, PAGE_TIME = 64, 0.002


@dataclass(frozen=True, slots=True)
class Air:
    """`rate`: kbit/s, one of RATES."""

    rate: int

    def __post_init__(self) -> None:
        if self.rate not in RATES:
            raise ValueError(f"no reader talks at {self.rate} kbit/s; there are {', '.join(map(str, RATES))}")

    def carried(self, length: int) -> float:
        """Seconds for `length` bytes in one direction: their frames, and between these the other side's receipts."""
        frames = max(1, -(-length // (FRAME - AROUND)))
        receipts = frames - 1
        on_air = length + AROUND * (frames + receipts)
        return on_air * BIT_TIMES / (self.rate * 1000) + TURN_AROUND * (frames + receipts)

    @staticmethod
    def written(cells: int) -> float:
        """Seconds to write so many bytes of memory."""
        return PAGE_TIME * -(-cells // PAGE)
