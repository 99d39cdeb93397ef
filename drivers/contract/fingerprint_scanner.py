"""A fingerprint scanner that gives images. Matching is done on the kiosk host, never in the module."""

from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

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
    tally = Counter(image.pixels)
    tail = len(image.pixels) // 50
    if _at(tally, sorted(tally, reverse=True), tail) - _at(tally, sorted(tally), tail) < SPREAD:
        return RetryReason.TOO_POOR
    return None


def _at(tally: Counter[int], greys: list[int], tail: int) -> int:
    """The grey that is reached after `tail` pixels, taking them in the order of `greys`."""
    passed = 0
    for grey in greys:
        passed += tally[grey]
        if passed > tail:
            return grey
    return 0


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
