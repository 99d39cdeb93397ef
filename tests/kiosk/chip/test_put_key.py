"""A blank's first step: its transport keys give way to its own, whoever holds them and whenever the power goes."""

from collections import Counter
from collections.abc import Callable
from itertools import product

import pytest

from drivers.contract.errors import DeviceError
from drivers.contract.words import DeviceCause
from kiosk.cards.chip import ChipError, ChipReason
from kiosk.cards.personalise import layout, put_key, scp03
from kiosk.cards.personalise.custody import (
    DEK,
    ENC,
    MAC,
    TEST_MASTER,
    CentreAway,
    Errand,
    KeyCustody,
    Keys,
    LocalKeys,
    NoPublicKeys,
    Purpose,
    diversified,
    software_keys,
)
from kiosk.cards.personalise.opening import open_session
from kiosk.cards.personalise.put_key import aes_block, check_value
from kiosk.centre.cards import CentreKeys
from sim.card_encoder import issuer
from sim.card_encoder.memory import Cut
from sim.clock import SeededChance
from tests.kiosk.chip.bench import UID, Hand, centre, gate

LAYOUT = layout.load("nid-td1")
SECRET, DELIVERY = bytes(range(0x60, 0x70)), bytes(range(0xA0, 0xB0))
"""An issuer's master key and a delivery's transport key that are not the public test key."""
EXTERNAL_AUTHENTICATE, PUT_KEY = 0x82, 0xD8

Opened = tuple[KeyCustody, Errand]


def at_the_centre() -> Opened:
    registry, http = centre()
    entry = registry.approvals(0)[1][0]
    return CentreKeys(http, gate()), Errand(UID, Purpose.WRITE, entry.jti, entry.nik)


def in_software() -> Opened:
    return software_keys(SeededChance(1)), Errand(UID, Purpose.WRITE)


HOLDERS = pytest.mark.parametrize("holder", [at_the_centre, in_software], ids=["K0", "K3"])


def own_keys(master: bytes = TEST_MASTER) -> list[bytes]:
    return [diversified(scp03.aes_cmac(master), use, UID) for use in (ENC, MAC, DEK)]


def test_the_check_value_of_the_public_test_key_is_the_published_one() -> None:
    """504A77: what every GlobalPlatform tool shows for 40..4F as an AES key."""
    assert check_value(TEST_MASTER).hex().upper() == "504A77"


def test_the_command_is_that_of_the_card_specification() -> None:
    keys = [bytes([number]) * 16 for number in (1, 2, 3)]
    command = put_key.command(0x01, 0x30, keys, aes_block(DELIVERY))
    assert command[:6] == bytes.fromhex("80D801814630")
    fields = [command[6 + 23 * at : 6 + 23 * (at + 1)] for at in range(3)]
    for field, key in zip(fields, keys, strict=True):
        assert field == bytes.fromhex("881110") + aes_block(DELIVERY)(key) + b"\x03" + check_value(key)
    assert command[-1:] == b"\x00"
    assert len(command) == 5 + command[4] + 1


@HOLDERS
async def test_a_blank_gets_keys_of_its_own_and_keeps_them(holder: Callable[[], Opened]) -> None:
    hand = Hand()
    custody, errand = holder()
    await open_session(custody, hand, errand, LAYOUT)
    assert hand.memory["keys"] == b"\x30" + b"".join(own_keys())
    await open_session(custody, hand, errand, LAYOUT)
    assert [apdu[1] for apdu in hand.sent].count(PUT_KEY) == 1


@HOLDERS
async def test_a_cut_anywhere_in_it_leaves_one_set_or_the_other_and_no_key_is_ever_tried_in_vain(
    holder: Callable[[], Opened],
) -> None:
    whole = Hand()
    custody, errand = holder()
    await open_session(custody, whole, errand, LAYOUT)
    ways = [(Cut.BEFORE, 0), (Cut.HALF, 0), (Cut.AFTER, 0), *((Cut.MIX, seed) for seed in range(4))]
    found: Counter[str] = Counter()
    for at, (cut, seed) in product(range(1, whole.supply.writes + 1), ways):
        custody, errand = holder()
        hand = Hand(seed=seed)
        hand.supply.cut_at(at, cut)
        with pytest.raises(DeviceError) as caught:
            await open_session(custody, hand, errand, LAYOUT)
        assert caught.value.cause is DeviceCause.CARD_LOST
        assert hand.memory.get("keys") in (None, b"\x30" + b"".join(own_keys()))
        found["own" if "keys" in hand.memory else "transport"] += 1
        again = Hand(hand.memory)
        session = await open_session(custody, again, errand, LAYOUT)
        assert session is not None
        assert again.memory["keys"] == b"\x30" + b"".join(own_keys())
        proofs = [apdu for apdu in again.sent if apdu[1] == EXTERNAL_AUTHENTICATE]
        answers = [answer for apdu, answer in zip(again.sent, again.received, strict=True) if apdu in proofs]
        assert set(answers) == {b"\x90\x00"}, "the card says which keys it has, so nobody has to try"
    assert found["own"] > 0
    assert found["transport"] > 0


async def test_a_delivery_with_keys_of_its_own_is_opened_with_those() -> None:
    hand = Hand({"keys": b"\x01" + 3 * DELIVERY})
    custody = NoPublicKeys(software_keys(SeededChance(1), SECRET, DELIVERY))
    await open_session(custody, hand, Errand(UID, Purpose.WRITE), LAYOUT)
    assert hand.memory["keys"] == b"\x30" + b"".join(own_keys(SECRET))


async def test_production_takes_no_card_with_the_public_test_keys() -> None:
    hand = Hand()
    custody = NoPublicKeys(software_keys(SeededChance(1), SECRET))
    with pytest.raises(ChipError, match="public test keys") as caught:
        await open_session(custody, hand, Errand(UID, Purpose.WRITE), LAYOUT)
    assert caught.value.reason is ChipReason.AUTHENTICATION
    assert hand.sent[-1][1] == 0x50, "nothing after INITIALIZE UPDATE"


@pytest.mark.parametrize(
    ("master", "transport", "public"),
    [(TEST_MASTER, DELIVERY, True), (SECRET, TEST_MASTER, True), (SECRET, DELIVERY, False)],
)
def test_public_keys_are_recognised_without_being_read(master: bytes, transport: bytes, public: bool) -> None:
    keys = Keys(scp03.aes_cmac(master), scp03.aes_cmac(transport), aes_block(transport))
    assert keys.public is public


async def test_keys_under_a_wrong_cover_are_refused_by_the_card() -> None:
    keys = Keys(scp03.aes_cmac(TEST_MASTER), scp03.aes_cmac(TEST_MASTER), aes_block(DELIVERY))
    hand = Hand()
    with pytest.raises(ChipError, match="PUT KEY: 6A80") as caught:
        await open_session(LocalKeys(keys, SeededChance(1)), hand, Errand(UID, Purpose.WRITE), LAYOUT)
    assert caught.value.reason is ChipReason.REFUSED
    assert "keys" not in hand.memory


@HOLDERS
async def test_a_card_that_took_other_keys_than_it_was_given_is_found_out(
    holder: Callable[[], Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer, "check_value", lambda key: bytes(3))
    custody, errand = holder()
    with pytest.raises(ChipError, match="check values") as caught:
        await open_session(custody, Hand(), errand, LAYOUT)
    assert caught.value.reason is ChipReason.AUTHENTICATION


@pytest.mark.parametrize("version", [0x02, 0x7F])
async def test_a_card_with_keys_of_another_version_is_not_tried(version: int) -> None:
    hand = Hand({"keys": bytes([version]) + 3 * DELIVERY})
    custody, errand = in_software()
    with pytest.raises(ChipError, match=f"version {version:02X}"):
        await open_session(custody, hand, errand, LAYOUT)
    assert not any(apdu[1] == EXTERNAL_AUTHENTICATE for apdu in hand.sent)


async def test_a_blank_is_not_finished_instead_of_written() -> None:
    custody, _ = in_software()
    with pytest.raises(ChipError, match="version 01"):
        await open_session(custody, Hand(), Errand(UID, Purpose.FINISH), LAYOUT)


async def test_without_the_centre_no_key_is_put() -> None:
    registry, http = centre()
    hand = Hand()
    custody = CentreKeys(http, gate())
    challenge = await custody.host_challenge()
    await hand.transmit(bytes.fromhex("00A4040C07A0000002471001"))
    answer = (await hand.transmit(b"\x80\x50\x00\x00\x08" + challenge + b"\x00"))[:-2]
    entry = registry.approvals(0)[1][0]
    session = await custody.open_session(Errand(UID, Purpose.KEYS, entry.jti, entry.nik), challenge, answer)
    registry.outage = "link"
    with pytest.raises(CentreAway, match="link_down"):
        await session.new_keys(0x30)
    assert "keys" not in hand.memory
