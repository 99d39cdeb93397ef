"""The centre's signed words: a compact JWS (RFC 7515) by Ed25519 (RFC 8037), in exactly one spelling.

The header is compared, not obeyed: algorithm, key and kind of statement are what this kiosk expects, or the token
is refused before its signature is looked at. Base64url that could also be written otherwise (unused low bits, padding)
is refused, so that no bit of a token can be changed and still be accepted.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHM = "EdDSA"


class TokenError(Exception):
    """Not a statement of the centre; the text says what is wrong, never what it says."""


@dataclass(frozen=True, slots=True)
class CentreKey:
    """Whose word counts: the issuer's name, his key, and the name of the key (`kid`)."""

    issuer: str
    key: Ed25519PublicKey
    kid: str = "centre-1"

    def claims(self, token: str, kind: str, *, longest: int) -> dict[str, Any]:
        """What the centre says in a token whose header's `typ` is `kind`. TokenError for anything else; times are
        not judged here. `longest`: characters."""
        if len(token) > longest:
            raise TokenError("too long")
        parts = token.split(".")
        if len(parts) != 3 or not token.isascii():
            raise TokenError("not three parts")
        header, payload, signature = (_decoded(part) for part in parts)
        if _json(header) != {"alg": ALGORITHM, "kid": self.kid, "typ": kind}:
            raise TokenError("the header is not the one expected")
        try:
            self.key.verify(signature, token.rpartition(".")[0].encode("ascii"))
        except InvalidSignature as error:
            raise TokenError("the signature does not hold") from error
        claims = _json(payload)
        if not isinstance(claims, dict) or claims.get("iss") != self.issuer:
            raise TokenError("not by the issuer expected")
        return claims


def _decoded(part: str) -> bytes:
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise TokenError("not base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != part:
        raise TokenError("not the one way to write these bytes")
    return data


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise TokenError("not JSON") from error
