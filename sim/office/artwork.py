"""Pictures kept on disk between runs, and what was found in them: portraits and card faces take a second to draw and a
tenth to be made to fit the chip, libfprint half a second to start and find the minutiae of the specimens' fingers, and
all are the same every time.

They lie in $ANJUNGAN_CACHE, else in the user's cache folder ($XDG_CACHE_HOME or ~/.cache, Caches on a Mac) under
`anjungan`; with $ANJUNGAN_CACHE empty, or where nothing can be written, everything is drawn anew. The name of a file is
a hash over all that is drawn, the programs and typefaces that draw it and the version of Pillow (or the whole of
libfprint), so what is found there is what would be drawn. A file begins with a hash of itself and is put in place
whole: another process, or a cut in the middle of writing, costs a drawing and no more. Nothing but invented people is
ever drawn through here, and nothing but specimens' fingers is looked at.
"""

import contextlib
import hashlib
import io
import json
import os
import struct
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PIL import Image, features
from PIL import __version__ as pillow

from drivers.contract.fingerprint_scanner import FingerImage, FoundMinutia, MinutiaeDetector
from kiosk.cards.record import CardRecord
from sim.centre.portraits import Look

PLACE = "ANJUNGAN_CACHE"
HASH_BYTES = 32
ROOT = Path(__file__).parents[2]
DRAW_PEOPLE = ("sim/centre/portraits.py",)
FIND_MINUTIAE = ("drivers/fingerprint_scanner/libfprint/*.py",)
FIT_PHOTOS = ("kiosk/cards/lds.py",)
FIT_SIGNATURES = ("kiosk/cards/personalise/groups.py",)
DRAW_FACES = ("kiosk/cards/*.py", "kiosk/cards/*.toml", "kiosk/fonts/*")

_SIZED = struct.Struct(">HH")
"""Width and height of a photo, in front of it."""


def folder() -> Path | None:
    """Where pictures are kept; None if nowhere."""
    given = os.environ.get(PLACE)
    if given is not None:
        return Path(given) if given else None
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/anjungan"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anjungan"


def portraits(draw: Callable[[Look], bytes]) -> Callable[[Look], bytes]:
    return lambda look: _kept(f"portrait {look}", DRAW_PEOPLE, lambda: draw(look))


def signatures(draw: Callable[[str], bytes]) -> Callable[[str], bytes]:
    return lambda name: _kept(f"signature {name}", DRAW_PEOPLE, lambda: draw(name))


def photos(fit: Callable[[bytes, int], tuple[bytes, int, int]]) -> Callable[[bytes, int], tuple[bytes, int, int]]:
    """`fit` is kiosk.cards.lds.small_jpeg."""

    def fitted(photo: bytes, limit: int) -> tuple[bytes, int, int]:
        what = f"photo {limit} {hashlib.sha256(photo).hexdigest()}"
        kept = _kept(what, FIT_PHOTOS, lambda: _SIZED.pack(*(sized := fit(photo, limit))[1:]) + sized[0])
        width, height = _SIZED.unpack_from(kept)
        return kept[_SIZED.size :], width, height

    return fitted


def scribbles(fit: Callable[[bytes, int], bytes]) -> Callable[[bytes, int], bytes]:
    """`fit` is kiosk.cards.personalise.groups.fitted_signature."""
    return lambda picture, limit: _kept(
        f"scribble {limit} {hashlib.sha256(picture).hexdigest()}", FIT_SIGNATURES, lambda: fit(picture, limit)
    )


def faces(draw: Callable[..., Image.Image]) -> Callable[..., Image.Image]:
    """`draw` is kiosk.cards.face.render_front, or what stands for it."""

    def drawn(record: CardRecord, *, specimen: bool) -> Image.Image:
        def png() -> bytes:
            out = io.BytesIO()
            draw(record, specimen=specimen).save(out, "PNG", compress_level=1)
            return out.getvalue()

        return Image.open(io.BytesIO(_kept(f"face {specimen} {record.model_dump_json()}", DRAW_FACES, png))).copy()

    return drawn


class Minutiae(MinutiaeDetector):
    """libfprint's detector, asked once on a machine about each finger in which it finds any. Where minutiae are kept,
    its helper starts with the first finger that no day has seen, else as the kiosk starts it."""

    def __init__(self, detector: MinutiaeDetector) -> None:
        self._detector = detector

    def start(self) -> None:
        if folder() is None or _libfprint() is None:
            self._detector.start()

    def stop(self) -> None:
        self._detector.stop()

    def minutiae(self, image: FingerImage) -> tuple[FoundMinutia, ...]:
        library = _libfprint()
        if library is None:
            return self._detector.minutiae(image)

        def listed() -> bytes:
            return json.dumps([(m.x, m.y, m.angle) for m in self._detector.minutiae(image)]).encode()

        what = f"finger {image.width}x{image.height} {library} {hashlib.sha256(image.pixels).hexdigest()}"
        return tuple(FoundMinutia(*one) for one in json.loads(_kept(what, FIND_MINUTIAE, listed)))


@cache
def _libfprint() -> str | None:
    """Hash of the library; None if it is not where Debian has it."""
    for file in sorted(Path("/usr/lib").glob("*/libfprint-2.so.2")):
        return hashlib.sha256(file.read_bytes()).hexdigest()
    return None


def _kept(what: str, drawn_by: tuple[str, ...], draw: Callable[[], bytes]) -> bytes:
    place = folder()
    if place is None:
        return draw()
    file = place / hashlib.sha256(f"{_programs(drawn_by)} {what}".encode()).hexdigest()
    with contextlib.suppress(OSError):
        found = file.read_bytes()
        if hashlib.sha256(found[HASH_BYTES:]).digest() == found[:HASH_BYTES]:
            return found[HASH_BYTES:]
    picture = draw()
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, delete=False) as new:
            new.write(hashlib.sha256(picture).digest() + picture)
        os.replace(new.name, file)
    return picture


@cache
def _programs(patterns: tuple[str, ...]) -> str:
    """Hash over the files that match, and the version of what they draw with."""
    files = sorted(file for pattern in patterns for file in ROOT.glob(pattern) if file.is_file())
    state = hashlib.sha256(f"Pillow {pillow}, FreeType {features.version('freetype2')}".encode())
    for file in files:
        state.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return state.hexdigest()
