"""The form of the two things a resident identifies himself with. Form only: whether they exist is kioskd's to say."""

import re

SLIP_LENGTH = 21
_SLIP = re.compile(r"ANJ1-[0-9A-HJKMNP-TV-Z]{16}")
_NIK = re.compile(r"[0-9]{16}")
FEMALE_OFFSET = 40


def is_slip(text: str) -> bool:
    """True for the code in a slip's QR: `ANJ1-` and 16 characters of Crockford's base 32 (80 random bits).

    It is an opaque pick-up code; nothing can be learnt from it, and it is only valid if an approval names it.
    """
    return len(text) == SLIP_LENGTH and _SLIP.fullmatch(text) is not None


def nik_fault(text: str) -> str | None:
    """What is wrong with the form of a NIK: `length`, `digits`, `region`, `date`, `serial`; None if nothing is.

    Digits 1-6 region, 7-8 day (+40 for women), 9-10 month, 11-12 year, 13-16 serial from 0001, as the
    Dukcapil offices publish it.
    There is no check digit, and neither region nor birth date may be held against a person: both stay when he moves or
    when his date is corrected.
    """
    if not _NIK.fullmatch(text):
        return "digits" if not text.isascii() or not text.isdigit() else "length"
    if text[:2] < "11" or text[2:4] == "00" or text[4:6] == "00":
        return "region"
    day = int(text[6:8])
    if day > FEMALE_OFFSET:
        day -= FEMALE_OFFSET
    if not (1 <= day <= 31 and 1 <= int(text[8:10]) <= 12):
        return "date"
    if text[12:] == "0000":
        return "serial"
    return None


def masked_nik(nik: str) -> str:
    """`3273011203850001` to `327301******0001`: day, month and year of birth are hidden."""
    return f"{nik[:6]}******{nik[12:]}"
