"""Writing a resident's chip: what is on it, when it can be read, and what is left after anything goes wrong."""

import base64
import contextlib
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.words import DeviceCause
from kiosk.cards import chip, mrz
from kiosk.cards.chip import ChipError, ChipReason, ChipReport, ChipState
from kiosk.cards.lds import ChipFiles
from kiosk.cards.tlv import objects, only, tlv
from sim.card_encoder.apdu import Command, parse
from sim.card_encoder.chip import Chip
from tests.kiosk.people import resident

GOLDEN = Path(__file__).parents[1] / "golden" / "pcsc"
SMALL = ChipFiles({0x0101: bytes.fromhex("DEADBEEF")})
TWO = ChipFiles({0x0102: bytes(range(256)) * 4, 0x0101: b"face"})


@dataclass
class Channel:
    """An encoder's channel straight to the simulated chip, with a hand on the card: `hook` sees each command first."""

    memory: dict[str, bytes]
    hook: Callable[[bytes], bytes | None] = lambda apdu: None
    torn_at: int = -1
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
        if len(self.sent) == self.torn_at:
            self._chip.exchange(apdu, torn=True)
            raise DeviceError(DeviceCause.CARD_LOST, "torn")
        return self._chip.exchange(apdu).answer

    async def reset(self) -> bytes:
        self.resets += 1
        self._chip = Chip(self.memory)
        return self.atr

    async def close(self) -> None:
        """Nothing to close."""


# -- the files --------------------------------------------------------------------------------------------------------
def test_the_files_of_a_resident_are_the_data_groups_of_doc_9303() -> None:
    files = chip.files_for(resident())
    assert list(files.contents) == [0x0102, 0x010B, 0x0101, 0x011E]
    zone = only(only(files.contents[0x0101], 0x61), 0x5F1F)
    assert len(files.contents[0x0101]) == 95
    assert zone.startswith(b"I<IDNSPC000001")
    com = dict(objects(only(files.contents[0x011E], 0x60)))
    assert com == {0x5F01: b"0107", 0x5F36: b"040000", 0x5C: bytes.fromhex("61756B")}
    details = dict(objects(only(files.contents[0x010B], 0x6B)))
    assert details.pop(0x5C) == bytes.fromhex("5F0E5F105F2B5F115F42")
    assert details == {
        0x5F0E: b"SITI<SPECIMEN",
        0x5F10: b"3201015705900001",
        0x5F2B: b"19900517",
        0x5F11: b"BOGOR",
        0x5F42: b"JL. CONTOH NO. 1<RT/RW 001/002<CONTOH<CONTOH TENGAH<KOTA CONTOH<CONTOH",
    }


def test_the_face_is_small_upright_and_where_iso_19794_5_has_it() -> None:
    content = chip.files_for(resident()).contents[0x0102]
    assert len(content) <= 6_000
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
    with pytest.raises(ChipError) as caught:
        chip.files_for(resident(photo=base64.b64encode(bad)))
    assert caught.value.reason is ChipReason.RECORD


def test_nothing_personal_shows() -> None:
    files = chip.files_for(resident())
    assert "SITI" not in repr(files)
    assert files.digest.hex() not in repr(files)
    assert "SITI" not in repr(mrz.zone_of(resident()))


def test_the_digest_does_not_depend_on_the_order_of_writing() -> None:
    expected = hashlib.sha256(
        b"\x01\x01\x00\x00\x00\x04face" + b"\x01\x02\x00\x00\x04\x00" + bytes(range(256)) * 4
    ).digest()
    assert TWO.digest == expected


# -- writing ----------------------------------------------------------------------------------------------------------
async def test_the_commands_are_the_golden_ones() -> None:
    channel = Channel({})
    await chip.read_uid(channel)
    await chip.write(channel, SMALL)
    golden = [
        bytes.fromhex(line[1:]) for line in (GOLDEN / "personalise.txt").read_text().splitlines() if line[0] == ">"
    ]
    assert channel.sent == golden


async def test_a_blank_becomes_a_residents_chip() -> None:
    files = chip.files_for(resident())
    channel = Channel({})
    assert await chip.inspect(channel) == ChipReport(ChipState.BLANK)
    await chip.write(channel, files)
    await chip.verify(channel, files)
    assert channel.resets == 1, "verified after a cold start"
    report = await chip.inspect(channel)
    assert (report.state, report.digest, report.attempts) == (ChipState.COMMITTED, files.digest, 1)
    assert max(len(apdu) for apdu in channel.sent) <= 261, "short APDUs only"


async def test_before_the_commit_nothing_can_be_read_and_after_it_nothing_written() -> None:
    channel = Channel({})
    select, file = bytes.fromhex("00A4040C07A0000002471001"), bytes.fromhex("00A4020C020101")
    for apdu in (select, file, bytes.fromhex("00D6000004DEADBEEF")):
        assert await channel.transmit(apdu) == b"\x90\x00"
    assert await channel.transmit(bytes.fromhex("00B0000004")) == b"\x69\x82"
    await chip.write(channel, SMALL)
    await channel.transmit(file)
    assert await channel.transmit(bytes.fromhex("00B0000004")) == bytes.fromhex("DEADBEEF9000")
    assert await channel.transmit(bytes.fromhex("00D6000001FF")) == b"\x69\x85"
    assert await channel.transmit(bytes.fromhex("80F0400F20") + SMALL.digest) == b"\x69\x85"


async def test_written_twice_is_written_once() -> None:
    channel = Channel({})
    await chip.write(channel, TWO)
    channel.sent.clear()
    await chip.write(channel, TWO)
    assert [apdu[1] for apdu in channel.sent] == [0xA4, 0xCA], "asked, and left alone"


async def test_another_persons_card_is_never_written_over() -> None:
    channel = Channel({})
    await chip.write(channel, SMALL)
    with pytest.raises(ChipError) as caught:
        await chip.write(channel, TWO)
    assert caught.value.reason is ChipReason.OTHER_CARD
    with pytest.raises(ChipError) as caught:
        await chip.verify(channel, TWO)
    assert caught.value.reason is ChipReason.MISMATCH
    await chip.verify(channel, SMALL)


async def test_torn_at_every_command_it_is_never_half_right_and_one_more_try_makes_it_right() -> None:
    whole = Channel({})
    await chip.write(whole, TWO)
    for at in range(1, len(whole.sent) + 1):
        memory: dict[str, bytes] = {}
        torn = Channel(memory, torn_at=at)
        if at <= 2:  # while only asking, the chip is given its cold starts and the write goes on
            await chip.write(torn, TWO)
        else:
            with pytest.raises(DeviceError):
                await chip.write(torn, TWO)
        again = Channel(memory)
        report = await chip.inspect(again)
        if report.state is ChipState.COMMITTED:
            assert report.digest == TWO.digest
        else:
            assert report.state in (ChipState.BLANK, ChipState.PARTIAL)
            await again.transmit(bytes.fromhex("00A4020C020102"))
            assert await again.transmit(bytes.fromhex("00B0000010")) == b"\x69\x82"
        await chip.write(again, TWO)
        await chip.verify(again, TWO)


async def test_longer_files_of_a_try_before_leave_nothing_behind() -> None:
    memory: dict[str, bytes] = {}
    torn = Channel(memory, torn_at=8)
    with pytest.raises(DeviceError):
        await chip.write(torn, TWO)
    channel = Channel(memory)
    shorter = ChipFiles({0x0102: b"short", 0x0101: b"face"})
    await chip.write(channel, shorter)
    await chip.verify(channel, shorter)


async def test_a_chip_whose_memory_lies_is_not_committed() -> None:
    memory: dict[str, bytes] = {}

    def rot(apdu: bytes) -> bytes | None:
        if apdu[:4] == b"\x00\xca\xff\x21":
            memory["ef:0101"] = b"f4ce"
        return None

    with pytest.raises(ChipError) as caught:
        await chip.write(Channel(memory, hook=rot), TWO)
    assert caught.value.reason is ChipReason.READ_BACK
    assert (await chip.inspect(Channel(memory))).state is ChipState.PARTIAL


async def test_a_chip_that_rots_after_the_commit_fails_its_verification() -> None:
    channel = Channel({})
    await chip.write(channel, TWO)
    for rotten in (b"f4ce", b"fac", b"faces"):
        channel.memory["ef:0101"] = rotten
        with pytest.raises(ChipError) as caught:
            await chip.verify(channel, TWO)
        assert caught.value.reason in (ChipReason.MISMATCH, ChipReason.REFUSED)


@pytest.mark.parametrize("status", ["6581", "6F00", "6400"])
async def test_a_memory_failure_ends_the_writing_at_once(status: str) -> None:
    channel = Channel({}, hook=lambda apdu: bytes.fromhex(status) if apdu[1] == 0xD6 else None)
    with pytest.raises(ChipError) as caught:
        await chip.write(channel, TWO)
    assert caught.value.reason is ChipReason.MEMORY
    assert status in str(caught.value)
    assert [apdu[1] for apdu in channel.sent].count(0xD6) == 1


async def test_a_refused_commit_is_not_tried_again_and_three_of_them_lock_the_chip() -> None:
    channel = Channel({})
    wrong = bytes.fromhex("80F0400F20") + bytes(32)
    await chip.inspect(channel)
    assert [await channel.transmit(wrong) for _ in range(3)] == [b"\x63\xc2", b"\x63\xc1", b"\x63\xc0"]
    assert (await chip.inspect(channel)).state is ChipState.LOCKED
    with pytest.raises(ChipError) as caught:
        await chip.write(channel, SMALL)
    assert caught.value.reason is ChipReason.LOCKED
    fresh = Channel({}, hook=lambda apdu: b"\x63\xc2" if apdu[1] == 0xF0 else None)
    with pytest.raises(ChipError):
        await chip.write(fresh, SMALL)
    assert [apdu[1] for apdu in fresh.sent].count(0xF0) == 1


# -- asking -----------------------------------------------------------------------------------------------------------
async def test_a_bank_card_is_foreign() -> None:
    channel = Channel({}, hook=lambda apdu: b"\x6a\x82")
    assert (await chip.inspect(channel)).state is ChipState.FOREIGN
    with pytest.raises(ChipError) as caught:
        await chip.write(channel, SMALL)
    assert caught.value.reason is ChipReason.OTHER_CARD


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
