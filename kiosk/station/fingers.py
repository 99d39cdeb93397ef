"""Is it the holder's finger: so many attempts of each of two fingers, each audited without the finger, then a person
must help.

Only the finger that is asked for can match: a second one let in unasked would double the chance of a stranger. What
all attempts together come to is said in `kiosk.biometrics.policy`.
"""

from collections.abc import Awaitable, Callable, Sequence

from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, FingerprintScanner, Light, RetryReason
from kiosk.api.messages import Cause, FingerPrompt
from kiosk.cards.approval import Approval
from kiosk.journal import audit
from kiosk.journal.database import Journal

LIFT_TIMEOUT = 5.0
POOR_TRIES = 5
"""How often an image may be too poor before the resident is sent to a person."""
NO_MATCH = "no_match"
FINGERS = 2
"""Fingers of a record that are asked for, in its order."""

Decide = Callable[[FingerImage, Sequence[bytes | bytearray]], Awaitable[bool]]
"""True if the image is of a finger in these records; raises CaptureRetry for a poor image, TemplateError for a bad
record, DeviceError if nobody can tell."""


class FingerCheck:
    def __init__(
        self, scanner: FingerprintScanner, decide: Decide, journal: Journal, *, attempts: int, timeout: float
    ) -> None:
        self._scanner = scanner
        self._decide = decide
        self._journal = journal
        self._attempts = attempts
        self._timeout = timeout

    async def run(self, approval: Approval, show: Callable[[FingerPrompt], None]) -> Cause | None:
        """None once a finger matched; FINGER_NO_MATCH after all attempts; FINGER_NOT_SEEN if nobody is there.

        DeviceError if the scanner or the detector fails, TemplateError if the record's fingers are no fingers.
        """
        try:
            for position in list(dict.fromkeys(one.position for one in approval.record.fingers))[:FINGERS]:
                refusal = await self._ask(position, approval, show)
                if refusal is not Cause.FINGER_NO_MATCH:
                    return refusal
            return Cause.FINGER_NO_MATCH
        finally:
            await self._scanner.light(Light.OFF)

    async def _ask(self, position: str, approval: Approval, show: Callable[[FingerPrompt], None]) -> Cause | None:
        """All attempts of one finger."""
        attempt, poor, hint = 1, 0, None
        while attempt <= self._attempts and poor < POOR_TRIES:
            show(FingerPrompt(finger=position, attempt=attempt, attempts=self._attempts, hint=hint))
            await self._scanner.light(Light.WAITING)
            try:
                matched = await self._matches(await self._scanner.capture(self._timeout), position, approval)
            except CaptureRetry as retry:
                if retry.reason is RetryReason.NO_FINGER and hint == RetryReason.NO_FINGER:
                    return Cause.FINGER_NOT_SEEN
                hint = retry.reason.value
                if retry.reason is not RetryReason.NO_FINGER:
                    poor += 1
                    await self._scanner.wait_lifted(LIFT_TIMEOUT)
                continue
            await self._note(approval, attempt, matched)
            await self._scanner.light(Light.GOOD if matched else Light.BAD)
            if matched:
                return None
            attempt, hint = attempt + 1, NO_MATCH
            await self._scanner.wait_lifted(LIFT_TIMEOUT)
        return Cause.FINGER_NO_MATCH

    async def _matches(self, image: FingerImage, position: str, approval: Approval) -> bool:
        references = [bytearray(one.template) for one in approval.record.fingers if one.position == position]
        try:
            return await self._decide(image, references)
        finally:
            image.wipe()
            for reference in references:
                reference[:] = bytes(len(reference))

    async def _note(self, approval: Approval, attempt: int, matched: bool) -> None:
        await self._journal.write(
            lambda tx: audit.append(
                tx, audit.Event.FINGER_CHECKED, "kiosk", approval=approval.jti, attempt=attempt, matched=matched
            )
        )
