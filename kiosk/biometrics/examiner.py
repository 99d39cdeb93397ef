"""Who decides about fingers, away from the loop: a finger takes some 30 ms, and the machine must not wait for it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from drivers.contract.errors import DeviceError
from drivers.contract.fingerprint_scanner import FingerImage, MinutiaeDetector
from kiosk.biometrics.policy import decide

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_LOOK: Final = 5.0
"""Seconds after the start of kioskd, which is for the hardware, until the detector is made ready."""
LOOK_AGAIN: Final = 60.0


class Examiner:
    """`threaded`: on one worker thread, as in kioskd; else inline, for virtual time, where the loop cannot wait for
    anything real. The detector is the caller's, who stops it after `close`."""

    def __init__(self, detector: MinutiaeDetector, *, threaded: bool) -> None:
        self._detector = detector
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="fingers") if threaded else None
        self.cause: str | None = None
        """Why no finger can be examined now, as far as is known; None if nothing speaks against it."""

    async def matches(self, image: FingerImage, references: Sequence[bytes | bytearray]) -> bool:
        """`kiosk.biometrics.policy.decide`, which see for the errors."""
        return (await self._do(decide, image, references, self._detector)).matched

    async def keep_ready(self, changed: Callable[[], None]) -> None:
        """Without end: has the detector ready before a finger comes. What is wrong with it is known then, and said."""
        await asyncio.sleep(FIRST_LOOK)
        while True:
            before = self.cause
            try:
                await self._do(self._detector.start)
                self.cause = None
            except DeviceError as error:
                self.cause = error.cause
                if before is None:
                    log.error("no finger can be examined: %s", error)
            if self.cause != before:
                changed()
            await asyncio.sleep(LOOK_AGAIN)

    def close(self) -> None:
        """Waits for the finger that is being examined. May be called twice."""
        if self._worker is not None:
            self._worker.shutdown()

    async def _do(self, work: Callable[..., T], *given: Any) -> T:
        if self._worker is None:
            return work(*given)
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, *given)
