"""One HTTP request over one of our pipes, by h11: IPP is carried as POST (RFC 8010, section 4)."""

import asyncio

import h11

from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.words import DeviceCause, JobOutcome
from drivers.transport.base import ByteStream, Connector

SLOWEST = 100_000
"""Bytes per second below which a transfer counts as stalled."""
ANSWER_MAX = 1 << 20


async def post(connector: Connector, path: str, body: bytes, timeout: float) -> bytes:
    """The body of a 200 answer. TransportError NO_DEVICE or NO_ANSWER (outcome FAILED: nothing was sent);
    ProtocolError for what is not HTTP or another status."""
    try:
        stream = await connector.connect()
    except TransportError as error:
        raise TransportError(error.cause, error.detail, outcome=JobOutcome.FAILED) from error
    try:
        async with asyncio.timeout(timeout + len(body) / SLOWEST):
            return await _exchange(stream, path, body)
    except TimeoutError as error:
        raise TransportError(DeviceCause.NO_ANSWER, f"{connector}: no answer within {timeout:g} s") from error
    except h11.ProtocolError as error:
        raise ProtocolError(f"{connector}: no HTTP ({error})") from error
    finally:
        await stream.close()


async def _exchange(stream: ByteStream, path: str, body: bytes) -> bytes:
    http = h11.Connection(h11.CLIENT)
    headers = [
        ("Host", "localhost"),
        ("Content-Type", "application/ipp"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    head = http.send(h11.Request(method="POST", target=path, headers=headers)) or b""
    await stream.write(head + (http.send(h11.Data(data=body)) or b""))
    http.send(h11.EndOfMessage())
    found = bytearray()
    status = 0
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await stream.read(65_536))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            found += event.data
            if len(found) > ANSWER_MAX:
                raise ProtocolError(f"an answer of more than {ANSWER_MAX} bytes")
        elif isinstance(event, h11.EndOfMessage):
            break
        elif isinstance(event, h11.ConnectionClosed):
            raise DeviceError(DeviceCause.NO_DEVICE, "CUPS hung up", outcome=JobOutcome.UNKNOWN)
    if status != 200:
        raise ProtocolError(f"HTTP status {status}")
    return bytes(found)
