"""Pin lines, and the counter of notches, against anything a wire can bring."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.contract.errors import ProtocolError
from drivers.ticket_dispenser.notch import Options, link
from drivers.ticket_dispenser.notch.counter import Counter, Verdict
from drivers.transport.base import LinkError
from drivers.transport.remote_pins import Level, Lines, Sync, decode


def test_a_level_with_and_without_a_stamp() -> None:
    assert decode(b"pin 27 0") == Level(27, 0)
    assert decode(b"pin 27 1 1500000000") == Level(27, 1, 1.5)
    assert decode(b"sync 12") == Sync(12)


@pytest.mark.parametrize("line", [b"", b"pin", b"pin 28 0", b"pin 27 2", b"pin 27 0 ", b"PIN 27 0", b"pin 27 0\r"])
def test_what_is_no_level_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(line)


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=40) | st.integers(0, 10**9).map(lambda n: b"pin %d %d %d" % (n % 40, n % 3, n)))
def test_any_line_is_a_level_or_a_protocol_error(line: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        found = decode(line)
        if isinstance(found, Level):
            assert 0 <= found.bcm <= 27
            assert found.level in (0, 1)
        else:
            assert line == b"sync %d" % found.number or line.startswith(b"sync 0")


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_are_lines_or_a_protocol_error_and_no_memory_is_eaten(data: bytes, size: int) -> None:
    lines = Lines()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    with contextlib.suppress(ProtocolError):
        for piece in pieces:
            for line in lines.feed(piece):
                assert b"\n" not in line
    assert len(lines._held) <= 64 + 50


def counter(*, known: bool = True, period: float = 0.12) -> Counter:
    return Counter(Options(), active=False, at=0.0, known=known, period=period)


def test_a_ticket_is_counted_when_its_notch_has_passed_not_when_it_begins() -> None:
    notch = counter()
    notch.edge(0.100, True)
    notch.settle(0.110)
    assert notch.tickets == 0
    notch.edge(0.120, False)
    notch.settle(0.1231)
    assert notch.tickets == 1


def test_a_one_millisecond_spike_is_no_ticket() -> None:
    notch = counter()
    notch.edge(0.060, True)
    notch.edge(0.061, False)
    notch.settle(0.070)
    assert (notch.tickets, notch.glitches) == (0, 1)


def test_a_spike_inside_a_notch_does_not_end_it() -> None:
    notch = counter()
    for at, active in ((0.100, True), (0.110, False), (0.111, True), (0.120, False)):
        notch.edge(at, active)
    notch.settle(0.130)
    assert (notch.tickets, notch.glitches) == (1, 1)


def test_a_second_notch_in_the_same_ticket_is_not_a_second_ticket() -> None:
    notch = counter()
    for at, active in ((0.100, True), (0.120, False), (0.135, True), (0.150, False), (0.220, True), (0.240, False)):
        notch.edge(at, active)
    notch.settle(0.250)
    assert (notch.tickets, notch.doubles) == (2, 1)


def test_a_slow_dispenser_is_learned() -> None:
    notch = counter()
    for number in range(1, 13):
        notch.edge(number * 0.3 - 0.04, True)
        notch.edge(number * 0.3, False)
    notch.settle(4.0)
    assert notch.tickets == 12
    assert 0.28 < notch.period <= 0.3


def test_an_endless_notch_is_an_empty_roll_and_silence_is_a_jam() -> None:
    notch = counter()
    notch.edge(0.1, True)
    notch.settle(0.2)
    assert notch.verdict(0.34) is None
    assert notch.verdict(0.351) is Verdict.EMPTY
    assert counter().verdict(0.94) is None
    assert counter().verdict(0.95) is Verdict.JAM
    assert counter(period=0.3).verdict(1.4) is None


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=30))
def test_no_sequence_of_edges_counts_more_tickets_than_notches(steps: bytes) -> None:
    """Each byte is an edge: 0 to 381 ms after the one before, to an active level if it is odd."""
    notch, now, falls, level = counter(known=False), 0.0, 0, False
    for step in steps:
        active = bool(step & 1)
        now += (step >> 1) * 0.003
        falls += active and not level
        level = active
        notch.edge(now, active)
    notch.settle(now + 1)
    assert 0 <= notch.tickets <= falls
    assert notch.wake_at() > 0
    assert 0.06 <= notch.period <= 0.4


@pytest.mark.parametrize("text", ["gpio:rpigpio", "gpio:", "serial:/dev/ttyS0", "gpio:lgpio?pin=3"])
def test_a_transport_that_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(LinkError):
        link(text)


def test_two_wires_on_one_pin_are_refused() -> None:
    with pytest.raises(ValidationError, match="different pins"):
        Options(motor_pin=17, notch_pin=17)
