"""A fingerprint scanner that gives images. Matching is done on the kiosk host, never in the module."""

from abc import abstractmethod
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
    """Why a capture should simply be tried again (rule 8: not an error)."""

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
