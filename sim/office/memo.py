"""Work on pictures, done once per process or (`artwork`) once per machine: what makes thousands of days affordable.

A face is drawn once per name and photo (the many residents of a simulated day share the looks of a few, and their
printed NIK with it; what is written to the chip is each one's own). Everything else kept here is a pure function whose
arguments are compared in full. All other code of the kiosk, the drivers and the simulators is the real code.
"""

import importlib
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from PIL import Image

from drivers.contract.fingerprint_scanner import FingerImage, MinutiaeDetector
from kiosk.cards.record import CardRecord
from sim.office import artwork


def _kept(work: Callable[..., Any], key: Callable[..., Hashable]) -> Callable[..., Any]:
    known: dict[Hashable, Any] = {}

    def found(*args: Any, **kwargs: Any) -> Any:
        name = key(*args, **kwargs)
        try:
            return known[name]  # looked up once: a key may be megabytes
        except KeyError:
            done = known[name] = work(*args, **kwargs)
            return done

    return found


_replaced: list[tuple[Any, str, Any]] = []
"""What was there before: module, name, function."""


def use() -> None:
    """Keeps, until `drop`: faces; photos, signatures and fingers for the chip; panels, dots on cards, minutiae
    and decisions on fingers."""
    if _replaced:
        return
    _replace("sim.centre.people", "portrait", artwork.portraits)
    _replace("sim.centre.people", "signature", artwork.signatures)
    _replace("kiosk.station.collecting", "render_front", lambda draw: _kept(artwork.faces(draw), _face_of))
    # The panels are the driver's own work; it is reached by name, as the kiosk reaches it, and not judged by itself.
    _replace("drivers.card_printer.evolis.job", "sequence", _commands)
    _replace("sim.card_printer.ink", "picture", lambda draw: _kept(draw, _ink_of))
    _replace("kiosk.cards.lds", "small_jpeg", lambda fit: _kept(artwork.photos(fit), _what))
    groups = "kiosk.cards.personalise.groups"
    _replace(groups, "fitted_signature", lambda fit: _kept(artwork.scribbles(fit), _what))
    _replace(groups, "fitted_template", lambda fit: _kept(fit, _what))
    _replace("kiosk.biometrics.extractor", "extract", lambda find: _kept(find, _image_of))
    _replace("kiosk.biometrics.examiner", "decide", _decisions)


def drop() -> None:
    """From here on everything is done anew each time."""
    while _replaced:
        place, name, work = _replaced.pop()
        setattr(place, name, work)


def _replace(module: str, name: str, kept: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    place = importlib.import_module(module)
    work = getattr(place, name)
    _replaced.append((place, name, work))
    setattr(place, name, kept(work))


def _commands(draw: Callable[..., Any]) -> Callable[..., Any]:
    commands = _kept(lambda *drawn: tuple(draw(*drawn)), lambda options, *faces: (options, *map(_Same, faces)))
    return lambda *drawn: iter(commands(*drawn))


def _decisions(judge: Callable[..., Any]) -> Callable[..., Any]:
    decide = _kept(judge, _touch_of)

    def decided(image: FingerImage, references: Sequence[bytes], detector: MinutiaeDetector) -> Any:
        try:
            return decide(image, references, detector)
        finally:
            image.wipe()

    return decided


class _Same:
    """A face as a key: the very same object, which the key keeps alive. Faces are never drawn on once they are made."""

    def __init__(self, face: Image.Image) -> None:
        self._face = face

    def __hash__(self) -> int:
        return id(self._face)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._face is self._face


class _Panels:
    """Two megabytes of ink as a key: hashed by a few of their bytes, compared in full."""

    def __init__(self, panels: dict[str, tuple[bytes, int]]) -> None:
        self._panels = tuple(sorted(panels.items()))
        self._hash = hash(tuple((name, levels, ink[:: len(ink) // 64 + 1]) for name, (ink, levels) in self._panels))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Panels) and other._panels == self._panels


def _what(data: bytes, limit: int) -> Hashable:
    return data, limit


def _face_of(record: CardRecord, *, specimen: bool) -> Hashable:
    return record.name, record.photo, specimen


def _ink_of(panels: dict[str, tuple[bytes, int]]) -> Hashable:
    return _Panels(panels)


def _image_of(image: FingerImage, _: MinutiaeDetector) -> Hashable:
    return image.width, image.height, image.dpi, bytes(image.pixels)


def _touch_of(image: FingerImage, references: Sequence[bytes], _: MinutiaeDetector) -> Hashable:
    return bytes(image.pixels), tuple(map(bytes, references))
