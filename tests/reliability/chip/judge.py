"""What a card is, asked of its memory: a stranger tries to read a copy of it, and knows nothing of who wrote it.

HALF is what must never be: a chip that is a document and convinces nobody, or that shows a byte of a file before it is
one.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from cryptography import x509

from drivers.contract.errors import ProtocolError
from kiosk.cards.stranger import reader
from kiosk.cards.stranger.passive import NotGenuine
from sim.card_encoder.chip import LOCKED, PERSONALIZED, Chip
from sim.card_encoder.content import FILES
from sim.card_encoder.memory import WEAR
from sim.centre.signer import DocumentSigner
from sim.clock import OfficeClock, SeededChance

Lines = tuple[str, str, str]
SELECT = bytes.fromhex("00A4040C07A0000002471001")
COUNTRY = x509.load_pem_x509_certificate(DocumentSigner().country_pem)
UNREAD = ("sequence", "authentication", "attempts", "tries")
"""Counters of the chip: they change at every look, and no reader sees them."""


class Condition(StrEnum):
    """What the memory says that the chip is."""

    BLANK = "blank"
    PARTIAL = "partial"
    COMMITTED = "committed"
    LOCKED = "locked"


class Verdict(StrEnum):
    """What a stranger finds."""

    CLOSED = "closed"
    """Nothing at all can be read."""
    WHOLE = "whole"
    """Everything is there, signed, of this person, and no copy."""
    HALF = "half"


def condition(memory: Mapping[str, bytes]) -> Condition:
    match Chip(dict(memory)).state:
        case state if state == PERSONALIZED:
            return Condition.COMMITTED
        case state if state == LOCKED:
            return Condition.LOCKED
    return Condition.PARTIAL if memory.get("attempts", b"\x00") != b"\x00" else Condition.BLANK


async def verdict(memory: Mapping[str, bytes], uid: bytes, people: tuple[Lines, ...]) -> Verdict:
    """`people`: the lines that may be printed on the card; one of them has to open it. Leaves `memory` as it is."""
    key = tuple(sorted((name, value) for name, value in memory.items() if name not in UNREAD and WEAR not in name))
    known = _known()
    if (key, uid, people) not in known:
        known[key, uid, people] = await _judged(dict(memory), uid, people)
    return known[key, uid, people]


@cache
def _known() -> dict[tuple[object, bytes, tuple[Lines, ...]], Verdict]:
    return {}


async def _judged(memory: dict[str, bytes], uid: bytes, people: tuple[Lines, ...]) -> Verdict:
    if condition(memory) is not Condition.COMMITTED:
        opened = [await _convinced(memory, uid, lines) for lines in people]
        return Verdict.HALF if any(opened) or _shows_a_byte(memory, uid) else Verdict.CLOSED
    for lines in people:
        if await _convinced(memory, uid, lines):
            return Verdict.WHOLE
    return Verdict.HALF


async def _convinced(memory: dict[str, bytes], uid: bytes, lines: Lines) -> bool:
    try:
        content = await reader.read(_Hand(dict(memory), uid), lines, COUNTRY, OfficeClock().now(), SeededChance(1))
    except (ProtocolError, NotGenuine):
        return False
    return content.original


def _shows_a_byte(memory: dict[str, bytes], uid: bytes) -> bool:
    """Whether a chip that is no document yet answers READ BINARY of any file with data, by either way of asking."""
    chip = Chip(dict(memory), uid=uid)
    chip.exchange(SELECT)
    for file in FILES:
        by_short_name = chip.exchange(bytes([0x00, 0xB0, 0x80 | file & 0x1F, 0x00, 0x00])).answer
        chip.exchange(bytes.fromhex("00A4020C02") + file.to_bytes(2, "big"))
        by_selection = chip.exchange(bytes.fromhex("00B0000000")).answer
        if len(by_short_name) > 2 or len(by_selection) > 2:
            return True
    return False


class _Hand:
    """A reader's channel straight to a copy of the chip."""

    def __init__(self, memory: dict[str, bytes], uid: bytes) -> None:
        self._memory = memory
        self._uid = uid
        self._chip = Chip(memory, uid=uid)

    async def transmit(self, apdu: bytes) -> bytes:
        return self._chip.exchange(apdu).answer

    async def reset(self) -> bytes:
        self._chip = Chip(self._memory, uid=self._uid)
        return bytes.fromhex("3B80800101")
