"""What staff say to kioskd: each request names what is to be done and carries the proofs of those who want it.

A person proves himself for one act only: kioskd gives a challenge, bound to kiosk, person, operation, the request's
own content (`about`), a nonce and an expiry; his key signs it, and his PIN goes with it. `Credential` does this.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Protocol, Self, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import ConfigDict, Field, model_validator

from kiosk.api.messages import Message, OfficerId

VERSION = "anjungan-staff-1"

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hex128 = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
Pin = Annotated[str, Field(pattern=r"^[0-9]{0,12}$", repr=False)]
DOCUMENT = r"^[A-Za-z0-9][A-Za-z0-9 ./-]{0,59}$"
"""The number of a delivery note, of minutes (berita acara), or of a lot."""
RequestId = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


class Secretive(Message):
    """Holds what no error text may repeat."""

    model_config = ConfigDict(hide_input_in_errors=True)


class ChallengeRequest(Message):
    """`person` wants to do `operation` with a request whose `about()` is this."""

    person: OfficerId
    operation: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    about: Hex64


class Challenge(Message):
    """Good for one proof, until `expires`."""

    kiosk: str
    person: OfficerId
    operation: str
    about: Hex64
    nonce: Hex32
    expires: datetime

    def signed_bytes(self) -> bytes:
        """What the person's key signs: canonical JSON, UTF-8."""
        parts = (VERSION, self.kiosk, self.person, self.operation, self.about, self.nonce, self.expires.isoformat())
        return json.dumps(parts, separators=(",", ":")).encode()


class Proof(Secretive):
    """One person's answer to his challenge."""

    person: OfficerId
    nonce: Hex32
    signature: Hex128
    """Ed25519 over `Challenge.signed_bytes`."""
    pin: Pin = ""
    """Empty only where the person sets his first PIN."""


class Mandated(Secretive):
    """A request that only proven people may make. The same request_id, proven again, is done once."""

    OPERATION: ClassVar[str]
    request_id: RequestId
    reason: Annotated[str, Field(max_length=200)] = ""
    """Why, never who: it stays in the audit."""
    proofs: Annotated[tuple[Proof, ...], Field(max_length=2)] = ()

    def about(self) -> str:
        """Hex SHA-256 of everything that is asked for: what the people sign."""
        content = self.model_dump(mode="json", exclude={"proofs", "new_pin"})
        return hashlib.sha256(json.dumps([self.OPERATION, content], sort_keys=True).encode()).hexdigest()


class BlanksLoaded(Mandated):
    """Two people counted blanks into the hopper: out of the vault, or straight from a delivery or from a stock that
    other books keep. `first`: the first one's position in `lot`, if positions are written down."""

    OPERATION = "load_blanks"
    quantity: int = Field(ge=1, le=500)
    source: Literal["delivery", "vault"] = "delivery"
    note: str | None = Field(default=None, pattern=DOCUMENT)
    """The delivery note, if it comes straight from a delivery."""
    lot: str | None = Field(default=None, pattern=DOCUMENT)
    first: int | None = Field(default=None, ge=1, le=10**9)


class BlanksUnloaded(Mandated):
    """Two people counted blanks out of the hopper, into the vault."""

    OPERATION = "unload_blanks"
    quantity: int = Field(ge=1, le=500)
    lot: str | None = Field(default=None, pattern=DOCUMENT)
    first: int | None = Field(default=None, ge=1, le=10**9)


class OverrideRequest(Mandated):
    """Two people answer for a resident whose finger does not match or cannot be read. Exactly one of slip and nik."""

    OPERATION = "override"
    slip: str | None = None
    nik: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.slip is None) == (self.nik is None):
            raise ValueError("give either slip or nik")
        return self


class Found(StrEnum):
    """Where the card of an unknown job was found."""

    HOLDER = "holder"
    """In the hand of its holder."""
    REJECT = "reject"
    """In the reject bin, and there it stays; the approval stays closed until the card is destroyed."""
    DESTROYED = "destroyed"
    """Found, and destroyed before both: the approval is good for another blank."""
    MISSING = "missing"
    """Nowhere: a case. It may be in a hand, so the approval stays closed."""


class Resolution(Mandated):
    """Two people say where the card of an unknown job is."""

    OPERATION = "resolve_unknown"
    job: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    found: Found


class NextCall(Mandated):
    """A counter is free."""

    OPERATION = "call_next"
    service: str = Field(max_length=40)


class PrinterCleaning(Mandated):
    """Somebody has put the cleaning card in."""

    OPERATION = "clean_printer"


class AuditExport(Mandated):
    """Somebody takes the whole audit along as a file."""

    OPERATION = "export_audit"


class DigestRequest(Mandated):
    """The supervisor asks what each person did."""

    OPERATION = "read_digest"
    day: date


class PinCleared(Mandated):
    """Two people let a third set a new PIN."""

    OPERATION = "manage_people"
    person: OfficerId


class PinSet(Mandated):
    """A person sets his PIN: the first one by his key alone, another by key and old PIN."""

    OPERATION = "set_pin"
    new_pin: Pin


class UnknownJob(Message):
    """A card that the hardware lost sight of, and that nobody has found for good."""

    job: str
    since: datetime
    reason: str
    where: str
    """The ledger's account: unknown, reject or missing."""


class RosterSent(Message):
    """The centre's signed list of people, as a file brought it."""

    roster: str = Field(max_length=200_000)


class Colleague(Message):
    """A person of the roster in force."""

    id: OfficerId
    role: str
    pin_set: bool


class PersonDay(Message):
    """What one person did on one day, in counts."""

    person: str
    overrides: int = 0
    overrides_untried: int = 0
    """Of these, where no finger had been tried that day."""
    loads: int = 0
    unloads: int = 0
    resolves: int = 0
    other: int = 0
    scraps: int = 0
    """Blanks scrapped by jobs that this person had let begin."""
    cards: int = 0
    """Cards handed out by them: scraps / (scraps + cards) is the scrap rate."""
    out_of_hours: int = 0
    wrong_pins: int = 0


R = TypeVar("R", bound=Mandated)


class KeyFileError(Exception):
    """A key file cannot be used; the text says which and why."""


class Challenges(Protocol):
    """Where challenges come from: the client of kioskd."""

    async def challenge(self, request: ChallengeRequest) -> Challenge: ...


@dataclass(frozen=True, slots=True)
class Credential:
    """A person with what proves him. Neither is ever shown."""

    person: str
    key: Ed25519PrivateKey = field(repr=False)
    pin: str = field(repr=False)

    @classmethod
    def from_file(cls, person: str, path: Path, pin: str) -> Self:
        """`path`: an unencrypted Ed25519 key in PEM (PKCS#8), as `kiosk staff key` writes it. KeyFileError."""
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFileError(f"{path}: no key that can be used ({type(error).__name__})") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError(f"{path}: not an Ed25519 key")
        return cls(person, key, pin)

    async def prove(self, kioskd: Challenges, request: Mandated, *, pin: str | None = None) -> Proof:
        """This person's proof for this very request."""
        asked = ChallengeRequest(person=self.person, operation=request.OPERATION, about=request.about())
        challenge = await kioskd.challenge(asked)
        if (challenge.person, challenge.operation, challenge.about) != (asked.person, asked.operation, asked.about):
            raise KeyFileError("kioskd gave a challenge for something else; nothing was signed")
        signature = self.key.sign(challenge.signed_bytes()).hex()
        return Proof(
            person=self.person, nonce=challenge.nonce, signature=signature, pin=self.pin if pin is None else pin
        )


async def proven(kioskd: Challenges, request: R, people: Sequence[Credential]) -> R:
    """`request` with the proofs of these people."""
    return request.model_copy(update={"proofs": tuple([await one.prove(kioskd, request) for one in people])})
