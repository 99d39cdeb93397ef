"""Who works here: the centre's signed list of people, their roles and public keys.

A statement of the centre (`kiosk.cards.jws`) of type `roster+jwt`, with the claims
iss, aud (the office), iat, exp, number (each list has a higher one), people ([{id, role, key}], key as base64 of 32
bytes) and, in simulation, specimen = true. Whoever is not on the newest list is not of the house any more: that is
revocation. The list is kept as it came and verified again at every use, so that a changed journal gains nothing.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.api.messages import OfficerId
from kiosk.cards.jws import CentreKey, TokenError
from kiosk.journal.database import Transaction
from kiosk.people.roles import Role

KIND = "roster+jwt"
TOKEN_MAX = 200_000
"""Characters; a person takes about 130."""
FACT = "roster"
KEY_BYTES = 32


class RosterError(Exception):
    """No list that counts here. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    role: Role
    key: bytes
    """Raw Ed25519 public key, 32 bytes."""


@dataclass(frozen=True, slots=True)
class Roster:
    number: int
    expires: datetime
    people: Mapping[str, Person]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: OfficerId
    role: Role
    key: Annotated[str, Field(max_length=64)]


class _Claims(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    aud: str
    exp: int
    number: Annotated[int, Field(ge=1)]
    people: Annotated[list[_Line], Field(max_length=1_000)]
    specimen: bool = False


class RosterAuthority:
    """Whose list counts here. `production`: a list for simulation does not."""

    def __init__(self, centre: CentreKey, office: str, *, production: bool) -> None:
        self._centre = centre
        self._office = office
        self._production = production
        self._last: tuple[str, _Claims] | None = None
        """The text whose signature was found good last, and what it says: the same text needs no second look."""

    def verify(self, token: str, now: datetime | None) -> Roster:
        """The list, if the centre signed it for this office. `now` None: even if it has expired."""
        claims = self._claims(token)
        if claims.aud != self._office:
            raise RosterError("the roster is for another office")
        if claims.specimen and self._production:
            raise RosterError("the roster is a specimen; a production profile takes none")
        expires = datetime.fromtimestamp(claims.exp, UTC)
        if now is not None and expires <= now:
            raise RosterError(f"the roster expired {expires:%Y-%m-%d}; the centre must send a new one")
        people = {line.id: Person(line.id, line.role, _key(line.key)) for line in claims.people}
        if len(people) < len(claims.people) or len({person.key for person in people.values()}) < len(people):
            raise RosterError("the roster names a person or a key twice")
        return Roster(claims.number, expires, people)

    def _claims(self, token: str) -> _Claims:
        if self._last is not None and token == self._last[0]:
            return self._last[1]
        try:
            claims = _Claims.model_validate(self._centre.claims(token, KIND, longest=TOKEN_MAX))
        except TokenError as error:
            raise RosterError(f"not a roster of the centre: {error}") from None
        except ValidationError as error:
            raise RosterError(f"a roster of the wrong form, {error.error_count()} places") from None
        self._last = (token, claims)
        return claims

    def accept(self, tx: Transaction, token: str, now: datetime) -> Roster:
        """Keeps a list that is newer than the one that is kept. RosterError for any other."""
        roster = self.verify(token, now)
        if roster.number <= (number := self.number(tx)):
            raise RosterError(f"the roster is number {roster.number}; number {number} is in force")
        tx.set_fact(FACT, token)
        return roster

    def current(self, tx: Transaction, now: datetime) -> Roster:
        """The list in force."""
        token = tx.fact(FACT)
        if token is None:
            raise RosterError("the centre has not sent a roster yet; nobody can be recognised")
        return self.verify(token, now)

    def number(self, tx: Transaction) -> int:
        """Of the list that is kept, even if it has expired; 0 if there is none."""
        held = tx.fact(FACT)
        try:
            return 0 if held is None else self.verify(held, None).number
        except RosterError:
            return 0  # kept under another key, or damaged: any good list is better


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise RosterError("the roster holds a key that is no Ed25519 key")
    return key
