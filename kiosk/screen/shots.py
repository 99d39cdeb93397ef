"""Pictures of every screen, and what is wrong with them: `python -m kiosk.screen.shots DIR [--audit]`.

Draws the samples in both languages without a display, writes DIR/<screen>-<language>.png (1080 x 1920), and prints as
JSON, per screen: every target with its place, and every text that does not fit.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from kiosk.screen import kivy_setup, samples
from kiosk.screen.catalogue import catalogue
from kiosk.screen.flow.pages import LANGUAGES
from kiosk.screen.present import present
from kiosk.screen.theme import HEIGHT, WIDTH


def main() -> int:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("out", type=Path)
    wanted.add_argument("--audit", action="store_true", help="also every cause; no pictures")
    wanted.add_argument("--only", nargs="+", default=[""], help="only screens whose names begin so")
    given = wanted.parse_args()
    kivy_setup.prepare(headless=True)
    from kiosk.screen.view.frames import Frames

    frames = Frames()
    given.out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {}
    for language in LANGUAGES:
        every = list(samples.screens(language))
        if given.audit:
            every += samples.cause_screens(language, sorted(catalogue(language).causes))
        for name, screen in every:
            if not name.startswith(tuple(given.only)):
                continue
            frames.show(present(screen))
            report[f"{name}-{language}"] = frames.audit()
            if not given.audit:
                frames.picture().save(given.out / f"{name}-{language}.png")
    json.dump({"size": [WIDTH, HEIGHT], "screens": report}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
