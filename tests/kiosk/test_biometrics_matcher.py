"""The score grows with what two fingers have in common, however they lay on the glass."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.biometrics.matcher import score
from kiosk.biometrics.policy import THRESHOLD
from kiosk.biometrics.template import Kind, Minutia, Template, View, parse
from sim.data import finger_names, finger_template

FOREIGN = Path(__file__).parents[1] / "golden/iso19794-2"
FINGERS = {finger: parse(finger_template(finger)) for finger in finger_names()}


def turned(template: Template, degrees: int, dx: int, dy: int) -> Template:
    """The same finger laid down otherwise, on a glass large enough to hold it."""
    turn = math.radians(degrees)
    minutiae = []
    for one in template.views[0].minutiae:
        x, y = one.x - 150, one.y - 150
        minutiae.append(
            replace(
                one,
                x=round(400 + dx + x * math.cos(turn) + y * math.sin(turn)),
                y=round(400 + dy - x * math.sin(turn) + y * math.cos(turn)),
                angle=round(one.angle + degrees * 256 / 360) % 256,
            )
        )
    return Template(800, 800, (View(tuple(minutiae)),))


@pytest.mark.parametrize("finger", finger_names())
@pytest.mark.parametrize("degrees", [0, 37, -90, 180])
def test_a_finger_is_itself_however_it_is_turned_and_shifted(finger: str, degrees: int) -> None:
    template = FINGERS[finger]
    whole = len(template.views[0].minutiae)
    assert score(turned(template, degrees, 40, -25), template) > 0.9 * whole


def test_different_fingers_stay_far_below_the_threshold() -> None:
    for one, other in itertools.combinations(FINGERS.values(), 2):
        assert score(one, other) < 0.75 * THRESHOLD


def test_it_does_not_matter_which_side_is_the_probe() -> None:
    records = [*FINGERS.values(), *(parse(path.read_bytes()) for path in sorted(FOREIGN.glob("*_101_*.fmr")))]
    for one, other in itertools.combinations(records, 2):
        assert score(one, other) == pytest.approx(score(other, one), rel=0.02, abs=0.05)


def test_two_makers_records_of_one_real_finger_agree_and_of_two_do_not() -> None:
    """Holds the angle convention: with half a turn of error, as between ISO and NIST angles, nothing agrees."""
    mine, theirs = (parse((FOREIGN / f"{maker}_DB1_B_101_1.fmr").read_bytes()) for maker in ("mindtct", "secugen"))
    other = parse((FOREIGN / "secugen_DB1_B_105_2.fmr").read_bytes())
    assert score(mine, theirs) > THRESHOLD > 2 * score(mine, other)
    half = replace(theirs.views[0], minutiae=tuple(replace(m, angle=m.angle ^ 128) for m in theirs.views[0].minutiae))
    assert score(mine, replace(theirs, views=(half,))) < THRESHOLD


def test_resolutions_are_brought_together() -> None:
    template = FINGERS["101"]
    coarse = replace(
        template,
        x_resolution=99,
        y_resolution=99,
        views=(View(tuple(replace(m, x=m.x // 2, y=m.y // 2) for m in template.views[0].minutiae)),),
    )
    assert score(coarse, template) > 2 * THRESHOLD


def test_the_best_view_counts_and_too_little_to_compare_scores_nothing() -> None:
    template = FINGERS["102"]
    few = View(template.views[0].minutiae[:4])
    assert score(replace(template, views=(few,)), template) == 0
    assert score(replace(template, views=()), template) == 0
    both = replace(template, views=(few, *template.views))
    assert score(both, template) == score(template, template)


@pytest.mark.parametrize("spread", [0, 1, 3])
def test_a_record_full_of_the_same_minutia_is_nobody_and_costs_no_time(spread: int) -> None:
    """What a forger would send: as many minutiae as fit, everywhere alike."""
    crowd = tuple(Minutia(Kind.ENDING, n % 16 * spread, n // 16 * spread, 0) for n in range(255))
    forged = Template(256, 288, (View(crowd),))
    assert max(score(template, forged) for template in FINGERS.values()) < THRESHOLD
    assert score(forged, forged) >= 0
