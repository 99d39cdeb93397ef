"""libfprint's minutiae detector (NBIS mindtct) for any finger image, from whichever scanner it came."""

from typing import Final, Protocol

from drivers.contract.errors import ProtocolError, TransportError
from drivers.contract.fingerprint_scanner import (
    CaptureRetry,
    FingerImage,
    FoundMinutia,
    MinutiaeDetector,
    RetryReason,
)
from drivers.fingerprint_scanner.libfprint.links import extracting
from drivers.fingerprint_scanner.libfprint.messages import Decoder, Message, encode
from drivers.fingerprint_scanner.libfprint.session import HelperError
from drivers.transport.base import gone

TIMEOUT: Final = 10.0
"""Seconds for one answer; a laptop takes 0.03, and 0.3 to start."""
CHUNK: Final = 1 << 16


class Line(Protocol):
    """A pipe to a helper; drivers.transport.process.BlockingStream tells the errors."""

    def read(self, limit: int) -> bytes: ...
    def write(self, data: bytearray) -> None: ...
    def close(self) -> None: ...


class Starts(Protocol):
    """What starts a helper."""

    def connect_blocking(self, timeout: float) -> Line: ...


class Extractor(MinutiaeDetector):
    """One helper process without a reader, started with the first image and started again after it ended. It blocks
    instead of waiting through the loop, so that no copy of an image lies in the loop's buffers. At most 200 minutiae
    (libfprint's own limit); their kinds (ending, bifurcation) do not come out of libfprint."""

    def __init__(self, helper: Starts | None = None) -> None:
        self._helper = helper or extracting()
        self._line: Line | None = None
        self._decoder = Decoder()
        self._number = 0

    def start(self) -> None:
        """Starts the helper, which checks the form of libfprint's prints."""
        self._opened()

    def minutiae(self, image: FingerImage) -> tuple[FoundMinutia, ...]:
        """DeviceError if the helper ended over it, twice, or if libfprint's prints have another form than this was
        written for: there are no minutiae then until it is started anew."""
        try:
            message = self._asked(image)
        except HelperError as error:
            if error.code == "size":
                raise CaptureRetry(RetryReason.TOO_SMALL) from error
            raise
        if message.said.get("retry") is not None:
            raise CaptureRetry(RetryReason.TOO_POOR)
        return _found(message, image)

    def stop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _asked(self, image: FingerImage) -> Message:
        about = {"width": image.width, "height": image.height}
        if self._line is not None:
            try:
                return self._ask(self._line, "minutiae", image.pixels, **about)
            except TransportError:
                pass  # it ended since the last image, or over this one: another will tell
        return self._ask(self._opened(), "minutiae", image.pixels, **about)

    def _opened(self) -> Line:
        if self._line is None:
            self._line, self._decoder = self._helper.connect_blocking(TIMEOUT), Decoder()
            try:
                self._ask(self._line, "open")
            except HelperError:
                self.stop()
                raise
        return self._line

    def _ask(self, line: Line, ask: str, body: bytearray | bytes = b"", **more: object) -> Message:
        """The answer. HelperError if it is an error; what else goes wrong ends the helper."""
        self._number += 1
        whole = encode({"id": self._number, "ask": ask, **more}, body)
        try:
            line.write(whole)
            message = self._answer(line)
        except BaseException:
            self.stop()
            raise
        finally:
            whole[:] = bytes(len(whole))
        if (code := message.said.get("error")) is not None:
            raise HelperError(str(code)[:40], str(message.said.get("text", ""))[:200])
        return message

    def _answer(self, line: Line) -> Message:
        while not (messages := self._decoder.feed(data := line.read(CHUNK))):
            if not data:
                raise gone("libfprint extractor: the helper has ended")
        if len(messages) != 1 or messages[0].said.get("id") != self._number:
            raise ProtocolError("libfprint extractor: an answer to nothing")
        return messages[0]


def _found(message: Message, image: FingerImage) -> tuple[FoundMinutia, ...]:
    found = message.said.get("minutiae")
    if not isinstance(found, list) or not all(_is_minutia(one, image) for one in found):
        raise ProtocolError("libfprint extractor: minutiae that are none")
    return tuple(sorted((FoundMinutia(*one) for one in found), key=lambda one: (one.x, one.y)))


def _is_minutia(one: object, image: FingerImage) -> bool:
    if not isinstance(one, list) or len(one) != 3 or any(type(part) is not int for part in one):
        return False
    x, y, angle = one
    return x in range(image.width) and y in range(image.height) and angle in range(256)
