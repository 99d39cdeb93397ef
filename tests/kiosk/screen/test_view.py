"""What is really drawn, in a process of its own: Kivy takes over logging, arguments and the window of its process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from kiosk.screen import samples

HEADLESS = {**os.environ, "SDL_VIDEODRIVER": "offscreen", "KIVY_NO_ARGS": "1"}
HEADLESS.pop("DISPLAY", None)


def shots(out: Path, *options: str) -> Any:
    run = [sys.executable, "-m", "kiosk.screen.shots", str(out), *options]
    env = {**HEADLESS, "KIVY_HOME": str(out / ".kivy")}
    ended = subprocess.run(run, capture_output=True, text=True, env=env, timeout=110, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every sample and every cause, in both languages, as they were laid out."""
    screens: dict[str, Any] = shots(tmp_path_factory.mktemp("audit"), "--audit")["screens"]
    return screens


def test_every_text_of_every_screen_fits(audit: dict[str, Any]) -> None:
    assert len(audit) > 150
    assert {name: drawn["faults"] for name, drawn in audit.items() if drawn["faults"]} == {}
    assert min(drawn["smallest"] for drawn in audit.values()) >= 38


def test_focus_walks_the_targets_in_the_order_of_the_actions(audit: dict[str, Any]) -> None:
    for name, drawn in audit.items():
        assert drawn["drawn"] == [target[0] for target in drawn["targets"]], name


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shots")
    shots(out, "--only", "ticket-screen", "idle", "nik-wrong")
    return out


def test_a_number_that_is_only_on_the_screen_can_be_scanned_from_it(pictures: Path) -> None:
    with Image.open(pictures / "ticket-screen-id.png") as picture:
        assert picture.size == (1080, 1920)
        codes = [code.text for code in zxingcpp.read_barcodes(picture)]
    assert codes == [samples.ticket().token]


def test_a_screen_is_neither_empty_nor_of_one_colour(pictures: Path) -> None:
    for name in ("idle-id", "idle-en", "nik-wrong-id"):
        with Image.open(pictures / f"{name}.png") as picture:
            assert len(picture.getcolors(1 << 21) or []) > 50, name


AFTER_A_VISIT = """
from kiosk.screen import kivy_setup, samples
from kiosk.screen.flow import machine, pages
kivy_setup.prepare(headless=True)
from dataclasses import replace
from kivy.clock import Clock
from kiosk.screen.present import present
from kiosk.screen.view.frames import Frames
frames = Frames()
idle = pages.Screen(kiosk=samples.state())
frames.show(present(idle))
fresh = frames.picture().tobytes()
visited = 0
for language in pages.LANGUAGES:
    for name, screen in list(samples.screens(language))[pages.LANGUAGES.index(language) :: 4]:
        frames.show(present(screen))
        frames.show(present(replace(machine.home(screen), kiosk=samples.state(), connected=True, away=False)))
        visited += 1
        assert frames.picture().tobytes() == fresh, name
for turn in range(3):
    frames.show(present(idle))
import kivy.base
for turn in range(5):
    kivy.base.EventLoop.idle()
assert Clock.get_min_timeout() > 0
print(visited, min(event.timeout for event in Clock.get_events()))
"""


def test_nothing_is_left_on_the_screen_after_a_visit_and_the_clock_may_sleep(tmp_path: Path) -> None:
    env = {**HEADLESS, "KIVY_HOME": str(tmp_path)}
    run = [sys.executable, "-c", AFTER_A_VISIT]
    ended = subprocess.run(run, capture_output=True, text=True, env=env, timeout=110, check=False)
    assert ended.returncode == 0, ended.stderr
    visited, seconds = ended.stdout.split()
    assert int(visited) > 15
    assert float(seconds) >= 1, "something keeps Kivy's clock awake: the on-demand loop could not sleep"
