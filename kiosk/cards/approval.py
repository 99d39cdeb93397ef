"""The centre's approval (PRINT READY RECORD): without a valid one, bound to this person and office, there is no card.

A compact JWS (RFC 7515) signed with Ed25519 (RFC 8037). It names the person, the office, the slip and an expiry, and
covers the record by digest. It is kept as it came and verified again at every use, so that a changed journal gains
nothing.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from kiosk.api.messages import Cause
from kiosk.cards.record import CardRecord, digest

DOCUMENT = "ktp-el"
CLAIMS = ("iss", "aud", "jti", "iat", "exp", "nik", "document", "slip", "record_sha256")
TOKEN_MAX = 4_000
RECORD_MAX = 1_500_000


class ApprovalError(Exception):
    """No card on this approval; `cause` tells the resident why, the text tells the audit."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Approval:
    """A verified approval and the record that it covers."""

    jti: str
    slip: str
    expires: datetime
    record: CardRecord = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authority:
    """Whose word counts here."""

    issuer: str
    key: Ed25519PublicKey
    office: str

    def verify(self, token: str, record_text: str, now: datetime) -> Approval:
        """Checks the signature first and everything else after. Raises ApprovalError with the cause to show."""
        claims = self._claims(token)
        try:
            raw: dict[str, Any] = json.loads(record_text)
            covered = digest(raw) == claims["record_sha256"]
        except (ValueError, RecursionError) as error:
            raise ApprovalError(Cause.APPROVAL_FORGED, "the record is not JSON") from error
        if not covered:
            raise ApprovalError(Cause.APPROVAL_FORGED, "the record is not the one that was signed")
        try:
            record = CardRecord.model_validate(raw)
        except ValidationError as error:
            fields = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}))
            raise ApprovalError(Cause.APPROVAL_FORGED, f"the record does not fit: {fields}") from None
        if claims["aud"] != self.office:
            raise ApprovalError(Cause.APPROVAL_OTHER_OFFICE, "the approval names another office")
        if claims["document"] != DOCUMENT:
            raise ApprovalError(Cause.APPROVAL_MISSING, "the approval is for another document")
        if claims["nik"] != record.nik:
            raise ApprovalError(Cause.APPROVAL_OTHER_PERSON, "the approval names another person than the record")
        expires = datetime.fromtimestamp(claims["exp"], UTC)
        if expires <= now:
            raise ApprovalError(Cause.APPROVAL_EXPIRED, f"expired {expires:%Y-%m-%d}")
        return Approval(jti=claims["jti"], slip=claims["slip"], expires=expires, record=record)

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > TOKEN_MAX:
            raise ApprovalError(Cause.APPROVAL_FORGED, "the approval is too long")
        try:
            # Expiry is checked against the injected clock and the office by its own text, both further up.
            claims: dict[str, Any] = jwt.decode(
                token,
                self.key,
                algorithms=["EdDSA"],
                issuer=self.issuer,
                options={
                    "require": list(CLAIMS),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                },
            )
        except jwt.PyJWTError as error:
            raise ApprovalError(Cause.APPROVAL_FORGED, type(error).__name__) from error
        texts = ("aud", "jti", "nik", "document", "slip", "record_sha256")
        if not all(isinstance(claims[name], str) for name in texts) or not isinstance(claims["exp"], int):
            raise ApprovalError(Cause.APPROVAL_FORGED, "a claim is of the wrong type")
        return claims


def claimed(token: str) -> dict[str, Any]:
    """What an approval says of itself, unverified: only to file it. Empty if it says nothing."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
    return claims
