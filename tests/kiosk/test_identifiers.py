"""NIK and slip: only their form, and no more than their form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.api.identifiers import is_slip, masked_nik, nik_fault


@pytest.mark.parametrize("nik", ["3273011203850001", "3273015203850001", "9901013112990042", "1101017112000001"])
def test_well_formed_numbers_are_accepted_men_and_women(nik: str) -> None:
    assert nik_fault(nik) is None


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "digits"),
        ("327301120385000", "length"),
        ("32730112038500011", "length"),
        ("32730112038500o1", "digits"),
        ("3273011203850001\n", "digits"),
        ("٣273011203850001", "digits"),
        ("0973011203850001", "region"),
        ("3200011203850001", "region"),
        ("3273003203850001", "region"),
        ("3273013203850001", "date"),
        ("3273017203850001", "date"),
        ("3273011213850001", "date"),
        ("3273011203850000", "serial"),
    ],
)
def test_what_is_wrong_is_named(typed: str, fault: str) -> None:
    assert nik_fault(typed) == fault


def test_the_birth_date_is_hidden() -> None:
    assert masked_nik("3273011203850001") == "327301******0001"


@settings(max_examples=10_000, deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_mistaken_and_none_crashes(text: str) -> None:
    assert isinstance(is_slip(text), bool)
    if nik_fault(text) is None:
        assert len(text) == 16
        assert text.isascii()
