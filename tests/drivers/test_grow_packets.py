"""The ZFM/R503 packets: byte for byte as the manual has them, and nothing a line can do to them does harm."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract.errors import ProtocolError
from drivers.fingerprint_scanner.grow.packets import (
    Damaged,
    Decoder,
    Packet,
    PacketId,
    ProductInfo,
    SystemParameters,
    encode,
    unpack_image,
)
from sim.fingerprint_scanner import wire

GOLDEN = Path(__file__).parents[1] / "golden/grow/packets.txt"
LINES = [
    [part.strip() for part in line.split("|")]
    for line in GOLDEN.read_text().splitlines()
    if line and not line.startswith("#")
]
CASES = [
    pytest.param(int(pid, 16), bytes.fromhex(content), bytes.fromhex(wired), id=name)
    for name, pid, content, wired in LINES
]


@pytest.mark.parametrize(("pid", "content", "wired"), CASES)
def test_packets_are_those_of_the_manual(pid: int, content: bytes, wired: bytes) -> None:
    assert encode(Packet(PacketId(pid), content)) == wired
    assert Decoder().feed(wired) == [Packet(PacketId(pid), content)]


@pytest.mark.parametrize(("pid", "content", "wired"), CASES)
def test_the_simulator_speaks_the_same_packets_by_its_own_code(pid: int, content: bytes, wired: bytes) -> None:
    assert wire.packet(0xFFFFFFFF, pid, content) == wired
    assert wire.Receiver().take(wired) == [wire.Command(0xFFFFFFFF, pid, content, intact=True)]


def test_the_system_parameters_of_the_manual_are_understood() -> None:
    answer = next(bytes.fromhex(content) for name, _, content, _ in LINES if name == "ack-syspara")
    assert SystemParameters.parse(answer[1:]) == SystemParameters(4, 9, 1000, 3, 0xFFFFFFFF, 128, 57600)


def test_the_left_pixel_is_the_high_nibble() -> None:
    assert unpack_image(bytearray.fromhex("F00F12"), 3, 2) == bytearray((255, 0, 0, 255, 17, 34))


GOOD = encode(Packet(PacketId.ACK, b"\x00"))


def test_noise_before_and_between_packets_is_passed_over() -> None:
    assert Decoder().feed(b"\x55" + GOOD + b"\xef\xef\x00" + GOOD) == [Packet(PacketId.ACK, b"\x00")] * 2


@pytest.mark.parametrize("lost", range(len(GOOD)))
def test_after_a_lost_byte_the_next_packet_but_one_is_read_again(lost: int) -> None:
    found = Decoder().feed(GOOD[:lost] + GOOD[lost + 1 :] + GOOD + GOOD)
    assert found[-1] == Packet(PacketId.ACK, b"\x00")
    assert sum(isinstance(item, Packet) for item in found) == 2


@settings(max_examples=10_000, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.just(GOOD), st.just(GOOD[:7]), st.just(b"\xef\x01")), max_size=8))
def test_any_bytes_in_any_pieces_end_in_packets_or_damage(pieces: list[bytes]) -> None:
    decoder, whole = Decoder(), Decoder()
    found = [item for piece in pieces for item in decoder.feed(piece)]
    assert found == whole.feed(b"".join(pieces)), "where the pieces are cut makes no difference"
    assert all(isinstance(item, Packet | Damaged) for item in found)
    decoder.reset()
    assert decoder.feed(GOOD) == [Packet(PacketId.ACK, b"\x00")]


@settings(max_examples=10_000, deadline=None)
@given(st.one_of(st.binary(max_size=64), st.binary(min_size=16, max_size=16), st.binary(min_size=46, max_size=46)))
def test_any_answer_is_understood_or_refused(data: bytes) -> None:
    try:
        assert SystemParameters.parse(data).packet_size in (32, 64, 128, 256)
    except ProtocolError:
        assert len(data) != 16 or data[12:14] > b"\x00\x03"
    try:
        assert ProductInfo.parse(data).width in range(16, 1025)
    except ProtocolError:
        sides = [int.from_bytes(data[at : at + 2], "big") for at in (38, 40)]
        fits = all(16 <= side <= 1024 for side in sides) and sides[0] * sides[1] % 2 == 0  # two pixels share a byte
        assert len(data) != 46 or not fits


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=64), st.integers(1, 16), st.integers(1, 16))
def test_an_image_has_its_size_or_is_refused(data: bytes, width: int, height: int) -> None:
    try:
        assert len(unpack_image(bytearray(data), width, height)) == width * height
    except ProtocolError:
        assert len(data) * 2 != width * height
