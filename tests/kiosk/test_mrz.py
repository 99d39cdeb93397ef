"""The machine readable zone against ICAO's own specimen, and Indonesian names and dates on it."""

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.cards.mrz import Td1, check_digit, lines, names, zone_of
from tests.kiosk.people import resident


def test_the_specimen_of_doc_9303_part_5() -> None:
    zone = Td1(
        document="I",
        issuer="UTO",
        number="D23145890",
        birth=date(1974, 8, 12),
        sex="F",
        expires=date(2012, 4, 15),
        nationality="UTO",
        surname="ERIKSSON",
        given="ANNA MARIA",
    )
    assert lines(zone) == (
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    )


def test_check_digits_of_doc_9303_part_3() -> None:
    """Appendix A: the date 520727, the number AB2134."""
    assert check_digit("520727") == "3"
    assert check_digit("AB2134<<<") == "5"
    with pytest.raises(ValueError, match="A-Z"):
        check_digit("ab")


def test_an_indonesian_card_for_life_has_no_end_and_no_divided_name() -> None:
    upper, middle, name = lines(zone_of(resident()))
    assert upper == "I<IDNSPC0000014<<<<<<<<<<<<<<<"
    assert middle[:18] == "9005178F<<<<<<0IDN"
    assert name == "SITI<SPECIMEN<<<<<<<<<<<<<<<<<"


def test_a_foreigner_with_an_end() -> None:
    _, middle, _ = lines(zone_of(resident(citizenship="WNA", valid_until="01-02-2030")))
    assert middle[8:18] == "3002016XXX"


def test_a_date_that_is_none_is_told_without_saying_it() -> None:
    with pytest.raises(ValueError, match="valid_until") as caught:
        zone_of(resident(valid_until="31-31-2030"))
    assert "2030" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("MUHAMMAD NUR'AINI", "MUHAMMAD<NURAINI"),
        ("SRI-REJEKI, S.Pd.", "SRI<REJEKI<SPD"),
        ("José Müller", "JOSE<MUELLER"),
        ("X", "X"),
        ("1234", ""),
    ],
)
def test_names_become_letters_and_fillers(name: str, line: str) -> None:
    assert names(name) == line.ljust(30, "<")


def test_a_name_too_long_fills_the_line_to_its_end_so_that_the_cut_shows() -> None:
    line = names("RADEN MAS ADIPATI ARIO SOSRODININGRAT KUSUMADININGRAT")
    assert len(line) == 30
    assert line[-1] != "<"
    assert line.startswith("RADEN<MAS<ADIPATI<ARIO<")


@settings(max_examples=10_000, deadline=None)
@given(st.text(max_size=120), st.text(max_size=40))
def test_any_name_is_thirty_characters_of_the_zone(surname: str, given_name: str) -> None:
    assert re.fullmatch("[A-Z<]{30}", names(surname, given_name))
    assert re.fullmatch("[A-Z<]{30}", names(" ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), given_name))
