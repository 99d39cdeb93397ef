"""What comes back from the printer: each pattern told apart, each bit read, and no bytes that can hang or crash it."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract.errors import ProtocolError
from drivers.contract.words import DeviceCause, Supply
from drivers.thermal_printer.escpos import presenter
from drivers.thermal_printer.escpos.reader import Answer, Cleared, FullStatus, Noise, Pushed, Reader, Sensor
from drivers.thermal_printer.escpos.status import Condition, from_answers, from_asb, paper_left

ANY = settings(max_examples=10_000, deadline=None)


def answers(text: str) -> Condition:
    return from_answers(bytes.fromhex(text))


def asb(text: str) -> Condition:
    return from_asb(bytes.fromhex(text))


# Values from the Epson TM-T88III specification, tables of DLE EOT and GS a.
@pytest.mark.parametrize(
    ("said", "pushed", "causes", "paper"),
    [
        ("12 12 12 12", "10 00 00 00", (), Supply.FULL),
        ("16 12 12 12", "14 00 00 00", (), Supply.FULL),  # a drawer's contact is high
        ("12 12 12 1e", "10 00 03 00", (), Supply.LOW),
        ("1a 32 12 7e", "18 00 0f 00", (DeviceCause.PAPER_OUT,), Supply.OUT),
        ("1a 16 12 12", "38 00 00 00", (DeviceCause.COVER_OPEN,), Supply.FULL),
        ("1a 56 52 12", "38 40 00 00", (DeviceCause.COVER_OPEN,), Supply.FULL),
        ("1a 52 1a 12", "18 08 00 00", (DeviceCause.CUTTER,), Supply.FULL),
        ("1a 52 32 12", "18 20 00 00", (DeviceCause.HARDWARE,), Supply.FULL),
        ("1a 52 52 12", "18 40 00 00", (DeviceCause.HEAD_HOT,), Supply.FULL),
        ("1a 12 12 12", "18 00 00 00", (DeviceCause.HARDWARE,), Supply.FULL),  # off-line, and it does not say why
        ("1a 36 12 7e", "38 00 0f 00", (DeviceCause.COVER_OPEN, DeviceCause.PAPER_OUT), Supply.OUT),
    ],
)
def test_each_state_reads_the_same_asked_and_pushed(
    said: str, pushed: str, causes: tuple[DeviceCause, ...], paper: Supply
) -> None:
    for condition in (answers(said), asb(pushed)):
        assert condition.causes == causes
        assert condition.paper is paper


@pytest.mark.parametrize(
    "said", ["12 12 12", "12 12 12 00", "ff 12 12 12", "12 12 12 32", "12 12 12 16", "12 16 12 12"]
)
def test_half_a_pair_a_foreign_byte_or_a_contradiction_is_no_status(said: str) -> None:
    with pytest.raises(ProtocolError):
        answers(said)


@pytest.mark.parametrize("pushed", ["", "10 00 00", "12 00 00 00", "10 10 00 00", "10 00 01 00", "10 40 00 00"])
def test_nor_is_a_damaged_group(pushed: str) -> None:
    with pytest.raises(ProtocolError):
        asb(pushed)


@given(st.binary(max_size=6))
@ANY
def test_any_answers_are_a_condition_or_a_protocol_error(data: bytes) -> None:
    try:
        condition = from_answers(data)
    except ProtocolError:
        return
    assert condition.offline or not condition.causes


@given(st.binary(max_size=8))
@ANY
def test_any_group_is_a_condition_or_a_protocol_error(data: bytes) -> None:
    try:
        condition = from_asb(data)
    except ProtocolError:
        return
    assert condition.offline or not condition.causes


@given(st.integers(-10, 300))
@settings(max_examples=1000)
def test_a_sensor_byte_says_paper_or_none_or_is_refused(byte: int) -> None:
    try:
        left = paper_left(byte)
    except ProtocolError:
        return
    assert left is (byte & 0x0C == 0)


# -- the reader --------------------------------------------------------------------------------------------------


def test_answers_pushes_and_sensor_bytes_are_told_apart_in_one_stream() -> None:
    stream = bytes.fromhex("12 10 00 03 00 1e 03 37 25 00 00")
    assert Reader().feed(stream) == [
        Answer(0x12),
        Pushed(bytes.fromhex("10 00 03 00")),
        Answer(0x1E),
        Sensor(0x03),
        Cleared(),
        Sensor(0x00),
    ]


def test_flow_control_may_stand_inside_a_group() -> None:
    assert Reader().feed(bytes.fromhex("10 13 00 00 11 00")) == [Pushed(bytes.fromhex("10 00 00 00"))]


def test_a_group_that_lost_a_byte_does_not_swallow_the_next_answer() -> None:
    assert Reader().feed(bytes.fromhex("10 00 00 12")) == [Noise(bytes.fromhex("10 00 00")), Answer(0x12)]


def test_a_pause_ends_a_group() -> None:
    reader = Reader()
    assert reader.feed(bytes.fromhex("10 00 00")) == []
    assert reader.quiet() == [Noise(bytes.fromhex("10 00 00"))]
    assert reader.feed(b"\x00") == [Sensor(0)]


def test_bytes_with_the_top_bit_are_nothing() -> None:
    assert Reader().feed(b"\xff\x80") == [Noise(b"\xff"), Noise(b"\x80")]


@given(st.lists(st.binary(max_size=20), max_size=10))
@ANY
def test_any_bytes_in_any_pieces_become_the_same_bounded_events(pieces: list[bytes]) -> None:
    whole, parts = Reader(), Reader()
    joined = whole.feed(b"".join(pieces)) + whole.quiet()
    split = [event for piece in pieces for event in parts.feed(piece)] + parts.quiet()
    assert joined == split
    assert len(joined) <= sum(map(len, pieces))


@given(st.lists(st.binary(max_size=12), max_size=8))
@ANY
def test_a_presenters_reader_understands_any_bytes_or_calls_them_noise(pieces: list[bytes]) -> None:
    reader = Reader(full_status=True)
    for piece in pieces:
        for event in reader.feed(piece):
            if isinstance(event, FullStatus):
                with contextlib.suppress(ProtocolError):
                    presenter.mouth(event.group)
    reader.quiet()
    assert reader.feed(bytes.fromhex("100F20000000")) == [FullStatus(bytes.fromhex("20000000"))]


def test_a_full_status_tells_a_slip_at_the_mouth_and_a_jam() -> None:
    assert presenter.mouth(bytes.fromhex("24000000")) == presenter.Mouth(ticket=True, jam=False)
    assert presenter.mouth(bytes.fromhex("00024000")) == presenter.Mouth(ticket=False, jam=True)
    with pytest.raises(ProtocolError):
        presenter.mouth(b"\xff\xff\xff\xff")
