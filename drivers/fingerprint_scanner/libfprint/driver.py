"""The driver: asks the helper for images, and says how the reader is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.fingerprint_scanner import (
    CaptureRetry,
    FingerImage,
    FingerprintScanner,
    Light,
    RetryReason,
    flaw,
)
from drivers.contract.status import Status
from drivers.contract.words import DeviceCause, DeviceState, Media
from drivers.fingerprint_scanner.libfprint.messages import Message
from drivers.fingerprint_scanner.libfprint.options import Options
from drivers.fingerprint_scanner.libfprint.session import HelperError, Session, size_of
from drivers.transport.base import Connector, LinkError

_STATES: Final = {
    DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE,
    DeviceCause.NO_ANSWER: DeviceState.OFFLINE,
    DeviceCause.PROTOCOL: DeviceState.OFFLINE,
}

_RETRIES: Final = {
    # FpDeviceRetry. A swipe too short is a finger that left too early; GENERAL is also what too few minutiae are.
    "too_short": RetryReason.LIFTED,
    "center_finger": RetryReason.TOO_SMALL,
    "remove_finger": RetryReason.TOO_POOR,
    "general": RetryReason.TOO_POOR,
}
MM_PER_INCH: Final = 25.4


class Driver(FingerprintScanner):
    """A reader that libfprint knows and that gives images. `link` reaches the helper. LinkError if it is a simulated
    reader and the options do not say so."""

    def __init__(self, link: Connector, options: Options | None = None) -> None:
        super().__init__()
        self._link = link
        self._options = options or Options()
        self._wanted: str = getattr(link, "wanted", "any")
        if self._wanted.startswith("virtual") and not self._options.simulator:
            raise LinkError(f"transport '{link}': a virtual reader; only with options.simulator = true")
        self._session: Session | None = None
        self._reader: dict[str, str] = {}

    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        async with self.lock:
            await self._hang_up()
            self.board.publish(Status(state=DeviceState.OFFLINE, media=Media.NOT_SUPPORTED))

    async def poll(self) -> Status:
        async with self.lock:
            try:
                async with self._talking() as session:
                    await session.ask("poll", self._options.answer_timeout)
                    self.board.publish(
                        Status(state=DeviceState.ONLINE, media=Media.NOT_SUPPORTED, detail=dict(self._reader))
                    )
            except DeviceError:
                pass  # published by _talking: a device that is not well is a status
            return self.status

    async def capture(self, timeout: float) -> FingerImage:
        """The image comes when the finger has left the glass."""
        async with self.lock, self._talking() as session:
            number = await session.send("capture")
            message = await self._taken(session, number, timeout)
            if (reason := message.said.get("retry")) is not None:
                raise CaptureRetry(_RETRIES.get(str(reason), RetryReason.TOO_POOR))
            width, height = size_of(message)
            image = FingerImage(width, height, self._resolution(message), message.body)
            if (wrong := flaw(image)) is not None:
                image.wipe()
                raise CaptureRetry(wrong)
            return image

    async def wait_lifted(self, timeout: float) -> bool:
        """libfprint itself has waited for that before it gave the image; asks all the same."""
        async with self.lock, self._talking() as session:
            loop = asyncio.get_running_loop()
            end = loop.time() + timeout
            while (await session.ask("poll", self._options.answer_timeout)).said.get("finger") is not False:
                if loop.time() >= end:
                    return False
                await asyncio.sleep(0.1)
            return True

    async def light(self, light: Light) -> None:
        """libfprint switches a reader's lamp on for a capture by itself and offers no other light."""

    # -- the conversation ----------------------------------------------------------------------------------------
    @asynccontextmanager
    async def _talking(self) -> AsyncIterator[Session]:
        """The session with an open reader. What goes wrong inside is published, and ends the helper unless it was the
        helper that reported it."""
        try:
            if self._session is None:
                self._session = await Session.open(self._link)
                self._reader = {}
            if not self._reader:
                message = await self._session.ask("open", self._options.answer_timeout, driver=self._wanted)
                self._reader = self._checked(message)
            yield self._session
        except CaptureRetry:
            raise
        except HelperError as error:
            self._reader = {}
            self._publish(error)
            raise
        except DeviceError as error:
            self._publish(error)
            await self._hang_up()
            raise
        except BaseException:
            # Cancelled in the middle: a capture may still be under way.
            await self._hang_up()
            raise

    async def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _checked(self, message: Message) -> dict[str, str]:
        reader = message.said.get("reader")
        if not isinstance(reader, dict) or not {"driver", "name"} <= reader.keys():
            raise ProtocolError(f"{self._link}: an opened reader without driver and name")
        described = {key: str(value)[:80] for key, value in reader.items() if isinstance(key, str)}
        if described["driver"].startswith("virtual") and not (self._options.simulator or self._link.simulated):
            raise HelperError("virtual", "a virtual reader outside simulation")
        return described

    async def _taken(self, session: Session, number: int, timeout: float) -> Message:
        """The answer to a capture. CaptureRetry NO_FINGER if nobody came, TOO_POOR if the finger never left."""
        try:
            async with asyncio.timeout(timeout):
                return await session.answer(number)
        except TimeoutError:
            pass
        patience = self._options.answer_timeout
        on_glass = (await session.ask("poll", patience)).said.get("finger") is True
        if on_glass:
            try:
                async with asyncio.timeout(self._options.lift_timeout):
                    return await session.answer(number)
            except TimeoutError:
                pass
        await session.ask("cancel", patience)
        try:
            async with asyncio.timeout(patience):
                message = await session.answer(number)
        except TimeoutError as error:
            raise ProtocolError(f"{self._link}: a capture that does not end when called off") from error
        if message.said.get("cancelled") is True:
            raise CaptureRetry(RetryReason.TOO_POOR if on_glass else RetryReason.NO_FINGER)
        return message  # it came in the last moment

    def _resolution(self, message: Message) -> int:
        """libfprint counts pixels per mm, 0 if the reader's driver does not say."""
        ppmm = message.said.get("ppmm")
        known = isinstance(ppmm, (int, float)) and 10 <= ppmm <= 40
        return round(ppmm * MM_PER_INCH) if known and ppmm is not None else self._options.dpi

    # -- status --------------------------------------------------------------------------------------------------
    def _publish(self, error: DeviceError) -> None:
        state = _STATES.get(error.cause, DeviceState.HARDWARE_ERROR)
        if isinstance(error, HelperError) and error.code == "virtual":
            state = DeviceState.POTENTIAL_FRAUD
        self.board.publish(
            Status(state=state, media=Media.NOT_SUPPORTED, causes=(error.cause,), detail={"error": error.detail})
        )
