"""The kiosk's own key: made at its first start, kept beside the journal, never sent anywhere.

It signs checkpoints and exports. Who owns this machine can take the key; what it has signed before that, and what the
centre and the closing slips hold, he cannot change.
"""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.clock import Chance
from kiosk.journal.database import JournalError

FILE = "kiosk.key"
SEED_BYTES = 32
"""RFC 8032, 5.1.5."""


@dataclass(frozen=True, slots=True)
class KioskKey:
    """`kiosk`: the id that stands in everything it signs."""

    kiosk: str
    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def kept(cls, folder: Path, kiosk: str, chance: Chance) -> Self:
        """The key in `folder`, made if there is none yet. JournalError if the file there is no key."""
        path = folder / FILE
        if not path.exists():
            _write(path, chance.token(SEED_BYTES))
        return cls.read(folder, kiosk)

    @classmethod
    def read(cls, folder: Path, kiosk: str) -> Self:
        """JournalError if there is none, or it is none."""
        path = folder / FILE
        try:
            seed = path.read_bytes()
        except OSError as error:
            raise JournalError(f"{path}: {error.strerror}; only the kiosk's own user may read its key") from error
        if len(seed) != SEED_BYTES:
            raise JournalError(
                f"{path}: not a key ({len(seed)} bytes, {SEED_BYTES} expected); "
                "move it aside, the next start makes a new one and tells the centre"
            )
        return cls(kiosk, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> str:
        """Base64 of the 32 raw bytes of the public key."""
        return base64.b64encode(self.private.public_key().public_bytes_raw()).decode("ascii")

    def sign(self, text: str) -> str:
        """Base64url without padding of the signature over the text's UTF-8."""
        return base64.urlsafe_b64encode(self.private.sign(text.encode())).rstrip(b"=").decode("ascii")


def public_key(text: str) -> Ed25519PublicKey:
    """The key that `KioskKey.public` names. ValueError if it is none."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))


def _write(path: Path, seed: bytes) -> None:
    """Whole or not at all, whenever the power fails."""
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, seed)
        os.fsync(file)
    finally:
        os.close(file)
    half.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
