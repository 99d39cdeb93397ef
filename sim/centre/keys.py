"""The specimen signing key of the simulated centre, and the compact JWS it signs (RFC 7515, EdDSA of RFC 8037).

The seed stands in the open on purpose: whoever reads this can sign approvals that only a kiosk in simulation believes.
A production profile names the ministry's own key, never this one. Kiosk and centre read
the standard each for itself; PyJWT judges both in their tests.
"""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_ID = "centre-1"
SEED = b"ANJUNGAN SPECIMEN KEY, NOT REAL."
"""32 bytes, as Ed25519 wants (RFC 8032, 5.1.5)."""

PUBLIC_KEY_B64 = "EfMcWhIDmZHnOua7binD6X958cydAKDKI0mXFCjLESY="
"""The raw 32-byte public key, standard base64: what hw_profiles/laptop-sim.toml trusts."""

_KEY = Ed25519PrivateKey.from_private_bytes(SEED)


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def sign(claims: dict[str, Any], kind: str = "prr+jwt") -> str:
    """`claims` as a compact JWS signed with the specimen key. `kind`: what sort of statement it is (`typ`)."""
    header = {"alg": "EdDSA", "kid": KEY_ID, "typ": kind}
    signed = f"{_part(_json(header))}.{_part(_json(claims))}"
    return f"{signed}.{_part(_KEY.sign(signed.encode('ascii')))}"


def forge(claims: dict[str, Any], *, kind: str = "prr+jwt") -> str:
    """Like `sign`, but by somebody who does not have the key: the same header, a signature that does not hold."""
    genuine = sign(claims, kind=kind)
    stranger = Ed25519PrivateKey.from_private_bytes(SEED[::-1])
    signed = genuine.rpartition(".")[0]
    return f"{signed}.{_part(stranger.sign(signed.encode('ascii')))}"
