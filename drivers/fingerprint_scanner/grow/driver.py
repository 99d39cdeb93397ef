"""The driver: looks for a finger, brings its image up, says how the module is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, FingerprintScanner, Light, RetryReason, flaw
from drivers.contract.status import Status
from drivers.contract.words import DeviceCause, DeviceState, Media
from drivers.fingerprint_scanner.grow.options import Model, Options
from drivers.fingerprint_scanner.grow.packets import (
    PACKET_MIN,
    PACKET_SIZE,
    Code,
    Instruction,
    ProductInfo,
    SystemParameters,
    named,
    unpack_image,
)
from drivers.fingerprint_scanner.grow.session import Damage, Session
from drivers.transport.base import Connector

_SIZES: Final = {Model.ZFM20: (256, 288, 500), Model.R503: (192, 192, 508)}
"""Width and height in pixels, dots per inch."""

_LOOKS: Final = (Code.OK, Code.NO_FINGER, Code.CAPTURE_FAILED, Code.TOO_MESSY, Code.TOO_FEW_FEATURES)
FAILED_LOOKS: Final = 6
BLAME_FINGER: Final = 2

_STATES: Final = {
    DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE,
    DeviceCause.NO_ANSWER: DeviceState.OFFLINE,
    DeviceCause.PROTOCOL: DeviceState.OFFLINE,
    DeviceCause.PASSWORD: DeviceState.USER_ERROR,
}

_LIGHTS: Final = {
    # AuraLedConfig, R503 manual: mode (1 breathing, 2 flashing, 3 on, 4 off), speed, colour (1 red, 2 blue, 3 purple),
    # times (0 = for ever). Blue asks, purple thanks, red flashes: also told apart by how they move.
    Light.OFF: bytes((4, 0, 0, 0)),
    Light.WAITING: bytes((1, 0x64, 2, 0)),
    Light.GOOD: bytes((3, 0, 3, 0)),
    Light.BAD: bytes((2, 0x20, 1, 3)),
}


class Driver(FingerprintScanner):
    """`link` reaches a module at 57600 baud 8N1 (factory setting). One command at a time; see Options for the times."""

    def __init__(self, link: Connector, options: Options | None = None) -> None:
        super().__init__()
        self._link = link
        self._options = options or Options()
        self._session: Session | None = None
        self._size = _SIZES[self._options.model]
        self._product: ProductInfo | None = None
        self._packets_asked = False
        self._sensor_failed = False
        self._doubt = BLAME_FINGER
        """Touches in a row that the sensor could not read; 0 once it told an empty glass or gave an image."""

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
                    await self._check_sensor(session)
                    self._publish_well(await _system(session))
            except DeviceError:
                pass  # published by _talking: a device that is not well is a status
            return self.status

    async def capture(self, timeout: float) -> FingerImage:
        async with self.lock, self._talking() as session:
            await self._wait_for_finger(session, timeout)
            width, height, dpi = self._size
            packed = await self._uploaded(session, width * height // 2)
            image = FingerImage(width, height, dpi, unpack_image(packed, width, height))
            packed[:] = bytes(len(packed))
            if (wrong := flaw(image)) is not None:
                image.wipe()
                raise CaptureRetry(wrong)
            return image

    async def wait_lifted(self, timeout: float) -> bool:
        async with self.lock, self._talking() as session:
            loop = asyncio.get_running_loop()
            end = loop.time() + timeout
            while True:
                if await self._look(session) == Code.NO_FINGER:
                    return True
                if loop.time() >= end:
                    return False
                await asyncio.sleep(self._options.poll_interval)

    async def light(self, light: Light) -> None:
        """The ring of an R503; a fault of the module is published as its status, not raised: it is only a light."""
        if self._options.model is not Model.R503:
            return
        async with self.lock:
            try:
                async with self._talking() as session:
                    await session.ask(Instruction.AURA_LED, _LIGHTS[light])
            except DeviceError:
                pass  # published by _talking

    # -- the conversation ----------------------------------------------------------------------------------------
    @asynccontextmanager
    async def _talking(self) -> AsyncIterator[Session]:
        """The session, opened if need be. What goes wrong inside is published, and ends the session unless the module
        itself reported it, so that the next command begins on a quiet line."""
        try:
            if self._session is None:
                self._session = await Session.open(self._link, self._options)
                await self._learn(self._session)
                self._doubt = BLAME_FINGER
                await self._look(self._session)
            yield self._session
        except CaptureRetry:
            raise
        except DeviceError as error:
            self._publish(error)
            if error.cause is not DeviceCause.SENSOR:
                await self._hang_up()
            raise
        except BaseException:
            # Cancelled in the middle: the module may still be sending.
            await self._hang_up()
            raise

    async def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _learn(self, session: Session) -> None:
        """Image size: the profile's word first, then the module's own, then the model's usual one."""
        options = self._options
        width, height, dpi = _SIZES[options.model]
        if options.model is Model.R503:
            code, data = await session.ask(Instruction.READ_PRODUCT)
            if code == Code.OK:
                self._product = ProductInfo.parse(data)
                width, height = self._product.width, self._product.height
        self._size = (options.width or width, options.height or height, options.dpi or dpi)
        await self._set_packets(session)

    async def _set_packets(self, session: Session) -> None:
        """Fewer and longer packets bring an image sooner. The module keeps the setting in its flash, so it is written
        where it differs, and once at most, whatever comes of it; one that refuses goes on as it is, for each packet
        tells its length."""
        if self._packets_asked:
            return
        self._packets_asked = True
        if (await _system(session)).packet_size != self._options.packet_size:
            code = (self._options.packet_size // PACKET_MIN).bit_length() - 1
            await session.ask(Instruction.SET_SYSTEM, bytes((PACKET_SIZE, code)))

    async def _look(self, session: Session) -> int:
        """One look at the sensor: OK (the module holds an image), NO_FINGER, CAPTURE_FAILED, TOO_...; or SENSOR."""
        extended = self._options.model is Model.R503
        code, _ = await session.ask(Instruction.GET_IMAGE_EX if extended else Instruction.GET_IMAGE)
        if code == Code.SENSOR_FAULT:
            self._sensor_failed = True
            raise DeviceError(DeviceCause.SENSOR, f"{self._link}: the sensor is faulty (29)")
        if code not in _LOOKS:
            raise ProtocolError(f"{self._link}: GenImg answered {named(code)}")
        if code != Code.CAPTURE_FAILED:
            self._sensor_failed = False
            self._doubt = 0
        return code

    async def _wait_for_finger(self, session: Session, timeout: float) -> None:
        """Returns once the module holds an image. CaptureRetry NO_FINGER or TOO_POOR; DeviceError SENSOR."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        failures = 0
        while (code := await self._look(session)) != Code.OK:
            if code in (Code.TOO_MESSY, Code.TOO_FEW_FEATURES):
                raise CaptureRetry(RetryReason.TOO_POOR)
            failures = failures + 1 if code == Code.CAPTURE_FAILED else 0
            # 03 is all that a ZFM-20 has for a finger it cannot read and for a broken sensor. A landing finger fails
            # once or twice. After that it is the finger, unless it has been for BLAME_FINGER touches without a break.
            if failures >= FAILED_LOOKS and self._doubt < BLAME_FINGER:
                self._doubt += 1
                raise CaptureRetry(RetryReason.TOO_POOR)
            if loop.time() >= end:
                if failures >= FAILED_LOOKS:
                    self._sensor_failed = True
                    raise DeviceError(DeviceCause.SENSOR, f"{self._link}: every look fails (03), finger or not")
                raise CaptureRetry(RetryReason.NO_FINGER)
            await asyncio.sleep(self._options.poll_interval)

    async def _uploaded(self, session: Session, size: int) -> bytearray:
        """The image buffer. It stays valid in the module, so a damaged transfer is asked for once more."""
        try:
            return await self._upload(session, size)
        except Damage:
            await session.settle()
            return await self._upload(session, size)

    async def _upload(self, session: Session, size: int) -> bytearray:
        code, _ = await session.ask(Instruction.UP_IMAGE)
        if code == Code.NO_IMAGE:
            # The module restarted after the finger was seen.
            raise CaptureRetry(RetryReason.LIFTED)
        if code != Code.OK:
            raise ProtocolError(f"{self._link}: UpImage answered {named(code)}")
        return await session.transfer(size)

    async def _check_sensor(self, session: Session) -> None:
        """R503: CheckSensor. Older modules cannot be asked, but one whose sensor failed is asked to look again."""
        if self._options.model is Model.R503:
            code, _ = await session.ask(Instruction.CHECK_SENSOR)
            self._sensor_failed = code == Code.SENSOR_FAULT
        elif self._sensor_failed:
            await self._look(session)
        if self._sensor_failed:
            raise DeviceError(DeviceCause.SENSOR, f"{self._link}: the sensor does not work")

    # -- status --------------------------------------------------------------------------------------------------
    def _publish_well(self, system: SystemParameters) -> None:
        width, height, dpi = self._size
        detail = {
            "image": f"{width}x{height} at {dpi} dpi",
            "address": f"{system.address:08X}",
            "packet_size": str(system.packet_size),
            "baud": str(system.baud),
        }
        if self._product is not None:
            detail |= {"model": self._product.model, "serial": self._product.serial, "sensor": self._product.sensor}
        self.board.publish(Status(state=DeviceState.ONLINE, media=Media.NOT_SUPPORTED, detail=detail))

    def _publish(self, error: DeviceError) -> None:
        state = _STATES.get(error.cause, DeviceState.HARDWARE_ERROR)
        self.board.publish(
            Status(state=state, media=Media.NOT_SUPPORTED, causes=(error.cause,), detail={"error": error.detail})
        )


async def _system(session: Session) -> SystemParameters:
    code, data = await session.ask(Instruction.READ_SYSTEM)
    if code != Code.OK:
        raise ProtocolError(f"ReadSysPara answered {named(code)}")
    return SystemParameters.parse(data)
