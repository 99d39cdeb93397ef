"""BER-TLV as ISO/IEC 7816-4 uses it: tags of one or two bytes, lengths up to 65,535."""

from collections.abc import Iterator

from drivers.contract.errors import ProtocolError


def tlv(tag: int, *values: bytes) -> bytes:
    """One data object with the shortest length field."""
    body = b"".join(values)
    size = len(body)
    if size > 0xFFFF:
        raise ValueError(f"a data object of {size} bytes")
    if size < 0x80:
        length = bytes([size])
    elif size <= 0xFF:
        length = bytes([0x81, size])
    else:
        length = b"\x82" + size.to_bytes(2, "big")
    return tag.to_bytes(2 if tag > 0xFF else 1, "big") + length + body


def objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The data objects in `data`, one after the other. ProtocolError where it is no such sequence."""
    at = 0
    while at < len(data):
        tag, at = _tag(data, at)
        size, at = _size(data, at)
        if at + size > len(data):
            raise ProtocolError(f"data object {tag:X} announces {size} bytes, {len(data) - at} are left")
        yield tag, data[at : at + size]
        at += size


def only(data: bytes, tag: int) -> bytes:
    """The value of the one object in `data`, which must have this tag."""
    found = list(objects(data))
    if [name for name, _ in found] != [tag]:
        raise ProtocolError(f"expected one data object {tag:X}, found {[f'{name:X}' for name, _ in found][:4]}")
    return found[0][1]


def _tag(data: bytes, at: int) -> tuple[int, int]:
    tag = data[at]
    if tag & 0x1F != 0x1F:
        return tag, at + 1
    if at + 1 >= len(data):
        raise ProtocolError("data ends inside a tag")
    if data[at + 1] & 0x80:
        raise ProtocolError("a tag of more than two bytes")
    return tag << 8 | data[at + 1], at + 2


def _size(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise ProtocolError("data ends before a length")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if count not in (1, 2) or at + 1 + count > len(data):
        raise ProtocolError(f"length field {first:02X} is not understood or cut short")
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count
