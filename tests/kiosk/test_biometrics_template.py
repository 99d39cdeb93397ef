"""ISO/IEC 19794-2:2005 records: other makers' come through byte for byte, and nothing else gets in."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.biometrics.template import Kind, Minutia, Template, TemplateError, View, encode, parse
from tests.kiosk.test_biometrics_2011_and_images import GOOD, record_2011

FOREIGN = sorted((Path(__file__).parents[1] / "golden/iso19794-2").glob("*.fmr"))
RECORD = FOREIGN[0].read_bytes()
VERSIONS = (b"FMR\x00 20\x00", b"FMR\x00030\x00")
ANSI_2004 = bytes.fromhex("464D5200 20323000 0020 00330000 0000 0100 0120 00C5 00C5 01 00 00 00 50 00 0000")
"""INCITS 378-2004: two bytes of length, four of the maker's number, then as in ISO."""
ANSI_2004_LONG = bytes.fromhex(
    "464D5200 20323000 0000 00000024 00330000 0000 0100 0120 00C5 00C5 01 00 00 00 50 00 0000"
)


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.stem)
def test_a_foreign_record_is_encoded_again_byte_for_byte(path: Path) -> None:
    data = path.read_bytes()
    assert len(parse(data).views[0].minutiae) == data[27]
    assert encode(parse(data)) == data


def test_the_fields_are_where_the_standard_puts_them() -> None:
    data = bytes.fromhex(
        "464D5200 20323000 00000022 8001 0100 0120 00C5 00C5 01 00"  # header: 256x288, 197 per cm, one view
        "07 12 50 01"  # left index, view 1, impression 2, quality 80, one minutia
        "8064 0032 40 5A"  # bifurcation at (100, 50), 90 degrees, quality 90
        "0000"
    )
    data = data[:4] + b" 20\x00" + data[8:]
    view = View((Minutia(Kind.BIFURCATION, 100, 50, 64, 90),), position=7, number=1, impression=2, quality=80)
    data = data[:8] + len(data).to_bytes(4, "big") + data[12:]
    assert parse(data) == Template(256, 288, (view,), equipment=0x8001)
    assert encode(parse(data)) == data


def changed(offset: int, value: bytes) -> bytes:
    return RECORD[:offset] + value + RECORD[offset + len(value) :]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "shorter than"),
        (changed(0, b"FIR\x00"), "offset 0"),
        (changed(4, b"040\x00"), "2005"),
        (changed(4, b"030\x00"), "378-2009"),
        (ANSI_2004, "378-2004"),
        (ANSI_2004_LONG, "378-2004"),
        (RECORD[:-1], "offset 8"),
        (RECORD + b"\x00", "offset 8"),
        (changed(8, (len(RECORD) + 4).to_bytes(4, "big")) + bytes(4), "bytes after the last view"),
        (changed(14, b"\x00\x00"), "zero"),
        (changed(22, b"\x00"), "0 views"),
        (changed(22, b"\xff"), "255 views"),
        (changed(22, b"\x02"), "view header"),
        (changed(24, b"\x0b"), "finger position 11"),
        (changed(26, b"\x65"), "quality 101"),
        (changed(27, b"\xff"), "255 minutiae"),
        (changed(28, b"\x3f\xff"), "outside"),
        (changed(33, b"\xff"), "minutia quality 255"),
        (changed(len(RECORD) - 2, b"\xff\xff"), "extended data"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        parse(data)


def test_values_that_do_not_fit_are_not_written() -> None:
    for view in (
        View((Minutia(Kind.ENDING, 20000, 1, 0),)),
        View((Minutia(Kind.ENDING, 1, 1, 256),)),
        View((), number=16),
        View(tuple(Minutia(Kind.ENDING, 1, 1, 0) for _ in range(256))),
    ):
        with pytest.raises(TemplateError):
            encode(Template(256, 288, (view,)))


def test_nothing_of_a_finger_is_shown() -> None:
    assert "minutiae" not in repr(parse(RECORD))
    assert "Minutia" not in repr(parse(RECORD))


minutiae = st.builds(
    Minutia,
    st.sampled_from(Kind),
    st.integers(0, 255),
    st.integers(0, 287),
    st.integers(0, 255),
    st.integers(0, 100),
    st.integers(0, 3),
)
views = st.builds(
    View,
    st.lists(minutiae, max_size=12).map(tuple),
    st.integers(0, 10),
    st.integers(0, 15),
    st.integers(0, 15),
    st.integers(0, 100),
    st.binary(max_size=9),
)
templates = st.builds(Template, st.just(256), st.just(288), st.lists(views, min_size=1, max_size=3).map(tuple))


@settings(max_examples=500, deadline=None)
@given(templates)
def test_what_is_encoded_is_parsed_again(template: Template) -> None:
    assert parse(encode(template)) == template


damaged = st.tuples(st.integers(0, len(RECORD) - 1), st.binary(min_size=1, max_size=4)).map(lambda hit: changed(*hit))


@settings(max_examples=10_000, deadline=None)
@given(st.one_of(st.binary(max_size=300), damaged, st.binary(max_size=60).map(lambda tail: RECORD[:24] + tail)))
def test_any_bytes_are_a_record_or_an_error(data: bytes) -> None:
    try:
        template = parse(data)
    except TemplateError:
        return
    assert encode(template) == data


SHORT = encode(
    Template(256, 288, (View((Minutia(Kind.ENDING, 10, 20, 30, 40),) * 3, 7, 1), View((), 2, 2, extended=b"ab")))
)
LATER = record_2011(GOOD, GOOD)


def test_a_million_seeded_inputs_are_records_or_errors() -> None:
    """A quarter noise, a quarter noise behind a true beginning and length, half short records with bytes changed."""
    chance, accepted = random.Random(5), 0
    for number in range(1_000_000):
        match number % 4:
            case 0:
                data = bytearray(chance.randbytes(number % 61))
            case 1:
                data = bytearray((VERSIONS[number // 4 % 2]) + chance.randbytes(8 + number % 41))
                data[8:12] = len(data).to_bytes(4, "big")
            case more:
                data = bytearray(SHORT if more == 2 else LATER)
                for _ in range(1 + number // 4 % 4):
                    hit = chance.getrandbits(24)
                    data[hit % len(data)] = hit >> 16
        try:
            accepted += parse(data) is not None
        except TemplateError:
            continue
    assert accepted > 50_000, "many come so far that every field is read"


def test_the_largest_record_there_can_be_is_read() -> None:
    """16 views of 255 minutiae, 25 kB: what it costs is a row of `make bench`."""
    views = tuple(View(tuple(Minutia(Kind.OTHER, n, n, n) for n in range(255)), number=number) for number in range(16))
    largest = Template(256, 288, views)
    assert parse(encode(largest)) == largest
    with pytest.raises(TemplateError, match="17 views"):
        encode(Template(256, 288, (*views, views[0])))
