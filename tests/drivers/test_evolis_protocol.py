"""The Evolis language against golden bytes, and against any bytes at all."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.card_printer.evolis import link, meaning
from drivers.card_printer.evolis.protocol import StatusWords, decode_answer, decode_count, decode_status, frame
from drivers.contract.errors import ProtocolError
from drivers.contract.words import Supply
from drivers.transport.base import LinkError
from drivers.transport.sockets import TcpConnector

GOLDEN = Path(__file__).parents[1] / "golden" / "evolis"


def rows(name: str) -> list[list[str]]:
    lines = (GOLDEN / name).read_text().splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(("command", "wire"), rows("wire.txt"))
def test_a_command_stands_on_the_wire_as_in_the_guide(command: str, wire: str) -> None:
    assert frame(command) == bytes.fromhex(wire)


@pytest.mark.parametrize(("name", "answer", "position", "station", "causes"), rows("status.txt"))
def test_each_status_means_what_the_header_says(
    name: str, answer: str, position: str, station: str, causes: str
) -> None:
    words = decode_status(decode_answer(answer.encode() + b"\x00"))
    assert str(meaning.position(words)) == position
    assert str(meaning.station(words) or "-") == station
    assert (",".join(meaning.causes(words)) or "-") == causes


def test_supplies_come_from_the_warning_word_and_the_first_extension() -> None:
    def supplies(answer: str) -> dict[str, Supply]:
        return dict(meaning.supplies(decode_status(answer)))

    well = "8A5C0020" + "0" * 24
    assert supplies(well) == {"blanks": Supply.FULL, "ribbon": Supply.FULL}
    assert supplies(well + "00000100")["blanks"] is Supply.LOW
    assert supplies("8A5C0020" + "00080000" + "0" * 16)["ribbon"] is Supply.LOW
    assert supplies("8A5C0020" + "00000000" + "01080000" + "0" * 8) == {"blanks": Supply.OUT, "ribbon": Supply.OUT}


def test_every_word_is_told_by_name_and_an_unknown_bit_by_its_number() -> None:
    words = decode_status(
        "80100020" + "02000081" + "01080000" + "00000000" + "00000300" + "20000000" + "00020000" + "00000001"
    )
    assert words.names() == {
        "built_in": "primacy_family flip reject_slot",
        "information": "card_print printing busy",
        "warning": "feeder_empty ribbon_ended",
        "extension_1": "bezel feeder_near_empty",
        "extension_2": "cleaning_sequence",
        "extension_3": "card_outside_bezel",
        "extension_4": "00000001",
    }
    assert decode_status("0" * 24 + "0000004" + "1").names() == {"error": "00000040 hardware"}


def test_a_printer_whose_feeder_bit_means_stock_is_not_called_full_of_cards() -> None:
    words = decode_status("8A5C0020" + "20000000" + "0" * 16)
    assert meaning.position(words) == "inside", "the careful reading is the default"
    assert meaning.position(words, feeder_is_path=False) == "none"


@pytest.mark.parametrize("answer", ["", "OK", "8A5C0020", "8A5C0020" * 3, "8A5C0020" * 9, "G" * 32, "0" * 31, "0" * 36])
def test_what_is_no_status_is_refused_with_a_reason(answer: str) -> None:
    with pytest.raises(ProtocolError, match="Rpst"):
        decode_status(answer)


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=80) | st.text("0123456789abcdefABCDEF", max_size=70).map(str.encode))
def test_any_bytes_are_a_status_or_a_protocol_error(raw: bytes) -> None:
    try:
        words = decode_status(decode_answer(raw))
    except ProtocolError:
        return
    assert isinstance(words, StatusWords)
    assert words.raw().replace(" ", "") == raw.strip(b"\x00").decode().strip().upper()
    meaning.snapshot(words, {})


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=40) | st.integers(0, 10**12).map(lambda n: str(n).encode()))
def test_any_bytes_are_a_count_or_no_count_or_a_protocol_error(raw: bytes) -> None:
    try:
        count = decode_count(decode_answer(raw))
    except ProtocolError:
        return
    assert count is None or 0 <= count < 10**10


def test_over_tcp_the_printer_wants_one_connection_per_command() -> None:
    one, other = link("tcp:printer.local:9100"), link("tcp:printer.local:9100?per_command=no")
    assert isinstance(one, TcpConnector)
    assert one.per_command
    assert not other.per_command
    with pytest.raises(LinkError):
        link("usb:printer")
