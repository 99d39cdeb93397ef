"""The secure channel: held to sessions that a real card and another host have had."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract.errors import ProtocolError
from kiosk.cards.personalise import scp03
from kiosk.cards.personalise.scp03 import CardAnswer, Channel, ChannelError

TRACES = tomllib.loads((Path(__file__).parents[2] / "golden" / "scp03" / "traces.toml").read_text())
SESSIONS = pytest.mark.parametrize("session", TRACES["session"], ids=lambda session: session["name"])


def opened(session: dict[str, Any], card: bytes | None = None) -> Channel:
    size = session["key_bytes"]
    first = bytes(range(0x10)) * 2
    second = bytes(range(0x10, 0x20)) * 2
    return Channel(
        scp03.aes_cmac(first[:size]),
        scp03.aes_cmac(second[:size]),
        bits=8 * size,
        level=int(session["name"][-2:], 16),
        host_challenge=bytes.fromhex(session["initialize"])[5:13],
        card_answer=card or bytes.fromhex(session["card"]),
    )


@SESSIONS
def test_every_byte_of_the_published_sessions(session: dict[str, Any]) -> None:
    initialize = bytes.fromhex(session["initialize"])
    assert scp03.initialize_update(initialize[2], initialize[5:13]) == initialize
    channel = opened(session)
    assert channel.authenticate.hex().upper() == session["authenticate"]
    wrapped = [channel.wrap(bytes.fromhex(plain)).hex().upper() for plain in TRACES["plain"]]
    assert wrapped == session["wrapped"]
    assert channel.unwrap(bytes.fromhex(session["answer"])).hex().upper() == TRACES["answer"]


@SESSIONS
def test_a_card_with_other_keys_is_not_talked_to(session: dict[str, Any]) -> None:
    card = bytearray.fromhex(session["card"])
    card[25] ^= 1
    with pytest.raises(ChannelError, match="other keys"):
        opened(session, bytes(card))


@pytest.mark.parametrize("at", [0, 20, -3, -1])
@pytest.mark.parametrize("name", ["AES128-level-11", "AES256-level-33"])
def test_an_answer_changed_on_its_way_is_seen(name: str, at: int) -> None:
    session = next(one for one in TRACES["session"] if one["name"] == name)
    channel = opened(session)
    channel.wrap(bytes.fromhex(TRACES["plain"][0]))
    answer = bytearray.fromhex(session["answer"])
    answer[at] ^= 1
    with pytest.raises(ChannelError):
        channel.unwrap(bytes(answer))


def test_the_largest_block_fits_a_short_apdu_and_the_next_larger_is_refused() -> None:
    session = TRACES["session"][2]
    assert len(opened(session).wrap(bytes.fromhex("84E20000EF") + bytes(239))) == 253
    with pytest.raises(ValueError, match="short APDU"):
        opened(session).wrap(bytes.fromhex("84E20000F0") + bytes(240))


@given(st.binary(max_size=40))
@settings(max_examples=10_000, deadline=None)
def test_any_answer_of_a_card_is_understood_or_refused(data: bytes) -> None:
    try:
        answer = CardAnswer.parse(data)
    except ProtocolError:
        return
    assert len(answer.challenge) == 8
