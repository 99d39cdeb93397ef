"""The centre's package for one session with one card (tier K0): whoever opens it may write that card now, once.

A statement signed by the centre (kiosk/cards/jws.py), of a kind of its own. It names the office, the kiosk, the
approval, the card's UID, the person (a digest of the package's number and his NIK), what the session is for, the very
exchange of challenges that it answers, and an expiry; and it carries the name of the session and the command that opens
it. It holds no key and nothing that only this kiosk may see, so that TLS alone protects it on its way.

`Gate` looks into it before anything is written to the card, and has its number written down before it is used: a second
use is refused, also after a restart.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from kiosk.api.messages import Cause
from kiosk.cards.jws import CentreKey, TokenError
from kiosk.cards.personalise.custody import Errand
from kiosk.clock import Clock

KIND = "card+jwt"
"""`typ` in its header: no other statement of the centre can be passed off as a package."""
SIZE_MAX = 4_000
TEXTS = (
    "aud",
    "kiosk",
    "jti",
    "approval",
    "uid",
    "nik_sha256",
    "purpose",
    "exchange_sha256",
    "session",
    "authenticate",
)


class PackageFault(StrEnum):
    """Why a package opens nothing."""

    NOT_GIVEN = "not_given"
    """The centre gives none for this errand; the text says why."""
    FORGED = "forged"
    """No package, or signed by nobody whose word counts here."""
    EXPIRED = "expired"
    OTHER_OFFICE = "other_office"
    """Or another kiosk of this office."""
    OTHER_CARD = "other_card"
    """For the chip with another UID."""
    OTHER_ERRAND = "other_errand"
    """For another approval, or for something else than is about to be done."""
    OTHER_PERSON = "other_person"
    OTHER_EXCHANGE = "other_exchange"
    """It answers other challenges than those of the session that is being opened."""
    USED = "used"


_CAUSES = {
    PackageFault.OTHER_OFFICE: Cause.APPROVAL_OTHER_OFFICE,
    PackageFault.OTHER_PERSON: Cause.APPROVAL_OTHER_PERSON,
}


class PackageError(Exception):
    """Nothing is written to this card on this package. `cause` tells the resident why, the text tells the audit."""

    def __init__(self, fault: PackageFault, detail: str) -> None:
        super().__init__(f"package {fault}: {detail}")
        self.fault = fault
        self.cause = _CAUSES.get(fault, Cause.APPROVAL_FORGED)


@dataclass(frozen=True, slots=True)
class Package:
    """A package that holds. `session`: its name at the centre. `authenticate`: EXTERNAL AUTHENTICATE."""

    serial: str
    errand: Errand
    expires: datetime
    session: str
    authenticate: bytes = field(repr=False)


class UsedPackages(Protocol):
    """Remembers which packages were used, and which cards of an approval have come to nothing."""

    async def use(self, package: Package) -> None:
        """Writes down that the package is used; PackageError USED if it was before. Durable when it returns."""

    async def ended(self, approval: str) -> Sequence[str]:
        """UIDs (hex) of this approval's cards that were scrapped, captured or void: the centre gives no other card
        before it knows."""


class Once:
    """`UsedPackages` of a program that makes one card and ends. A package answers one exchange of challenges, so that
    another run cannot use it anyway."""

    def __init__(self) -> None:
        self._serials: set[str] = set()

    async def use(self, package: Package) -> None:
        if package.serial in self._serials:
            raise PackageError(PackageFault.USED, f"{package.serial} was used before")
        self._serials.add(package.serial)

    async def ended(self, approval: str) -> Sequence[str]:
        del approval
        return ()


@dataclass(frozen=True, slots=True)
class Gate:
    """Whose packages count, who this is, and which packages were used."""

    centre: CentreKey
    office: str
    kiosk: str
    clock: Clock
    used: UsedPackages

    async def admit(self, token: str, errand: Errand, challenge: bytes, card_answer: bytes) -> Package:
        """The package, if it is for exactly this errand and exchange and was never used; from now on it is.

        Checks the signature first and everything else after. PackageError says what does not hold.
        """
        claims = self._claims(token)
        serial = claims["jti"]
        expires = datetime.fromtimestamp(claims["exp"], UTC)
        told = {
            PackageFault.OTHER_OFFICE: ((claims["aud"], claims["kiosk"]), (self.office, self.kiosk)),
            PackageFault.OTHER_CARD: (claims["uid"], errand.uid.hex()),
            PackageFault.OTHER_ERRAND: (
                (claims["approval"], claims["purpose"]),
                (errand.approval, errand.purpose.value),
            ),
            PackageFault.OTHER_PERSON: (claims["nik_sha256"], person_digest(serial, errand.nik)),
            PackageFault.OTHER_EXCHANGE: (claims["exchange_sha256"], exchange_digest(challenge, card_answer)),
        }
        for fault, (said, meant) in told.items():
            if said != meant:
                raise PackageError(fault, f"{serial} is not for this")
        if expires <= self.clock.now():
            raise PackageError(PackageFault.EXPIRED, f"{serial} expired {expires:%Y-%m-%dT%H:%M:%SZ}")
        try:
            package = Package(serial, errand, expires, claims["session"], bytes.fromhex(claims["authenticate"]))
        except ValueError:
            raise PackageError(PackageFault.FORGED, "its command is no hex") from None
        await self.used.use(package)
        return package

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims = self.centre.claims(token, KIND, longest=SIZE_MAX)
        except TokenError as error:
            raise PackageError(PackageFault.FORGED, str(error)) from error
        if not all(isinstance(claims.get(name), str) for name in TEXTS) or not _is_time(claims.get("exp")):
            raise PackageError(PackageFault.FORGED, "a claim is missing or of the wrong type")
        return claims


def person_digest(serial: str, nik: str) -> str:
    """The package's number goes in, so that no list of digests made beforehand tells a person."""
    return hashlib.sha256(f"{serial}|{nik}".encode()).hexdigest()


def exchange_digest(challenge: bytes, card_answer: bytes) -> str:
    """Over the host's challenge and the whole answer to INITIALIZE UPDATE."""
    return hashlib.sha256(challenge + card_answer).hexdigest()


def _is_time(value: object) -> bool:
    """Seconds of a year that datetime knows."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 253_402_300_800
