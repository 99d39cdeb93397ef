"""Whether it can be read and reached: contrast, sizes, places. Arithmetic only; what is drawn is in test_view."""

from itertools import combinations

import pytest

from kiosk.screen import samples, theme
from kiosk.screen.flow import pages
from kiosk.screen.layout import REACH, Rect, plan
from kiosk.screen.present import present
from kiosk.screen.present.model import Kind


@pytest.mark.parametrize(("text", "ground"), theme.TEXT_ON)
def test_text_stands_out_seven_to_one(text: str, ground: str) -> None:
    assert theme.contrast(text, ground) >= 7


def test_black_on_white_is_twenty_one_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(theme.COLOURS, "ink", "#000000")
    assert theme.contrast("ink", "card") == pytest.approx(21)


@pytest.mark.parametrize("style", ["title", "body", "label", "tile", "step", "key", "key_word", "box", "number"])
def test_main_text_has_capitals_of_forty_px(style: str) -> None:
    assert theme.FONT[style] * theme.CAP_HEIGHT >= 39.9


def apart(one: Rect, other: Rect) -> bool:
    return (
        one.x + one.w <= other.x or other.x + other.w <= one.x or one.y + one.h <= other.y or other.y + other.h <= one.y
    )


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_targets_are_big_within_reach_and_apart(language: str) -> None:
    for name, screen in samples.screens(language):
        model = present(screen)
        places = plan(model)
        assert len(places.targets) == len(model.actions)
        for action, at in zip(model.actions, places.targets, strict=True):
            assert at.h >= 110, (name, action.id)
            assert at.w >= 110, (name, action.id)
            assert at.y >= REACH, (name, action.id)
            assert at.x >= 0, name
            assert at.x + at.w <= theme.WIDTH, name
            assert at.y + at.h <= theme.HEIGHT, name
        assert all(apart(one, other) for one, other in combinations((*places.targets, places.content), 2)), name


def test_an_office_with_twelve_services_still_fits() -> None:
    services = [samples.state().services[at % 6].model_copy(update={"id": f"s{at}"}) for at in range(12)]
    model = present(pages.Screen(kiosk=samples.state(services=services), page=pages.Services()))
    places = plan(model)
    choices = [at for action, at in zip(model.actions, places.targets, strict=True) if action.kind is Kind.CHOICE]
    assert len(choices) == 12
    assert min(at.y for at in choices) >= REACH
    assert min(at.h for at in choices) >= 110


def test_focus_walks_from_the_top_down() -> None:
    for name, screen in samples.screens("id"):
        model = present(screen)
        walked = [(at.y, at.x) for at in plan(model).targets]
        assert walked == sorted(walked), name
