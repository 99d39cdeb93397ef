"""Prepares Kivy before its first import: it reads its environment and opens its window while being imported."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from kiosk.screen.theme import HEIGHT, WIDTH


def prepare(*, headless: bool) -> None:
    """Sets Kivy's environment and configuration. Call once, before anything of `kiosk.screen.view` is imported.

    `headless` draws without any display (SDL's offscreen driver gives real frames); so does a machine where neither X
    nor a graphics card is there. With a graphics card and no X, SDL draws on it directly (KMSDRM).
    """
    quiet = {"KIVY_NO_ARGS": "1", "KIVY_NO_FILELOG": "1", "KIVY_LOG_MODE": "PYTHON", "KIVY_NO_ENV_CONFIG": "1"}
    os.environ.update(quiet | {"KIVY_DPI": "96", "KIVY_METRICS_DENSITY": "1", "KIVY_METRICS_FONTSCALE": "1"})
    if "KIVY_HOME" not in os.environ:
        os.environ["KIVY_HOME"] = home = tempfile.mkdtemp(prefix="anjungan-kivy-")
        atexit.register(shutil.rmtree, home, ignore_errors=True)
    on_x, on_card = bool(os.environ.get("DISPLAY")), Path("/dev/dri/card0").exists()
    windowed = on_x and not headless
    if headless or not (on_x or on_card):
        os.environ["SDL_VIDEODRIVER"] = "offscreen"

    from kivy.config import Config

    for option, value in {
        "width": WIDTH,
        "height": HEIGHT,
        "multisamples": 0,
        "maxfps": 0,  # the runner decides when a frame is due; Kivy's own clock must never sleep
        "resizable": int(windowed),
        "fullscreen": 0 if windowed or headless else "auto",
        "show_cursor": int(windowed),
    }.items():
        Config.set("graphics", option, value)
    # Exactly one source of touches: a panel read by two providers gives two presses for one tap (Kivy #8494).
    for name, _ in Config.items("input"):
        Config.remove_option("input", name)
    Config.set("input", "mouse", "mouse,disable_multitouch")
    Config.set("kivy", "exit_on_escape", 0)
    Config.set("kivy", "keyboard_mode", "")
