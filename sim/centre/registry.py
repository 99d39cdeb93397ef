"""What the centre knows and decides: who is approved for which office, which services are authorised, what happened.

Approvals are a log that only grows: a kiosk asks for what is new since its cursor. Everything a developer can turn
(outage, kind of approval, authorisation) is a plain method, so that tests and the workbench turn the same knobs.
"""

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sim.centre import keys
from sim.centre.books import KioskBook, KioskEvent
from sim.centre.people import OFFICE, Person, Record, record_digest, specimen_people
from sim.centre.staff import Colleague, specimen_staff

Outage = Literal["none", "link", "server"]
Kind = Literal["good", "missing", "expired", "other_office", "other_person", "forged", "forged_record"]
OUTAGES: tuple[str, ...] = get_args(Outage)
KINDS: tuple[str, ...] = get_args(Kind)

ISSUER = "centre-specimen"
OTHER_OFFICE = "SPC02"
SERVICES = ("ktp-el", "perekaman", "pengambilan", "kartu-keluarga", "akta", "pindah")
"""Services whose authorisation the centre gives and cuts; more may be added by `cut_service`."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALID = timedelta(days=30)
KIOSK = "SPC01-K1"
"""The kiosk of hw_profiles/laptop-sim.toml."""
GRANTED = timedelta(days=7)
"""For so long a service is authorised by one statement, unless `granted` says otherwise."""
_ROSTER_VALID = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the approvals log. `number` is the cursor that a kiosk has after reading it."""

    number: int
    jti: str
    nik: str
    kiosk: str
    """The one that it is for: the first of the office that asked."""
    approval: str
    record: Record


@dataclass(frozen=True, slots=True)
class _Draft:
    """An approval that no kiosk has asked for yet."""

    number: int
    jti: str
    nik: str
    claims: dict[str, Any]
    record: Record
    genuine: bool

    def given_to(self, kiosk: str) -> Entry:
        claims = self.claims | {"kiosk": kiosk}
        approval = keys.sign(claims) if self.genuine else keys.forge(claims)
        return Entry(self.number, self.jti, self.nik, kiosk, approval, self.record)


class Centre:
    """The central registry. `now` gives aware UTC; `seed` decides slip codes, so that a run can be repeated."""

    def __init__(self, now: Callable[[], datetime], *, seed: int = 0, office: str = OFFICE) -> None:
        self.office = office
        self.people: list[Person] = specimen_people()
        self.services: dict[str, bool] = dict.fromkeys(SERVICES, True)
        self.staff: list[Colleague] = []
        self.roster = ""
        """The signed list of `staff` that kiosks are given."""
        self._rosters = 0
        self._now = now
        self._chance = random.Random(f"centre {seed}")
        self._outage: Outage = "none"
        self.granted: dict[str, timedelta] = {}
        self.revoked: set[str] = set()
        self.books: dict[str, KioskBook] = {}
        """What each kiosk has told."""
        self._log: list[Entry | _Draft] = []
        self._cursor = 0
        self._watchers: list[Callable[[], None]] = []
        for person in self.people:
            self.set_approval(person.nik, "good")
        self.employ(specimen_staff())

    # -- knobs ---------------------------------------------------------------------------------------------------
    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Calls `watcher` after every change; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    @property
    def outage(self) -> Outage:
        """`link`: the leased line is dead. `server`: it is up, and the centre answers 503."""
        return self._outage

    @outage.setter
    def outage(self, outage: Outage) -> None:
        if outage not in OUTAGES:
            raise ValueError(f"outage is one of {', '.join(OUTAGES)}, not {outage!r}")
        self._outage = outage
        self._changed()

    def person(self, nik: str) -> Person:
        """KeyError if nobody has this NIK."""
        for person in self.people:
            if person.nik == nik:
                return person
        raise KeyError("nobody in the registry has this NIK")

    def clear(self) -> None:
        """Takes every approval out of the log: a registry whose people were replaced begins anew."""
        self._log.clear()
        self._changed()

    def set_approval(self, nik: str, kind: Kind) -> str | None:
        """Gives this person an approval of that kind in place of the one before; `missing` takes it out of the log.
        Returns the approval's id, None for `missing`.

        What a kiosk has fetched already, it keeps: `missing` only holds for kiosks that have not asked yet. After the
        card was collected, the next approval is for a new card and has a new slip.
        """
        if kind not in KINDS:
            raise ValueError(f"an approval is one of {', '.join(KINDS)}, not {kind!r}")
        person = self.person(nik)
        if person.collected or not person.slip:
            person.slip = "ANJ1-" + "".join(self._chance.choice(_CROCKFORD) for _ in range(16))
            person.collected = False
        person.approval = kind
        self._log = [entry for entry in self._log if entry.nik != nik]
        if kind != "missing":
            self._cursor += 1
            self._log.append(self._entry(person, kind))
        self._changed()
        return self._log[-1].jti if kind != "missing" else None

    def employ(self, staff: list[Colleague], *, specimen: bool = True) -> str:
        """From now on these people work in the office, and nobody else; the new roster."""
        now = self._now()
        self.staff = list(staff)
        self._rosters += 1
        claims = {
            "iss": ISSUER,
            "aud": self.office,
            "iat": int(now.timestamp()),
            "exp": int((now + _ROSTER_VALID).timestamp()),
            "number": self._rosters,
            "specimen": specimen,
            "people": [
                {"id": one.id, "role": one.role, "key": base64.b64encode(one.public_key).decode()} for one in staff
            ],
        }
        self.roster = keys.sign(claims, "roster+jwt")
        self._changed()
        return self.roster

    def cut_service(self, service: str, authorised: bool) -> None:
        """Cuts (False) or gives back (True) the office's authorisation for one service."""
        self.services[service] = authorised
        self._changed()

    def revoke(self, jti: str) -> None:
        """Takes an approval back."""
        self.revoked.add(jti)
        self._changed()

    def approval_of(self, nik: str) -> str:
        """The newest approval of this person as a kiosk was given it. KeyError if none was."""
        for entry in reversed(self._log):
            if isinstance(entry, Entry) and entry.nik == nik:
                return entry.approval
        raise KeyError("no kiosk has an approval of this NIK")

    def plant(self, nik: str, approval: str, record: Record) -> None:
        """Somebody on the line puts a text of his own among the approvals; the centre itself knows nothing of it."""
        self._cursor += 1
        self._log.append(Entry(self._cursor, f"PLANTED-{self._cursor}", nik, KIOSK, approval, record))
        self._changed()

    # -- what the interface answers ------------------------------------------------------------------------------
    def approvals(self, since: int, kiosk: str = KIOSK) -> tuple[int, list[Entry]]:
        """(cursor, entries newer than `since` for this kiosk). What nobody has asked for yet becomes this kiosk's."""
        self._log = [
            one.given_to(kiosk) if isinstance(one, _Draft) and one.number > since else one for one in self._log
        ]
        mine = [one for one in self._log if isinstance(one, Entry) and one.kiosk == kiosk and one.number > since]
        return self._cursor, mine

    def standing(self, kiosk: str, nonce: str) -> str:
        """The centre's signed word to this kiosk: the time, the services, the approvals taken back, and how far roster
        and approvals have come."""
        now = self._now()
        return keys.sign(
            {
                "iss": ISSUER,
                "aud": self.office,
                "kiosk": kiosk,
                "nonce": nonce,
                "time": now.isoformat(timespec="milliseconds"),
                "services": {
                    name: {"authorised": given, "until": (now + self.granted.get(name, GRANTED)).isoformat()}
                    for name, given in self.services.items()
                },
                "revoked": sorted(self.revoked),
                "roster": self._rosters,
                "cursor": self._cursor,
            },
            "standing+jwt",
        )

    def document_of(self, jti: str) -> str | None:
        """The document number on the card that this approval is for; None if there is no such approval."""
        for entry in self._log:
            if entry.jti == jti:
                return str(entry.record["document_number"])
        return None

    def approved(self, jti: str, kiosk: str) -> str | None:
        """The NIK of the person for whom this approval lets this kiosk make a card now; None if it lets it not."""
        for entry in self._log:
            if entry.jti == jti and jti not in self.revoked and (isinstance(entry, _Draft) or entry.kiosk == kiosk):
                person = self.person(entry.nik)
                return person.nik if person.approval == "good" and not person.collected else None
        return None

    def now(self) -> datetime:
        """The centre's own time."""
        return self._now()

    def receive(self, kiosk: str, events: list[KioskEvent]) -> str:
        """Keeps events, each once; the signed receipt for all up to which none is missing (number 0: none)."""
        book = self.books.setdefault(kiosk, KioskBook(kiosk))
        for event in events:
            if book.take(event):
                self._note(event)
        self._changed()
        said = {"iss": ISSUER, "kiosk": kiosk, "sequence": book.whole, "chain": book.chain.hex()}
        return keys.sign(said, "receipt+jwt")

    def account(self, kiosk: str, nonce: str, held: list[tuple[int, str]]) -> str:
        """The signed word on what this kiosk has told, for one that has lost the end of its journal."""
        book = self.books.setdefault(kiosk, KioskBook(kiosk))
        return keys.sign({"iss": ISSUER, "kiosk": kiosk, "nonce": nonce} | book.account(held), "account+jwt")

    @property
    def events(self) -> list[KioskEvent]:
        """Everything kiosks have told, by kiosk and sequence."""
        return [book.events[n] for _, book in sorted(self.books.items()) for n in sorted(book.events)]

    @property
    def alarms(self) -> list[str]:
        """What somebody must look into, by kiosk."""
        return [f"{kiosk}: {alarm}" for kiosk, book in sorted(self.books.items()) for alarm in book.alarms]

    # ------------------------------------------------------------------------------------------------------------
    def _note(self, event: KioskEvent) -> None:
        if event.kind != "card_taken":
            return
        said = {str(value) for value in event.body.values()}
        for entry in self._log:
            if entry.jti in said:
                self.person(entry.nik).collected = True

    def _entry(self, person: Person, kind: str) -> _Draft:
        now = self._now()
        jti = f"PRR-{self._cursor:06d}"
        record = person.record
        claims = {
            "iss": ISSUER,
            "aud": OTHER_OFFICE if kind == "other_office" else self.office,
            "jti": jti,
            "iat": int((now - timedelta(hours=2)).timestamp()),
            "exp": int((now + _VALID).timestamp()),
            "nik": person.nik,
            "document": "ktp-el",
            "slip": person.slip,
            "record_sha256": record_digest(record),
        }
        if kind == "expired":
            claims |= {
                "iat": int((now - 2 * _VALID).timestamp()),
                "exp": int((now - timedelta(days=1)).timestamp()),
            }
        elif kind == "other_person":
            claims["nik"] = next(other.nik for other in self.people if other is not person)
        elif kind == "forged_record":
            record = record | {"name": "PALSU SPECIMEN"}
        return _Draft(self._cursor, jti, person.nik, claims, record, genuine=kind != "forged")

    def _changed(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()
