"""The keys of the cards: diversified as published, and kept in a token that does not show them."""

from pathlib import Path

import pytest

from kiosk.cards.personalise import layout, scp03
from kiosk.cards.personalise.custody import (
    DEK,
    ENC,
    MAC,
    TEST_MASTER,
    Errand,
    LocalKeys,
    Purpose,
    diversified,
)
from kiosk.cards.personalise.opening import open_session
from kiosk.cards.personalise.put_key import aes_block
from kiosk.cards.personalise.token import TokenError, token_keys
from kiosk.devices.loading import load
from kiosk.devices.profile import ProfileError, Token
from kiosk.station import chips
from sim.clock import SeededChance
from tests.kiosk.chip.bench import Hand
from tests.kiosk.chip.conftest import MODULE, PIN, TOKEN, Put

UID = bytes.fromhex("04782E21801D80")
SECRET, DELIVERY = bytes(range(0x60, 0x70)), bytes(range(0xA0, 0xB0))


def test_diversification_is_that_of_the_application_note() -> None:
    """AN10922, 2.2.1: UID, application and system identifier."""
    key = scp03.aes_cmac(bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
    derived = key(bytes.fromhex("0104782E21801D803042F54E585020416275"))
    assert derived.hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


def test_every_card_and_every_use_has_a_key_of_its_own() -> None:
    master = scp03.aes_cmac(TEST_MASTER)
    keys = {diversified(master, use, uid) for use in (ENC, MAC, DEK) for uid in (UID, UID[:4], bytes(7))}
    assert len(keys) == 9
    with pytest.raises(ValueError, match="10 bytes"):
        diversified(master, ENC, bytes(10))


def test_a_token_computes_card_keys_and_never_shows_the_master(softhsm: Put) -> None:
    softhsm({"master": SECRET, "delivery": DELIVERY})
    softhsm({"open": SECRET}, hidden=False)
    for label, wrong in (("none", "NoSuchKey"), ("open", "read out")):
        for pair in ((label, "delivery"), ("master", label)):
            with pytest.raises(TokenError, match=wrong) as caught:
                token_keys(MODULE, TOKEN, PIN, *pair)
            assert PIN not in str(caught.value)

    keys = token_keys(MODULE, TOKEN, PIN, "master", "delivery")
    assert diversified(keys.master, ENC, UID) == diversified(scp03.aes_cmac(SECRET), ENC, UID)
    assert keys.transport(b"x") == scp03.aes_cmac(DELIVERY)(b"x")
    assert keys.cover(bytes(16)) == aes_block(DELIVERY)(bytes(16))


async def test_a_token_gives_a_blank_its_keys_and_covers_them_inside(softhsm: Put) -> None:
    softhsm({"master": SECRET, "delivery": DELIVERY})
    custody = LocalKeys(token_keys(MODULE, TOKEN, PIN, "master", "delivery"), SeededChance(1))
    hand = Hand({"keys": b"\x01" + 3 * DELIVERY}, uid=UID)
    await open_session(custody, hand, Errand(UID, Purpose.WRITE), layout.load("nid-td1"))
    own = [diversified(scp03.aes_cmac(SECRET), use, UID) for use in (ENC, MAC, DEK)]
    assert hand.memory["keys"] == b"\x30" + b"".join(own)


@pytest.mark.parametrize("public", ["master", "transport"])
def test_a_production_kiosk_takes_no_token_with_the_public_test_key(softhsm: Put, tmp_path: Path, public: str) -> None:
    softhsm({"master": SECRET, "transport": DELIVERY, "public": TEST_MASTER})
    labels = {"key": "master", "transport": "transport"}
    labels["key" if public == "master" else "transport"] = "public"
    pin_file = tmp_path / "pin"
    pin_file.write_text(PIN)
    token = Token(module=MODULE, label=TOKEN, pin_file=str(pin_file), **labels)
    with pytest.raises(TokenError, match="public test key"):
        chips._in_token(token, SeededChance(1), production=True)


def test_a_production_profile_takes_no_software_keys(tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    file.write_text('name = "one"\nbase = "pi4-primacy2"\nproduction = true\n[chip]\nkeys = "software"\n')
    with pytest.raises(ProfileError, match="public test key"):
        load(str(file))
