"""Two fingers of the record are asked for in turn, three attempts each; then a person must help."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, FingerprintScanner, Light, RetryReason
from kiosk.api.messages import Cause, FingerPrompt
from kiosk.cards.approval import Approval
from kiosk.journal.database import Journal
from kiosk.station.fingers import FingerCheck
from tests.kiosk.people import resident

POSITIONS = ("right_index", "left_index", "right_thumb")
RECORDS = {position: position.encode() for position in POSITIONS}


class Hand:
    """A scanner on which somebody lays his fingers: each of `touches` is what it sees, or a reason why it does not."""

    def __init__(self, touches: Sequence[bytes | RetryReason]) -> None:
        self.touches = list(touches)
        self.images: list[FingerImage] = []
        self.lights: list[Light] = []

    async def capture(self, timeout: float) -> FingerImage:
        touch = self.touches.pop(0)
        if isinstance(touch, RetryReason):
            raise CaptureRetry(touch)
        self.images.append(FingerImage(len(touch), 1, 500, bytearray(touch)))
        return self.images[-1]

    async def light(self, light: Light) -> None:
        self.lights.append(light)

    async def wait_lifted(self, timeout: float) -> None: ...


class Noted:
    """A journal that counts."""

    def __init__(self) -> None:
        self.attempts = 0

    async def write(self, work: object) -> None:
        self.attempts += 1


async def asked(
    touches: Sequence[bytes | RetryReason], positions: Sequence[str] = POSITIONS
) -> tuple[Cause | None, list[tuple[str, int]], Hand, list[bytes | bytearray]]:
    fingers = [{"position": one, "template": base64.b64encode(RECORDS[one])} for one in positions]
    approval = Approval("PRR-1", "slip", datetime(2030, 1, 1, tzinfo=UTC), resident(fingers=fingers))
    hand, noted, seen = Hand(touches), Noted(), list[bytes | bytearray]()

    async def decide(image: FingerImage, references: Sequence[bytes | bytearray]) -> bool:
        seen.extend(references)
        if bytes(image.pixels) == b"smear":
            raise CaptureRetry(RetryReason.TOO_POOR)
        return bytes(image.pixels) in references

    scanner, journal = cast(FingerprintScanner, cast(Any, hand)), cast(Journal, cast(Any, noted))
    prompts: list[FingerPrompt] = []
    check = FingerCheck(scanner, decide, journal, attempts=3, timeout=1)
    cause = await check.run(approval, prompts.append)
    smears = sum(touch == b"smear" for touch in touches)
    assert noted.attempts == len(hand.images) - smears, "every attempt is audited"
    assert not any(any(image.pixels) for image in hand.images), "no image is left"
    assert not any(any(one) for one in seen), "no copy of a record is left"
    assert hand.lights[-1] is Light.OFF
    return cause, [(prompt.finger, prompt.attempt) for prompt in prompts], hand, seen


async def test_the_second_finger_is_asked_for_when_the_first_does_not_match() -> None:
    cause, prompts, _, _ = await asked([b"x", b"x", b"x", b"left_index"])
    assert cause is None
    assert prompts == [("right_index", 1), ("right_index", 2), ("right_index", 3), ("left_index", 1)]


async def test_after_three_attempts_of_two_fingers_a_person_must_help() -> None:
    cause, prompts, hand, _ = await asked([b"x"] * 9)
    assert cause is Cause.FINGER_NO_MATCH
    assert len(prompts) == 6
    assert len(hand.touches) == 3, "a third finger is not asked for"


async def test_only_the_finger_that_is_asked_for_can_match() -> None:
    cause, _, _, seen = await asked([b"left_index", b"right_thumb", b"right_index"])
    assert cause is None
    assert len(seen) == 3, "one reference for each attempt"


async def test_who_has_one_finger_enrolled_has_three_attempts() -> None:
    cause, prompts, _, _ = await asked([b"x"] * 3, ["right_thumb"])
    assert (cause, len(prompts)) == (Cause.FINGER_NO_MATCH, 3)


async def test_images_too_poor_five_times_lead_on_and_nobody_there_ends_it() -> None:
    poor = [RetryReason.TOO_POOR] * 5
    cause, prompts, _, _ = await asked([*poor, b"left_index"])
    assert cause is None
    assert prompts[-1] == ("left_index", 1)
    assert (await asked([RetryReason.NO_FINGER] * 2))[0] is Cause.FINGER_NOT_SEEN


async def test_an_image_without_a_finger_on_it_costs_no_attempt() -> None:
    cause, prompts, _, _ = await asked([b"smear", b"x", b"right_index"])
    assert cause is None
    assert prompts == [("right_index", 1), ("right_index", 1), ("right_index", 2)]
