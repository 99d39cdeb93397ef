"""A finger is decided about on a thread of its own, while kioskd goes on; and a detector that fails is known early."""

import asyncio
import threading

import pytest

from drivers.contract.errors import DeviceError
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, FoundMinutia, MinutiaeDetector, RetryReason
from drivers.contract.words import DeviceCause
from kiosk.biometrics.examiner import Examiner
from kiosk.biometrics.template import TemplateError


class Slow(MinutiaeDetector):
    """Says when it has been given an image, and finds nothing in it until it is let go."""

    def __init__(self) -> None:
        self.given = threading.Event()
        self.let_go = threading.Event()
        self.thread = ""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def minutiae(self, image: FingerImage) -> tuple[FoundMinutia, ...]:
        self.thread = threading.current_thread().name
        self.given.set()
        assert self.let_go.wait(30), "nobody let it go: the loop stood still"
        return ()


def touch() -> FingerImage:
    return FingerImage(100, 100, 500, bytearray(b"\x40" * 10_000))


@pytest.mark.wall
async def test_the_loop_goes_on_while_a_finger_is_decided_about() -> None:
    """The detector is only let go by the loop itself: a loop that waited for it would never get there."""
    slow, image = Slow(), touch()
    examiner = Examiner(slow, threaded=True)
    deciding = asyncio.create_task(examiner.matches(image, []))
    await asyncio.to_thread(slow.given.wait, 30)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not deciding.done()
    slow.let_go.set()
    with pytest.raises(CaptureRetry) as told:
        await deciding
    examiner.close()
    assert told.value.reason is RetryReason.TOO_POOR
    assert slow.thread.startswith("fingers")
    assert not any(image.pixels)


@pytest.mark.wall
async def test_who_walks_away_while_it_is_decided_leaves_nothing_behind() -> None:
    slow, image, record = Slow(), touch(), bytearray(b"no record")
    examiner = Examiner(slow, threaded=True)
    deciding = asyncio.create_task(examiner.matches(image, []))
    await asyncio.to_thread(slow.given.wait, 30)
    deciding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deciding
    slow.let_go.set()
    with pytest.raises(TemplateError):
        await examiner.matches(touch(), [record])
    examiner.close()
    assert not any(image.pixels)


class Missing(Slow):
    """Not installed at first."""

    def __init__(self) -> None:
        super().__init__()
        self.installed = False

    def start(self) -> None:
        if not self.installed:
            raise DeviceError(DeviceCause.NO_DEVICE, "install it")


async def test_a_detector_that_fails_is_known_before_a_finger_comes_and_so_is_its_return() -> None:
    missing, told = Missing(), list[str | None]()
    examiner = Examiner(missing, threaded=False)
    watch = asyncio.create_task(examiner.keep_ready(lambda: told.append(examiner.cause)))
    await asyncio.sleep(30)
    assert told == [DeviceCause.NO_DEVICE]
    missing.installed = True
    await asyncio.sleep(120)
    assert told == [DeviceCause.NO_DEVICE, None]
    watch.cancel()
