"""What goes over the pipe to the helper process: the driver's half. `helper.py` tells the protocol."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from drivers.contract.errors import ProtocolError

MAGIC: Final = b"FPH1"
_HEAD: Final = struct.Struct(">4sII")
HEADER_MAX: Final = 64 << 10
BODY_MAX: Final = 4 << 20
"""A picture of 2000x2000."""


@dataclass(frozen=True, slots=True)
class Message:
    """One JSON object and the bytes that belong to it. `body` is a bytearray so that a finger can be wiped."""

    said: Mapping[str, Any]
    body: bytearray

    def __repr__(self) -> str:
        return f"Message({', '.join(sorted(self.said))}; {len(self.body)} bytes)"  # minutiae or pixels are personal


def encode(said: Mapping[str, Any], body: bytes | bytearray = b"") -> bytearray:
    """The message on the pipe. A bytearray, to be wiped when it holds a finger."""
    text = json.dumps(dict(said)).encode()
    whole = bytearray(_HEAD.pack(MAGIC, len(text), len(body)))
    whole += text
    whole += body
    return whole


class Decoder:
    """Bytes in, messages out. Total: ProtocolError at the first byte that cannot be right, and no memory beyond one
    message of HEADER_MAX and BODY_MAX bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        self._buffer += data
        found: list[Message] = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> Message | None:
        start = bytes(self._buffer[: _HEAD.size])
        if not MAGIC.startswith(start[: len(MAGIC)]):
            raise ProtocolError("helper: bytes that begin no message")
        if len(start) < _HEAD.size:
            return None
        _, size, more = _HEAD.unpack(start)
        if size > HEADER_MAX or more > BODY_MAX:
            raise ProtocolError(f"helper: a message of {size} and {more} bytes")
        end = _HEAD.size + size + more
        if len(self._buffer) < end:
            return None
        text = bytes(self._buffer[_HEAD.size : _HEAD.size + size])
        body = self._buffer[_HEAD.size + size : end]
        self._buffer[:end] = bytes(end)
        del self._buffer[:end]
        try:
            said = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ProtocolError("helper: a message that is not JSON") from error
        if not isinstance(said, dict):
            raise ProtocolError("helper: a message that is no object")
        return Message(said, body)
