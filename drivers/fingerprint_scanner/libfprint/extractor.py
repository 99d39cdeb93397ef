"""libfprint's minutiae detector (NBIS mindtct) for any finger image, from whichever scanner it came."""

import asyncio
from dataclasses import dataclass

from drivers.contract.errors import ProtocolError
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, RetryReason
from drivers.fingerprint_scanner.libfprint.links import extracting
from drivers.fingerprint_scanner.libfprint.messages import Message
from drivers.fingerprint_scanner.libfprint.session import HelperError, Session
from drivers.transport.base import Connector

TIMEOUT = 5.0
"""Seconds for one image; a laptop takes 0.03."""


@dataclass(frozen=True, slots=True)
class FoundMinutia:
    """As in ISO/IEC 19794-2: pixels from the top left, `angle` in 256ths of a turn counter-clockwise from the x axis.
    The detector's kinds (ending, bifurcation) do not come out of libfprint."""

    x: int
    y: int
    angle: int

    def __repr__(self) -> str:
        return "FoundMinutia(...)"


class Extractor:
    """One helper process without a reader, started with the first image and started again after it ended. Images are
    taken as 500 dpi ones: that is what the detector was made for. Images wait for each other."""

    def __init__(self, helper: Connector | None = None) -> None:
        self._helper = helper or extracting()
        self._session: Session | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Starts the helper and has it check the form of libfprint's prints. DeviceError if it cannot be used."""
        async with self._lock:
            await self._opened()

    async def minutiae(self, image: FingerImage) -> tuple[FoundMinutia, ...]:
        """Ordered by x, then y; at most 200 (libfprint's own limit). The image is neither changed nor wiped.

        CaptureRetry if there is nothing to find in the image (blank, black, of no usable size); DeviceError if the
        helper ended over it or libfprint's prints have another form than this was written for: then nothing is
        guessed, and there are no minutiae until it is started anew."""
        async with self._lock:
            message = await self._asked(image)
        if message.said.get("retry") is not None:
            raise CaptureRetry(RetryReason.TOO_POOR)
        return _found(message, image)

    async def _asked(self, image: FingerImage) -> Message:
        session = await self._opened()
        try:
            return await session.ask("minutiae", TIMEOUT, image.pixels, width=image.width, height=image.height)
        except HelperError as error:
            if error.code == "size":
                raise CaptureRetry(RetryReason.TOO_SMALL) from error
            raise
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends the helper. May be called twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _opened(self) -> Session:
        if self._session is None:
            session = await Session.open(self._helper)
            try:
                await session.ask("open", TIMEOUT)
            except BaseException:
                await session.close()
                raise
            self._session = session
        return self._session


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
