"""What a chip says is signed: stock openssl agrees, and a changed byte anywhere is found."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.cards.lds import ChipFiles
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.files import ChipTooSmall, Plan, Signed
from kiosk.cards.record import CardRecord
from kiosk.cards.stranger import passive
from kiosk.cards.stranger.passive import NotGenuine
from sim.centre.people import specimen_people
from sim.centre.signer import DocumentSigner
from tests.kiosk.people import resident

NOW = datetime(2026, 2, 1, tzinfo=UTC)
SIGNER = DocumentSigner()
COUNTRY = x509.load_pem_x509_certificate(SIGNER.country_pem)
POINT = bytes.fromhex(
    "04" "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
)  # fmt: skip


def plan(size: str = "S", record: CardRecord | None = None, **other: Any) -> Plan:
    chosen = record or CardRecord.model_validate(specimen_people()[0].record)
    return Plan(layout.load("nid-td1").model_copy(update=other), size, chosen)


def signed(wanted: Plan) -> tuple[dict[int, bytes], ChipFiles]:
    groups = wanted.groups(POINT)
    return groups, wanted.files(Signed(groups, SIGNER.sign(groups)))


@pytest.mark.parametrize(("size", "least", "most"), [("S", 4_000, 6_500), ("L", 8_000, 24_000)])
def test_a_person_fits_both_sizes_of_chip(size: str, least: int, most: int) -> None:
    groups, files = signed(plan(size))
    assert sorted(groups) == [1, 2, 7, 11, 13, 14, 15]
    assert list(files.contents) == [
        0x0102, 0x0107, 0x010B, 0x010D, 0x010E, 0x010F, 0x0101, 0x011C, 0x011D, 0x011E,
    ]  # fmt: skip
    assert least < sum(map(len, files.contents.values())) < most
    limits = plan(size).layout.sizes[size]
    assert len(groups[2]) <= limits.face
    assert len(groups[7]) <= limits.signature + 10
    assert len(groups[1]) == 95


def test_openssl_accepts_the_security_object(tmp_path: Path) -> None:
    groups, files = signed(plan())
    (tmp_path / "csca.pem").write_bytes(SIGNER.country_pem)
    (tmp_path / "sod.der").write_bytes(files.contents[0x011D][4:])
    command = [
        "openssl",
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-in",
        "sod.der",
        "-CAfile",
        "csca.pem",
        "-purpose",
        "any",
    ]
    done = subprocess.run([*command, "-out", "lds.der"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = subprocess.run(
        ["openssl", "asn1parse", "-inform", "DER", "-in", "lds.der"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert printed.count("OCTET STRING") == len(groups)


def test_a_stranger_believes_the_signature_and_only_the_signed_groups() -> None:
    groups, files = signed(plan())
    found = passive.verify(files.contents[0x011D], COUNTRY, NOW)
    found.check(groups)
    with pytest.raises(NotGenuine, match="DG2"):
        found.check({**groups, 2: groups[2][:-1] + b"\x00"})
    with pytest.raises(NotGenuine, match="same data groups"):
        found.check({number: group for number, group in groups.items() if number != 13})


def test_another_country_another_time_and_every_other_lie_is_refused() -> None:
    sod = signed(plan())[1].contents[0x011D]
    with pytest.raises(NotGenuine, match="not valid now"):
        passive.verify(sod, COUNTRY, datetime(2050, 1, 1, tzinfo=UTC))
    embedded = cms.ContentInfo.load(sod[4:])["content"]["certificates"][0]
    stranger = x509.load_der_x509_certificate(embedded.dump())
    with pytest.raises(NotGenuine):
        passive.verify(sod, stranger, NOW)


@given(st.data())
@settings(max_examples=1_500, deadline=None)
def test_no_byte_of_the_security_object_can_be_changed_to_change_what_it_says(data: st.DataObject) -> None:
    groups = {1: b"one", 2: b"two"}
    sod = bytearray(SIGNER.sign(groups))
    genuine = passive.verify(bytes(sod), COUNTRY, NOW)
    at = data.draw(st.integers(0, len(sod) - 1))
    sod[at] ^= data.draw(st.integers(1, 255))
    try:
        found = passive.verify(bytes(sod), COUNTRY, NOW)
    except NotGenuine:
        return
    assert found == genuine


@given(st.binary(max_size=300))
@settings(max_examples=10_000, deadline=None)
def test_any_bytes_in_place_of_a_security_object_are_refused(data: bytes) -> None:
    with pytest.raises(NotGenuine):
        passive.verify(b"\x77" + data, COUNTRY, NOW)


def test_a_chip_too_small_and_a_person_without_signature_or_fingers() -> None:
    bare = plan(record=resident(photo=specimen_people()[0].record["photo"]))
    assert sorted(bare.groups(POINT)) == [1, 2, 11, 14, 15]
    sizes = plan().layout.sizes
    small = plan(sizes={**sizes, "S": sizes["S"].model_copy(update={"capacity": 4_096})})
    with pytest.raises(ChipTooSmall, match="4096"):
        signed(small)


def test_the_access_key_is_the_mrz_information_of_the_printed_lines() -> None:
    assert plan(record=resident()).access_key() == b"SPC00000149005178<<<<<<0"


def test_a_layout_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(layout.LayoutError, match="nid-td1"):
        layout.load("nid-td9")
