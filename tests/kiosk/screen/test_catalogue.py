"""Every text in every language, and nobody named in any of them."""

import re

import pytest

from drivers.contract.words import DeviceCause
from kiosk.api.messages import Cause, Stage, Step
from kiosk.screen import samples
from kiosk.screen.catalogue import catalogue
from kiosk.screen.flow import machine, pages
from kiosk.screen.present import present

PLACES = re.compile(r"\{(\w+)\}")
PERSONAL = {"name", "nik", "person", "birth", "address"}


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_every_cause_is_told_to_resident_clerk_and_log(language: str) -> None:
    causes = catalogue(language).causes
    for cause in {*map(str, Cause), *map(str, DeviceCause), machine.INTERRUPTED}:
        told = causes[cause]
        assert all([told.short, told.resident, told.now, told.clerk, told.log]), cause
        assert len(told.short) <= 40, cause
        assert "{" not in "".join([told.short, told.resident, told.now, told.clerk, told.log]), cause


def test_no_cause_is_kept_that_nothing_can_give() -> None:
    known = {*map(str, Cause), *map(str, DeviceCause), machine.INTERRUPTED, "unknown"}
    assert set(catalogue("id").causes) == known


def test_the_languages_say_the_same_things_with_the_same_values() -> None:
    source = catalogue("id")
    for language in pages.LANGUAGES:
        other = catalogue(language)
        assert other.texts.keys() == source.texts.keys()
        assert other.causes.keys() == source.causes.keys()
        for key, text in source.texts.items():
            values = set(PLACES.findall(text))
            assert set(PLACES.findall(other.texts[key])) == values, key
            assert not values & PERSONAL, key


def test_steps_and_fingers_and_hints_of_the_api_have_their_words() -> None:
    texts = catalogue("id").texts
    assert all(f"progress.{step}" in texts for step in Step)
    fingers = [
        f"{side}_{name}" for side in ("right", "left") for name in ("thumb", "index", "middle", "ring", "little")
    ]
    assert all(f"finger.{finger}" in texts for finger in fingers)
    assert all(f"hint.{hint}" in texts for hint in ("no_match", "no_finger", "too_poor", "too_small", "lifted"))


def test_a_cause_from_a_newer_kioskd_is_shown_with_its_code() -> None:
    page = pages.Collecting(samples.collection(Stage.CANNOT, cause="flux_capacitor"))
    model = present(pages.Screen(kiosk=samples.state(), page=page))
    assert model.title == catalogue("id").causes["unknown"].resident
    assert model.code == "Kode: FLUX-CAPACITOR"
