"""The encoder's decoders: golden bytes read and written, and no byte sequence that hangs or crashes them."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.card_encoder.pcsc import link
from drivers.card_encoder.pcsc.protocol import Frames, check_atr, check_response, frame
from drivers.contract.errors import ProtocolError
from drivers.transport.base import LinkError

GOLDEN = Path(__file__).parents[1] / "golden" / "pcsc"


def test_frames_are_as_the_virtual_card_manual_draws_them() -> None:
    for line in (GOLDEN / "vpcd.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        wire = bytes.fromhex(line[1:])
        [body] = Frames().feed(wire)
        assert frame(body) == wire


def test_a_frame_that_comes_byte_by_byte_is_one_frame() -> None:
    frames = Frames()
    assert [body for byte in frame(b"hello") for body in frames.feed(bytes([byte]))] == [b"hello"]


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 50))
def test_frames_take_any_bytes_in_any_pieces(data: bytes, size: int) -> None:
    frames = Frames()
    bodies = [body for at in range(0, len(data), size) for body in frames.feed(data[at : at + size])]
    assert data.startswith(b"".join(frame(body) for body in bodies))


@pytest.mark.parametrize(
    "atr",
    [
        "3B80800101",  # PC/SC part 3, no historical bytes
        "3B8F8001804F0CA000000306030001000000006A",  # PC/SC part 3, 3.1.3.2.3.2: MIFARE Classic 1K
        "3B6500002063CB6A00",  # T=0 only, so no check character
        "",  # no chip
    ],
)
def test_real_atrs_are_taken(atr: str) -> None:
    assert check_atr(bytes.fromhex(atr)) == bytes.fromhex(atr)


@pytest.mark.parametrize("atr", ["3B", "3A80800101", "3B80800102", "3B808001", "3B8080010101", "3BFF", "00" * 40])
def test_what_is_no_atr_is_refused(atr: str) -> None:
    with pytest.raises(ProtocolError):
        check_atr(bytes.fromhex(atr))


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda tail: b"\x3b" + tail))
@example(b"\x3b\xff" + b"\xff" * 31)
def test_any_bytes_are_an_atr_or_a_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert check_atr(data) == data


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_response_or_a_protocol_error(data: bytes) -> None:
    try:
        check_response(data)
    except ProtocolError:
        assert len(data) < 2 or data[-2] >> 4 not in (6, 9) or data[-2] == 0x60
    else:
        assert data[-2] >> 4 in (6, 9)


@pytest.mark.parametrize("text", ["serial:/dev/ttyUSB0", "pcsc", "pcsc:", "pcsc:Reader?baud=1", "usb:1234:5678"])
def test_a_transport_that_is_no_reader_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(LinkError, match="transport"):
        link(text)
