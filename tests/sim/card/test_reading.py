"""A finished card in the world: what strangers, holders of the MRZ, and the issuer's readers may see of it."""

import random

import pytest

from tests.sim.card import terminal
from tests.sim.card.cardholder import FILES, MRZ, UID, PhysicalCard, by_bac, by_pace, personalise, write
from tests.sim.card.terminal import Unexpected, host, read, said, select_file

READ = bytes.fromhex("00B0000000")


@pytest.fixture(scope="module")
def finished() -> PhysicalCard:
    card = PhysicalCard()
    personalise(card)
    return card


def refused(ask: terminal.Send, number: int) -> str:
    with pytest.raises(Unexpected) as caught:
        read(ask, number)
    answer: bytes = caught.value.args[0]
    return answer.hex().upper()


@pytest.mark.parametrize("way", [by_bac, by_pace])
def test_who_has_seen_the_mrz_reads_all_but_the_fingers(way: type, finished: PhysicalCard) -> None:
    ask = way(finished)
    for number, content in FILES.items():
        if number != 0x010D:
            assert read(ask, number) == content
    assert refused(ask, 0x010D) == "6982"
    assert refused(ask, 0x010E) == "6A82", "DG14 was not written"


def test_a_stranger_sees_only_how_pace_is_done(finished: PhysicalCard) -> None:
    for number in FILES:
        if number != 0x011C:
            assert refused(finished.chosen(), number) == "6982"
    assert read(finished.start(), 0x011C) == FILES[0x011C], "in the master file, before any application is chosen"
    assert said(finished.start()(bytes.fromhex("00B09C0000"))) == FILES[0x011C], "by its short identifier"
    assert refused(finished.start(), 0x0101) == "6A82"


def test_the_issuers_own_reader_also_sees_the_fingers(finished: PhysicalCard) -> None:
    send, one = finished.chosen(), host(UID)
    one.open(send)
    assert read(lambda apdu: one.ask(send, apdu), 0x010D) == FILES[0x010D]


@pytest.mark.parametrize("number", [*FILES, 0xFF01])
def test_before_the_commit_nobody_reads_anything(number: int) -> None:
    card = PhysicalCard()
    send, one = card.chosen(), host(UID)
    one.open(send)
    write(one, send, FILES)
    one.ask(send, select_file(number))
    assert len(one.ask(send, READ)) == 2
    stranger = card.chosen()
    stranger(select_file(number))
    assert len(stranger(READ)) == 2
    assert stranger(bytes.fromhex("0084000008")) == b"\x69\x85", "no BAC either"
    with pytest.raises(Unexpected):
        terminal.choose_pace(card.start())


def test_another_mrz_opens_nothing(finished: PhysicalCard) -> None:
    other = MRZ[:-1] + b"9"
    send = finished.chosen()
    with pytest.raises(Unexpected) as caught:
        terminal.bac(send, other, random.Random(1))
    assert caught.value.args[0] == b"\x63\x00"
    send = finished.start()
    terminal.choose_pace(send)
    with pytest.raises(Unexpected) as caught:
        terminal.pace(send, other, random.Random(1))
    assert caught.value.args[0] == b"\x63\x00"
    assert send(READ) == b"\x69\x85"


def test_a_challenge_is_good_for_one_try(finished: PhysicalCard) -> None:
    send = finished.chosen()
    said(send(bytes.fromhex("0084000008")))
    assert send(bytes.fromhex("0082000028") + bytes(40) + b"\x28") == b"\x63\x00"
    assert send(bytes.fromhex("0082000028") + bytes(40) + b"\x28") == b"\x69\x85"


@pytest.mark.parametrize("way", ["bac", "pace"])
def test_a_command_changed_on_its_way_ends_the_session(way: str, finished: PhysicalCard) -> None:
    send = finished.chosen()
    if way == "pace":
        terminal.choose_pace(send)
    session = getattr(terminal, way)(send, MRZ, random.Random(2))
    good = session.wrap(select_file(0x0101))
    assert send(good[:-3] + bytes([good[-3] ^ 1]) + good[-2:]) == b"\x69\x88"
    assert send(good) == b"\x69\x82"


def test_a_plain_command_in_between_ends_the_session(finished: PhysicalCard) -> None:
    send = finished.chosen()
    session = terminal.bac(send, MRZ, random.Random(2))
    said(session.ask(send, select_file(0x0101)))
    assert send(READ) == b"\x69\x82"
    assert send(session.wrap(READ)) == b"\x69\x82"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("0CB0000000", "6987"),
        ("0CB000000C970100990200008E0300000000", "6988"),
        ("0CB000000A8E08" + "00" * 8 + "00", "6988"),
        ("0CA4020C0E8704016375438E08" + "00" * 8 + "00", "6700"),
    ],
)
def test_badly_protected_commands_are_named_so(sent: str, answer: str, finished: PhysicalCard) -> None:
    send = finished.chosen()
    terminal.bac(send, MRZ, random.Random(2))
    assert send(bytes.fromhex(sent)).hex().upper() == answer


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ("800A04007F00070202040204830101", "6A80"),  # another protocol
        ("800A04007F00070202040202830102", "6A88"),  # the password is the CAN, which this card has not
        ("800A04007F0007020204020283010184010D", "6A88"),  # another curve
        ("FFFF", "6A80"),
    ],
)
def test_the_card_knows_one_way_of_pace(data: str, answer: str, finished: PhysicalCard) -> None:
    apdu = b"\x00\x22\xc1\xa4" + bytes([len(data) // 2]) + bytes.fromhex(data)
    assert finished.start()(apdu).hex().upper() == answer


@pytest.mark.parametrize("data", ["7C43814104" + "11" * 64, "7C43834104" + "11" * 64, "7C028100", "7C00", "30"])
def test_a_point_that_is_none_ends_pace(data: str, finished: PhysicalCard) -> None:
    send = finished.start()
    terminal.choose_pace(send)
    said(send(bytes.fromhex("10860000027C0000")))
    apdu = b"\x10\x86\x00\x00" + bytes([len(data) // 2]) + bytes.fromhex(data) + b"\x00"
    assert send(apdu) == b"\x6a\x80"
    assert send(apdu) == b"\x69\x85", "from the beginning, with MSE:Set AT"


def test_reading_goes_on_to_the_end_and_says_so(finished: PhysicalCard) -> None:
    ask = by_bac(finished)
    size = len(FILES[0x0102])
    said(ask(select_file(0x0102)))
    assert ask(b"\x00\xb0" + (size - 4).to_bytes(2, "big") + b"\x10") == FILES[0x0102][-4:] + b"\x62\x82"
    assert ask(b"\x00\xb0" + size.to_bytes(2, "big") + b"\x01") == b"\x6b\x00"
    assert len(said(ask(READ))) == 231, "as much as a short protected answer holds"
    assert len(said(by_pace(finished)(bytes.fromhex("00B0820000")))) == 223, "by short identifier, with AES"


@pytest.mark.parametrize("way", [by_bac, by_pace])
def test_a_reader_of_long_answers_gets_a_file_at_once(way: type, finished: PhysicalCard) -> None:
    ask = way(finished)
    said(ask(select_file(0x0102)))
    assert said(ask(bytes.fromhex("00B00000000000"))) == FILES[0x0102]
    assert said(ask(bytes.fromhex("00B00000000190"))) == FILES[0x0102][:400]
    assert ask(bytes.fromhex("00B0000000FFFF")) == FILES[0x0102] + b"\x62\x82"
