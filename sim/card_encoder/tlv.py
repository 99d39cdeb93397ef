"""Data objects as the chip reads and writes them (ISO/IEC 8825-1: definite lengths, tags of one or two bytes)."""


def tlv(tag: int, *values: bytes) -> bytes:
    value = b"".join(values)
    size = len(value)
    head = tag.to_bytes(2 if tag > 0xFF else 1, "big")
    if size < 0x80:
        return head + bytes((size,)) + value
    digits = 1 if size <= 0xFF else 2
    return head + bytes((0x80 | digits,)) + size.to_bytes(digits, "big") + value


def parts(data: bytes) -> dict[int, bytes] | None:
    """The objects side by side in `data`, by tag; None if it is not a row of objects, each tag once."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        tag, at = data[at], at + 1
        if tag & 0x1F == 0x1F:
            if at >= len(data):
                return None
            tag, at = tag << 8 | data[at], at + 1
        if at >= len(data):
            return None
        size, at = data[at], at + 1
        if size in (0x81, 0x82):
            digits = size & 0x0F
            size, at = int.from_bytes(data[at : at + digits], "big"), at + digits
        elif size >= 0x80:
            return None
        if at + size > len(data) or tag in found:
            return None
        found[tag], at = data[at : at + size], at + size
    return found
