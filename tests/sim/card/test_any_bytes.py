"""Whatever comes out of the air, the card answers with a status word, and gives nothing away."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.card_encoder.tlv import parts, tlv
from tests.sim.card import terminal
from tests.sim.card.cardholder import FILES, MRZ, UID, PhysicalCard, personalise
from tests.sim.card.terminal import host

BLANK, FINISHED = PhysicalCard(), PhysicalCard()
personalise(FINISHED)
KNOWN = bytes.fromhex("22465082848688A4B0CAD6E2F0F2")
CLASSES = bytes.fromhex("00040C101C8084FF")
INS = st.sampled_from(sorted(KNOWN)) | st.integers(0, 255)


def likely(noise: bytes) -> bytes:
    """A command that the card knows, with any parameters and a length that fits, unless the noise is too short."""
    if len(noise) < 4:
        return noise
    body = noise[4:]
    head = bytes([CLASSES[noise[0] % len(CLASSES)], KNOWN[noise[1] % len(KNOWN)]]) + noise[2:4]
    return head + (bytes([len(body)]) + body if body else b"")


APDU = st.binary(max_size=60) | st.binary(max_size=60).map(likely)
POWERED = {True: FINISHED.chosen(), False: BLANK.chosen()}


@settings(max_examples=10_000, deadline=None)
@given(APDU, st.booleans())
def test_any_bytes_have_an_answer_and_never_a_file(apdu: bytes, finished: bool) -> None:
    answer = POWERED[finished](apdu)
    assert answer[-2] >> 4 in (6, 9)
    for number, content in FILES.items():
        assert number == 0x011C or content[:8] not in answer
    assert MRZ not in answer


@settings(max_examples=2_000, deadline=None)
@given(INS, st.binary(min_size=2, max_size=2), st.binary(max_size=60), st.booleans())
def test_any_command_inside_secure_messaging_has_a_protected_answer(
    ins: int, place: bytes, data: bytes, more: bool
) -> None:
    send = FINISHED.chosen()
    session = terminal.bac(send, MRZ, random.Random(3))
    body = bytes([len(data)]) + data if data else b""
    answer = session.ask(send, bytes([0, ins]) + place + body + (b"\x00" if more or not data else b""))
    assert answer[-2] >> 4 in (6, 9)
    assert FILES[0x010D][:8] not in answer, "the fingers stay on the card"


@settings(max_examples=2_000, deadline=None)
@given(INS, st.binary(min_size=2, max_size=2), st.binary(max_size=60))
def test_any_command_inside_scp03_has_an_answer_and_the_document_stays_as_it_is(
    ins: int, place: bytes, data: bytes
) -> None:
    if ins == 0xF0 and place[0] == 0x80:  # the issuer may end the card's life; that is no accident
        return
    before = {name: value for name, value in FINISHED.cells.items() if name.startswith("ef:")}
    send, one = FINISHED.chosen(), host(UID)
    one.open(send)
    answer = one.ask(send, bytes([0x80, ins]) + place + (bytes([len(data)]) + data if data else b"") + b"\x00")
    assert answer[-2] >> 4 in (6, 9)
    assert {name: value for name, value in FINISHED.cells.items() if name.startswith("ef:")} == before


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_objects_or_none(data: bytes) -> None:
    found = parts(data)
    assert found is None or sum(map(len, found.values())) <= len(data)


@settings(max_examples=1_000, deadline=None)
@given(st.dictionaries(st.sampled_from([0x80, 0x5C, 0x5F1F, 0x7F49]), st.binary(max_size=400)))
def test_what_is_packed_is_unpacked(objects: dict[int, bytes]) -> None:
    assert parts(b"".join(tlv(tag, value) for tag, value in objects.items())) == objects
