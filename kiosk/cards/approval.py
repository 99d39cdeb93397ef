"""The centre's approval (PRINT READY RECORD): without a valid one, bound to this person and office, there is no card.

A statement signed by the centre (jws.py). It names the person, the office and the kiosk, the slip and an expiry, and
covers the record by digest. It is kept as it came and verified again at every use, so that a changed journal gains
nothing.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt
from pydantic import ValidationError

from kiosk.api.messages import Cause
from kiosk.cards.jws import CentreKey, TokenError
from kiosk.cards.record import CardRecord, digest

DOCUMENT = "ktp-el"
KIND = "prr+jwt"
"""`typ` in its header: no other statement of the centre can be passed off as an approval."""
TEXTS = ("aud", "kiosk", "jti", "nik", "document", "slip", "record_sha256")
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
    """Whose word counts, and who this is: the office and the kiosk that an approval must name."""

    centre: CentreKey
    office: str
    kiosk: str

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
        if claims["kiosk"] != self.kiosk:
            # It is for one kiosk alone: two that cannot ask each other would each make the card.
            raise ApprovalError(Cause.APPROVAL_OTHER_OFFICE, "the approval names another kiosk of this office")
        if claims["document"] != DOCUMENT:
            raise ApprovalError(Cause.APPROVAL_MISSING, "the approval is for another document")
        if claims["nik"] != record.nik:
            raise ApprovalError(Cause.APPROVAL_OTHER_PERSON, "the approval names another person than the record")
        try:
            expires = datetime.fromtimestamp(claims["exp"], UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise ApprovalError(Cause.APPROVAL_FORGED, "a claim is missing or of the wrong type") from error
        if expires <= now:
            raise ApprovalError(Cause.APPROVAL_EXPIRED, f"expired {expires:%Y-%m-%d}")
        return Approval(jti=claims["jti"], slip=claims["slip"], expires=expires, record=record)

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims = self.centre.claims(token, KIND, longest=TOKEN_MAX)
        except TokenError as error:
            raise ApprovalError(Cause.APPROVAL_FORGED, str(error)) from error
        texts = all(isinstance(claims.get(name), str) for name in TEXTS)
        if not texts or type(claims.get("exp")) is not int or type(claims.get("iat")) is not int:
            raise ApprovalError(Cause.APPROVAL_FORGED, "a claim is missing or of the wrong type")
        return claims


def claimed(token: str) -> dict[str, Any]:
    """What an approval says of itself, unverified: only to file it. Empty if it says nothing."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
    return claims
