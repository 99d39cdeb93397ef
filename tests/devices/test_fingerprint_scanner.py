"""A finger at the glass, on whatever scanner."""

import asyncio

import pytest

from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, FingerprintScanner, RetryReason, flaw
from tests.devices.trial import Deed, Opened, Trial


def scanner(one: Trial) -> FingerprintScanner:
    assert isinstance(one.driver, FingerprintScanner)
    return one.driver


async def touched(one: Trial) -> FingerImage:
    await one.hands.during(Deed.TOUCH, after=0.5)
    return await scanner(one).capture(20.0)


async def test_nobody_comes_and_that_is_no_error(fingerprint_scanner: Opened) -> None:
    async with fingerprint_scanner() as one:
        with pytest.raises(CaptureRetry) as told:
            await scanner(one).capture(1.0)
        assert told.value.reason is RetryReason.NO_FINGER
        assert (await one.driver.poll()).ready


async def test_a_finger_gives_an_image_as_large_as_it_says_and_worth_looking_at(fingerprint_scanner: Opened) -> None:
    async with fingerprint_scanner() as one:
        one.hands.needed(Deed.TOUCH)
        image = await touched(one)
        assert len(image.pixels) == image.width * image.height
        assert flaw(image) is None
        assert await scanner(one).wait_lifted(10.0) is True
        again = await touched(one)
        assert (again.width, again.height, again.dpi) == (image.width, image.height, image.dpi)
        image.wipe()
        again.wipe()
        assert not any(image.pixels)


async def test_a_capture_that_is_called_off_leaves_the_scanner_usable(fingerprint_scanner: Opened) -> None:
    async with fingerprint_scanner() as one:
        one.hands.needed(Deed.TOUCH)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await scanner(one).capture(10.0)
        image = await touched(one)
        assert flaw(image) is None
        image.wipe()
