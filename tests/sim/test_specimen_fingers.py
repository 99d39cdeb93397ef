"""The specimen fingers are what they say: pictures a scanner can read, records the registry could have sent."""

import math

import pytest
from PIL import Image

from drivers.contract.fingerprint_scanner import FingerImage
from drivers.fingerprint_scanner.libfprint import Extractor
from kiosk.biometrics.template import parse
from sim.data import IMPRESSIONS, finger_image, finger_names, finger_template


def test_there_are_five_people_with_three_touches_each() -> None:
    assert len(finger_names()) == 5
    for finger in finger_names():
        for impression in IMPRESSIONS:
            with Image.open(finger_image(finger, impression)) as picture:
                assert picture.size == (300, 300)


def test_the_record_of_each_finger_is_of_its_own_picture() -> None:
    """Another extractor than the kiosk's made the records, as in the registry's case: most minutiae are in both."""
    detector = Extractor()
    try:
        for finger in finger_names():
            with Image.open(finger_image(finger, 1)) as picture:
                image = FingerImage(300, 300, 500, bytearray(picture.convert("L").tobytes()))
            live, kept = detector.minutiae(image), parse(finger_template(finger)).views[0].minutiae
            near = [one for one in kept if any(math.dist((one.x, one.y), (it.x, it.y)) < 8 for it in live)]
            assert len(near) >= 0.6 * len(kept), finger
    finally:
        detector.stop()


def test_a_finger_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no finger '999'"):
        finger_template("999")
    with pytest.raises(ValueError, match="impression 9"):
        finger_image("101", 9)
