"""Whatever comes down the cable, the console gets lines or refusals, and its memory stays bounded."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.diagnostics.lines import LINE_LIMIT, Line, LineReader, Refused


def read(*pieces: bytes) -> list[Line | Refused]:
    reader = LineReader()
    return [found for piece in pieces for found in reader.feed(piece)]


def test_every_way_a_terminal_ends_a_line_ends_it_once() -> None:
    assert read(b"help\r\nstatus\rdevices\n\r\n\n") == [Line("help"), Line("status"), Line("devices")]


def test_a_person_corrects_what_he_typed() -> None:
    assert read(b"hepl\x7f\x7flp\n") == [Line("help")]
    assert read(b"\x08\x08status\n") == [Line("status")]
    assert read(b"wrong thing\x03help\n") == [Line("help")]


def test_an_arrow_key_or_noise_refuses_its_own_line_and_no_other() -> None:
    assert read(b"\x1b[A\nhelp\n") == [Refused.BAD_BYTES, Line("help")]
    assert read(b"\xff\x00\xfe", b"\n", b"help\n") == [Refused.BAD_BYTES, Line("help")]


def test_a_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert read(b"x" * LINE_LIMIT + b"\n") == [Line("x" * LINE_LIMIT)]
    assert read(b"x" * (LINE_LIMIT + 1) + b"\nhelp\n") == [Refused.TOO_LONG, Line("help")]


def test_ten_megabytes_without_an_end_are_one_refusal_and_no_memory() -> None:
    reader = LineReader()
    for _ in range(10):
        assert reader.feed(b"A" * 1_000_000) == []
    assert len(reader._line) <= LINE_LIMIT
    assert reader.feed(b"\nhelp\n") == [Refused.TOO_LONG, Line("help")]


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_give_clean_lines_or_refusals(data: bytes) -> None:
    for found in read(data):
        if isinstance(found, Line):
            assert found.text
            assert found.text == found.text.strip()
            assert found.text.isascii()
            assert found.text.isprintable()
            assert len(found.text) <= LINE_LIMIT


@settings(max_examples=2_000, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_where_the_pieces_end_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    assert read(*(data[start:end] for start, end in pairwise(edges))) == read(data)


@settings(max_examples=2_000, deadline=None)
@given(st.binary(max_size=400))
def test_after_any_noise_the_next_line_is_understood(noise: bytes) -> None:
    assert read(noise, b"\nhelp\n")[-1] == Line("help")
