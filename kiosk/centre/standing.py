"""What the centre has last signed about this kiosk: the time, which services it may give and until when, and which
approvals are withdrawn.

Kept as it came and verified again at every use, so that a changed journal gains nothing. What it grants ends by itself:
when the link stays down past a service's end, that service closes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from kiosk.api.messages import Cause
from kiosk.cards.approval import DOCUMENT, Authority
from kiosk.cards.jws import TokenError
from kiosk.journal.database import Transaction

KIND = "standing+jwt"
STANDING_FACT = "centre_standing"
TOKEN_MAX = 400_000
RENEW = timedelta(minutes=15)
"""An unchanged statement is written down anew only this often."""
EARLY = 4
"""... or after this part of the time that it grants."""


class StandingError(Exception):
    """The centre's answer is not a statement for this kiosk, or not an answer to what was asked."""


class Grant(BaseModel):
    """The centre's word on one service. `until`: after this instant it is no longer its word."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    authorised: bool
    until: AwareDatetime


class Standing(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    aud: str
    kiosk: str
    nonce: str
    time: AwareDatetime
    services: Mapping[str, Grant]
    revoked: frozenset[Annotated[str, Field(max_length=60)]]
    roster: int | None = None
    """The number of the roster in force, and ..."""
    cursor: int | None = None
    """... of the newest approval: what the kiosk has already it need not ask for. None: this centre does not say."""

    def says_the_same(self, older: "Standing") -> bool:
        """Nothing was cut, given, taken back or shortened since the older one."""
        same = self.revoked == older.revoked and self._given() == older._given()
        return same and all(grant.until >= older.services[name].until for name, grant in self.services.items())

    def _given(self) -> dict[str, bool]:
        return {name: grant.authorised for name, grant in self.services.items()}


class Standings:
    """Reads and keeps the statements for one kiosk."""

    def __init__(self, authority: Authority) -> None:
        self._read = lru_cache(maxsize=2)(partial(_read, authority))
        """Two: the one that is kept and the one that came last are asked for in turn."""

    def read(self, token: str) -> Standing:
        """StandingError if the centre has not signed this for this kiosk."""
        return self._read(token)

    def answer(self, token: str, nonce: str) -> Standing:
        """A statement that was made just now, for it repeats the nonce. StandingError."""
        standing = self.read(token)
        if standing.nonce != nonce:
            raise StandingError("the statement answers another question: it may be an old one")
        return standing

    def current(self, tx: Transaction) -> Standing | None:
        """The one that is kept; None if there is none, or what is kept is not the centre's."""
        token = tx.fact(STANDING_FACT)
        if token is None:
            return None
        try:
            return self.read(token)
        except StandingError:
            return None

    def is_news(self, tx: Transaction, standing: Standing) -> bool:
        """True if this statement must take the place of the one that is kept."""
        kept = self.current(tx)
        if kept is None or not standing.says_the_same(kept):
            return True
        granted = min((grant.until for grant in kept.services.values()), default=kept.time + EARLY * RENEW) - kept.time
        return not timedelta(0) <= standing.time - kept.time < min(RENEW, granted / EARLY)

    def service_cause(self, tx: Transaction, service: str, now: datetime, link: Cause | None) -> Cause | None:
        """Why the centre does not let this service be given now; None if it does. What it has never named, it has
        not cut, except a card: that needs its word. `link`: why the centre cannot be asked, None if it can."""
        standing = self.current(tx)
        grant = standing.services.get(service) if standing else None
        if grant is None:
            if service != DOCUMENT:
                return None
            return Cause.AUTHORISATION_CUT if standing else link or Cause.AUTHORISATION_CUT
        if not grant.authorised:
            return Cause.AUTHORISATION_CUT
        return Cause.AUTHORISATION_EXPIRED if grant.until <= now else None

    def is_revoked(self, tx: Transaction, jti: str) -> bool:
        standing = self.current(tx)
        return standing is not None and jti in standing.revoked


def _read(authority: Authority, token: str) -> Standing:
    try:
        standing = Standing.model_validate(authority.centre.claims(token, KIND, longest=TOKEN_MAX))
    except TokenError as error:
        raise StandingError(str(error)) from error
    except ValidationError as error:
        raise StandingError("a claim is missing or of the wrong type") from error
    if standing.aud != authority.office or standing.kiosk != authority.kiosk:
        raise StandingError("the statement is for another kiosk")
    return standing
