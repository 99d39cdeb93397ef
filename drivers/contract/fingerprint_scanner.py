"""A fingerprint scanner that gives images, and what finds the minutiae in them.

Matching is done on the kiosk host, never in the module.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image

from drivers.contract.device import Device


class PresentationAttack(StrEnum):
    """The sensor's own verdict on whether the finger is alive (ISO/IEC 30107-3)."""

    PASSED = "passed"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FingerImage:
    """`pixels`: width*height bytes, row by row from the top, 0 = ridge (black), 255 = background. A bytearray, so that
    it can be wiped after the decision; `repr` does not show it."""

    width: int
    height: int
    dpi: int
    pixels: bytearray
    pad: PresentationAttack = PresentationAttack.UNAVAILABLE

    def __repr__(self) -> str:
        return f"FingerImage({self.width}x{self.height}, {self.dpi} dpi)"

    def wipe(self) -> None:
        """Overwrites the pixels with zero."""
        self.pixels[:] = bytes(len(self.pixels))


class RetryReason(StrEnum):
    """Why a capture should simply be tried again (it is not an error)."""

    NO_FINGER = "no_finger"
    """Nobody put a finger on the glass before the time-out."""
    TOO_POOR = "too_poor"
    """Too dry, too wet, dirty glass: the module cannot see ridges."""
    TOO_SMALL = "too_small"
    """Off the middle of the glass."""
    LIFTED = "lifted"
    """The finger left too early."""


class CaptureRetry(Exception):
    """Not an error: ask the resident to try again."""

    def __init__(self, reason: RetryReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


SMALLEST_MM = 8.0
"""Width or height of the least finger image that is worth comparing."""
SPREAD = 40
"""Grey levels between the darkest and the lightest fiftieth of an image with ridges in it, at least."""


def flaw(image: FingerImage) -> RetryReason | None:
    """Why this image should not even be compared: smaller than SMALLEST_MM or not width x height (TOO_SMALL), all
    white, all black or all one grey (TOO_POOR). None if nothing speaks against it."""
    smallest = SMALLEST_MM / 25.4 * image.dpi
    if len(image.pixels) != image.width * image.height or min(image.width, image.height) < smallest:
        return RetryReason.TOO_SMALL
    tally = Image.frombuffer("L", (image.width, image.height), image.pixels).histogram()
    tail = len(image.pixels) // 50
    if _at(tally, range(255, -1, -1), tail) - _at(tally, range(256), tail) < SPREAD:
        return RetryReason.TOO_POOR
    return None


def _at(tally: list[int], greys: range, tail: int) -> int:
    """The grey that is reached after `tail` pixels, taking them in the order of `greys`."""
    passed = 0
    for grey in greys:
        passed += tally[grey]
        if passed > tail:
            return grey
    return 0


@dataclass(frozen=True, slots=True)
class FoundMinutia:
    """Where a ridge ends or forks, as in ISO/IEC 19794-2: pixels from the top left, `angle` in 256ths of a turn
    counter-clockwise from the x axis."""

    x: int
    y: int
    angle: int

    def __repr__(self) -> str:
        return "FoundMinutia(...)"


class MinutiaeDetector(ABC):
    """Finds the minutiae in the images of any scanner. Every call blocks; one at a time, on one worker thread."""

    @abstractmethod
    def start(self) -> None:
        """Makes ready, so that the first finger does not wait; may be called again. DeviceError if it cannot be
        used."""

    @abstractmethod
    def minutiae(self, image: FingerImage) -> tuple[FoundMinutia, ...]:
        """Ordered by x, then y, inside the image, which is taken for one of 500 dpi and neither changed nor wiped.

        CaptureRetry if there is nothing to find in it (blank, black, of no usable size); DeviceError if the detector
        cannot be used: nothing is ever guessed.
        """

    @abstractmethod
    def stop(self) -> None:
        """Ends it. May be called twice; `start` or the next image begins anew."""


class Light(StrEnum):
    """The ring of light around the sensor, as feedback; scanners without one ignore it."""

    OFF = "off"
    WAITING = "waiting"
    GOOD = "good"
    BAD = "bad"


class FingerprintScanner(Device):
    @abstractmethod
    async def capture(self, timeout: float) -> FingerImage:
        """Waits up to `timeout` s for a finger and returns its image. Raises CaptureRetry or DeviceError."""

    @abstractmethod
    async def wait_lifted(self, timeout: float) -> bool:
        """True once no finger is on the glass, so that one touch is not taken for two tries."""

    @abstractmethod
    async def light(self, light: Light) -> None:
        """Sets the ring; never raises for a scanner without one."""
