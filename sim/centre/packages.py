"""The centre's decision about one session with one card, and the signed package that says so.

One card per approval: a second UID gets none before the first is reported scrapped, captured or void, and a card that
was reported so gets none any more. A card that was torn away may be begun again, three sessions in all.
"""

import hashlib
from datetime import timedelta

from sim.centre import keys
from sim.centre.hsm import KeyStore
from sim.centre.registry import ISSUER, Centre
from sim.issuing import Purpose

SPECIMEN = "SPECIMEN"
"""Approval of the specimen person with whom technicians try any number of cards."""
SPECIMEN_NIK = "9999014101010001"
VALID = timedelta(minutes=10)
SESSIONS_MAX = 3
"""With one UID and for one purpose: a chip torn before its commit is begun again twice."""
LOST = ("card_scrapped", "card_captured", "card_void")


class NotAllowed(Exception):
    """This kiosk may not open this session; the text is for the kiosk's log."""


class Packages:
    """Remembers which card each approval has, and how often it was asked for."""

    def __init__(self, centre: Centre, store: KeyStore) -> None:
        self._centre = centre
        self._store = store
        self._cards: dict[str, str] = {}
        self._ended: set[tuple[str, str]] = set()
        self._opened: dict[tuple[str, bytes, Purpose], int] = {}

    def issue(
        self,
        kiosk: str,
        approval: str,
        uid: bytes,
        purpose: Purpose,
        challenge: bytes,
        answer: bytes,
        ended: list[bytes],
    ) -> str:
        """A compact JWS of type card+jwt. NotAllowed, or Refused if the card does not hold the keys."""
        nik = SPECIMEN_NIK if approval == SPECIMEN else self._centre.approved(approval, kiosk)
        if nik is None:
            raise NotAllowed("there is no such approval, or it is not for this kiosk, or its card is out")
        count = self._opened.get((approval, uid, purpose), 0)
        if count >= SESSIONS_MAX:
            raise NotAllowed(f"this card was opened {count} times to {purpose}; it is to be scrapped")
        if approval != SPECIMEN:
            self._one_card(approval, uid.hex(), [one.hex() for one in ended])
        name, session = self._store.open(uid, challenge, answer, purpose)
        self._opened[approval, uid, purpose] = count + 1
        self._cards[approval] = uid.hex()
        now = self._centre.now()
        serial = f"PKG-{name}"
        claims = {
            "iss": ISSUER,
            "aud": self._centre.office,
            "kiosk": kiosk,
            "jti": serial,
            "iat": int(now.timestamp()),
            "exp": int((now + VALID).timestamp()),
            "approval": approval,
            "uid": uid.hex(),
            "nik_sha256": hashlib.sha256(f"{serial}|{nik}".encode()).hexdigest(),
            "purpose": purpose,
            "exchange_sha256": hashlib.sha256(challenge + answer).hexdigest(),
            "session": name,
            "authenticate": session.authenticate.hex(),
        }
        return keys.sign(claims, "card+jwt")

    def _one_card(self, approval: str, uid: str, ended: list[str]) -> None:
        self._ended.update((approval, one) for one in ended)
        for event in self._centre.events:
            if event.kind in LOST:
                self._ended.add((str(event.body.get("approval")), str(event.body.get("uid"))))
        if (approval, uid) in self._ended:
            raise NotAllowed("this card was reported scrapped, captured or void")
        before = self._cards.get(approval)
        if before not in (None, uid) and (approval, before) not in self._ended:
            raise NotAllowed("the approval has another card, which was not reported scrapped, captured or void")
