"""IPP messages (RFC 8010): pyipp writes and reads them, behind a guard that makes reading total.

pyipp 0.17 believes every length it reads: a negative one sends it backwards, for ever. So the lengths are walked first.
"""

import struct
from collections.abc import Mapping
from typing import Any

from pyipp.enums import IppOperation
from pyipp.exceptions import IPPError
from pyipp.parser import parse
from pyipp.serializer import encode_dict

from drivers.contract.errors import ProtocolError

MESSAGE_MAX = 1 << 20
VERSION = (1, 1)
"""The version that every CUPS and every IPP printer knows."""
NOT_FOUND = 0x0406
_END, _GROUPS = 0x03, frozenset({0x01, 0x02, 0x04, 0x05})
_BEGIN_COLLECTION, _END_COLLECTION = 0x34, 0x37
_WITH_LANGUAGE = frozenset({0x35, 0x36})
_FIXED = {0x21: 4, 0x22: 1, 0x23: 4, 0x31: 11, 0x32: 9, 0x33: 8}
"""integer, boolean, enum, dateTime, resolution, rangeOfInteger."""
_DEEPEST = 8


def request(
    operation: IppOperation,
    number: int,
    attributes: Mapping[str, object],
    *,
    job: Mapping[str, object] | None = None,
    document: bytes = b"",
) -> bytes:
    """One request. `attributes` after the two of the language; `job` are the job's own."""
    message: dict[str, Any] = {
        "version": VERSION,
        "operation": operation,
        "request-id": number,
        "operation-attributes-tag": {
            "attributes-charset": "utf-8",
            "attributes-natural-language": "en",
            **attributes,
        },
    }
    if job:
        message["job-attributes-tag"] = dict(job)
    return encode_dict(message) + document


def answer(body: bytes) -> dict[str, Any]:
    """`status-code`, `printers` and `jobs` (a list of attributes each). ProtocolError for what is no IPP answer."""
    try:
        _sound(body)
        return parse(body)
    except (IPPError, struct.error, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise ProtocolError(f"ipp: {len(body)} bytes that are no answer ({type(error).__name__}: {error})") from error


def _sound(body: bytes) -> None:
    """ValueError or IndexError unless all lengths hold: RFC 8010, section 3.1."""
    if len(body) > MESSAGE_MAX:
        raise ValueError("too long")
    at, depth, in_group = 8, 0, False
    while (tag := body[at]) != _END or depth:
        if tag in _GROUPS and not depth:
            at, in_group = at + 1, True
            if body[at] < 0x10 and body[at] != _END:
                raise ValueError("an empty group")
            continue
        if tag < 0x10 or not in_group or tag in _WITH_LANGUAGE:
            raise ValueError(f"tag {tag:02x} where an attribute belongs")
        name = int.from_bytes(body[at + 1 : at + 3], "big")
        value_at = at + 3 + name
        value = int.from_bytes(body[value_at : value_at + 2], "big")
        at = value_at + 2 + value
        if name >= 0x8000 or value >= 0x8000 or at >= len(body) or _FIXED.get(tag, value) != value:
            raise ValueError(f"an attribute with tag {tag:02x} of a wrong length")
        depth += (tag == _BEGIN_COLLECTION) - (tag == _END_COLLECTION)
        if not 0 <= depth <= _DEEPEST:
            raise ValueError("collections that do not close")
    if not in_group:
        raise ValueError("no attributes")
