"""A reader that libfprint drives, told as what happens at the glass.

In virtual time the simulator plays the helper process. On the wall clock it is the real helper under the system's
Python, with the real libfprint and its virtual_image device: never skipped, because the Debian packages are part of
what `make` installs.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from drivers.contract.errors import DeviceError
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, RetryReason
from drivers.contract.words import DeviceCause, DeviceState
from drivers.fingerprint_scanner.libfprint import Driver, Options, link
from drivers.fingerprint_scanner.libfprint.links import HELPER, SYSTEM_PYTHON
from drivers.transport.base import LinkError
from sim.data import finger_image
from sim.fingerprint_scanner.libfprint import Simulator
from sim.fingerprint_scanner.virtual_image import feed
from sim.seam.pipe import DeviceSide, PipeConnector
from sim.world import World

FINGER = finger_image("101", 2)


class Glass:
    """A driver, its reader, and a hand."""

    def __init__(self, **options: object) -> None:
        self.world = World()
        self.reader = Simulator(self.world, seed=1)
        self.cable = PipeConnector(self.reader.serve)
        self.driver = Driver(self.cable, Options.model_validate(options))

    def touch_in(self, seconds: float, *, for_seconds: float = 1.0, picture: Path = FINGER) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, self.world.place_finger, picture)
        loop.call_later(seconds + for_seconds, self.world.place_finger, None)


@asynccontextmanager
async def glass(**options: object) -> AsyncIterator[Glass]:
    one = Glass(**options)
    await one.driver.start()
    yield one
    await one.driver.stop()


def expected(picture: Path = FINGER) -> bytes:
    with Image.open(picture) as opened:
        grey: Image.Image = opened.convert("L")
        return grey.tobytes()


def is_the_finger(image: FingerImage) -> bool:
    return (image.width, image.height, image.dpi) == (300, 300, 500) and bytes(image.pixels) == expected()


async def told(capture: Any) -> RetryReason:
    with pytest.raises(CaptureRetry) as raised:
        await capture
    return raised.value.reason


# -- the ordinary day -------------------------------------------------------------------------------------------------
async def test_the_image_comes_pixel_for_pixel_once_the_finger_has_left() -> None:
    async with glass() as one:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        one.touch_in(2, for_seconds=1.5)
        assert is_the_finger(await one.driver.capture(timeout=10))
        assert 3.4 < loop.time() - begun < 3.8
        assert await one.driver.wait_lifted(timeout=1) is True
        one.touch_in(1)
        assert is_the_finger(await one.driver.capture(timeout=10))


async def test_nobody_comes_and_that_is_no_error() -> None:
    async with glass() as one:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        assert await told(one.driver.capture(timeout=5)) is RetryReason.NO_FINGER
        assert 4.9 < loop.time() - begun < 6
        one.touch_in(1)
        assert is_the_finger(await one.driver.capture(timeout=5))


async def test_a_finger_on_the_glass_when_the_time_is_up_may_still_be_lifted() -> None:
    async with glass() as one:
        one.touch_in(4, for_seconds=3)
        assert is_the_finger(await one.driver.capture(timeout=5))


async def test_a_finger_that_never_leaves_is_asked_for_again() -> None:
    async with glass() as one:
        one.world.place_finger(FINGER)
        assert await told(one.driver.capture(timeout=5)) is RetryReason.TOO_POOR
        assert (await one.driver.poll()).ready


async def test_a_capture_that_is_called_off_leaves_the_reader_usable() -> None:
    async with glass() as one:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await one.driver.capture(timeout=10)
        one.touch_in(1)
        assert is_the_finger(await one.driver.capture(timeout=10))


@pytest.mark.parametrize("fault", ["delay", "short-read"])
async def test_a_slow_or_chopped_answer_is_waited_for(fault: str) -> None:
    async with glass() as one:
        one.touch_in(1)
        asyncio.get_running_loop().call_later(1.5, one.reader.faults.fail_next, fault)
        assert is_the_finger(await one.driver.capture(timeout=10))
        assert one.reader.faults.armed == ()


# -- images that cannot be compared -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("size", "grey", "reason"),
    [
        ((300, 300), 255, RetryReason.TOO_POOR),
        ((300, 300), 0, RetryReason.TOO_POOR),
        ((300, 300), 128, RetryReason.TOO_POOR),
        ((10, 10), 128, RetryReason.TOO_SMALL),
        ((300, 90), 128, RetryReason.TOO_SMALL),
    ],
)
async def test_a_blank_or_tiny_image_is_a_reason_to_try_again(
    tmp_path: Path, size: tuple[int, int], grey: int, reason: RetryReason
) -> None:
    picture = tmp_path / "blank.png"
    Image.new("L", size, grey).save(picture)
    async with glass() as one:
        one.touch_in(1, picture=picture)
        assert await told(one.driver.capture(timeout=5)) is reason
        assert (await one.driver.poll()).ready


async def test_a_finger_without_ridges_is_asked_for_again() -> None:
    async with glass() as one:
        one.reader.faults.fail_next("poor-finger")
        one.touch_in(1)
        assert await told(one.driver.capture(timeout=5)) is RetryReason.TOO_POOR
        await asyncio.sleep(2)
        one.touch_in(1)
        assert is_the_finger(await one.driver.capture(timeout=5))


# -- what goes wrong --------------------------------------------------------------------------------------------------
async def test_a_broken_sensor_is_named() -> None:
    async with glass() as one:
        one.reader.faults.fail_next("sensor-failed")
        one.touch_in(1)
        with pytest.raises(DeviceError) as raised:
            await one.driver.capture(timeout=5)
        assert raised.value.cause is DeviceCause.SENSOR
        assert one.driver.status.state is DeviceState.HARDWARE_ERROR
        assert (await one.driver.poll()).ready


async def test_unplugged_while_it_waits_it_says_so_and_works_again_when_plugged_in() -> None:
    async with glass() as one:
        capture = asyncio.create_task(one.driver.capture(timeout=10))
        await asyncio.sleep(1)
        await one.cable.unplug()
        with pytest.raises(DeviceError) as raised:
            await capture
        assert raised.value.cause is DeviceCause.NO_DEVICE
        one.cable.replug()
        assert (await one.driver.poll()).ready


async def test_a_reader_that_leaves_the_bus_while_the_helper_stays_is_missed_and_found_again() -> None:
    async with glass() as one:
        one.reader.power_cut()
        assert (await one.driver.poll()).causes == (DeviceCause.NO_DEVICE,)
        one.reader.power_on()
        assert (await one.driver.poll()).ready


class Refusing:
    """A helper that will not open its reader."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    async def serve(self, stream: DeviceSide) -> None:
        while await stream.read():
            text = b'{"id": 1, ' + self._answer + b"}"
            await stream.write(b"FPH1" + len(text).to_bytes(4, "big") + bytes(4) + text)


class RealPipe(PipeConnector):
    """A pipe that says it leads to a real reader."""

    simulated = False


async def test_a_virtual_reader_behind_a_real_link_looks_like_fraud_and_gives_no_finger() -> None:
    driver = Driver(RealPipe(Simulator(World()).serve))
    await driver.start()
    assert driver.status.state is DeviceState.POTENTIAL_FRAUD
    assert not driver.status.ready
    with pytest.raises(DeviceError):
        await driver.capture(timeout=1)
    await driver.stop()


async def test_a_reader_that_compares_on_its_chip_is_refused() -> None:
    answer = b'"error": "match_on_chip", "text": "goodixmoc: compares on its own chip and gives no image"'
    driver = Driver(PipeConnector(Refusing(answer).serve))
    await driver.start()
    assert driver.status.state is DeviceState.HARDWARE_ERROR
    assert "match_on_chip: goodixmoc" in driver.status.detail["error"]
    await driver.stop()


async def test_missing_packages_are_named() -> None:
    answer = b'"error": "library", "text": "install gir1.2-fprint-2.0 and python3-gi: No module named gi"'
    driver = Driver(PipeConnector(Refusing(answer).serve))
    await driver.start()
    assert "python3-gi" in driver.status.detail["error"]
    await driver.stop()


def test_links_and_what_they_say_when_they_are_wrong() -> None:
    assert str(link("libfprint:uru4000")) == "libfprint:uru4000"
    for wrong in ("libfprint:virtual_image", "libfprint:any?socket=/x", "libfprint:any?baud=1", "gpio:lgpio"):
        with pytest.raises(LinkError):
            link(wrong)
    with pytest.raises(LinkError, match="simulator = true"):
        Driver(link("libfprint:virtual_image?socket=/x"))


# -- the real libfprint -----------------------------------------------------------------------------------------------
@asynccontextmanager
async def real(folder: Path) -> AsyncIterator[Glass]:
    """The real helper, the real libfprint, and our finger on its virtual_image device."""
    one = Glass()
    path = folder / "image.sock"
    one.driver = Driver(link(f"libfprint:virtual_image?socket={path}"), Options(simulator=True, answer_timeout=20))
    hand = asyncio.create_task(feed(one.reader, path))
    try:
        await one.driver.start()
        assert one.driver.status.ready, one.driver.status.detail
        yield one
    finally:
        hand.cancel()
        await asyncio.gather(hand, return_exceptions=True)
        await one.driver.stop()


def helper_of(driver: Driver) -> int:
    """The process id of its helper."""
    assert driver._session is not None
    stream: Any = driver._session._stream
    number: int = stream._process.pid
    return number


@pytest.mark.wall
async def test_real_libfprint_gives_the_finger_pixel_for_pixel_twice(tmp_path: Path) -> None:
    async with real(tmp_path) as one:
        assert one.driver.status.detail["driver"] == "virtual_image"
        for _ in range(2):
            one.touch_in(0.3, for_seconds=0.5)
            assert is_the_finger(await one.driver.capture(timeout=30))
            assert await one.driver.wait_lifted(timeout=20)


@pytest.mark.wall
async def test_real_libfprint_nobody_comes_then_a_finger_does(tmp_path: Path) -> None:
    async with real(tmp_path) as one:
        assert await told(one.driver.capture(timeout=0.5)) is RetryReason.NO_FINGER
        one.touch_in(0.3, for_seconds=0.5)
        assert is_the_finger(await one.driver.capture(timeout=30))


@pytest.mark.wall
async def test_real_libfprint_asks_again_breaks_and_is_unplugged(tmp_path: Path) -> None:
    async with real(tmp_path) as one:
        one.reader.faults.fail_next("poor-finger")
        one.touch_in(0.3, for_seconds=0.5)
        assert await told(one.driver.capture(timeout=30)) is RetryReason.TOO_POOR
        await asyncio.sleep(0.6)

        one.reader.faults.fail_next("sensor-failed")
        one.touch_in(0.3, for_seconds=0.5)
        with pytest.raises(DeviceError) as raised:
            await one.driver.capture(timeout=30)
        assert raised.value.cause is DeviceCause.SENSOR
        await asyncio.sleep(0.6)

        asyncio.get_running_loop().call_later(0.3, one.reader.faults.fail_repeatedly, "unplug")
        with pytest.raises(DeviceError) as raised:
            await one.driver.capture(timeout=30)
        assert raised.value.cause is DeviceCause.NO_DEVICE
        one.reader.faults.clear()
        assert (await one.driver.poll()).ready, "found again as soon as it is back"
        one.touch_in(0.3, for_seconds=0.5)
        assert is_the_finger(await one.driver.capture(timeout=30))


@pytest.mark.wall
@pytest.mark.parametrize("grey", [0, 255])
async def test_real_libfprint_a_blank_image_is_a_reason_to_try_again(tmp_path: Path, grey: int) -> None:
    picture = tmp_path / "blank.png"
    Image.new("L", (300, 300), grey).save(picture)
    async with real(tmp_path) as one:
        one.touch_in(0.3, for_seconds=0.5, picture=picture)
        assert await told(one.driver.capture(timeout=30)) is RetryReason.TOO_POOR


@pytest.mark.wall
async def test_libfprint_dies_on_an_image_and_the_kiosk_does_not(tmp_path: Path) -> None:
    """libfprint 1.94.5 aborts its process in the detector on a picture of 10x10."""
    picture = tmp_path / "tiny.png"
    Image.new("L", (10, 10), 128).save(picture)
    async with real(tmp_path) as one:
        one.touch_in(0.3, for_seconds=0.5, picture=picture)
        with pytest.raises((DeviceError, CaptureRetry)):  # a later libfprint may merely ask again
            await one.driver.capture(timeout=30)
        assert (await one.driver.poll()).ready, "a new helper has been started"


@pytest.mark.wall
async def test_a_killed_helper_is_replaced(tmp_path: Path) -> None:
    async with real(tmp_path) as one:
        first = helper_of(one.driver)
        capture = asyncio.create_task(one.driver.capture(timeout=30))
        await asyncio.sleep(0.3)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(DeviceError):
            await capture
        assert (await one.driver.poll()).ready
        assert helper_of(one.driver) != first


@pytest.mark.wall
async def test_a_helper_ends_with_its_driver(tmp_path: Path) -> None:
    async with real(tmp_path) as one:
        helper = helper_of(one.driver)
        await one.driver.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(helper, 0)


@pytest.mark.wall
async def test_outside_simulation_the_variables_for_virtual_readers_are_without_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FP_VIRTUAL_IMAGE", str(tmp_path / "image.sock"))
    monkeypatch.setenv("FP_VIRTUAL_DEVICE", str(tmp_path / "device.sock"))
    driver = Driver(link("libfprint:any"))
    await driver.start()
    assert driver.status.causes == (DeviceCause.NO_DEVICE,), driver.status.detail
    assert list(tmp_path.iterdir()) == [], "nothing listens"
    await driver.stop()


def in_system_python(story: str, **environment: str) -> str:
    """What `story` prints under the interpreter of the helper, where `helper` is the module."""
    told = subprocess.run(
        [SYSTEM_PYTHON, "-c", f"import sys; sys.path.insert(0, {str(HELPER.parent)!r})\nimport helper\n{story}"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return told.stdout.strip()


CHOSEN = """
reader = helper.Reader(virtual={virtual})
reader._context = helper.FPrint.Context()
try:
    print("opened", reader._chosen("any").get_driver())
except helper.Refused as no:
    print(no.code)
"""


def test_the_helper_itself_refuses_virtual_readers_and_those_that_give_no_image(tmp_path: Path) -> None:
    image = {"FP_VIRTUAL_IMAGE": str(tmp_path / "image.sock")}
    chip = {"FP_VIRTUAL_DEVICE": str(tmp_path / "device.sock")}
    assert in_system_python(CHOSEN.format(virtual=True), **image) == "opened virtual_image"
    assert in_system_python(CHOSEN.format(virtual=False), **image) == "virtual"
    assert in_system_python(CHOSEN.format(virtual=True), **chip) == "match_on_chip"


@pytest.mark.wall
@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", b"FPH1" + b"\xff" * 8, b"FPH1" + bytes(8), b"FPH1\0\0\0\2\0\0\0\0{}"]
)
async def test_the_helper_ends_when_it_is_spoken_to_in_another_language(noise: bytes) -> None:
    connector = link("libfprint:any")
    stream = await connector.connect()
    await stream.write(noise)
    async with asyncio.timeout(30):
        assert await stream.read() == b""
    await stream.close()
