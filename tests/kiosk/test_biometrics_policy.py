"""The right finger is let through, the wrong one is not, and nothing of it stays in memory that we can reach."""

import struct
from collections.abc import Iterator, Sequence

import pytest
from PIL import Image

from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, RetryReason
from drivers.fingerprint_scanner.libfprint import Extractor
from kiosk.biometrics import policy
from kiosk.biometrics.policy import THRESHOLD, Decision
from kiosk.biometrics.template import TemplateError
from sim.data import finger_image, finger_names, finger_template
from sim.fingerprint_scanner.glass import pressed


def on_the_glass(finger: str, impression: int) -> FingerImage:
    """As the simulated 256x288 sensor of 16 greys sees it; the wire is tested elsewhere."""
    packed = pressed(finger_image(finger, impression), 256, 288, 500)
    pixels = bytearray(level * 17 for byte in packed for level in (byte >> 4, byte & 15))
    return FingerImage(256, 288, 500, pixels)


DETECTOR = Extractor()
"""libfprint's own detector, as in the kiosk; a helper process that starts with the first image."""


@pytest.fixture(scope="module", autouse=True)
def _helper_ends() -> Iterator[None]:
    yield
    DETECTOR.stop()


def decide(image: FingerImage, references: Sequence[bytes]) -> Decision:
    return policy.decide(image, references, DETECTOR)


@pytest.mark.parametrize("impression", [2, 3])
@pytest.mark.parametrize("finger", finger_names())
def test_each_finger_matches_its_own_record_and_no_other(finger: str, impression: int) -> None:
    own = decide(on_the_glass(finger, impression), [finger_template(finger)])
    assert own.matched
    assert own.score > 3 * THRESHOLD, "the specimens leave room"
    others = [finger_template(other) for other in finger_names() if other != finger]
    wrong = decide(on_the_glass(finger, impression), others)
    assert not wrong.matched


def test_any_of_the_fingers_in_the_record_will_do() -> None:
    assert decide(on_the_glass("108", 2), [finger_template("101"), finger_template("108")]).matched


def test_no_references_are_no_match() -> None:
    assert not decide(on_the_glass("101", 2), []).matched


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (FingerImage(256, 288, 500, bytearray(b"\xff" * 256 * 288)), RetryReason.TOO_POOR),
        (FingerImage(256, 288, 500, bytearray(256 * 288)), RetryReason.TOO_POOR),
        (FingerImage(20, 20, 500, bytearray(range(200)) * 2), RetryReason.TOO_SMALL),
        (FingerImage(256, 288, 500, bytearray(b"\x40" * 100)), RetryReason.TOO_SMALL),
    ],
    ids=["all white", "all black", "a spot", "cut off"],
)
def test_an_image_without_a_finger_asks_for_another_and_is_wiped(image: FingerImage, reason: RetryReason) -> None:
    with pytest.raises(CaptureRetry) as retry:
        decide(image, [finger_template("101")])
    assert retry.value.reason is reason
    assert not any(image.pixels)


def test_the_image_is_wiped_whatever_comes_of_it() -> None:
    image = on_the_glass("101", 2)
    decide(image, [finger_template("101")])
    assert not any(image.pixels)
    image = on_the_glass("101", 2)
    with pytest.raises(TemplateError):
        decide(image, [b"no record"])
    assert not any(image.pixels)
    assert "score" in repr(decide(on_the_glass("101", 2), []))


def test_a_picture_in_the_record_will_do_as_well_as_minutiae() -> None:
    with Image.open(finger_image("101", 1)) as picture:
        grey = picture.convert("L")
    view = struct.pack(">IBBBBBHHB", 14 + 90_000, 7, 1, 1, 80, 0, 300, 300, 0) + grey.tobytes()
    head = struct.pack(">HHBBHHHHBBH", 0, 31, 1, 1, 500, 500, 500, 500, 8, 0, 0)
    record = b"FIR\x00010\x00" + (32 + len(view)).to_bytes(6, "big") + head + view
    assert decide(on_the_glass("101", 2), [record]).matched
    assert not decide(on_the_glass("102", 2), [record]).matched
