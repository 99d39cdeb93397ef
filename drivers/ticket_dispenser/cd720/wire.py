"""One command at a time, always bounded. Until ENQ nothing is obeyed: a lost ACK costs a second try, and no ticket."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.words import DeviceCause, JobOutcome
from drivers.ticket_dispenser.cd720.frames import ACK, ENQ, NAK, Response, command, found
from drivers.transport.base import ByteStream, Connector, gone

T = TypeVar("T")

TRIES = 2
RECEIVED_MAX = 256
"""Bytes without a meaning after which a line is given up on."""


class Wire:
    """Not for two tasks at once: the driver's lock sees to that."""

    def __init__(self, connector: Connector, answer_timeout: float) -> None:
        self._connector = connector
        self._timeout = answer_timeout
        self._stream: ByteStream | None = None

    async def ask(self, name: bytes) -> Response:
        """A question, asked a second time over a fresh line if its answer was lost."""
        for _ in range(TRIES - 1):
            try:
                return await self._asked(name)
            except DeviceError as error:
                if error.cause is DeviceCause.NO_DEVICE:
                    raise
        return await self._asked(name)

    async def order(self, name: bytes) -> None:
        """A movement, given once. Outcome FAILED: it was certainly not obeyed; else it may have been."""
        for tried in range(1, TRIES + 1):
            try:
                await self._acknowledged(name)
                break
            except DeviceError as error:
                if tried == TRIES or error.cause is DeviceCause.NO_DEVICE:
                    raise DeviceError(error.cause, error.detail, outcome=JobOutcome.FAILED) from error
        await self._write(ENQ)

    async def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    async def _asked(self, name: bytes) -> Response:
        await self._acknowledged(name)
        await self._write(ENQ)
        return await self._until(lambda received: found(received, name), name)

    async def _acknowledged(self, name: bytes) -> None:
        await self._write(command(name))
        said = await self._until(lambda received: next((byte for byte in received if byte in (ACK, NAK)), None), name)
        if said == NAK:
            await self.close()
            raise ProtocolError(f"{name.decode()}: refused (NAK)")

    async def _until(self, meaning: Callable[[bytes], T | None], name: bytes) -> T:
        """What `meaning` finds in the bytes that come. On failure the line is closed: only a new one is in step."""
        received = b""
        try:
            async with asyncio.timeout(self._timeout):
                while (known := meaning(received)) is None:
                    if len(received) > RECEIVED_MAX:
                        raise ProtocolError(f"{name.decode()}: {len(received)} bytes that mean nothing")
                    more = await (await self._open()).read()
                    if not more:
                        raise gone(f"{self._connector}: the line was closed")
                    received += more
                return known
        except TimeoutError as error:
            await self.close()
            if received:
                raise ProtocolError(f"{name.decode()}: {received[:16].hex(' ')} means nothing") from error
            raise TransportError(
                DeviceCause.NO_ANSWER, f"{self._connector}: no answer within {self._timeout:g} s"
            ) from error
        except DeviceError:
            await self.close()
            raise

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await (await self._open()).write(data)
        except TimeoutError as error:
            await self.close()
            raise TransportError(DeviceCause.NO_ANSWER, f"{self._connector}: the line takes nothing more") from error
        except DeviceError:
            await self.close()
            raise

    async def _open(self) -> ByteStream:
        if self._stream is None:
            self._stream = await self._connector.connect()
        return self._stream
