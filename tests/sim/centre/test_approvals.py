"""Approvals as a kiosk judges them: by PyJWT and the public key, independently of the code that signs."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sim.centre import OFFICE, PUBLIC_KEY_B64, Centre
from sim.centre.books import KioskEvent
from sim.centre.registry import Entry, Kind
from tests.sim.centre.conftest import NOON


def entry(centre: Centre, kind: Kind) -> Entry:
    nik = centre.people[0].nik
    centre.set_approval(nik, kind)
    return next(one for one in centre.approvals(0)[1] if one.nik == nik)


def read(approval: str) -> dict[str, Any]:
    """The claims, signature checked, dates and audience left to the caller."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(PUBLIC_KEY_B64))
    claims: dict[str, Any] = jwt.decode(
        approval, key, algorithms=["EdDSA"], options={"verify_exp": False, "verify_aud": False, "verify_iat": False}
    )
    return claims


def digest(record: dict[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_good_approval_holds_and_covers_the_record(centre: Centre) -> None:
    good = entry(centre, "good")
    person = centre.people[0]
    claims = read(good.approval)
    assert claims["iss"] == "centre-specimen"
    assert claims["aud"] == OFFICE
    assert claims["nik"] == person.nik == good.record["nik"]
    assert claims["slip"] == person.slip
    assert claims["document"] == "ktp-el"
    assert claims["jti"] == good.jti
    assert claims["record_sha256"] == digest(good.record)
    assert datetime.fromtimestamp(claims["iat"], UTC) <= NOON < datetime.fromtimestamp(claims["exp"], UTC)
    assert jwt.get_unverified_header(good.approval) == {"alg": "EdDSA", "kid": "centre-1", "typ": "prr+jwt"}


def test_an_expired_approval_is_genuine_but_over(centre: Centre) -> None:
    assert datetime.fromtimestamp(read(entry(centre, "expired").approval)["exp"], UTC) < NOON


def test_an_approval_for_another_office_names_it(centre: Centre) -> None:
    assert read(entry(centre, "other_office").approval)["aud"] != OFFICE


def test_an_approval_for_another_person_names_him_and_not_the_record(centre: Centre) -> None:
    wrong = entry(centre, "other_person")
    claims = read(wrong.approval)
    assert claims["nik"] != wrong.record["nik"]
    assert claims["slip"] == centre.people[0].slip
    assert claims["record_sha256"] == digest(wrong.record)


def test_a_forged_approval_does_not_verify(centre: Centre) -> None:
    with pytest.raises(jwt.InvalidSignatureError):
        read(entry(centre, "forged").approval)


def test_a_forged_record_is_not_what_was_signed(centre: Centre) -> None:
    forged = entry(centre, "forged_record")
    assert read(forged.approval)["record_sha256"] != digest(forged.record)


def test_a_slip_says_nothing_and_stays_while_the_card_waits(centre: Centre) -> None:
    slips = [person.slip for person in centre.people]
    assert len(set(slips)) == len(slips)
    assert all(re.fullmatch(r"ANJ1-[0-9A-HJKMNP-TV-Z]{16}", slip) for slip in slips)
    entry(centre, "expired")
    assert centre.people[0].slip == slips[0]


def test_after_the_card_was_taken_the_next_one_has_a_new_slip(centre: Centre) -> None:
    person = centre.people[0]
    old = person.slip
    jti = entry(centre, "good").jti
    centre.receive("K1", [KioskEvent("K1", 1, "card_taken", "2026-03-02T05:00:00Z", {"approval": jti})])
    assert person.collected
    centre.set_approval(person.nik, "good")
    assert person.slip != old
    assert not person.collected


def test_the_same_seed_gives_the_same_slips_and_another_seed_others(centre: Centre) -> None:
    again, other = Centre(lambda: NOON), Centre(lambda: NOON, seed=1)
    assert [p.slip for p in again.people] == [p.slip for p in centre.people]
    assert not {p.slip for p in other.people} & {p.slip for p in centre.people}
