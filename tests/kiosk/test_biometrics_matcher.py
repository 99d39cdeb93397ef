"""The score grows with what two fingers have in common, however they lay on the glass."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kiosk.biometrics.matcher import identify, prepare, score
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
            one._replace(
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
    assert score(turned(template, degrees, 40, -25), template) > 0.9 * score(template, template) > 10 * THRESHOLD


def test_different_fingers_stay_far_below_the_threshold() -> None:
    for one, other in itertools.combinations(FINGERS.values(), 2):
        assert score(one, other) < THRESHOLD


def test_it_does_not_matter_which_side_is_the_probe() -> None:
    records = [*FINGERS.values(), *(parse(path.read_bytes()) for path in sorted(FOREIGN.glob("*_101_*.fmr")))]
    for one, other in itertools.combinations(records, 2):
        assert score(one, other) == pytest.approx(score(other, one), rel=0.02, abs=0.05)


def test_two_makers_records_of_one_real_finger_agree_and_of_two_do_not() -> None:
    """Holds the angle convention: with half a turn of error, as between ISO and NIST angles, nothing agrees."""
    mine, theirs = (parse((FOREIGN / f"{maker}_DB1_B_101_1.fmr").read_bytes()) for maker in ("mindtct", "secugen"))
    other = parse((FOREIGN / "secugen_DB1_B_105_2.fmr").read_bytes())
    assert score(mine, theirs) > THRESHOLD > 2 * score(mine, other)
    half = replace(theirs.views[0], minutiae=tuple(m._replace(angle=m.angle ^ 128) for m in theirs.views[0].minutiae))
    assert score(mine, replace(theirs, views=(half,))) < THRESHOLD


def test_resolutions_are_brought_together() -> None:
    template = FINGERS["101"]
    coarse = replace(
        template,
        x_resolution=99,
        y_resolution=99,
        views=(View(tuple(m._replace(x=m.x // 2, y=m.y // 2) for m in template.views[0].minutiae)),),
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


@pytest.mark.parametrize("other", [*FINGERS.values(), parse((FOREIGN / "secugen_DB1_B_101_1.fmr").read_bytes())])
@pytest.mark.parametrize(
    "crowd",
    [
        (),
        (Minutia(Kind.ENDING, 100, 100, 0),),
        tuple(Minutia(Kind.ENDING, 120, 120, 30) for _ in range(255)),
        tuple(Minutia(Kind.ENDING, 120, 120, angle) for angle in range(255)),
        tuple(Minutia(Kind.OTHER, 9000 + 7 * n, 16000 - 5 * n, n) for n in range(255)),
        tuple(Minutia(Kind.ENDING, n * 64 % 257, n * 96 % 289, n * 37 % 256) for n in range(255)),
    ],
    ids=["none", "one", "one 255 times", "one spot", "outside the image", "full"],
)
def test_odd_records_have_a_score_and_it_is_nobodys(crowd: tuple[Minutia, ...], other: Template) -> None:
    odd = Template(256, 288, (View(crowd),))
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        assert 0 <= score(odd, other) < THRESHOLD
        assert 0 <= score(other, odd) < THRESHOLD
        assert math.isfinite(score(odd, odd))


def test_a_gallery_gives_what_one_by_one_gives_and_the_finger_comes_first() -> None:
    gallery = [
        *FINGERS.values(),
        Template(10, 10, ()),
        *(parse(path.read_bytes()) for path in sorted(FOREIGN.iterdir()) if path.suffix == ".fmr"),
    ]
    for place, finger in enumerate(FINGERS.values()):
        listed = identify(finger, gallery)
        assert listed[0][0] == place
        assert sorted(index for index, _ in listed) == list(range(len(gallery)))
        for index, found in listed:
            assert found == pytest.approx(score(finger, gallery[index]), rel=1e-4, abs=1e-4)
    assert identify(gallery[0], []) == []


def test_a_wiped_finger_is_nobody() -> None:
    finger = prepare(FINGERS["101"])
    arrays = [array for view in finger.views for array in view]
    finger.wipe()
    assert not any(array.any() for array in arrays)
    assert score(finger, FINGERS["101"]) == 0
