"""Pictures kept between runs: as if drawn anew, whatever lies in the folder; and a day does not depend on them."""

import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from drivers.contract.fingerprint_scanner import (
    CaptureRetry,
    FingerImage,
    FoundMinutia,
    MinutiaeDetector,
    RetryReason,
)
from kiosk.cards.face import render_front
from kiosk.cards.lds import PhotoError, small_jpeg
from kiosk.cards.personalise.groups import fitted_signature
from kiosk.cards.record import CardRecord
from sim.centre.people import specimen_people
from sim.centre.portraits import Look, portrait
from sim.office import artwork, memo
from sim.office.day import live

LOOK = Look((232, 190, 152), "short", (38, 28, 24), (60, 110, 90))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(artwork.PLACE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def never(*what: object, **more: object) -> Any:
    raise AssertionError("drawn again")


def test_a_portrait_is_drawn_once_and_another_one_is_another(place: Path) -> None:
    drawn = artwork.portraits(portrait)(LOOK)
    assert drawn == portrait(LOOK) == artwork.portraits(never)(LOOK)
    with pytest.raises(AssertionError, match="drawn again"):
        artwork.portraits(never)(Look((232, 190, 152), "veil", (38, 28, 24), (60, 110, 90)))


def test_what_was_made_to_fit_a_chip_comes_back_as_it_was(place: Path) -> None:
    record = CardRecord.model_validate(specimen_people()[0].record)
    assert record.signature is not None
    for limit in (2_000, 4_000):
        photo = small_jpeg(record.photo, limit)
        assert artwork.photos(small_jpeg)(record.photo, limit) == photo == artwork.photos(never)(record.photo, limit)
        scribble = fitted_signature(record.signature, limit)
        assert artwork.scribbles(fitted_signature)(record.signature, limit) == scribble
        assert artwork.scribbles(never)(record.signature, limit) == scribble
    with pytest.raises(AssertionError, match="drawn again"):
        artwork.photos(never)(record.photo[:-1], 2_000)
    with pytest.raises(PhotoError):
        artwork.photos(small_jpeg)(b"no photo", 2_000)


def test_a_face_comes_back_to_the_dot(place: Path) -> None:
    record = CardRecord.model_validate(specimen_people()[0].record)
    drawn = render_front(record, specimen=True)

    def never_a_face(record: CardRecord, *, specimen: bool) -> Image.Image:
        raise AssertionError("drawn again")

    for draw in (render_front, never_a_face):
        kept = artwork.faces(draw)(record, specimen=True)
        assert (kept.mode, kept.size, kept.tobytes()) == (drawn.mode, drawn.size, drawn.tobytes())


class Detector(MinutiaeDetector):
    """Finds the same in every image but a dark one."""

    def __init__(self) -> None:
        self.started = self.asked = 0

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None: ...

    def minutiae(self, image: FingerImage) -> tuple[FoundMinutia, ...]:
        self.asked += 1
        if not any(image.pixels):
            raise CaptureRetry(RetryReason.TOO_POOR)
        return FoundMinutia(1, 2, 255), FoundMinutia(3, 4, 0)


def test_minutiae_are_found_once_by_the_same_library(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finger, nothing = (FingerImage(16, 16, 500, bytearray(bytes((grey,)) * 256)) for grey in (7, 0))
    detector = Detector()
    monkeypatch.setattr(artwork, "_libfprint", lambda: "one library")
    for _ in range(2):
        assert artwork.Minutiae(detector).minutiae(finger) == (FoundMinutia(1, 2, 255), FoundMinutia(3, 4, 0))
    assert detector.asked == 1
    for asked in (2, 3):
        with pytest.raises(CaptureRetry):
            artwork.Minutiae(detector).minutiae(nothing)
        assert detector.asked == asked
    for library, asked in (("another", 4), (None, 5)):
        monkeypatch.setattr(artwork, "_libfprint", lambda library=library: library)
        artwork.Minutiae(detector).minutiae(finger)
        assert detector.asked == asked


def test_the_helper_starts_by_itself_only_where_nothing_is_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = Detector()
    monkeypatch.setattr(artwork, "_libfprint", lambda: "one library")
    artwork.Minutiae(detector).start()
    assert detector.started == 0
    monkeypatch.setenv(artwork.PLACE, "")
    artwork.Minutiae(detector).start()
    assert detector.started == 1


@pytest.mark.parametrize("left", [0, 20, 31, 32, 500])
def test_a_file_cut_off_in_the_middle_costs_a_drawing(place: Path, left: int) -> None:
    whole = artwork.signatures(lambda name: b"a scribble" * 100)("ANI")
    (file,) = place.iterdir()
    file.write_bytes(file.read_bytes()[:left])
    assert artwork.signatures(lambda name: whole)("ANI") == whole
    assert artwork.signatures(never)("ANI") == whole
    assert list(place.iterdir()) == [file]


def test_other_programs_find_nothing_of_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artwork.signatures(lambda name: b"old")("ANI")
    monkeypatch.setattr(artwork, "DRAW_PEOPLE", ("sim/centre/*.py",))
    assert artwork.signatures(lambda name: b"new")("ANI") == b"new"


@pytest.mark.parametrize("where", ["", "/proc/nowhere"])
def test_where_nothing_can_be_kept_everything_is_drawn(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setenv(artwork.PLACE, where)
    assert artwork.signatures(lambda name: b"first")("ANI") == b"first"
    assert artwork.signatures(lambda name: b"second")("ANI") == b"second"


def test_it_lies_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(artwork.PLACE, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert artwork.folder() == tmp_path / "anjungan"


@pytest.mark.timeout(300)
def test_a_day_is_the_same_with_kept_pictures_and_without(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = []
    for where in (str(place), str(place), ""):
        monkeypatch.setenv(artwork.PLACE, where)
        memo.drop()  # or this process would remember by itself
        digests.append(live(5, 0, 3, cuts=False).digest)
    memo.drop()
    assert list(place.iterdir())
    assert len(set(digests)) == 1
