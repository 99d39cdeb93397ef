"""The machine readable zone of a card of TD1 size: three lines of 30 characters (ICAO Doc 9303-5, 4.2).

The NIK is not in it: it has 16 digits and the longest optional field 15. It goes into DG11 of the chip.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from itertools import cycle
from operator import mul
from string import ascii_uppercase, digits

from kiosk.cards.record import CardRecord

WIDTH = 30
FILLER = "<"
_VALUES = {FILLER: 0} | {character: int(character, 36) for character in digits + ascii_uppercase}
LIFELONG = "SEUMUR HIDUP"

_SPELLED = str.maketrans(
    {"Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "SS", "Æ": "AE", "Œ": "OE", "Ø": "OE", "Å": "AA", "Ð": "D", "Þ": "TH"}
)
"""Doc 9303-3, section 6 A: letters that are spelled out instead of stripped."""


@dataclass(frozen=True, slots=True, repr=False)
class Td1:
    """What a TD1 zone says. `expires` None: no end (fillers in place of the date). `sex`: M, F or <."""

    document: str
    """One or two letters, the first of them A, C or I."""
    issuer: str
    number: str
    birth: date
    sex: str
    expires: date | None
    nationality: str
    surname: str
    """The primary identifier; the whole name where a name is not divided into two (Doc 9303-3, 4.6)."""
    given: str = ""
    optional_1: str = ""
    optional_2: str = ""

    def __repr__(self) -> str:
        return "Td1(...)"


def check_digit(text: str) -> str:
    """Doc 9303-3, 4.9: weights 7 3 1; digits count as themselves, A..Z as 10..35, the filler as 0; modulo 10."""
    try:
        total = sum(map(mul, map(_VALUES.__getitem__, text), cycle((7, 3, 1))))
    except KeyError:
        raise ValueError("a machine readable zone holds only A-Z, 0-9 and <") from None
    return str(total % 10)


def lines(zone: Td1) -> tuple[str, str, str]:
    """The three lines. ValueError if a field has no place: a document number longer than nine characters, say."""
    number = _field(zone.number, 9)
    upper = (
        _field(zone.document, 2) + _field(zone.issuer, 3) + number + check_digit(number) + _field(zone.optional_1, 15)
    )
    birth = zone.birth.strftime("%y%m%d")
    expires = zone.expires.strftime("%y%m%d") if zone.expires else FILLER * 6
    dates = birth + check_digit(birth), expires + check_digit(expires)
    optional = _field(zone.optional_2, 11)
    middle = dates[0] + _field(zone.sex, 1) + dates[1] + _field(zone.nationality, 3) + optional
    overall = check_digit(upper[5:30] + dates[0] + dates[1] + optional)
    return upper, middle + overall, names(zone.surname, zone.given)


def names(surname: str, given: str = "") -> str:
    """The name line. A name too long loses letters from its longest parts first and fills the line to its last place,
    which must then be a letter: that is how a reader sees the cut (Doc 9303-5, 4.2.3)."""
    parts = [_words(surname), _words(given)]
    while True:
        line = (FILLER * 2).join(FILLER.join(words) for words in parts if words)
        if len(line) <= WIDTH:
            return line.ljust(WIDTH, FILLER)
        if line[WIDTH - 1] != FILLER and line[WIDTH - 2 : WIDTH] != FILLER * 2:
            return line[:WIDTH]
        words = max(parts, key=lambda some: max(map(len, some), default=0))
        longest = max(range(len(words)), key=lambda index: len(words[index]))
        if len(words[longest]) == 1:
            return line[: WIDTH - 1] + line[WIDTH]  # nothing but initials: the last place takes the next of them
        words[longest] = words[longest][:-1]


def zone_of(record: CardRecord) -> Td1:
    """The zone of an Indonesian identity card. Names are not divided into surname and given names there."""
    nationality = "IDN" if record.citizenship in ("WNI", "INA", "ID") else record.citizenship
    lifelong = record.valid_until.strip().upper() == LIFELONG
    return Td1(
        document="I",
        issuer="IDN",
        number=record.document_number,
        birth=record.birth_date,
        sex="M" if record.sex == "LAKI-LAKI" else "F",
        expires=None if lifelong else _date(record.valid_until),
        # WNA means "foreigner" without saying of where; XXX is Doc 9303-3's code for an unspecified nationality.
        nationality=nationality if re.fullmatch("[A-Z]{3}", nationality) and nationality != "WNA" else "XXX",
        surname=record.name,
    )


def _date(text: str) -> date:
    try:
        return datetime.strptime(text.strip(), "%d-%m-%Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise ValueError(f"valid_until is neither {LIFELONG!r} nor DD-MM-YYYY") from error


def _words(name: str) -> list[str]:
    spelled = name.upper().translate(_SPELLED)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return re.sub("[^A-Z]+", " ", re.sub("['’.,]", "", plain)).split()


def _field(text: str, width: int) -> str:
    if len(text) > width:
        raise ValueError(f"a field of {width} characters cannot hold {len(text)}")
    return text.ljust(width, FILLER)
