"""The card's cryptography, and the tests' own terminal, against published vectors."""

import random
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from sim.card_encoder import primitives
from sim.card_encoder.apdu import Command, parse
from sim.card_encoder.bac import BasicAccess
from sim.card_encoder.curve import Curve
from sim.card_encoder.messaging import AesCipher, Messaging, TripleDesCipher
from sim.card_encoder.pace import Pace
from sim.card_encoder.scp03 import CardKeys, Channel, card_challenge, card_keys
from tests.sim.card import terminal
from tests.sim.card.golden import unhex, vectors

BAC, PACE, SCP03 = vectors("bac"), vectors("pace"), vectors("scp03")


class Said(random.Random):
    """Chance that says what the worked example says."""

    def __init__(self, *values: str) -> None:
        super().__init__(0)
        self._values = [unhex(value) for value in values]

    def randbytes(self, n: int) -> bytes:
        value = self._values.pop(0)
        assert len(value) == n
        return value

    def randrange(self, *_: Any) -> int:
        return int.from_bytes(self._values.pop(0), "big")


def command(text: str) -> Command:
    parsed = parse(unhex(text))
    assert parsed is not None
    return parsed


# -- CMAC and diversification -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", ["0", "16", "40", "64"])
def test_cmac_is_that_of_sp_800_38b(size: str) -> None:
    golden = vectors("cmac")
    message = unhex(golden["message"])[: int(size)]
    assert primitives.aes_cmac(unhex(golden["key"]), message) == unhex(golden["macs"][size])


def test_a_diversified_key_is_that_of_an10922() -> None:
    golden = vectors("an10922")
    assert primitives.diversified(unhex(golden["master"]), unhex(golden["message"])) == unhex(golden["key"])


def test_each_card_has_keys_of_its_own_from_the_master_and_its_uid() -> None:
    own = vectors("an10922")["own"]
    keys = card_keys(unhex(own["master"]), unhex(own["uid"]))
    assert (keys.enc, keys.mac) == (unhex(own["enc"]), unhex(own["mac"]))
    assert terminal.static_key(1, unhex(own["uid"])) == keys.enc
    assert terminal.static_key(2, unhex(own["uid"])) == keys.mac
    assert own["enc"].lower() not in repr(keys)


@pytest.mark.parametrize("size", [0, 15, 32])
def test_messages_that_plain_cmac_does_not_fit_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="16 to 31"):
        primitives.diversified(bytes(16), bytes(size))


# -- SCP03 ------------------------------------------------------------------------------------------------------------
def recorded_channel() -> Channel:
    answer = unhex(SCP03["initialize_update_answer"])
    return Channel(CardKeys(unhex(SCP03["enc"]), unhex(SCP03["mac"])), unhex(SCP03["host_challenge"]), answer[13:21])


def test_the_cards_end_of_scp03_is_that_of_a_real_card() -> None:
    channel = recorded_channel()
    assert channel.card_cryptogram == unhex(SCP03["initialize_update_answer"])[21:29]
    assert channel.authenticate(command(SCP03["external_authenticate"]))
    assert channel.level == 0x33
    for one in SCP03["commands"]:
        assert channel.opened(command(one["sent"])) == command(one["plain"])
        if "answer" in one:
            assert channel.closed(unhex(one["answer"])) == unhex(one["answered"])


def test_the_card_challenge_counts_as_a_real_cards_does() -> None:
    keys, aid = CardKeys(unhex(SCP03["enc"]), unhex(SCP03["mac"])), unhex(SCP03["aid"])
    answer = unhex(SCP03["initialize_update_answer"])
    assert card_challenge(keys, answer[29:], aid) == answer[13:21]
    counted = SCP03["counted"]
    assert card_challenge(keys, unhex(counted["counter"]), aid) == unhex(counted["challenge"])


def test_the_tests_own_host_speaks_scp03_as_recorded() -> None:
    host = terminal.Host(unhex(SCP03["enc"]), unhex(SCP03["mac"]), challenge=unhex(SCP03["host_challenge"]))
    host.begin(unhex(SCP03["initialize_update_answer"]))
    assert host.proof() == unhex(SCP03["external_authenticate"])
    for one in SCP03["commands"]:
        assert host.wrap(unhex(one["plain"])) == unhex(one["sent"])
        if "answer" in one:
            assert host.unwrap(unhex(one["answered"])) == unhex(one["answer"])


# -- BAC and secure messaging -----------------------------------------------------------------------------------------
def test_basic_access_keys_are_those_of_appendix_d2() -> None:
    seed = primitives.sha1(BAC["mrz"].encode())[:16]
    assert primitives.derive_3des(seed, primitives.ENC) == unhex(BAC["k_enc"])
    assert primitives.derive_3des(seed, primitives.MAC) == unhex(BAC["k_mac"])


def test_basic_access_control_and_secure_messaging_are_those_of_appendix_d3_and_d4() -> None:
    access = BasicAccess(BAC["mrz"].encode(), Said(BAC["rnd_ic"], BAC["k_ic"]))
    assert access.challenge() == unhex(BAC["rnd_ic"])
    proved = access.authenticate(unhex(BAC["sent"]))
    assert proved is not None
    answer, session = proved
    assert answer == unhex(BAC["answered"])
    for one in BAC["commands"]:
        assert session.opened(command(one["sent"])) == command(one["plain"])
        assert session.closed(unhex(one["answer"]), unhex(one["plain"])[1]) == unhex(one["answered"])


def test_the_session_keys_of_appendix_d3_alone() -> None:
    session = Messaging(TripleDesCipher(unhex(BAC["ks_enc"]), unhex(BAC["ks_mac"])), unhex(BAC["counter"]))
    assert session.opened(command(BAC["commands"][0]["sent"])).data == unhex("011E")


def test_the_tests_own_reader_speaks_bac_as_in_appendix_d() -> None:
    sent: list[bytes] = []
    answers = [BAC["rnd_ic"] + "9000", BAC["answered"] + "9000", *(one["answered"] for one in BAC["commands"])]

    def send(apdu: bytes) -> bytes:
        sent.append(apdu)
        return unhex(answers[len(sent) - 1])

    session = terminal.bac(send, BAC["mrz"].encode(), Said(BAC["rnd_ifd"], BAC["k_ifd"]))
    assert sent == [unhex("0084000008"), unhex("0082000028" + BAC["sent"] + "28")]
    assert session.counter == int(BAC["counter"], 16)
    for one in BAC["commands"]:
        assert session.ask(send, unhex(one["plain"])) == unhex(one["answer"])
        assert sent[-1] == unhex(one["sent"])


# -- PACE -------------------------------------------------------------------------------------------------------------
def brainpool() -> Curve:
    number = {name: int(value, 16) for name, value in PACE["curve"].items()}
    return Curve(number["p"], number["a"], number["b"], (number["x"], number["y"]), number["n"])


def test_pace_with_generic_mapping_is_that_of_appendix_g1() -> None:
    curve = brainpool()
    assert primitives.derive_aes128(primitives.sha1(PACE["mrz"].encode()), primitives.PACE) == unhex(PACE["k_pi"])
    run = Pace(PACE["mrz"].encode(), Said(PACE["nonce"], PACE["map_ic"], PACE["dh_ic"]), curve)
    for step in PACE["steps"]:
        assert run.session is None
        assert run.step(unhex(step["sent"])) == unhex(step["answered"])
    assert run.session is not None
    reader = terminal.Session(unhex(PACE["ks_enc"]), unhex(PACE["ks_mac"]), 0, aes=True)
    assert run.session.opened(command(reader.wrap(unhex("00A4020C02011E")).hex())).data == unhex("011E")


def test_the_tests_own_reader_speaks_pace_as_in_appendix_g1() -> None:
    curve = PACE["curve"]
    own = terminal.Jacobian(*(int(curve[name], 16) for name in ("p", "a", "n", "x", "y")))
    sent: list[bytes] = []

    def send(apdu: bytes) -> bytes:
        sent.append(apdu[5:-1])
        return unhex(PACE["steps"][len(sent) - 1]["answered"] + "9000")

    session = terminal.pace(send, PACE["mrz"].encode(), Said(PACE["map_ifd"], PACE["dh_ifd"]), own)
    assert sent == [unhex(step["sent"]) for step in PACE["steps"]]
    assert (session.enc, session.mac) == (unhex(PACE["ks_enc"]), unhex(PACE["ks_mac"]))


def test_secure_messaging_with_aes_goes_both_ways_with_the_keys_of_appendix_g1() -> None:
    keys = unhex(PACE["ks_enc"]), unhex(PACE["ks_mac"])
    card, reader = Messaging(AesCipher(*keys), bytes(16)), terminal.Session(*keys, 0, aes=True)
    for plain, answer in (("00A4020C02011E", "9000"), ("00B0000012", "04303130365F36063034303030305C0261759000")):
        assert card.opened(command(reader.wrap(unhex(plain)).hex())) == command(plain)
        assert reader.unwrap(card.closed(unhex(answer), unhex(plain)[1])) == unhex(answer)


def test_a_context_that_is_kept_enciphers_each_message_as_a_new_one_would() -> None:
    chance = random.Random(3)
    key = chance.randbytes(16)
    kinds = ((AES(key), primitives.AES_BLOCK), (TripleDES(key + key[:8]), primitives.DES_BLOCK))
    for algorithm, block in kinds * 20:
        iv = chance.randbytes(block) if block == primitives.AES_BLOCK else bytes(block)
        plain = chance.randbytes(block * chance.randint(1, 20))
        new = Cipher(algorithm, modes.CBC(iv)).encryptor().update(plain)
        if block == primitives.AES_BLOCK:
            assert primitives.aes_encrypt(key, iv, plain) == new
            assert primitives.aes_decrypt(key, iv, new) == plain
        else:
            assert primitives.des3_encrypt(key, plain) == new
            assert primitives.des3_decrypt(key, new) == plain
