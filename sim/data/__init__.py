"""Specimens for the simulated kiosk: fingers of nobody, with the records the registry would hold of them.

See `fingers/NOTICE` for where the pictures come from. Everything here is invented.
"""

from importlib.resources import files
from pathlib import Path

IMPRESSIONS = (1, 2, 3)
"""Impression 1 is the one the registry's record was made from; 2 and 3 are what a resident lays on the glass later."""

_FINGERS = Path(str(files(__name__))) / "fingers"


def finger_names() -> tuple[str, ...]:
    """The specimen fingers, each of another (invented) person."""
    return tuple(sorted(path.stem for path in _FINGERS.glob("*.fmr")))


def finger_image(finger: str, impression: int = 2) -> Path:
    """The picture of one touch: PNG, 300x300, grey, 500 dpi; what `World.place_finger` takes.

    ValueError for a finger or impression that is not there."""
    path = _FINGERS / f"{finger}_{impression}.png"
    if finger not in finger_names() or impression not in IMPRESSIONS:
        raise ValueError(f"no finger {finger!r}, impression {impression}; there are {', '.join(finger_names())} x 1..3")
    return path


def finger_template(finger: str) -> bytes:
    """The registry's record of that finger: ISO/IEC 19794-2:2005, from impression 1. ValueError if there is none."""
    if finger not in finger_names():
        raise ValueError(f"no finger {finger!r}; there are {', '.join(finger_names())}")
    return (_FINGERS / f"{finger}.fmr").read_bytes()
