"""The status words an Evolis printer shows, put together from what is physically the case.

Bit values: the maker's public header.
"""

from functools import lru_cache

from sim.world import Place

CONFIG = (
    0x80000000  # Primacy family
    | 0x08000000  # extension words follow
    | 0x02000000  # Primacy 2
    | 0x00400000  # Ethernet
    | 0x00100000  # flip-over
    | 0x00080000  # contactless station
    | 0x00040000  # contact station
    | 0x00000020  # reject slot
)
CARD_AT = {
    Place.FEEDER: 0x20000000,
    Place.FLIP: 0x10000000,
    Place.CONTACTLESS: 0x08000000,
    Place.CONTACT: 0x04000000,
    Place.PRINT: 0x02000000,
    Place.EJECT: 0x01000000,
}
PRINTER_MASTER = 0x00800000
JUST_RESET = 0x00010000
CLEANING_MANDATORY = 0x00040000
CLEANING_RECOMMENDED = 0x00020000
PRINTING = 0x00000080
CLEANING = 0x00000020
BUSY = 0x00000001

REJECT_BOX_FULL = 0x08000000
CARD_ON_EJECT = 0x04000000
WAIT_CARD = 0x02000000
FEEDER_EMPTY = 0x01000000
RIBBON_ENDED = 0x00080000
COVER_OPEN = 0x00020000

ERROR_FEEDER = 0x08000000
ERROR_COVER = 0x02000000
ERROR_MECHANICAL = 0x01000000
ERROR_REJECT_FULL = 0x00800000
ERROR_BAD_RIBBON = 0x00400000
ERROR_RIBBON_ENDED = 0x00200000
ERROR_JOB = 0x00008000
ERROR_CARD_NOT_TAKEN = 0x00000200
ERROR_NONE_INSERTED = 0x00000100

FEEDER_NEAR_EMPTY = 0x00000100
"""Extension 1."""
CARD_OUTSIDE = 0x00020000
"""Extension 3: a card in the bezel."""
NEAR_EMPTY_AT = 10
"""Blanks in the hopper at which its near-empty sensor falls."""


@lru_cache(maxsize=64)
def text(info: int, warning: int, error: int, extension1: int, extension3: int) -> str:
    """The answer to `Rpst`: 8 words of 8 digits."""
    words = (CONFIG, info, warning, error, extension1, 0, extension3, 0)
    return "".join(f"{word:08X}" for word in words)
