"""An issuer writes a card inside SCP03: what the card takes, and all it refuses."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.sim.card import terminal
from tests.sim.card.cardholder import (
    FILES,
    UID,
    PhysicalCard,
    by_bac,
    commit,
    digest_of,
    personalise,
    state_of,
    store,
    write,
)
from tests.sim.card.terminal import Host, Send, host, said

ONE = store(0x011E, 0, b"com")


def opened(card: PhysicalCard, level: int = 0x33) -> tuple[Send, Host]:
    send = card.chosen()
    one = host(UID, level=level)
    one.open(send)
    return send, one


@pytest.mark.parametrize("level", [0x13, 0x33])
def test_a_blank_becomes_a_document(level: int) -> None:
    card = PhysicalCard()
    assert state_of(card.chosen()) == (0x07, b"")
    files = personalise(card, level=level)
    assert state_of(card.chosen()) == (0x0F, digest_of(files))


def test_initialize_update_names_card_and_keys() -> None:
    card = PhysicalCard()
    answer = said(card.chosen()(bytes.fromhex("8050000008") + bytes(8) + b"\x00"))
    assert len(answer) == 32
    assert answer[:13] == bytes(3) + UID + bytes.fromhex("300370")
    assert answer[29:] == b"\x00\x00\x01"
    again = said(card.chosen()(bytes.fromhex("8050300008") + bytes(8) + b"\x00"))
    assert again[29:] == b"\x00\x00\x02", "it counts on over power cuts, so a challenge never comes twice"
    assert again[13:21] != answer[13:21]
    assert card.chosen()(bytes.fromhex("8050010008") + bytes(8) + b"\x00") == b"\x6a\x88", "no such key version"


def test_a_host_that_knows_the_counter_can_prepare_the_whole_session() -> None:
    """The centre wraps a script beforehand: the answer of INITIALIZE UPDATE is already known to it."""
    card = PhysicalCard()
    send, one = card.chosen(), host(UID)
    foretold = one.kdf(one.enc, 0x02, 64, b"\x00\x00\x01" + terminal.AID)
    cryptogram_key = one.kdf(one.mac, 0x06, 128, one.challenge + foretold)
    cryptogram = one.kdf(cryptogram_key, 0x00, 64, one.challenge + foretold)
    one.begin(bytes(3) + UID + bytes.fromhex("300370") + foretold + cryptogram + b"\x00\x00\x01")
    script = [one.proof(), one.wrap(ONE)]
    said(send(b"\x80\x50\x00\x00\x08" + one.challenge + b"\x00"))
    for apdu in script:
        assert send(apdu)[-2:] == b"\x90\x00"


@pytest.mark.parametrize("apdu", [ONE, bytes.fromhex("80F0400F20") + bytes(32), bytes.fromhex("0046800000")])
def test_nothing_is_written_outside_the_channel(apdu: bytes) -> None:
    card = PhysicalCard()
    assert card.chosen()(apdu) == b"\x69\x82"
    assert card.chosen()(bytes([apdu[0] | 4]) + apdu[1:]) == b"\x69\x82"
    assert not any(name.startswith("ef:") for name in card.cells)


@pytest.mark.parametrize("level", [0x01, 0x03, 0x11])
def test_nothing_is_written_in_a_channel_that_does_not_hide_and_prove_all(level: int) -> None:
    send, one = opened(PhysicalCard(), level)
    assert one.ask(send, ONE) == b"\x69\x82"


def test_a_command_changed_on_its_way_ends_the_channel() -> None:
    card = PhysicalCard()
    send, one = opened(card)
    wrapped = one.wrap(ONE)
    assert send(wrapped[:-1] + bytes([wrapped[-1] ^ 1])) == b"\x69\x82"
    assert send(wrapped) == b"\x69\x82", "even the right one comes too late"
    assert "ef:011E" not in card.cells


def test_a_recorded_session_cannot_be_played_again() -> None:
    card = PhysicalCard()
    tape: list[bytes] = []
    real = card.chosen()

    def taping(apdu: bytes) -> bytes:
        tape.append(apdu)
        return real(apdu)

    one = host(UID)
    one.open(taping)
    said(one.ask(taping, ONE))
    send = card.chosen()
    answers = [send(apdu) for apdu in tape]
    assert answers[1] == b"\x63\x00", "another challenge, so the old cryptogram is wrong"
    assert answers[2] == b"\x69\x82"


def test_a_plain_command_in_between_ends_the_channel() -> None:
    send, one = opened(PhysicalCard())
    assert send(bytes.fromhex("00CAFF2000")) == b"\x69\x82"
    assert one.ask(send, ONE) == b"\x69\x82"


@pytest.mark.parametrize("apdu", ["80500000080000000000000000", "0084000008", "0022C1A400", "0086000000"])
def test_no_session_is_opened_inside_another(apdu: str) -> None:
    card = PhysicalCard()
    personalise(card)
    send, one = opened(card)
    assert one.ask(send, bytes.fromhex(apdu)) == b"\x69\x85"
    assert said(one.ask(send, bytes.fromhex("80F24002024F0000"))), "and the one there is goes on"


def test_wrong_keys_are_refused_and_the_card_stops_listening_after_five() -> None:
    card = PhysicalCard()
    for _ in range(5):
        send, one = card.chosen(), host(UID)
        one.begin(said(send(b"\x80\x50\x00\x00\x08" + one.challenge + b"\x00")))
        proof = one.proof()
        assert send(proof[:-1] + bytes([proof[-1] ^ 1])) == b"\x63\x00"
    assert card.chosen()(b"\x80\x50\x00\x00\x08" + bytes(8) + b"\x00") == b"\x69\x83"
    assert state_of(card.chosen())[0] == 0x83


def test_a_proof_that_succeeds_gives_the_tries_back() -> None:
    card = PhysicalCard()
    for _ in range(4):
        send, one = card.chosen(), host(UID)
        one.begin(said(send(b"\x80\x50\x00\x00\x08" + one.challenge + b"\x00")))
        assert send(one.proof()[:-8] + bytes(8)) == b"\x63\x00"
        opened(card)
    assert state_of(card.chosen())[0] == 0x07


def test_a_card_of_another_issuer_knows_other_keys() -> None:
    card = PhysicalCard({"master": bytes(16)})
    with pytest.raises(AssertionError, match="does not know"):
        host(UID).open(card.chosen())
    host(UID, master=bytes(16)).open(card.chosen())


# -- STORE DATA -------------------------------------------------------------------------------------------------------
def test_offset_zero_begins_a_file_anew() -> None:
    card = PhysicalCard()
    send, one = opened(card)
    for piece, offset in ((b"a long content", 0), (b"short", 0), (b" and on", 5), (b"SH", 0)):
        said(one.ask(send, store(0x011E, offset, piece)))
    assert card.cells["ef:011E"] == b"SH"
    assert one.ask(send, store(0x011E, 3, b"gap")) == b"\x6b\x00"


@pytest.mark.parametrize(
    ("apdu", "answer"),
    [
        (store(0x0103, 0, b"no such file"), "6A82"),
        (store(0xFF01, 0, b"too short"), "6A80"),
        (store(0xFF01, 0, b"\xff" * 24), "6A80"),
        (store(0xFF01, 24, b"X" * 24), "6A80"),
        (store(0x011E, 0, bytes(232)), "6700"),
        (store(0x011E, 0, b"block", block=2), "6A86"),
        (bytes.fromhex("80E2000003011E00"), "6700"),
    ],
)
def test_what_store_data_does_not_take(apdu: bytes, answer: str) -> None:
    card = PhysicalCard()
    send, one = opened(card)
    assert one.ask(send, apdu).hex().upper() == answer
    assert not any(name.startswith("ef:") for name in card.cells)


def test_blocks_count_up_or_begin_again() -> None:
    send, one = opened(PhysicalCard())
    for block in (0, 1, 2, 0, 1):
        said(one.ask(send, store(0x011E, 0, b"x", block=block)))
    assert one.ask(send, store(0x011E, 0, b"x", block=3)) == b"\x6a\x86"


@pytest.mark.parametrize(("size", "room"), [(None, 32 * 1024), (8 * 1024, 8 * 1024)])
def test_a_chip_takes_what_fits_and_not_a_byte_more(size: int | None, room: int) -> None:
    card = PhysicalCard({} if size is None else {"size": size.to_bytes(4, "big")})
    send, one = opened(card)
    said(one.ask(send, store(0x0101, 0, bytes(92))))
    offset = 0
    while room - 92 - offset > 231:
        said(one.ask(send, store(0x0102, offset, bytes(231))))
        offset += 231
    left = room - 92 - offset
    assert one.ask(send, store(0x0102, offset, bytes(left + 1))) == b"\x6a\x84"
    said(one.ask(send, store(0x0102, offset, bytes(left))))
    assert one.ask(send, store(0x011E, 0, b"x")) == b"\x6a\x84"


# -- commit and life cycle --------------------------------------------------------------------------------------------
def test_the_card_commits_only_what_it_really_holds() -> None:
    card = PhysicalCard()
    send, one = opened(card)
    write(one, send, FILES)
    assert commit(one, send, bytes(32)) == b"\x63\xc2"
    assert commit(one, send, digest_of(FILES)) == b"\x90\x00"
    assert state_of(card.chosen()) == (0x0F, digest_of(FILES))


def test_three_refused_commits_lock_the_application() -> None:
    card = PhysicalCard()
    send, one = opened(card)
    write(one, send, FILES)
    assert [commit(one, send, bytes(32)) for _ in range(3)] == [b"\x63\xc2", b"\x63\xc1", b"\x63\xc0"]
    assert state_of(card.chosen()) == (0x83, b"")
    send, one = opened(card)
    assert commit(one, send, digest_of(FILES)) == b"\x69\x85"


@pytest.mark.parametrize("missing", ["ef:FF01", "ef:011E"])
def test_without_access_keys_or_its_table_of_contents_it_never_becomes_a_document(missing: str) -> None:
    card = PhysicalCard()
    send, one = opened(card)
    write(one, send, FILES)
    del card.cells[missing]
    assert commit(one, send, digest_of(FILES)) == b"\x69\x85"


def test_a_document_is_never_written_again() -> None:
    card = PhysicalCard()
    files = personalise(card)
    send, one = opened(card)
    assert one.ask(send, ONE) == b"\x69\x85"
    assert one.ask(send, store(0xFF01, 0, b"X" * 24)) == b"\x69\x85"
    assert one.ask(send, bytes.fromhex("0046800000")) == b"\x69\x85"
    assert commit(one, send, digest_of(files)) == b"\x69\x85"


def test_the_cards_own_life_goes_forward_and_ends_for_good() -> None:
    card = PhysicalCard()
    personalise(card)
    send, one = opened(card)

    def move(state: int) -> bytes:
        return one.ask(send, bytes([0x80, 0xF0, 0x80, state]))

    def now() -> int:
        return said(one.ask(send, bytes.fromhex("80F28002024F0000")))[-1]

    assert now() == 0x01
    assert move(0x0F) == b"\x90\x00"
    assert (now(), move(0x07)) == (0x0F, b"\x69\x85")
    assert by_bac(card)(terminal.select_file(0x0101)) == b"\x90\x00", "a secured card is read as before"
    assert (move(0x7F), now()) == (b"\x90\x00", 0x7F)
    assert state_of(card.chosen())[0] == 0x83
    assert (move(0x0F), now()) == (b"\x90\x00", 0x0F)
    assert move(0xFF) == b"\x90\x00"
    assert state_of(card.chosen())[0] == 0x83
    assert card.chosen()(b"\x80\x50\x00\x00\x08" + bytes(8) + b"\x00") == b"\x69\x85"
    assert said(PhysicalCard(card.cells).chosen()(bytes.fromhex("00CAFF2000")))


def test_get_status_tells_of_card_and_application() -> None:
    send, one = opened(PhysicalCard())
    assert said(one.ask(send, bytes.fromhex("80F28002024F0000"))).hex() == "e30e4f08a0000001510000009f700101"
    assert said(one.ask(send, bytes.fromhex("80F24002024F0000"))).hex() == "e30d4f07a00000024710019f700107"


# -- active authentication --------------------------------------------------------------------------------------------
def test_the_key_made_on_the_chip_never_leaves_it_and_proves_the_chip_is_no_copy() -> None:
    card = PhysicalCard()
    files = personalise(card)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), files[0x010F][-65:])
    ask = by_bac(card)
    signature = said(ask(bytes.fromhex("0088000008") + b"terminal" + b"\x00"))
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public.verify(encode_dss_signature(r, s), b"terminal", ec.ECDSA(hashes.SHA256()))
    assert card.chosen()(bytes.fromhex("0088000008") + b"terminal" + b"\x00") == b"\x69\x82"


def test_the_public_key_can_be_asked_for_again_until_another_is_made() -> None:
    card = PhysicalCard()
    send, one = opened(card)
    assert one.ask(send, bytes.fromhex("0046810000")) == b"\x6a\x88"
    made = said(one.ask(send, bytes.fromhex("0046800000")))
    assert made[:5] == bytes.fromhex("7F49438641")
    assert said(one.ask(send, bytes.fromhex("0046810000"))) == made
    assert said(one.ask(send, bytes.fromhex("0046800000"))) != made
