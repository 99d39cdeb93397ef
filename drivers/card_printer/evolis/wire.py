"""One command, one answer, on either kind of pipe, always bounded in time.

USB and the simulator's pipe stay open; on TCP the printer wants one connection per command: send, half-close, read
until it closes (A: traffic of the maker's software).
"""

import asyncio

from drivers.card_printer.evolis.protocol import ANSWER_MAX, NUL, OK, decode_answer
from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.words import DeviceCause, JobOutcome
from drivers.transport.base import ByteStream, Connector, gone

SLOWEST = 100_000
"""Bytes per second below which a transfer counts as stalled (a colour panel then has 6.6 s)."""
STRAY_ANSWERS = 4


class Wire:
    """Not for two tasks at once: the driver's lock sees to that."""

    def __init__(self, connector: Connector, answer_timeout: float) -> None:
        self._connector = connector
        self._timeout = answer_timeout
        self._stream: ByteStream | None = None
        self._left = b""

    async def order(self, framed: bytes) -> str:
        """Sends one command, once only, and returns its answer's text. NO_DEVICE, NO_ANSWER or PROTOCOL if none came;
        then the command may have arrived all the same, except that outcome FAILED means it certainly did not."""
        return await self._exchange(framed, skip_ok=False)

    async def ask(self, framed: bytes) -> str:
        """A question: asked a second time, over a new pipe, if the answer was lost or garbled on the way."""
        return await self._twice(framed, skip_ok=True)

    async def set(self, framed: bytes) -> str:
        """A setting: it may be given a second time, because twice is the same as once."""
        return await self._twice(framed, skip_ok=False)

    async def _twice(self, framed: bytes, *, skip_ok: bool) -> str:
        try:
            return await self._exchange(framed, skip_ok=skip_ok)
        except DeviceError as error:
            if error.outcome is JobOutcome.FAILED:
                raise  # there is no printer to ask
            return await self._exchange(framed, skip_ok=skip_ok)

    async def close(self) -> None:
        stream, self._stream, self._left = self._stream, None, b""
        if stream is not None:
            await stream.close()

    async def _exchange(self, framed: bytes, *, skip_ok: bool) -> str:
        settled = False
        try:
            async with asyncio.timeout(self._timeout + len(framed) / SLOWEST):
                stream = await self._open()
                await stream.write(framed)
                if self._connector.per_command:
                    await stream.half_close()
                for _ in range(STRAY_ANSWERS):
                    answer = decode_answer(await self._read_answer(stream))
                    # A printer that answers a move only at its end owes us an OK from an order we gave up waiting for.
                    if not (skip_ok and answer == OK):
                        settled = True
                        return answer
                raise ProtocolError(f"{STRAY_ANSWERS} answers, none to the question")
        except TimeoutError as error:
            raise TransportError(
                DeviceCause.NO_ANSWER, f"{self._connector}: no answer within {self._timeout:g} s"
            ) from error
        finally:
            # After a failure the pipe may still carry half an answer: only a new one is in step.
            if self._connector.per_command or not settled:
                await self.close()

    async def _open(self) -> ByteStream:
        if self._stream is None:
            try:
                self._stream = await self._connector.connect()
            except TransportError as error:
                raise TransportError(error.cause, error.detail, outcome=JobOutcome.FAILED) from error
        return self._stream

    async def _read_answer(self, stream: ByteStream) -> bytes:
        """Up to the first NUL that ends something; leading NULs are padding."""
        got = self._left.lstrip(NUL)
        while NUL not in got:
            if len(got) > ANSWER_MAX:
                raise ProtocolError(f"more than {ANSWER_MAX} bytes and no end of the answer")
            more = await stream.read()
            if not more:
                if got and self._connector.per_command:
                    break  # the closing connection ends the answer as well as a NUL does
                if self._connector.per_command:  # it took the command and hung up as it should, with nothing said
                    raise TransportError(DeviceCause.NO_ANSWER, f"{self._connector}: hung up without an answer")
                raise gone(f"{self._connector}: the printer hung up")
            got = (got + more).lstrip(NUL)
        answer, _, self._left = got.partition(NUL)
        return answer
