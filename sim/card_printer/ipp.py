"""The wire of a print server, as a server sees it: HTTP requests cut from bytes, and IPP messages (RFC 8010).

Written from the RFCs, apart from any driver. Bounded in memory; what makes no sense is a `BadRequest`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

HEAD_MAX = 16 * 1024
BODY_MAX = 32 << 20
OPERATION, JOB, END, PRINTER = 0x01, 0x02, 0x03, 0x04
INTEGER, BOOLEAN, ENUM, TEXT, NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME = (
    0x21, 0x22, 0x23, 0x41, 0x42, 0x44, 0x45, 0x47, 0x48, 0x49,
)  # fmt: skip

Attribute = tuple[int, str, Sequence[int | bool | str]]
"""Tag of the value, name, values."""


class BadRequest(ValueError):
    """Bytes that no print server understands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One IPP request: its operation, its number, its attributes as raw values by name, and the document behind it."""

    operation: int
    number: int
    attributes: dict[str, list[bytes]]
    document: bytes

    def text(self, name: str) -> str:
        """The first value of `name`, "" if there is none."""
        return self.attributes.get(name, [b""])[0].decode("utf-8", "replace")

    def integer(self, name: str) -> int:
        return int.from_bytes(self.attributes.get(name, [b"\xff\xff\xff\xff"])[0], "big", signed=True)

    def texts(self, name: str) -> list[str]:
        return [value.decode("utf-8", "replace") for value in self.attributes.get(name, [])]


async def http_body(read: Callable[[int], Awaitable[bytes]]) -> bytes:
    """The body of one POST, with a length or in chunks (RFC 9112). BadRequest; b"" never means a request."""
    buffer = bytearray()

    async def more() -> None:
        data = await read(65_536)
        if not data:
            raise BadRequest("the request ends too early")
        buffer.extend(data)

    while b"\r\n\r\n" not in buffer:
        if len(buffer) > HEAD_MAX:
            raise BadRequest("no end of the head")
        await more()
    head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
    buffer[:] = rest
    first, *lines = head.split(b"\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if not first.startswith(b"POST ") or fields.get(b"content-type") != b"application/ipp":
        raise BadRequest("not a POST of application/ipp")
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return await _chunks(buffer, more)
    length = fields.get(b"content-length", b"")
    if not length.isdigit() or int(length) > BODY_MAX:
        raise BadRequest("no length")
    while len(buffer) < int(length):
        await more()
    return bytes(buffer[: int(length)])


async def _chunks(buffer: bytearray, more: Callable[[], Awaitable[None]]) -> bytes:
    body = bytearray()
    while True:
        while b"\r\n" not in buffer:
            await more()
        line, _, rest = bytes(buffer).partition(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError as error:
            raise BadRequest("a chunk without a size") from error
        if not 0 <= size <= BODY_MAX - len(body):
            raise BadRequest("a chunk too large")
        buffer[:] = rest
        while len(buffer) < size + 2:
            await more()
        body += buffer[:size]
        del buffer[: size + 2]
        if not size:
            return bytes(body)


def http_answer(body: bytes, status: str = "200 OK") -> bytes:
    fields = ("Content-Type: application/ipp", f"Content-Length: {len(body)}", "Connection: close")
    return "\r\n".join((f"HTTP/1.1 {status}", *fields, "", "")).encode("ascii") + body


def asked(body: bytes) -> Asked:
    """One request out of its bytes. BadRequest."""
    if len(body) < 9:
        raise BadRequest("too short")
    operation, number = int.from_bytes(body[2:4], "big"), int.from_bytes(body[4:8], "big")
    attributes: dict[str, list[bytes]] = {}
    at, name = 8, ""
    while True:
        if at >= len(body):
            raise BadRequest("no end of the attributes")
        tag = body[at]
        at += 1
        if tag == END:
            return Asked(operation, number, attributes, body[at:])
        if tag < 0x10:
            continue
        own, at = _counted(body, at)
        value, at = _counted(body, at)
        name = own.decode("ascii", "replace") or name
        attributes.setdefault(name, []).append(value)


def _counted(body: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    if end > len(body):
        raise BadRequest("an attribute longer than the request")
    return body[at + 2 : end], end


def told(status: int, number: int, groups: Sequence[tuple[int, Sequence[Attribute]]] = ()) -> bytes:
    """One answer."""
    out = bytearray(b"\x01\x01" + status.to_bytes(2, "big") + number.to_bytes(4, "big"))
    language: list[Attribute] = [
        (CHARSET, "attributes-charset", ["utf-8"]),
        (LANGUAGE, "attributes-natural-language", ["en"]),
    ]
    for group, attributes in ((OPERATION, language), *groups):
        out.append(group)
        for tag, name, values in attributes:
            for place, value in enumerate(values):
                raw = _raw(tag, value)
                own = b"" if place else name.encode("ascii")
                out += bytes((tag,)) + len(own).to_bytes(2, "big") + own + len(raw).to_bytes(2, "big") + raw
    out.append(END)
    return bytes(out)


def _raw(tag: int, value: int | bool | str) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    return int(value).to_bytes(1 if tag == BOOLEAN else 4, "big", signed=tag != BOOLEAN)
