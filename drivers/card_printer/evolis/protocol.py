"""The Evolis command language: framing, answers and the status words. Pure functions, no waiting.

Sources: programming guide A5013 (commands), the maker's public header `evolis.h` (status bits), and traffic of the
maker's own software (framing on USB and TCP). Facts and how certain each is: shared reference, printers, 1.2 and 1.3.
"""

import re
from dataclasses import dataclass
from enum import IntFlag

from drivers.contract.errors import ProtocolError

ESC = b"\x1b"
CR = b"\r"
NUL = b"\x00"
ANSWER_MAX = 1024
"""Bytes in the longest answer we accept; the longest one we know of has 64."""

OK = "OK"
_WORDS = re.compile(r"(?:[0-9A-Fa-f]{8}){4,8}")
_COUNT = re.compile(r"[0-9]{1,10}")


class Config(IntFlag):
    """First word: what is built in."""

    EXTENSIONS = 0x08000000
    FLIP = 0x00100000
    CONTACTLESS = 0x00080000
    CONTACT = 0x00040000
    REJECT_SLOT = 0x00000020


class Info(IntFlag):
    """Second word: where the card is and what the printer does."""

    CARD_FEEDER = 0x20000000
    CARD_FLIP = 0x10000000
    CARD_CONTACTLESS = 0x08000000
    CARD_CONTACT = 0x04000000
    CARD_PRINT = 0x02000000
    CARD_EJECT = 0x01000000
    PRINTER_MASTER = 0x00800000
    """Error management is with the printer (`Pem;0`)."""
    SLEEP = 0x00200000
    UNKNOWN_RIBBON = 0x00100000
    RIBBON_LOW = 0x00080000
    CLEANING_MANDATORY = 0x00040000
    CLEANING_RECOMMENDED = 0x00020000
    JUST_RESET = 0x00010000
    RIBBON_CHANGED = 0x00000200
    CLEANING_REQUIRED = 0x00000100
    PRINTING = 0x00000080
    ENCODING = 0x00000040
    CLEANING = 0x00000020
    UPDATING = 0x00000002
    BUSY = 0x00000001


class Warn(IntFlag):
    """Third word: what somebody should see to."""

    POWER_SUPPLY = 0x80000000
    """The supply voltage is too low."""
    REJECT_FULL = 0x08000000
    CARD_ON_EJECT = 0x04000000
    WAIT_CARD = 0x02000000
    FEEDER_EMPTY = 0x01000000
    COOLING = 0x00200000
    HOPPER_FULL = 0x00100000
    RIBBON_ENDED = 0x00080000
    LOCKED = 0x00040000
    COVER_OPEN = 0x00020000
    NO_RIBBON = 0x00010000
    UNSUPPORTED_RIBBON = 0x00008000
    FEEDER_OPEN = 0x00000100


class Error(IntFlag):
    """Fourth word: why the last act stopped. Stays until `Scs`."""

    HEAD_TEMPERATURE = 0x20000000
    NO_OPTION = 0x10000000
    FEEDER = 0x08000000
    RIBBON = 0x04000000
    COVER = 0x02000000
    MECHANICAL = 0x01000000
    REJECT_FULL = 0x00800000
    BAD_RIBBON = 0x00400000
    RIBBON_ENDED = 0x00200000
    HOPPER_FULL = 0x00100000
    BLANK_TRACK = 0x00080000
    MAG_DATA = 0x00040000
    MAG_READ = 0x00020000
    MAG_WRITE = 0x00010000
    JOB_UNSUPPORTED = 0x00008000
    CARD_NOT_TAKEN = 0x00000200
    NONE_INSERTED = 0x00000100
    HARDWARE = 0x00000001


EXT1_FEEDER_NEAR_EMPTY = 0x00000100
EXT2_CARD_AT_REAR = 0x00010000
EXT3_BEZEL_CARD_OUTSIDE = 0x00020000


@dataclass(frozen=True, slots=True)
class StatusWords:
    """One answer to `Rpst`."""

    config: Config
    info: Info
    warn: Warn
    error: Error
    extensions: tuple[int, ...] = ()
    """0 to 4 further words."""

    def extension(self, number: int) -> int:
        """Extension word `number` (1..4), 0 if the printer did not send it."""
        return self.extensions[number - 1] if number <= len(self.extensions) else 0

    def raw(self) -> str:
        """The words as a technician reads them in the maker's tools."""
        return " ".join(
            f"{int(word):08X}" for word in (self.config, self.info, self.warn, self.error, *self.extensions)
        )


def frame(command: str, data: bytes = b"") -> bytes:
    """ESC, mnemonic and parameters, raw data, CR; then one NUL, as the maker's software writes after each command."""
    return ESC + command.encode("ascii") + data + CR + NUL


def decode_answer(raw: bytes) -> str:
    """The text of one answer, without its NUL. ProtocolError for what is not printable ASCII or too long."""
    body = raw.strip(NUL)
    if len(body) > ANSWER_MAX:
        raise ProtocolError(f"an answer of more than {ANSWER_MAX} bytes")
    if not all(0x20 <= byte <= 0x7E for byte in body):
        raise ProtocolError(f"an answer with bytes that are no text: {body[:16].hex(' ')}")
    return body.decode("ascii").strip()


def decode_status(answer: str) -> StatusWords:
    """`Rpst`: 4 to 8 words of 8 hexadecimal digits, either case, run together. ProtocolError for anything else."""
    if not _WORDS.fullmatch(answer):
        raise ProtocolError(f"Rpst: expected 32 to 64 hexadecimal digits, got {len(answer)} characters {answer[:24]!r}")
    words = [int(answer[at : at + 8], 16) for at in range(0, len(answer), 8)]
    return StatusWords(Config(words[0]), Info(words[1]), Warn(words[2]), Error(words[3]), tuple(words[4:]))


def decode_count(answer: str) -> int | None:
    """`Rco;x`: a plain decimal number; None for any other answer, because the layout is unpublished."""
    return int(answer) if _COUNT.fullmatch(answer) else None
