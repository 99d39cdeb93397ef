"""Approvals: signed by the centre, for this person, this office, this record, in time; or no card."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.api.messages import Cause
from kiosk.cards.approval import ApprovalError, Authority, claimed
from kiosk.cards.jws import CentreKey
from sim.centre import OFFICE, PUBLIC_KEY_B64, Centre, keys
from sim.centre.registry import KIOSK
from sim.office.people import crowd

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


def test_what_another_library_signs_is_read() -> None:
    """PyJWT makes the token: the kiosk's reading of RFC 7515 and 8037 is not only its own."""
    key = Ed25519PrivateKey.from_private_bytes(keys.SEED)
    headers = {"kid": "centre-1", "typ": "prr+jwt"}
    token = jwt.encode({"iss": "centre-specimen", "n": 1}, key, algorithm="EdDSA", headers=headers)
    assert AUTHORITY.centre.claims(token, "prr+jwt", longest=4_000) == {"iss": "centre-specimen", "n": 1}


def approvals(number: int) -> list[tuple[str, str]]:
    """(token, record) of approvals that differ from each other."""
    centre = Centre(lambda: NOW)
    while len(centre.approvals(0)[1]) < number:
        centre.people = crowd(number)
        centre.clear()
        for person in centre.people:
            centre.set_approval(person.nik, "good")
    return [(entry.approval, json.dumps(entry.record)) for entry in centre.approvals(0)[1][:number]]


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_no_bit_of_an_approval_can_be_another(part: int) -> None:
    """Every bit of 100 approvals, in four parts: 400,000 changed tokens, of which none is accepted."""
    accepted = []
    for token, record in approvals(100)[part::4]:
        AUTHORITY.verify(token, record, NOW)
        data = token.encode()
        for place in range(len(data)):
            for bit in range(8):
                changed = bytearray(data)
                changed[place] ^= 1 << bit
                try:
                    AUTHORITY.verify(changed.decode("latin-1"), record, NOW)
                except ApprovalError as error:
                    if error.cause is Cause.APPROVAL_FORGED:
                        continue
                accepted.append((place, bit))
    assert accepted == []


def test_the_same_bytes_written_otherwise_are_refused() -> None:
    """The last character of a signature has unused bits, and a lenient reader skips what is not base64."""
    token, record = sent()
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(token[-1])
    twin = token[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1]
    assert base64.urlsafe_b64decode(twin.split(".")[2] + "==") == base64.urlsafe_b64decode(token.split(".")[2] + "==")
    for same in (twin, token + "==", token + "\n", token.replace(".", "=.", 1), token + ".", " " + token):
        assert refusal(same, record).cause is Cause.APPROVAL_FORGED


def test_a_record_that_was_not_signed_is_found() -> None:
    token, record = sent()
    assert refusal(token, record.replace("SPECIMEN", "PALSU")).cause is Cause.APPROVAL_FORGED
    assert refusal(token, "{").cause is Cause.APPROVAL_FORGED


def coined(header: dict[str, Any], signature: bytes | None = None, *, seed: bytes = keys.SEED) -> str:
    """A good approval's claims under another header; signed genuinely unless `signature` is given."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    signed = f"{part(json.dumps(header).encode())}.{part(json.dumps(claimed(sent()[0])).encode())}"
    if signature is None:
        signature = Ed25519PrivateKey.from_private_bytes(seed).sign(signed.encode())
    return f"{signed}.{part(signature)}"


GOOD = {"alg": "EdDSA", "kid": "centre-1", "typ": "prr+jwt"}
RAW_KEY = base64.b64decode(PUBLIC_KEY_B64)


def test_the_coin_that_the_table_below_bends_is_good() -> None:
    assert AUTHORITY.verify(coined(GOOD), sent()[1], NOW).jti == claimed(sent()[0])["jti"]


@pytest.mark.parametrize(
    ("bent", "token"),
    [
        ("no algorithm, no signature", coined(GOOD | {"alg": "none"}, b"")),
        ("no algorithm, a good signature", coined(GOOD | {"alg": "none"})),
        ("None in capitals", coined(GOOD | {"alg": "NONE"}, b"")),
        ("a keyed hash with the public key as its secret", jwt.encode(claimed(sent()[0]), RAW_KEY, algorithm="HS256")),
        ("the same under our header's words", jwt.encode(claimed(sent()[0]), RAW_KEY, headers=GOOD | {"alg": "HS256"})),
        ("another curve's name", coined(GOOD | {"alg": "ES256"})),
        ("a key of another name", coined(GOOD | {"kid": "centre-2"})),
        ("a key without a name", coined({"alg": "EdDSA", "typ": "prr+jwt"})),
        ("a key that comes with the token", coined(GOOD | {"jwk": {"kty": "OKP", "crv": "Ed25519"}}, seed=bytes(32))),
        ("a key to be fetched", coined(GOOD | {"jku": "https://example.org/keys"}, seed=bytes(32))),
        ("a stranger's key under the right name", coined(GOOD, seed=bytes(32))),
        ("an extension that must be understood", coined(GOOD | {"crit": ["b64"], "b64": False})),
        ("another statement of the centre", coined(GOOD | {"typ": "standing+jwt"})),
        ("a receipt", coined(GOOD | {"typ": "receipt+jwt"})),
        ("a header that is a list", coined([GOOD])),  # type: ignore[arg-type] # that is the point
        ("no signature", coined(GOOD, b"")),
        ("an all-zero signature", coined(GOOD, bytes(64))),
        ("half a signature", coined(GOOD, bytes(32))),
    ],
)
def test_a_weaker_signature_is_no_signature(bent: str, token: str) -> None:
    assert refusal(token, sent()[1]).cause is Cause.APPROVAL_FORGED, bent


def test_it_names_one_kiosk_and_no_other_takes_it() -> None:
    token, record = sent()
    other = Authority(AUTHORITY.centre, OFFICE, "SPC01-K2")
    with pytest.raises(ApprovalError, match="another kiosk of this office"):
        other.verify(token, record, NOW)


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
