"""A resident's chip: what is on it, and what a chip says of itself."""

import base64
import contextlib
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.words import DeviceCause
from kiosk.cards import chip, mrz
from kiosk.cards.chip import ChipReport, ChipState
from kiosk.cards.lds import ChipFiles, PhotoError, com
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.files import Plan
from kiosk.cards.record import CardRecord
from kiosk.cards.tlv import objects, only, tlv
from sim.card_encoder.apdu import Command, parse
from sim.card_encoder.chip import Chip
from tests.kiosk.people import resident

TWO = ChipFiles({0x0102: bytes(range(256)) * 4, 0x0101: b"face"})


@dataclass
class Channel:
    """An encoder's channel straight to the simulated chip, with a hand on the card: `hook` sees each command first."""

    memory: dict[str, bytes]
    hook: Callable[[bytes], bytes | None] = lambda apdu: None
    resets: int = 0

    def __post_init__(self) -> None:
        self.sent: list[bytes] = []
        self._chip = Chip(self.memory)

    @property
    def atr(self) -> bytes:
        return bytes.fromhex("3B80800101")

    async def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        if apdu[0] == 0xFF:
            return bytes.fromhex("040000000000019000")
        forced = self.hook(apdu)
        if forced is not None:
            return forced
        return self._chip.exchange(apdu).answer

    async def reset(self) -> bytes:
        self.resets += 1
        self._chip = Chip(self.memory)
        return self.atr

    async def close(self) -> None:
        """Nothing to close."""


# -- the files --------------------------------------------------------------------------------------------------------
def groups(record: CardRecord) -> dict[int, bytes]:
    return Plan(layout.load("nid-td1"), "S", record).groups(None)


def test_the_groups_of_a_resident_are_those_of_doc_9303() -> None:
    built = groups(resident())
    zone = only(only(built[1], 0x61), 0x5F1F)
    assert len(built[1]) == 95
    assert zone.startswith(b"I<IDNSPC000001")
    assert dict(objects(only(com(0x61, 0x75, 0x6B), 0x60))) == {
        0x5F01: b"0107",
        0x5F36: b"040000",
        0x5C: bytes.fromhex("61756B"),
    }
    details = dict(objects(only(built[11], 0x6B)))
    assert details.pop(0x5C) == bytes.fromhex("5F0E5F105F2B5F115F42")
    assert details == {
        0x5F0E: b"SITI<SPECIMEN",
        0x5F10: b"3201015705900001",
        0x5F2B: b"19900517",
        0x5F11: b"BOGOR",
        0x5F42: b"JL. CONTOH NO. 1<RT/RW 001/002<CONTOH<CONTOH TENGAH<KOTA CONTOH<CONTOH",
    }


def test_the_face_is_small_upright_and_where_iso_19794_5_has_it() -> None:
    content = groups(resident())[2]
    assert len(content) <= 2_010
    template = dict(objects(only(only(content, 0x75), 0x7F61)))
    record = dict(objects(template[0x7F60]))[0x5F2E]
    assert record[:8] == b"FAC\x00010\x00"
    assert int.from_bytes(record[8:12], "big") == len(record)
    assert int.from_bytes(record[12:14], "big") == 1
    assert int.from_bytes(record[14:18], "big") == len(record) - 14
    width, height = int.from_bytes(record[36:38], "big"), int.from_bytes(record[38:40], "big")
    with Image.open(io.BytesIO(record[46:])) as face:
        assert (face.format, face.size) == ("JPEG", (width, height))
        assert width * 4 == height * 3


@pytest.mark.parametrize("bad", [b"not a picture", b"\xff\xd8\xff\xe0" + bytes(50), b""])
def test_a_photo_that_is_none_is_told_before_a_blank_is_fed(bad: bytes) -> None:
    with pytest.raises(PhotoError):
        groups(resident(photo=base64.b64encode(bad)))


def test_nothing_personal_shows() -> None:
    assert "SITI" not in repr(Plan(layout.load("nid-td1"), "S", resident()))
    assert TWO.digest.hex() not in repr(TWO)
    assert "SITI" not in repr(mrz.zone_of(resident()))


def test_the_digest_does_not_depend_on_the_order_of_writing() -> None:
    expected = hashlib.sha256(
        b"\x01\x01\x00\x00\x00\x04face" + b"\x01\x02\x00\x00\x04\x00" + bytes(range(256)) * 4
    ).digest()
    assert TWO.digest == expected


# -- asking -----------------------------------------------------------------------------------------------------------
async def test_a_bank_card_is_foreign() -> None:
    channel = Channel({}, hook=lambda apdu: b"\x6a\x82")
    assert (await chip.inspect(channel)).state is ChipState.FOREIGN


async def test_three_refused_commits_lock_a_chip_and_it_says_so() -> None:
    channel = Channel({"tries": b"\x00"})
    assert (await chip.inspect(channel)).state is ChipState.LOCKED


async def test_a_mute_chip_gets_three_cold_starts_and_is_then_dead() -> None:
    def mute(apdu: bytes) -> bytes | None:
        raise DeviceError(DeviceCause.CARD_LOST, "mute")

    channel = Channel({}, hook=mute)
    assert (await chip.inspect(channel)).state is ChipState.DEAD
    assert len(channel.sent) == 3
    assert channel.resets == 2


@pytest.mark.parametrize(
    "cause", [DeviceCause.NO_DEVICE, DeviceCause.SERVICE_DOWN, DeviceCause.POWER, DeviceCause.NO_CARD]
)
async def test_a_missing_reader_is_no_verdict_on_the_chip(cause: DeviceCause) -> None:
    def missing(apdu: bytes) -> bytes | None:
        raise DeviceError(cause, "gone")

    with pytest.raises(DeviceError) as caught:
        await chip.inspect(Channel({}, hook=missing))
    assert caught.value.cause is cause


# -- decoders ---------------------------------------------------------------------------------------------------------
def status_object(state: int, digest: bytes = b"", attempts: int = 0) -> bytes:
    return tlv(0xFF20, tlv(0x80, bytes([state])), tlv(0x81, digest), tlv(0x82, bytes([attempts])))


def test_the_states_of_a_chip() -> None:
    assert chip.decode_status(status_object(0x07)).state is ChipState.BLANK
    assert chip.decode_status(status_object(0x07, attempts=2)) == ChipReport(ChipState.PARTIAL, attempts=2)
    assert chip.decode_status(status_object(0x0F, bytes(32))).state is ChipState.COMMITTED
    assert chip.decode_status(status_object(0x83)).state is ChipState.LOCKED
    for wrong in (
        status_object(0x0F),
        status_object(0x7F),
        status_object(0x07, bytes(31)),
        b"",
        status_object(0x07)[:-1],
    ):
        with pytest.raises(ProtocolError):
            chip.decode_status(wrong)


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=50).map(lambda body: tlv(0xFF20, body)))
def test_any_answer_is_a_status_or_a_protocol_error(answer: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(chip.decode_status(answer), ChipReport)


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_data_objects_or_a_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert sum(len(value) for _, value in objects(data)) <= len(data)


@settings(max_examples=1_000, deadline=None)
@given(st.sampled_from([0x80, 0x5C, 0x5F1F, 0x7F61]), st.integers(0, 70_000))
def test_what_is_packed_is_unpacked(tag: int, size: int) -> None:
    if size > 0xFFFF:
        with pytest.raises(ValueError, match="data object"):
            tlv(tag, bytes(size))
    else:
        assert only(tlv(tag, bytes(size)), tag) == bytes(size)


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=60))
def test_the_simulated_chip_answers_any_bytes_with_a_status_word(apdu: bytes) -> None:
    """The other side's decoder: a card never falls silent over a command it does not know."""
    assert parse(apdu) is None or isinstance(parse(apdu), Command)
    card = Chip({})
    card.exchange(bytes.fromhex("00A4040C07A0000002471001"))
    answer = card.exchange(apdu).answer
    assert len(answer) >= 2
    assert answer[-2] >> 4 in (6, 9)
