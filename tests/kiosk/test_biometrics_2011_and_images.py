"""What else a registry may send: the later edition of the minutiae record, and the picture itself."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kiosk.biometrics import image_record
from kiosk.biometrics.template import Kind, Minutia, Template, TemplateError, View, encode, parse

CAPTURED = bytes.fromhex("07E7 0102 0304 05 0006 00 0001 0002")
"""2 January 2023, 3:04:05.006; technology unknown, vendor 1, type 2."""
MINUTIAE = bytes.fromhex("8064 0032 404010 0020 FF")
SIXES = bytes.fromhex("8064 0032 40 5A4010 0020 FF FE")
FINGER = bytes.fromhex("07 01 00C5 00C5 00 0100 0120")


def record_2011(*bodies: bytes, certified: bool = False) -> bytes:
    body = b"".join((4 + len(one)).to_bytes(4, "big") + one for one in bodies)
    return b"FMR\x00030\x00" + struct.pack(">IHB", 15 + len(body), len(bodies), certified) + body


def test_the_2011_edition_is_read_into_the_same_model() -> None:
    body = CAPTURED + b"\x01\x50\x00\x01\x00\x02" + FINGER + b"\x62\x02" + SIXES + b"\x00\x00"
    read = parse(record_2011(body))
    first, second = Minutia(Kind.BIFURCATION, 100, 50, 64, 90), Minutia(Kind.ENDING, 16, 32, 255, 0)
    assert read == Template(256, 288, (View((first, second), position=7, number=1, quality=80),))
    assert parse(encode(read)) == read, "and can be written as the edition of 2005"


def test_minutiae_without_quality_certificates_and_several_views_are_read() -> None:
    body = CAPTURED + b"\x00" + b"\x01\x00\x01\x02" + FINGER + b"\x50\x02" + MINUTIAE + b"\x00\x03abc"
    read = parse(record_2011(body, body, certified=True))
    assert [len(view.minutiae) for view in read.views] == [2, 2]
    assert read.views[0].minutiae[0].quality == 0
    assert read.views[1].extended == b"abc"


GOOD = CAPTURED + b"\x00" + FINGER + b"\x50\x02" + MINUTIAE + b"\x00\x00"


def changed(at: int, value: bytes) -> bytes:
    return GOOD[:at] + value + GOOD[at + len(value) :]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (record_2011(), "0 representations"),
        (record_2011(*[GOOD] * 17), "17 representations"),
        (record_2011(GOOD)[:-1], "offset 8"),
        (record_2011(GOOD[:20]), "378-2009"),
        (record_2011(changed(15, b"\x0b")), "finger position 11"),
        (record_2011(changed(16, b"\x10")), "representation 16"),
        (record_2011(changed(17, b"\x00\x00")), "zero"),
        (record_2011(changed(26, b"\x70")), "minutiae of 7 bytes"),
        (record_2011(changed(27, b"\xff")), "too early"),
        (record_2011(changed(28, b"\x3f\xff")), "outside"),
        (record_2011(changed(38, b"\x00\x01")), "extended data"),
        (record_2011(GOOD, changed(17, b"\x00\xc6")), "different sizes"),
    ],
)
def test_what_is_wrong_with_a_2011_record_is_named(data: bytes, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        parse(data)


def image(body: bytes, width: int, height: int, compression: int = 0, unit: int = 1, resolution: int = 500) -> bytes:
    view = struct.pack(">IBBBBBHHB", 14 + len(body), 7, 1, 1, 80, 0, width, height, 0) + body
    head = struct.pack(">HHBBHHHHBBH", 0, 31, 1, unit, *(resolution,) * 4, 8, compression, 0)
    return b"FIR\x00010\x00" + (32 + len(view)).to_bytes(6, "big") + head + view


def png(width: int, height: int, mode: str = "L") -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(out, "PNG")
    return out.getvalue()


def test_a_picture_is_read_plain_and_as_png() -> None:
    (plain,) = image_record.parse(image(bytes(range(12)), 4, 3))
    assert (plain.width, plain.height, plain.dpi, bytes(plain.pixels)) == (4, 3, 500, bytes(range(12)))
    (packed,) = image_record.parse(image(png(40, 30), 40, 30, compression=5, unit=2, resolution=197))
    assert (packed.width, packed.height, packed.dpi) == (40, 30, 500)
    assert len(set(packed.pixels)) > 20


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"FIR", "shorter"),
        (b"FMR\x00" + image(b"", 1, 1)[4:], "offset 0"),
        (image(bytes(12), 4, 3) + b"\x00", "offset 8"),
        (image(bytes(11), 4, 3), "11 bytes of pixels"),
        (image(bytes(12), 4, 3, compression=2), "WSQ"),
        (image(bytes(12), 4, 3, resolution=72), "resolution"),
        (image(bytes(12), 4, 3, unit=3), "scale unit"),
        (image(b"", 5000, 5000), "1000"),
        (image(png(40, 30), 30, 40, compression=5), "pixels"),
        (image(png(40, 30, "RGB"), 40, 30, compression=5), "pixels"),
        (image(png(40, 30)[:60], 40, 30, compression=5), "PNG"),
    ],
)
def test_what_is_wrong_with_a_picture_is_named(data: bytes, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        image_record.parse(data)


PICTURE = image(png(40, 30), 40, 30, compression=5)


def damaged(record: bytes) -> st.SearchStrategy[bytes]:
    hits = st.tuples(st.integers(0, len(record) - 1), st.binary(min_size=1, max_size=4))
    return hits.map(lambda hit: record[: hit[0]] + hit[1] + record[hit[0] + len(hit[1]) :])


@settings(max_examples=10_000, deadline=None)
@given(st.one_of(damaged(record_2011(GOOD, GOOD)), st.binary(max_size=80).map(lambda tail: b"FMR\x00030\x00" + tail)))
def test_any_bytes_are_a_2011_record_or_an_error(data: bytes) -> None:
    try:
        read = parse(data)
    except TemplateError:
        return
    assert parse(encode(read)) == read


@settings(max_examples=10_000, deadline=None)
@given(st.one_of(damaged(PICTURE), damaged(image(bytes(12), 4, 3)), st.binary(max_size=80)))
def test_any_bytes_are_pictures_or_an_error(data: bytes) -> None:
    try:
        pictures = image_record.parse(data)
    except TemplateError:
        return
    assert all(len(one.pixels) == one.width * one.height for one in pictures)
