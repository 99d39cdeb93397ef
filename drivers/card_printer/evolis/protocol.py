"""The Evolis command language: framing, answers and the status words. Pure functions, no waiting.

Sources: programming guide A5013 (commands), the maker's public header `evolis.h` (status bits), and traffic of the
maker's own software (framing on USB and TCP).
"""

import re
from collections.abc import Mapping
from enum import IntFlag
from functools import lru_cache
from typing import NamedTuple

from drivers.contract.errors import ProtocolError

ESC = b"\x1b"
CR = b"\r"
NUL = b"\x00"
ANSWER_MAX = 1024
"""Bytes in the longest answer we accept; the longest one we know of has 64."""

OK = "OK"
_WORDS = re.compile(r"(?:[0-9A-Fa-f]{8}){4,8}")
_TEXT = re.compile(rb"[ -~]*")
_COUNT = re.compile(r"[0-9]{1,10}")


class Config(IntFlag):
    """First word: what is built in."""

    PRIMACY_FAMILY = 0x80000000
    ZENIUS = 0x40000000
    AGILIA = 0x20000000
    ELYPSO = 0x10000000
    EXTENSIONS = 0x08000000
    BADGY = 0x04000000
    PRIMACY_2 = 0x02000000
    KC200 = 0x01000000
    WIFI = 0x00800000
    ETHERNET = 0x00400000
    USB_OVER_IP = 0x00200000
    FLIP = 0x00100000
    CONTACTLESS = 0x00080000
    CONTACT = 0x00040000
    MAGNETIC = 0x00020000
    REWRITE = 0x00010000
    FEED_MANUAL = 0x00008000
    FEED_ON_COMMAND = 0x00004000
    FEED_HOPPER = 0x00002000
    EJECT_REVERSE = 0x00001000
    FEED_REVERSE = 0x00000800
    EXTENDED_RESOLUTION = 0x00000400
    LCD = 0x00000200
    LOCK = 0x00000100
    OEM = 0x00000080
    JIS_MAGNETIC = 0x00000040
    REJECT_SLOT = 0x00000020
    IO_EXTENDER = 0x00000010
    MONO_ONLY = 0x00000008
    KC100 = 0x00000004
    KINECLIPSE = 0x00000002
    WIFI_ACTIVE = 0x00000001


class Info(IntFlag):
    """Second word: where the card is and what the printer does."""

    CLAIMED = 0x80000000
    CARD_HOPPER = 0x40000000
    CARD_FEEDER = 0x20000000
    CARD_FLIP = 0x10000000
    CARD_CONTACTLESS = 0x08000000
    CARD_CONTACT = 0x04000000
    CARD_PRINT = 0x02000000
    CARD_EJECT = 0x01000000
    PRINTER_MASTER = 0x00800000
    """Error management is with the printer (`Pem;0`)."""
    SUPERVISED = 0x00400000
    SLEEP = 0x00200000
    UNKNOWN_RIBBON = 0x00100000
    RIBBON_LOW = 0x00080000
    CLEANING_MANDATORY = 0x00040000
    CLEANING_RECOMMENDED = 0x00020000
    JUST_RESET = 0x00010000
    CLEANING_WARRANTY_LOST = 0x00008000
    CLEANING_LAST_CARD = 0x00004000
    """Cleaning is mandatory; the next card printed ends the maker's warranty."""
    CLEANING_SECOND_PASS = 0x00002000
    CLEANING_READY = 0x00001000
    CLEANING_ADVANCED = 0x00000800
    RIBBON_WRONG_ZONE = 0x00000400
    RIBBON_CHANGED = 0x00000200
    CLEANING_REQUIRED = 0x00000100
    PRINTING = 0x00000080
    ENCODING = 0x00000040
    CLEANING = 0x00000020
    ZONE_ALERT = 0x00000010
    ZONE_EXPIRED = 0x00000008
    PRINT_CENTRE = 0x00000004
    UPDATING = 0x00000002
    BUSY = 0x00000001


class Warn(IntFlag):
    """Third word: what somebody should see to."""

    POWER_SUPPLY = 0x80000000
    """The supply voltage is too low."""
    REMOVE_RIBBON = 0x40000000
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
    NO_CLEAR_RIBBON = 0x00002000
    CLEAR_ENDED = 0x00001000
    UNSUPPORTED_CLEAR = 0x00000800
    REJECT_COVER_OPEN = 0x00000400
    RIBBON_NOT_AUTOMATIC = 0x00000200
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
    ROLLER_TEMPERATURE = 0x00004000
    CLEAR_RIBBON = 0x00002000
    CLEAR_ENDED = 0x00001000
    BAD_CLEAR = 0x00000800
    REJECT_COVER_OPEN = 0x00000400
    CARD_NOT_TAKEN = 0x00000200
    NONE_INSERTED = 0x00000100
    FEEDER_OPEN = 0x00000080
    HARDWARE = 0x00000001


class Extension1(IntFlag):
    """Fifth word: kiosk models and their feeders, laminator, buttons."""

    EXTENSION_2 = 0x80000000
    KIOSK = 0x40000000
    QUANTUM = 0x20000000
    SECURION = 0x10000000
    DUALYS = 0x08000000
    PEBBLE = 0x04000000
    SCANNER = 0x02000000
    LAMINATION_2_SEEN = 0x01000000
    LAMINATION_PASS_THROUGH = 0x00800000
    SEICO_FEEDER = 0x00400000
    KYTRONIC_FEEDER = 0x00200000
    HOPPER = 0x00100000
    LAMINATOR = 0x00080000
    LAMINATOR_READY = 0x00040000
    LAMINATING = 0x00020000
    LAMINATOR_CLEAN = 0x00010000
    LAMINATOR_COLD = 0x00008000
    LAMINATION_SYNCHRONOUS = 0x00004000
    BUTTON_ACKNOWLEDGED = 0x00002000
    BUTTON_OK = 0x00001000
    BUTTON_RETRY = 0x00000800
    BUTTON_CANCEL = 0x00000400
    BEZEL = 0x00000200
    FEEDER_NEAR_EMPTY = 0x00000100
    FEEDER_1_EMPTY = 0x00000080
    FEEDER_2_EMPTY = 0x00000040
    FEEDER_3_EMPTY = 0x00000020
    FEEDER_4_EMPTY = 0x00000010
    FEEDER_1_NEAR_EMPTY = 0x00000008
    FEEDER_2_NEAR_EMPTY = 0x00000004
    FEEDER_3_NEAR_EMPTY = 0x00000002
    FEEDER_4_NEAR_EMPTY = 0x00000001


class Extension2(IntFlag):
    """Sixth word: lock system, laminator, clear ribbon, and the card at the rear."""

    EXTENSION_3 = 0x80000000
    SENSOR_ADJUSTMENT = 0x40000000
    CLEANING_SEQUENCE = 0x20000000
    OPTION_ACTIVATION = 0x10000000
    LOCK_OPEN = 0x08000000
    LOCKED_FEEDER_OPEN = 0x04000000
    LOCKED_BOX_FULL = 0x02000000
    PRINT_UNLOCKED = 0x01000000
    LAMINATION_2 = 0x00800000
    LAMINATE_UNKNOWN = 0x00400000
    LAMINATE_LOW = 0x00200000
    LAMINATOR_CARD = 0x00100000
    LAMINATOR_CLEANING = 0x00080000
    LAMINATOR_UPDATING = 0x00040000
    LAMINATOR_CLEANING_READY = 0x00020000
    CARD_REAR = 0x00010000
    NO_LAMINATE = 0x00008000
    LAMINATOR_COVER_OPEN = 0x00004000
    LAMINATE_ENDED = 0x00002000
    LAMINATOR_HOPPER_FULL = 0x00001000
    UNSUPPORTED_LAMINATE = 0x00000800
    CLEAR_UNKNOWN = 0x00000400
    CLEAR_LOW = 0x00000200
    CLEAR_WRONG_ZONE = 0x00000100
    ERROR_LAMINATOR_TEMPERATURE = 0x00000080
    ERROR_LAMINATE = 0x00000040
    ERROR_LAMINATOR_MECHANICAL = 0x00000020
    ERROR_LAMINATE_ENDED = 0x00000010
    ERROR_LAMINATOR_COVER = 0x00000008
    CLEAR_CHANGED = 0x00000004
    CLEAR_ZONE_ALERT = 0x00000002
    CLEAR_ZONE_EXPIRED = 0x00000001


class Extension3(IntFlag):
    """Seventh word: retransfer models, manual feeder, bezel. An eighth word has no bit with a published meaning."""

    EXTENSION_4 = 0x80000000
    RETRANSFERRING = 0x40000000
    HEATING = 0x20000000
    CARD_MANUAL_FEEDER = 0x08000000
    CARD_OUTSIDE_BEZEL = 0x00020000


class StatusWords(NamedTuple):
    """One answer to `Rpst`. A named tuple, because what is concluded from it is looked up under it (`meaning.py`)."""

    config: Config
    info: Info
    warn: Warn
    error: Error
    extensions: tuple[int, ...] = ()
    """0 to 4 further words."""

    def extension(self, number: int) -> int:
        """Extension word `number` (1..4), 0 if the printer did not send it."""
        return self.extensions[number - 1] if number <= len(self.extensions) else 0

    @lru_cache(maxsize=64)  # noqa: B019 - a value, not a thing with a life
    def raw(self) -> str:
        """The words as a technician reads them in the maker's tools."""
        return " ".join(
            f"{int(word):08X}" for word in (self.config, self.info, self.warn, self.error, *self.extensions)
        )

    @lru_cache(maxsize=64)  # noqa: B019 - likewise
    def names(self) -> Mapping[str, str]:
        """The set bits of every word by name, `card_print busy`; a bit without a published meaning as its number."""
        words: dict[str, tuple[type[IntFlag], int]] = {
            "built_in": (Config, self.config),
            "information": (Info, self.info),
            "warning": (Warn, self.warn),
            "error": (Error, self.error),
            "extension_1": (Extension1, self.extension(1)),
            "extension_2": (Extension2, self.extension(2)),
            "extension_3": (Extension3, self.extension(3)),
            "extension_4": (Unpublished, self.extension(4)),
        }
        return {word: " ".join(_bits(kind, value)) for word, (kind, value) in words.items() if value}


class Unpublished(IntFlag):
    """A word of which no bit is known."""


@lru_cache(maxsize=256)
def _bits(kind: type[IntFlag], value: int) -> tuple[str, ...]:
    """Kept: a printer is asked twice a second, and says the same few things."""
    known = {member.value: member.name.lower() for member in kind if member.name}
    bits = (1 << shift for shift in range(31, -1, -1))
    return tuple(known.get(bit, f"{bit:08x}") for bit in bits if int(value) & bit)


def frame(command: str, data: bytes = b"") -> bytes:
    """ESC, mnemonic and parameters, raw data, CR; then one NUL, as the maker's software writes after each command."""
    return b"".join((ESC, command.encode("ascii"), data, CR, NUL))  # one copy, however large the panel is


@lru_cache(maxsize=64)
def decode_answer(raw: bytes) -> str:
    """The text of one answer, without its NUL. ProtocolError for what is not printable ASCII or too long."""
    body = raw.strip(NUL)
    if len(body) > ANSWER_MAX:
        raise ProtocolError(f"an answer of more than {ANSWER_MAX} bytes")
    if not _TEXT.fullmatch(body):
        raise ProtocolError(f"an answer with bytes that are no text: {body[:16].hex(' ')}")
    return body.decode("ascii").strip()


@lru_cache(maxsize=64)
def decode_status(answer: str) -> StatusWords:
    """`Rpst`: 4 to 8 words of 8 hexadecimal digits, either case, run together. ProtocolError for anything else."""
    if not _WORDS.fullmatch(answer):
        raise ProtocolError(f"Rpst: expected 32 to 64 hexadecimal digits, got {len(answer)} characters {answer[:24]!r}")
    words = [int(answer[at : at + 8], 16) for at in range(0, len(answer), 8)]
    return StatusWords(Config(words[0]), Info(words[1]), Warn(words[2]), Error(words[3]), tuple(words[4:]))


def decode_count(answer: str) -> int | None:
    """`Rco;x`: a plain decimal number; None for any other answer, because the layout is unpublished."""
    return int(answer) if _COUNT.fullmatch(answer) else None
