"""The specimen fingers are what they say: pictures a scanner can read, records the registry could have sent."""

import pytest
from PIL import Image

from kiosk.biometrics.template import parse
from sim.data import IMPRESSIONS, finger_image, finger_names, finger_template
from tests.tools.make_finger_templates import make


def test_there_are_five_people_with_three_touches_each() -> None:
    assert len(finger_names()) == 5
    for finger in finger_names():
        for impression in IMPRESSIONS:
            with Image.open(finger_image(finger, impression)) as picture:
                assert picture.size == (300, 300)


@pytest.mark.parametrize("finger", finger_names())
def test_the_record_of_each_is_what_the_extractor_makes_of_its_first_touch(finger: str) -> None:
    """To a pixel, not to the bit: another processor may round a filter otherwise."""
    kept, made = parse(finger_template(finger)).views[0].minutiae, parse(make(finger)).views[0].minutiae
    near = [
        one
        for one in kept
        if any(abs(one.x - other.x) <= 1 and abs(one.y - other.y) <= 1 and one.kind == other.kind for other in made)
    ]
    assert len(near) >= 0.9 * max(len(kept), len(made)), "run python -m tests.tools.make_finger_templates"


def test_a_finger_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no finger '999'"):
        finger_template("999")
    with pytest.raises(ValueError, match="impression 9"):
        finger_image("101", 9)
