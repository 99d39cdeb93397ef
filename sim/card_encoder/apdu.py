"""Taking a command APDU apart as a card does (ISO/IEC 7816-4, 5.1)."""

from typing import NamedTuple


class Command(NamedTuple):
    """`le`: most bytes wanted in the answer; None if none are."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None


def parse(apdu: bytes) -> Command | None:
    """The command, or None if its length fields contradict its length (the card answers 6700)."""
    if len(apdu) < 4:
        return None
    cla, ins, p1, p2 = apdu[:4]
    body = apdu[4:]
    data, le = b"", None
    if len(body) == 1:
        le = body[0] or 256
    elif len(body) > 1 and body[0] != 0:
        lc = body[0]
        data, rest = body[1 : 1 + lc], body[1 + lc :]
        if len(data) != lc or len(rest) > 1:
            return None
        le = (rest[0] or 256) if rest else None
    elif len(body) == 3:
        le = int.from_bytes(body[1:3], "big") or 65_536
    elif len(body) > 3:
        lc = int.from_bytes(body[1:3], "big")
        data, rest = body[3 : 3 + lc], body[3 + lc :]
        if lc == 0 or len(data) != lc or len(rest) not in (0, 2):
            return None
        le = (int.from_bytes(rest, "big") or 65_536) if rest else None
    elif body:
        return None
    return Command(cla, ins, p1, p2, data, le)
