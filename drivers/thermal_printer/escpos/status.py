"""What an ESC/POS printer says of itself, and the commands that make it say so.

Sources: Epson TM-T88III specification and Citizen manuals, which agree on the status bits;
Epson ESC/POS command reference for DLE DC4 (fn=8).
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from drivers.contract.errors import ProtocolError
from drivers.contract.words import DeviceCause, Supply

QUESTIONS = (b"\x10\x04\x01", b"\x10\x04\x02", b"\x10\x04\x03", b"\x10\x04\x04")
"""DLE EOT 1..4: printer, offline cause, error cause, paper. Answered at once, also when busy or offline."""

ASB_ON = b"\x1d\x61\x0e"
"""GS a: push four status bytes whenever the on-line state, an error or the paper changes. ESC @ switches it off."""

ASK_IN_QUEUE = b"\x1d\x72\x01"
"""GS r 1: one byte on the paper, answered only when everything sent before it has been processed."""

RECOVER = b"\x10\x05\x02"
"""DLE ENQ 2: recovers from a cutter error whose cause was removed; buffered data is thrown away, nothing printed."""

CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 (fn=8): throws away receive and print buffers, half-received commands too, recovers from a recoverable
error, and answers 37 25 00. Nothing may be sent until that answer has come."""


@dataclass(frozen=True)
class Condition:
    """The printer's state, from whichever way it told it. `raw` is its own bytes, for the log."""

    raw: bytes
    offline: bool = False
    cover_open: bool = False
    paper_end: bool = False
    paper_low: bool = False
    cutter: bool = False
    broken: bool = False
    """An error that only switching off can end."""
    hot: bool = False
    """An error that ends by itself; with the cover closed that is the head's temperature."""
    at_mouth: bool | None = None
    """A slip stands at the presenter's mouth; None: there is no presenter, or it was not asked."""
    jam: bool = False
    """The presenter's own word."""

    @cached_property
    def causes(self) -> tuple[DeviceCause, ...]:
        """What stands in the way, worst first. Offline without any reason given is a fault it does not explain."""
        found = tuple(
            cause
            for cause, is_so in (
                (DeviceCause.HARDWARE, self.broken),
                (DeviceCause.CUTTER, self.cutter),
                (DeviceCause.COVER_OPEN, self.cover_open),
                (DeviceCause.JAM, self.jam),
                (DeviceCause.PAPER_OUT, self.paper_end),
                (DeviceCause.HEAD_HOT, self.hot),
            )
            if is_so
        )
        return found or ((DeviceCause.HARDWARE,) if self.offline else ())

    @property
    def paper(self) -> Supply:
        if self.paper_end:
            return Supply.OUT
        return Supply.LOW if self.paper_low else Supply.FULL


def _pair(byte: int, mask: int, what: str) -> bool:
    """Both bits of a sensor's pair are always alike; one alone is a damaged byte."""
    seen = byte & mask
    if seen not in (0, mask):
        raise ProtocolError(f"{what} in {byte:02x}: one bit of the pair {mask:02x} only")
    return seen == mask


@lru_cache(maxsize=64)
def from_answers(answers: bytes) -> Condition:
    """The answers to QUESTIONS, in that order. ProtocolError if one has not the form 0xx1xx10 or they disagree.

    They disagree if a reason for being off-line is given by a printer that says it is on-line: a damaged byte, or the
    state changed between two questions. Either way the thing to do is to ask again.
    """
    if len(answers) != len(QUESTIONS) or any(byte & 0x93 != 0x12 for byte in answers):
        raise ProtocolError(f"DLE EOT answers {answers.hex(' ')}: not of the form 0xx1xx10")
    printer, reason, error, paper = answers
    condition = Condition(
        raw=answers,
        offline=bool(printer & 0x08),
        cover_open=bool(reason & 0x04),
        paper_end=_pair(paper, 0x60, "paper end"),
        paper_low=_pair(paper, 0x0C, "paper near end"),
        cutter=bool(error & 0x08),
        broken=bool(error & 0x20),
        hot=bool(error & 0x40) and not reason & 0x04,
    )
    return _agreed(condition)


def from_asb(group: bytes) -> Condition:
    """The four pushed bytes (automatic status back). ProtocolError if they are not a group or contradict themselves."""
    if len(group) != 4 or group[0] & 0x93 != 0x10 or any(byte & 0x90 for byte in group[1:]):
        raise ProtocolError(f"automatic status {group[:8].hex(' ')}: not 0xx1xx00 and three of 0xx0xxxx")
    first, error, paper, _ = group
    condition = Condition(
        raw=group,
        offline=bool(first & 0x08),
        cover_open=bool(first & 0x20),
        paper_end=_pair(paper, 0x0C, "paper end"),
        paper_low=_pair(paper, 0x03, "paper near end"),
        cutter=bool(error & 0x08),
        broken=bool(error & 0x20),
        hot=bool(error & 0x40) and not first & 0x20,
    )
    return _agreed(condition)


def paper_left(sensor: int) -> bool:
    """The answer to ASK_IN_QUEUE: True unless the paper has ended. ProtocolError if it is no such answer."""
    if not 0 <= sensor <= 0x7F or sensor & 0x10:
        raise ProtocolError(f"GS r answer {sensor:02x}: not of the form 0xx0xxxx")
    _pair(sensor, 0x03, "paper near end")
    return not _pair(sensor, 0x0C, "paper end")


def _agreed(condition: Condition) -> Condition:
    stops = condition.cover_open or condition.paper_end or condition.cutter or condition.broken or condition.hot
    if stops and not condition.offline:
        raise ProtocolError(f"status {condition.raw.hex(' ')}: on-line, and yet with a reason to be off-line")
    return condition
