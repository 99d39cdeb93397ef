"""A fingerprint scanner, told as what happens at the glass. Every byte goes over a wire to the simulated module."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from drivers.contract.errors import DeviceError
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, Light, RetryReason, flaw
from drivers.contract.words import DeviceCause, DeviceState
from drivers.fingerprint_scanner.grow import Driver, Options, link
from drivers.transport.base import LinkError
from sim.data import finger_image
from sim.fingerprint_scanner.grow import Simulator
from sim.seam import pty
from sim.seam.pipe import DeviceSide, PipeConnector
from sim.world import World

FINGER = finger_image("101", 2)


class Glass:
    """A driver, its module, and a hand."""

    def __init__(self, model: str = "zfm20", **options: object) -> None:
        self.world = World()
        self.module = Simulator(self.world, seed=1, model=model)
        self.cable = PipeConnector(self.module.serve)
        self.driver = Driver(self.cable, Options.model_validate({"model": model, **options}))

    def place_in(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.world.place_finger, FINGER)

    def strike_in(self, seconds: float, fault: str) -> None:
        asyncio.get_running_loop().call_later(seconds, self.module.faults.fail_next, fault)


@asynccontextmanager
async def glass(model: str = "zfm20", **options: object) -> AsyncIterator[Glass]:
    one = Glass(model, **options)
    await one.driver.start()
    yield one
    await one.driver.stop()


def as_picture(image: FingerImage) -> Image.Image:
    return Image.frombytes("L", (image.width, image.height), bytes(image.pixels))


def expected(width: int, height: int) -> Image.Image:
    """The specimen as a 4-bit sensor of 500 dpi sees it: the middle, sixteen greys."""
    with Image.open(FINGER) as whole:
        left, top = (whole.width - width) // 2, (whole.height - height) // 2
        middle: Image.Image = whole.convert("L").crop((left, top, left + width, top + height))
        return middle


# -- the ordinary day -------------------------------------------------------------------------------------------------
async def test_a_finger_that_comes_after_two_seconds_is_brought_up_pixel_for_pixel() -> None:
    async with glass() as one:
        one.place_in(2)
        image = await one.driver.capture(timeout=10)
    assert (image.width, image.height, image.dpi) == (256, 288, 500)
    assert ImageChops.difference(as_picture(image), expected(256, 288)).getbbox() is None


async def test_an_image_takes_the_seven_seconds_that_its_bytes_take_on_the_wire() -> None:
    async with glass() as one:
        one.world.place_finger(FINGER)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await one.driver.capture(timeout=10)
        assert 6.6 < loop.time() - begun < 7.3  # 36,864 bytes in packets of 256 at 57600 baud, and one look


async def test_a_module_is_told_to_send_long_packets_and_keeps_that_without_power() -> None:
    async with glass() as one:
        assert one.module.flash.packet_code == 3
        assert one.driver.status.detail["packet_size"] == "256"
        one.module.flash.packet_code = 1  # another program was at it
        await one.driver.poll()
        assert one.driver.status.detail["packet_size"] == "64", "its flash is written once, not over and over"


async def test_a_module_that_refuses_long_packets_brings_its_image_in_its_own() -> None:
    wish = bytes.fromhex("EF01FFFFFFFF0100050E0603001D")  # SetSysPara 6, 3
    too_much = bytes.fromhex("EF01FFFFFFFF0100050E06090023")  # which every module answers with 1A

    class Old:
        def __init__(self, line: DeviceSide) -> None:
            self.write, self.close, self._line = line.write, line.close, line

        async def read(self, limit: int = 4096) -> bytes:
            return (await self._line.read(limit)).replace(wish, too_much)

    async with glass() as one:
        module = Simulator(one.world)
        driver = Driver(PipeConnector(lambda line: module.serve(Old(line))))
        await driver.start()
        assert driver.status.detail["packet_size"] == "128"
        one.world.place_finger(FINGER)
        image = await driver.capture(timeout=10)
        assert ImageChops.difference(as_picture(image), expected(256, 288)).getbbox() is None
        await driver.stop()


async def test_nobody_comes_and_that_is_no_error() -> None:
    async with glass() as one:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with pytest.raises(CaptureRetry) as told:
            await one.driver.capture(timeout=5)
        assert told.value.reason is RetryReason.NO_FINGER
        assert 5 <= loop.time() - begun < 6
        assert (await one.driver.poll()).ready


async def test_one_touch_is_not_taken_for_two() -> None:
    async with glass() as one:
        one.world.place_finger(FINGER)
        assert await one.driver.wait_lifted(timeout=1) is False
        asyncio.get_running_loop().call_later(1, one.world.place_finger, None)
        assert await one.driver.wait_lifted(timeout=5) is True


async def test_a_finger_without_ridges_is_asked_for_again_and_the_sensor_is_not_blamed() -> None:
    for model in ("zfm20", "r503"):
        async with glass(model) as one:
            one.module.faults.fail_next("poor-finger")
            one.place_in(1)
            with pytest.raises(CaptureRetry) as told:
                await one.driver.capture(timeout=10)
            assert told.value.reason is RetryReason.TOO_POOR
            assert (await one.driver.poll()).ready

            one.world.place_finger(None)
            assert await one.driver.wait_lifted(timeout=5)
            one.place_in(1)
            assert (await one.driver.capture(timeout=10)).pixels


async def test_an_answer_to_what_was_called_off_may_come_in_place_of_the_next_one() -> None:
    no_finger = bytes.fromhex("EF01FFFFFFFF0700030200 0C")

    async def slow(line: DeviceSide) -> None:
        await asyncio.sleep(0.15)  # longer than the line has to be quiet
        await line.write(no_finger)
        await one.serve(line)

    one = Simulator(World(), seed=1)
    driver = Driver(PipeConnector(slow), Options())
    await driver.start()
    assert driver.status.ready, driver.status.detail
    await driver.stop()


async def test_a_capture_that_is_called_off_midway_leaves_the_scanner_usable() -> None:
    async with glass() as one:
        one.world.place_finger(FINGER)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await one.driver.capture(timeout=10)
        assert ImageChops.difference(as_picture(await one.driver.capture(10)), expected(256, 288)).getbbox() is None


# -- the R503 ---------------------------------------------------------------------------------------------------------
async def test_an_r503_says_its_own_image_size_and_name() -> None:
    async with glass("r503") as one:
        assert one.driver.status.detail["model"] == "R503"
        one.place_in(1)
        image = await one.driver.capture(timeout=5)
    assert (image.width, image.height, image.dpi, len(image.pixels)) == (192, 192, 508, 192 * 192)


async def test_the_ring_of_an_r503_shows_how_it_goes_and_a_zfm_has_none() -> None:
    async with glass("r503") as one:
        seen = []
        for light in (Light.WAITING, Light.GOOD, Light.BAD, Light.OFF):
            await one.driver.light(light)
            seen.append(one.world.light)
        assert seen == ["breathing blue", "on purple", "flashing red", "off"]
    async with glass() as one:
        await one.driver.light(Light.GOOD)
        assert one.world.light == "off"


async def test_an_r503_that_restarts_says_it_is_ready_and_is_used_again() -> None:
    async with glass("r503") as one:
        one.module.power_cut()
        one.module.power_on()
        await asyncio.sleep(1)
        assert (await one.driver.poll()).ready


async def test_a_question_lost_in_the_waking_of_an_r503_is_asked_again_when_it_says_it_is_ready() -> None:
    async with glass("r503") as one:
        loop = asyncio.get_running_loop()
        one.module.power_cut()
        one.module.power_on()
        begun = loop.time()
        assert (await one.driver.poll()).ready
        assert 0.5 < loop.time() - begun < 1.5, "its 0x55 is not waited out"


async def test_an_r503_that_restarts_in_the_middle_of_an_image_costs_one_more_touch_and_no_time() -> None:
    async with glass("r503") as one:
        one.world.place_finger(FINGER)
        one.strike_in(0.5, "power-loss")
        with pytest.raises(CaptureRetry) as told:
            await one.driver.capture(timeout=10)
        assert told.value.reason is RetryReason.LIFTED
        assert (await one.driver.capture(timeout=10)).pixels


# -- images that cannot be compared -----------------------------------------------------------------------------------
@pytest.mark.parametrize("grey", [0, 128, 255])
@pytest.mark.parametrize("model", ["zfm20", "r503"])
async def test_an_all_black_grey_or_white_image_is_a_reason_to_try_again(tmp_path: Path, model: str, grey: int) -> None:
    picture = tmp_path / "blank.png"
    Image.new("L", (300, 300), grey).save(picture)
    async with glass(model) as one:
        one.world.place_finger(picture)
        with pytest.raises(CaptureRetry) as told:
            await one.driver.capture(timeout=10)
        assert told.value.reason is RetryReason.TOO_POOR
        assert (await one.driver.poll()).ready


def test_an_image_of_a_wrong_size_is_a_reason_to_try_again() -> None:
    for width, height, pixels in ((64, 64, 64 * 64), (300, 300, 299 * 300), (300, 300, 0)):
        ridges = bytearray(index % 8 * 36 for index in range(pixels))
        assert flaw(FingerImage(width, height, 500, ridges)) is RetryReason.TOO_SMALL
    assert flaw(FingerImage(300, 300, 500, bytearray(index % 8 * 36 for index in range(90_000)))) is None


# -- what goes wrong on the wire --------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["drop", "corrupt", "noise", "garbage", "short-read", "delay"])
async def test_one_spoilt_packet_in_the_middle_of_an_image_costs_a_second_upload_at_most(fault: str) -> None:
    async with glass() as one:
        one.world.place_finger(FINGER)
        one.strike_in(4, fault)
        image = await one.driver.capture(timeout=10)
        assert one.module.faults.armed == (), "the fault did strike"
        assert ImageChops.difference(as_picture(image), expected(256, 288)).getbbox() is None


@pytest.mark.parametrize("fault", ["drop", "corrupt", "noise", "garbage", "short-read", "delay"])
async def test_one_spoilt_answer_is_asked_for_again(fault: str) -> None:
    async with glass() as one:
        one.module.faults.fail_next(fault)
        assert (await one.driver.poll()).ready
        assert one.module.faults.armed == ()


@pytest.mark.parametrize("fault", ["drop", "corrupt", "garbage"])
async def test_a_line_that_spoils_everything_is_a_protocol_fault_and_ends_in_bounded_time(fault: str) -> None:
    async with glass() as one:
        one.world.place_finger(FINGER)
        one.module.faults.fail_repeatedly(fault)
        async with asyncio.timeout(40):
            with pytest.raises(DeviceError) as told:
                await one.driver.capture(timeout=5)
        assert told.value.cause in (DeviceCause.PROTOCOL, DeviceCause.NO_ANSWER)
        assert not one.driver.status.ready


async def test_a_silent_module_is_told_from_one_that_is_not_there() -> None:
    async with glass() as one:
        one.module.faults.fail_repeatedly("silence")
        with pytest.raises(DeviceError) as told:
            await one.driver.capture(timeout=5)
        assert told.value.cause is DeviceCause.NO_ANSWER
        assert one.driver.status.state is DeviceState.OFFLINE

        await one.cable.unplug()
        assert (await one.driver.poll()).causes == (DeviceCause.NO_DEVICE,)
        one.module.faults.clear()
        one.cable.replug()
        assert (await one.driver.poll()).ready


async def test_unplugged_in_the_middle_of_an_image_it_says_so_and_works_again_when_plugged_in() -> None:
    async with glass() as one:
        one.world.place_finger(FINGER)
        capture = asyncio.create_task(one.driver.capture(timeout=10))
        await asyncio.sleep(3)
        await one.cable.unplug()
        with pytest.raises(DeviceError) as told:
            await capture
        assert told.value.cause is DeviceCause.NO_DEVICE
        one.cable.replug()
        assert (await one.driver.poll()).ready
        assert (await one.driver.capture(timeout=5)).pixels


async def test_power_lost_in_the_middle_of_an_image_costs_one_more_touch() -> None:
    async with glass() as one:
        one.world.place_finger(FINGER)
        one.strike_in(1, "power-loss")
        with pytest.raises(CaptureRetry) as told:
            await one.driver.capture(timeout=10)
        assert told.value.reason is RetryReason.LIFTED
        assert (await one.driver.capture(timeout=10)).pixels


# -- what is wrong with the module ------------------------------------------------------------------------------------
async def test_a_module_with_another_password_says_what_to_set() -> None:
    async with glass() as one:
        one.module.faults.fail_repeatedly("wrong-password")
        status = await one.driver.poll()
        assert status.causes == (DeviceCause.PASSWORD,)
        assert status.state is DeviceState.USER_ERROR
        assert "options.password" in status.detail["error"]


async def test_the_configured_password_and_address_are_used_and_shown_again_after_a_restart() -> None:
    one = Glass(password=0x1234ABCD, address=0x01020304)
    one.module.flash.password, one.module.flash.address = 0x1234ABCD, 0x01020304
    await one.driver.start()
    assert one.driver.status.ready
    one.module.power_cut()
    one.module.power_on()
    await asyncio.sleep(1)
    assert (await one.driver.poll()).ready
    assert "1234" not in repr(one.driver.status)
    await one.driver.stop()


@pytest.mark.parametrize("model", ["zfm20", "r503"])
async def test_a_broken_sensor_is_named_until_it_sees_again(model: str) -> None:
    async with glass(model) as one:
        one.world.place_finger(FINGER)
        await one.driver.capture(timeout=5)
        one.module.faults.fail_repeatedly("sensor-failed")
        for _ in range(3):  # an optical module cannot tell a broken sensor from a bad finger at once
            with pytest.raises((DeviceError, CaptureRetry)):
                await one.driver.capture(timeout=5)
        status = await one.driver.poll()
        assert status.causes == (DeviceCause.SENSOR,)
        assert status.state is DeviceState.HARDWARE_ERROR
        one.module.faults.clear()
        assert (await one.driver.poll()).ready


def test_a_serial_line_without_a_rate_gets_the_modules_factory_rate() -> None:
    assert str(link("serial:/dev/ttyUSB0")) == "serial:/dev/ttyUSB0?baud=57600"
    assert str(link("serial:/dev/ttyUSB0?baud=115200")) == "serial:/dev/ttyUSB0?baud=115200"
    with pytest.raises(LinkError):
        link("gpio:lgpio")


# -- on a real serial port --------------------------------------------------------------------------------------------
@pytest.mark.wall
async def test_over_pyserial_on_a_pseudo_terminal_with_a_pulled_cable_in_between(tmp_path: Path) -> None:
    world, port, ready = World(), tmp_path / "ttyFINGER", asyncio.Event()
    module = Simulator(world, seed=1, pace=0.02)
    served = asyncio.create_task(pty.serve(module, port, ready=ready.set))
    driver = Driver(link(f"serial:{port}"))
    try:
        await ready.wait()
        await driver.start()
        assert driver.status.ready
        assert driver.status.detail["baud"] == "57600"
        world.place_finger(FINGER)
        module.faults.fail_next("corrupt")
        image = await driver.capture(timeout=30)
        assert ImageChops.difference(as_picture(image), expected(256, 288)).getbbox() is None

        module.faults.fail_repeatedly("unplug")
        async with asyncio.timeout(30):
            while port.is_symlink():
                await asyncio.sleep(0.01)
        assert (await driver.poll()).causes == (DeviceCause.NO_DEVICE,)
        ready.clear()
        module.faults.clear()
        await ready.wait()
        assert (await driver.poll()).ready
    finally:
        await driver.stop()
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)
