"""One open conversation with a helper: each request gets its one answer."""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.words import Completion, DeviceCause
from drivers.fingerprint_scanner.libfprint.messages import Decoder, Message, encode
from drivers.transport.base import ByteStream, Connector, gone

_CAUSES: Final = {
    "no_device": DeviceCause.NO_DEVICE,
    "library": DeviceCause.NO_DEVICE,
    "device": DeviceCause.SENSOR,
}
"""Of the helper's error codes; any other is HARDWARE: this reader, or this libfprint, cannot be used."""

CHUNK: Final = 1 << 16


class HelperError(DeviceError):
    """The helper answered with an error of its own. `code`: no_device, library, device, match_on_chip, virtual,
    bridge, size, busy or bad_request."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(_CAUSES.get(code, DeviceCause.HARDWARE), f"{code}: {text}")
        self.code = code


class Session:
    def __init__(self, stream: ByteStream, name: str) -> None:
        self._stream = stream
        self._name = name
        self._decoder = Decoder()
        self._numbers = count(1)
        self._waiting: set[int] = set()
        self._early: dict[int, Message] = {}
        """Answers that came while another one was waited for: to a capture, in practice."""

    @classmethod
    async def open(cls, connector: Connector) -> "Session":
        return cls(await connector.connect(), str(connector))

    async def close(self) -> None:
        await self._stream.close()

    async def send(self, ask: str, body: bytes | bytearray = b"", **more: object) -> int:
        """The number under which the answer will come."""
        number = next(self._numbers)
        self._waiting.add(number)
        whole = encode({"id": number, "ask": ask, **more}, body)
        await self._stream.write(bytes(whole))
        whole[:] = bytes(len(whole))
        return number

    async def answer(self, number: int) -> Message:
        """The answer to request `number`; waits without end. HelperError if it is an error, ProtocolError for bytes
        that are no answer, TransportError NO_DEVICE if the helper ends."""
        while number not in self._early:
            data = await self._stream.read(CHUNK)
            if not data:
                raise gone(f"{self._name}: the helper has ended")
            for message in self._decoder.feed(data):
                answered = _integer(message.said, "id")
                if answered not in self._waiting:
                    raise ProtocolError(f"{self._name}: an answer to nothing")
                self._waiting.remove(answered)
                self._early[answered] = message
        message = self._early.pop(number)
        if (code := message.said.get("error")) is not None:
            raise HelperError(str(code)[:40], str(message.said.get("text", ""))[:200])
        return message

    async def ask(self, ask: str, timeout: float, body: bytes | bytearray = b"", **more: object) -> Message:
        """Sends and waits at most `timeout` s; TransportError NO_ANSWER after that. Other errors as `answer`."""
        try:
            async with asyncio.timeout(timeout):
                return await self.answer(await self.send(ask, body, **more))
        except TimeoutError as error:
            raise TransportError(
                DeviceCause.NO_ANSWER,
                f"{self._name}: {ask}: silent for {timeout:.1f} s",
                completion=Completion.TIMED_OUT,
            ) from error


def _integer(said: Mapping[str, Any], key: str) -> int:
    value = said.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ProtocolError(f"helper: an answer whose {key} is no number")
    return value


def size_of(message: Message) -> tuple[int, int]:
    """(width, height) of the picture in the body, in pixels. ProtocolError if they do not fit the body."""
    width, height = _integer(message.said, "width"), _integer(message.said, "height")
    if width < 1 or height < 1 or width * height != len(message.body):
        raise ProtocolError(f"helper: a picture of {width}x{height} in {len(message.body)} bytes")
    return width, height
