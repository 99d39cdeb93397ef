"""The pipe to libfprint's helper: golden messages, and a decoder that takes anything."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract.errors import ProtocolError
from drivers.fingerprint_scanner.libfprint.messages import BODY_MAX, Decoder, Message, encode

GOLDEN = Path(__file__).parents[1] / "golden" / "libfprint" / "messages.txt"
ROWS = [tuple(part.strip() for part in line.split("|")) for line in GOLDEN.read_text().splitlines()]


@pytest.mark.parametrize(("name", "said", "body", "wire"), ROWS)
def test_messages_are_as_the_protocol_tells(name: str, said: str, body: str, wire: str) -> None:
    content = b"" if body == "-" else bytes.fromhex(body)
    assert encode(json.loads(said), content) == bytes.fromhex(wire), name
    assert Decoder().feed(bytes.fromhex(wire)) == [Message(json.loads(said), bytearray(content))]


def test_messages_in_single_bytes_are_the_same_messages() -> None:
    stream = b"".join(bytes.fromhex(wire) for *_, wire in ROWS)
    decoder = Decoder()
    found = [message for byte in stream for message in decoder.feed(bytes((byte,)))]
    assert [dict(message.said) for message in found] == [json.loads(said) for _, said, *_ in ROWS]


def test_what_is_too_long_is_refused_before_it_is_collected() -> None:
    with pytest.raises(ProtocolError):
        Decoder().feed(b"FPH1" + (2).to_bytes(4, "big") + (BODY_MAX + 1).to_bytes(4, "big"))


def test_a_message_shows_nothing_of_the_finger() -> None:
    assert "17" not in repr(Message({"minutiae": [[17, 17, 17]]}, bytearray(b"17")))


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=64), st.binary(max_size=48), st.booleans())
def test_any_bytes_give_messages_or_a_protocol_error(noise: bytes, text: bytes, framed: bool) -> None:
    head = b"FPH1" + len(text).to_bytes(4, "big") + (2).to_bytes(4, "big")
    data = head + text + noise if framed else noise
    try:
        assert all(isinstance(message.said, dict) for message in Decoder().feed(data))
    except ProtocolError:
        pass
