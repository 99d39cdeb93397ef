"""BER-TLV as chips write it (ISO/IEC 7816-4, 5.2.2).

A parser of general ASN.1 refuses tags such as 5F01, rightly by X.690.
"""

from drivers.contract.errors import ProtocolError


def split(data: bytes) -> list[tuple[int, bytes]]:
    """The data objects in `data`, in order: (tag, value). ProtocolError if it is no sequence of them."""
    found = []
    while data:
        tag_size = 2 if data[0] & 0x1F == 0x1F else 1
        head, size = length(data, tag_size)
        if len(data) < head + size:
            raise ProtocolError(f"a data object of {size} bytes ends early")
        found.append((int.from_bytes(data[:tag_size], "big"), data[head : head + size]))
        data = data[head + size :]
    return found


def value(data: bytes, tag: int) -> bytes:
    """The value of the first object with this tag; ProtocolError if there is none."""
    for name, content in split(data):
        if name == tag:
            return content
    raise ProtocolError(f"data object {tag:X} is missing")


def length(data: bytes, tag_size: int = 1) -> tuple[int, int]:
    """(bytes of tag and length field, bytes of the value) of the object that begins here."""
    if len(data) <= tag_size:
        raise ProtocolError("a data object without a length")
    first = data[tag_size]
    if first < 0x80:
        return tag_size + 1, first
    count = first & 0x7F
    if count not in (1, 2) or len(data) < tag_size + 1 + count:
        raise ProtocolError("a length field that is not understood")
    return tag_size + 1 + count, int.from_bytes(data[tag_size + 1 : tag_size + 1 + count], "big")
