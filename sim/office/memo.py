"""Work on pictures, done once per process: what makes thousands of simulated days affordable.

A face is drawn once per name and photo (the many residents of a simulated day share the looks of a few, and their
printed NIK with it; what is written to the chip is each one's own). Everything else kept here is a pure function whose
arguments are compared in full. All other code of the kiosk, the drivers and the simulators is the real code.
"""

import importlib
from collections.abc import Callable, Hashable, Sequence
from functools import cache
from typing import Any

from PIL import Image

from drivers.contract.fingerprint_scanner import FingerImage, MinutiaeDetector
from kiosk.biometrics import policy
from kiosk.cards import lds
from kiosk.cards.record import CardRecord
from sim.card_printer import ink


def _kept(work: Callable[..., Any], key: Callable[..., Hashable]) -> Callable[..., Any]:
    known: dict[Hashable, Any] = {}

    def found(*args: Any, **kwargs: Any) -> Any:
        name = key(*args, **kwargs)
        if name not in known:
            known[name] = work(*args, **kwargs)
        return known[name]

    return found


@cache
def use() -> None:
    """Keeps, from here on in this process: faces, photos for the chip, panels, dots on cards, finger decisions."""
    collecting: Any = importlib.import_module("kiosk.station.collecting")
    examiner: Any = importlib.import_module("kiosk.biometrics.examiner")
    # The panels are the driver's own work; it is reached by name, as the kiosk reaches it, and not judged by itself.
    job: Any = importlib.import_module("drivers.card_printer.evolis.job")
    painter: Any = ink
    collecting.render_front = _kept(collecting.render_front, _face_of)
    draw = job.sequence
    commands = _kept(lambda *drawn: tuple(draw(*drawn)), lambda options, *faces: (options, *map(_Same, faces)))
    job.sequence = lambda *drawn: iter(commands(*drawn))
    painter.picture = _kept(ink.picture, _ink_of)
    files: Any = lds
    files.small_jpeg = _kept(lds.small_jpeg, lambda photo, limit: (photo, limit))
    decide = _kept(policy.decide, _touch_of)

    def decided(image: FingerImage, references: Sequence[bytes], detector: MinutiaeDetector) -> policy.Decision:
        try:
            decision: policy.Decision = decide(image, references, detector)
        finally:
            image.wipe()
        return decision

    examiner.decide = decided


class _Same:
    """A face as a key: the very same object, which the key keeps alive. Faces are never drawn on once they are made."""

    def __init__(self, face: Image.Image) -> None:
        self._face = face

    def __hash__(self) -> int:
        return id(self._face)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._face is self._face


def _face_of(record: CardRecord, *, specimen: bool) -> Hashable:
    return record.name, record.photo, specimen


def _ink_of(panels: dict[str, tuple[bytes, int]]) -> Hashable:
    return tuple(sorted(panels.items()))


def _touch_of(image: FingerImage, references: Sequence[bytes], _: MinutiaeDetector) -> Hashable:
    return bytes(image.pixels), tuple(map(bytes, references))
