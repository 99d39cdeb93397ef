"""The simulated chip takes new keys as the card specification says, whole or not at all."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sim.card_encoder.memory import Cut
from tests.sim.card.cardholder import UID, PhysicalCard, personalise
from tests.sim.card.terminal import MASTER, CardGone, Host, Send, host, said, static_key

OWN = [static_key(kind, UID) for kind in (1, 2, 3)]
CHECKS = {MASTER.hex(): "504a77"}
"""Published: what GlobalPlatform tools show for the public test key as an AES key."""


def under(key: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor().update(data)


def field(key: bytes, dek: bytes = MASTER) -> bytes:
    return bytes.fromhex("881110") + under(dek, key) + b"\x03" + under(key, b"\x01" * 16)[:3]


def put(keys: list[bytes], *, old: int = 0x01, new: int = 0x30, p2: int = 0x81, dek: bytes = MASTER) -> bytes:
    data = bytes([new]) + b"".join(field(key, dek) for key in keys)
    return bytes([0x80, 0xD8, old, p2, len(data)]) + data + b"\x00"


def blank(level: int = 0x33) -> tuple[PhysicalCard, Send, Host]:
    card = PhysicalCard(keyed=False)
    send = card.chosen()
    one = Host(MASTER, MASTER, level=level)
    one.open(send)
    return card, send, one


def test_a_blank_names_its_transport_keys() -> None:
    card = PhysicalCard(keyed=False)
    answer = said(card.chosen()(bytes.fromhex("8050000008") + bytes(8) + b"\x00"))
    assert answer[10:13] == bytes.fromhex("010370")
    assert card.chosen()(bytes.fromhex("8050300008") + bytes(8) + b"\x00") == b"\x6a\x88", "it has no others"


def test_new_keys_take_the_place_of_the_old_and_their_check_values_come_back() -> None:
    card, send, one = blank()
    answer = said(one.ask(send, put([MASTER, *OWN[1:]])))
    assert answer[:4].hex() == "30" + CHECKS[MASTER.hex()]
    assert answer[4:] == b"".join(under(key, b"\x01" * 16)[:3] for key in OWN[1:])

    card, send, one = blank()
    said(one.ask(send, put(OWN)))
    said(one.ask(send, bytes.fromhex("80F24002024F0000")))
    host(UID).open(card.chosen())
    files = personalise(card)
    assert files
    with pytest.raises(AssertionError, match="does not know the keys"):
        Host(MASTER, MASTER).open(card.chosen())


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (put(OWN, old=0x30), "6a88"),
        (put(OWN, old=0x00), "6a88"),
        (put(OWN, p2=0x01), "6a88"),
        (put(OWN, new=0x00), "6a80"),
        (put(OWN, new=0x80), "6a80"),
        (put(OWN, dek=bytes(16)), "6a80"),
        (put(OWN[:2]), "6a80"),
        (put([*OWN, OWN[0]]), "6a80"),
        (put(OWN).replace(b"\x88\x11", b"\x80\x11"), "6a80"),
        (bytes.fromhex("80D801810130"), "6a80"),
    ],
    ids=[
        "another version", "version 0", "one key", "new version 0", "new version 80", "another DEK", "two keys",
        "four keys", "no AES keys", "no keys",
    ],
)  # fmt: skip
def test_what_is_not_in_order_changes_nothing(command: bytes, answer: str) -> None:
    card, send, one = blank()
    assert one.ask(send, command).hex() == answer
    assert "keys" not in card.cells


@pytest.mark.parametrize("level", [0x01, 0x03, 0x11])
def test_keys_need_the_whole_channel(level: int) -> None:
    card, send, one = blank(level)
    assert one.ask(send, put(OWN))[-2:] == b"\x69\x82"
    assert "keys" not in card.cells


def test_said_plainly_it_is_refused() -> None:
    card = PhysicalCard(keyed=False)
    assert card.chosen()(put(OWN)) == b"\x69\x82"
    assert "keys" not in card.cells


def test_a_document_takes_no_other_keys() -> None:
    card = PhysicalCard()
    personalise(card)
    send = card.chosen()
    one = host(UID)
    one.open(send)
    assert one.ask(send, put(OWN, old=0x30, new=0x31, dek=OWN[2]))[-2:] == b"\x69\x85"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cut", list(Cut))
def test_a_cut_in_it_leaves_the_old_set_or_the_new_one(cut: Cut, seed: int) -> None:
    card = PhysicalCard(keyed=False, starts=100 * seed)
    send = card.chosen()
    one = Host(MASTER, MASTER)
    one.open(send)
    card.supply.cut_at(1, cut)
    with pytest.raises(CardGone):
        one.ask(send, put(OWN))
    try:
        version = said(card.chosen()(bytes.fromhex("8050000008") + bytes(8) + b"\x00"))[10]
    except CardGone:
        pytest.fail("the card is alive")
    (host(UID) if version == 0x30 else Host(MASTER, MASTER)).open(card.chosen())
