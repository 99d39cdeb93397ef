"""A reader at the end of a byte stream, in vpcd framing. We play vpcd; the other side is the card (and its field)."""

import asyncio

from drivers.card_encoder.pcsc.protocol import (
    GET_ATR,
    POWER_OFF,
    POWER_ON,
    Frames,
    check_atr,
    check_response,
    frame,
)
from drivers.contract.errors import ProtocolError, TransportError
from drivers.contract.words import DeviceCause, JobOutcome
from drivers.transport.base import ByteStream, Connector, gone
from drivers.transport.pcsc import ChipReader


class FramedReader(ChipReader):
    """Presence is asked by asking for the ATR: empty means that no chip is there, as vpcd does it."""

    def __init__(self, connector: Connector, *, timeout: float = 5.0) -> None:
        self.name = str(connector)
        self.simulated = connector.simulated
        self.timeout = timeout
        self._connector = connector
        self._stream: ByteStream | None = None
        self._frames = Frames()
        self._session = False

    async def check(self) -> bytes:
        try:
            return check_atr(await self._ask(GET_ATR, DeviceCause.NO_ANSWER))
        except ProtocolError:
            await self._drop()
            raise

    async def connect(self) -> bytes:
        await self._send(POWER_ON)
        atr = await self.check()
        if not atr:
            raise TransportError(DeviceCause.NO_CARD, f"{self}: no chip answers", outcome=JobOutcome.FAILED)
        self._session = True
        return atr

    async def transmit(self, apdu: bytes) -> bytes:
        if not self._session:
            raise TransportError(DeviceCause.CARD_LOST, f"{self}: no session")
        answer = await self._ask(apdu, DeviceCause.CARD_LOST)
        if not answer:
            self._session = False
            raise TransportError(DeviceCause.CARD_LOST, f"{self}: the chip stopped answering")
        try:
            return check_response(answer)
        except ProtocolError:
            await self._drop()
            raise

    async def reset(self) -> bytes:
        self._session = False
        await self._send(POWER_OFF)
        return await self.connect()

    async def disconnect(self) -> None:
        self._session = False
        if self._stream is not None:
            try:
                await self._send(POWER_OFF)
            except TransportError:
                pass  # no field, no power

    async def close(self) -> None:
        await self._drop()

    def __str__(self) -> str:
        return self.name

    async def _send(self, body: bytes) -> None:
        if self._stream is None:
            self._stream = await self._connector.connect()
            self._frames = Frames()
        try:
            await self._stream.write(frame(body))
        except TransportError:
            await self._drop()
            raise

    async def _ask(self, body: bytes, silent: DeviceCause) -> bytes:
        """The answer to one question; `silent` is what it means if none comes."""
        try:
            async with asyncio.timeout(self.timeout):
                await self._send(body)
                return await self._next()
        except TimeoutError as error:
            await self._drop()  # a late answer would be taken for the next one's
            raise TransportError(silent, f"{self}: no answer within {self.timeout:.1f} s") from error
        except asyncio.CancelledError:
            await self._drop()
            raise

    async def _next(self) -> bytes:
        while self._stream is not None:
            try:
                data = await self._stream.read()
            except TransportError:
                await self._drop()
                raise
            if not data:
                break
            bodies = self._frames.feed(data)
            if len(bodies) > 1:
                await self._drop()
                raise ProtocolError(f"{self}: {len(bodies)} answers to one question")
            if bodies:
                return bodies[0]
        await self._drop()
        raise gone(f"{self}: the other side hung up")

    async def _drop(self) -> None:
        self._session = False
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.close()
