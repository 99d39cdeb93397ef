"""The people who work in the specimen office: invented, with keys and PINs that stand in the open on purpose.

Whoever reads this can act as any of them, on a kiosk in simulation only: their roster says `specimen`, which a
production profile refuses, and it is signed with the specimen key, which a production profile does not name.
"""

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROLES = ("officer", "supervisor", "technician", "auditor")


@dataclass(frozen=True)
class Colleague:
    """One line of the roster, with what only the person has."""

    id: str
    role: str
    pin: str = field(repr=False)
    key: Ed25519PrivateKey = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """32 raw bytes."""
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def colleague(id: str, role: str, pin: str = "") -> Colleague:
    """Somebody invented; the same id has the same key in every run. Without `pin` one is made from the id."""
    digest = hashlib.sha256(f"ANJUNGAN SPECIMEN {id}".encode()).digest()
    return Colleague(id, role, pin or f"2{int.from_bytes(digest[:4], 'big') % 10**8:08d}74", _key(digest))


def _key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def specimen_staff() -> list[Colleague]:
    """Two officers, a supervisor, a technician and an auditor."""
    return [
        colleague("OFFICER-1", "officer", "271828"),
        colleague("OFFICER-2", "officer", "314159"),
        colleague("SUPERVISOR-1", "supervisor", "161803"),
        colleague("TECHNICIAN-1", "technician", "223606"),
        colleague("AUDITOR-1", "auditor", "173205"),
    ]
