"""Checkpoints: the kiosk's signature over the end of the audit chain, for those who keep it elsewhere.

A chain shows alteration, not that its end was cut off or that it was written anew as a whole. Only a head that
somebody else holds shows that: the centre gets every checkpoint through the outbox, and the day's last one is printed
as a QR on the closing slip.

One line of text, `VERSION//type//contents//signature`; the signature covers everything before its own `//`:

    anjungan-1//audit-checkpoint//<kiosk>/<sequence>/<at>/<head>//<signature>

`sequence`: number of the newest record covered. `at`: ISO 8601, UTC. `head`: base64url of that record's SHA-256.
`signature`: base64url of the Ed25519 signature, without padding.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.journal import outbox
from kiosk.journal.database import Transaction
from kiosk.journal.identity import KioskKey

TYPE = "anjungan-1//audit-checkpoint"
EVERY_RECORDS = 100
EVERY_SECONDS = 50.0
"""The sealer looks as soon as so much has gone by, so that no record stays unsealed for more than 60 s."""
TEXT_MAX = 400


class CheckpointError(Exception):
    """Not a checkpoint, or not by this key; the text says which."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    kiosk: str
    sequence: int
    at: str
    head: bytes


def read(text: str, keys: Sequence[Ed25519PublicKey]) -> Checkpoint:
    """The checkpoint that one of these keys has signed. CheckpointError for anything else; any text is safe."""
    signed, _, signature = text.strip().rpartition("//")
    contents = signed.removeprefix(f"{TYPE}//")
    parts = contents.split("/")
    if len(text) > TEXT_MAX or contents == signed or len(parts) != 4 or not parts[1].isascii():
        raise CheckpointError("this is no checkpoint of an audit chain; its text begins with " + TYPE)
    try:
        proof, head, sequence = decoded(signature), decoded(parts[3]), int(parts[1])
    except ValueError as error:
        raise CheckpointError("this checkpoint is not whole; read it again") from error
    for key in keys:
        try:
            key.verify(proof, signed.encode())
        except InvalidSignature:
            continue
        return Checkpoint(parts[0], sequence, parts[2], head)
    raise CheckpointError("this checkpoint was not signed by this kiosk")


def checkpoint_text(tx: Transaction, key: KioskKey) -> str:
    """A checkpoint over the newest record, written down and queued for the centre; "" for an empty audit.

    Asked again without a new record in between, it is the same text: what the closing slip shows as a QR.
    """
    newest = tx.row("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
    if newest is None:
        return ""
    known = tx.row("SELECT text FROM checkpoint WHERE sequence = ?", newest["sequence"])
    if known is not None:
        return str(known["text"])
    signed = f"{TYPE}//{key.kiosk}/{newest['sequence']}/{tx.now}/{_text(newest['hash'])}"
    text = f"{signed}//{key.sign(signed)}"
    tx.run("INSERT INTO checkpoint VALUES (?, ?, ?)", newest["sequence"], tx.now, text)
    outbox.put(tx, "checkpoint", text=text)
    return text


def due(newest: int | None, sealed: int | None, at: str | None, now: str) -> bool:
    """True if EVERY_RECORDS records or EVERY_SECONDS have gone by since the last checkpoint, made `at` over the record
    `sealed`, and there is something new to cover: `newest` is the number of the newest record. None: there is none."""
    if sealed is None or at is None or newest is None or newest == sealed:
        return sealed is None and newest is not None
    return newest - sealed >= EVERY_RECORDS or not 0 <= seconds(at, now) < EVERY_SECONDS


def seconds(since: str, until: str) -> float:
    """From one time stamp to another."""
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    """Strict base64url without padding. ValueError for anything else."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(data) != text:
        raise ValueError("not the one way to write these bytes")
    return data
