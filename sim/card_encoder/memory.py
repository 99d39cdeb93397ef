"""The chip's non-volatile memory: what is there after the power went, at any instant of a write.

Two ways of writing, as in Java Card's runtime (JCRE 3.0.5, 7.4 and 7.7):
- `keep` is a transaction of the card's operating system: after a cut the old value or the new one. For bookkeeping.
- `write` programs cells: after a cut inside it, each byte of the region may be old, new or anything, and the length is
  old or new. For file contents and for the life-cycle byte.
"""

import random
from collections.abc import Callable
from enum import StrEnum

WEAR = "wear:"
ENDURANCE = 100_000
"""Writes to one object after which its cells hold no more (the usual figure of EEPROM data sheets)."""
SMALL, LARGE = 8 * 1024, 32 * 1024
"""Bytes for files on the chips called S and L."""
SIZE = "size"
"""The object in which a chip other than L has its size, 4 bytes."""


class Cut(StrEnum):
    """Where in a write the power goes."""

    BEFORE = "before"
    HALF = "half"
    """The first half of the region is new, and the object ends there."""
    MIX = "mix"
    """Old, new and garbage, byte by byte."""
    AFTER = "after"
    """Written; the answer is lost."""


class PowerLost(Exception):
    """The chip has no power any more: it forgets all that is not in its memory, and answers nothing."""


class MemoryFailure(Exception):
    """The cells do not take the new value (65 81)."""


class Supply:
    """The power of one or more chips, which somebody may cut at a certain write. Counts writes over power-ups."""

    def __init__(self) -> None:
        self.writes = 0
        """Writes begun since this supply exists."""
        self._at: int | None = None
        self._cut = Cut.BEFORE

    def cut_at(self, write: int, cut: Cut) -> None:
        """The power goes at the `write`-th write from now (1 is the next one), once."""
        if write < 1:
            raise ValueError(f"the next write is number 1; there is no number {write}")
        self._at, self._cut = self.writes + write, cut

    def strike(self) -> Cut | None:
        """Called at each write: how the power goes in it, None if it stays."""
        self.writes += 1
        if self.writes != self._at:
            return None
        self._at = None
        return self._cut


def never() -> bool:
    return False


class Memory:
    """`cells`: what survives (World's `Card.chip`), by object name. `write_fails`: asked at each write for a 65 81."""

    def __init__(
        self,
        cells: dict[str, bytes],
        *,
        supply: Supply | None = None,
        write_fails: Callable[[], bool] = never,
        endurance: int = ENDURANCE,
        seed: int = 0,
    ) -> None:
        self._cells = cells
        self._supply = supply or Supply()
        self._write_fails = write_fails
        self._endurance = endurance
        self._random = random.Random(seed)
        self._half = False
        self.written = 0
        """Bytes written since this object exists."""

    @property
    def capacity(self) -> int:
        size = self._cells.get(SIZE)
        return int.from_bytes(size, "big") if size else LARGE

    def get(self, name: str, default: bytes = b"") -> bytes:
        return self._cells.get(name, default)

    def has(self, name: str) -> bool:
        return name in self._cells

    def wear(self, name: str) -> int:
        """How often this object has been written."""
        return int.from_bytes(self.get(WEAR + name), "big")

    def tear_next_write(self) -> None:
        """The power goes in the middle of the next `write`."""
        self._half = True

    def keep(self, name: str, value: bytes) -> None:
        """All or nothing. PowerLost, MemoryFailure."""
        cut = self._begin(name, len(value))
        if cut in (None, Cut.AFTER) or (cut is Cut.MIX and self._random.random() < 0.5):
            self._cells[name] = value
        if cut:
            raise PowerLost

    def write(self, name: str, value: bytes, offset: int = 0, *, truncate: bool = False) -> None:
        """Programs `value` at `offset`, at most the object's length; `truncate` ends the object there.

        PowerLost, MemoryFailure.
        """
        old = self.get(name)
        rest = b"" if truncate else old[offset + len(value) :]
        new = old[:offset] + value + rest
        cut = self._begin(name, len(value))
        if self._half:
            cut = cut or Cut.HALF
        match cut:
            case None | Cut.AFTER:
                self._cells[name] = new
            case Cut.HALF:
                self._cells[name] = old[:offset] + value[: len(value) // 2]
            case Cut.MIX:
                self._cells[name] = self._mixed(old, new, offset, len(value))
        if cut:
            raise PowerLost

    def _begin(self, name: str, size: int) -> Cut | None:
        worn = self.wear(name)
        if self._write_fails() or worn >= self._endurance:
            raise MemoryFailure
        cut = self._supply.strike()
        if cut is not Cut.BEFORE:
            self._cells[WEAR + name] = (worn + 1).to_bytes(4, "big")
            self.written += size
        return cut

    def _mixed(self, old: bytes, new: bytes, offset: int, size: int) -> bytes:
        length = len(self._random.choice((old, new)))
        torn = bytearray(new)
        for at in range(offset, offset + size):
            before = old[at] if at < len(old) else 0xFF  # erased
            torn[at] = self._random.choice((before, new[at], self._random.randrange(256)))
        return bytes(torn[:length]) if length <= len(torn) else bytes(torn) + old[len(torn) :]
