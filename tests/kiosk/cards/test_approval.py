"""Approvals: signed by the centre, for this person, this office, this record, in time; or no card."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.api.messages import Cause
from kiosk.cards.approval import ApprovalError, Authority, claimed
from kiosk.cards.jws import CentreKey
from sim.centre import OFFICE, PUBLIC_KEY_B64, Centre
from sim.centre.registry import KIOSK

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
KEY = Ed25519PublicKey.from_public_bytes(base64.b64decode(PUBLIC_KEY_B64))
AUTHORITY = Authority(CentreKey("centre-specimen", KEY), OFFICE, KIOSK)


def sent(kind: str = "good") -> tuple[str, str]:
    """(token, record) of the first person as the centre sends them."""
    centre = Centre(lambda: NOW)
    nik = centre.people[0].nik
    centre.set_approval(nik, kind)  # type: ignore[arg-type] # one of sim.centre's kinds
    entry = next(entry for entry in centre.approvals(0)[1] if entry.nik == nik)
    return entry.approval, json.dumps(entry.record)


def refusal(token: str, record: str, now: datetime = NOW) -> ApprovalError:
    with pytest.raises(ApprovalError) as error:
        AUTHORITY.verify(token, record, now)
    return error.value


def test_a_good_approval_gives_the_record_it_covers() -> None:
    token, record = sent()
    approval = AUTHORITY.verify(token, record, NOW)
    assert approval.record.nik == json.loads(record)["nik"]
    assert approval.record.name not in repr(approval)


@pytest.mark.parametrize("bit", range(0, 8))
def test_every_changed_byte_of_an_approval_is_found(bit: int) -> None:
    token, record = sent()
    for place in range(len(token)):
        changed = token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]
        if _same_bytes(changed, token):
            continue  # the unused low bits of a last base64 character
        assert refusal(changed, record).cause is Cause.APPROVAL_FORGED


def _same_bytes(one: str, other: str) -> bool:
    def decoded(token: str) -> list[bytes]:
        return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]

    try:
        return decoded(one) == decoded(other)
    except (ValueError, UnicodeEncodeError):
        return False


def test_a_record_that_was_not_signed_is_found() -> None:
    token, record = sent()
    assert refusal(token, record.replace("SPECIMEN", "PALSU")).cause is Cause.APPROVAL_FORGED
    assert refusal(token, "{").cause is Cause.APPROVAL_FORGED


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_weaker_signature_is_no_signature(algorithm: str) -> None:
    token, record = sent()
    claims = claimed(token)
    # The oldest trick: the public key, which everybody has, taken as the secret of a keyed hash.
    secret = "" if algorithm == "none" else base64.b64decode(PUBLIC_KEY_B64)
    forged = jwt.encode(claims, secret, algorithm=algorithm)
    assert refusal(forged, record).cause is Cause.APPROVAL_FORGED


def test_it_ends_when_it_says() -> None:
    token, record = sent()
    expires = datetime.fromtimestamp(claimed(token)["exp"], UTC)
    assert AUTHORITY.verify(token, record, expires - timedelta(seconds=1)).expires == expires
    assert refusal(token, record, expires).cause is Cause.APPROVAL_EXPIRED


def test_the_refusal_names_nobody() -> None:
    token, record = sent("other_person")
    person: dict[str, Any] = json.loads(record)
    text = str(refusal(token, record))
    assert person["nik"] not in text
    assert person["name"] not in text


@settings(max_examples=10_000, deadline=None)
@given(st.one_of(st.text(max_size=300), st.binary(max_size=300).map(lambda b: b.decode("latin-1"))))
def test_whatever_is_sent_is_filed_or_refused_and_never_crashes(garbage: str) -> None:
    assert isinstance(claimed(garbage), dict)
    with pytest.raises(ApprovalError):
        AUTHORITY.verify(garbage, "{}", NOW)
