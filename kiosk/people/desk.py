"""The people desk: gives challenges, checks proofs, and is the only place where a Mandate is made.

For every act each person answers a challenge of his own with his key, and gives his PIN. Challenges live in memory:
a restart ends them. Tries of PINs and the roster live in the journal.
"""

import asyncio
import json
import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.api.staff import Challenge, ChallengeRequest, Colleague, Mandated, PinSet, Proof
from kiosk.clock import Chance, Clock
from kiosk.journal import audit
from kiosk.journal.database import Journal, Transaction
from kiosk.people import pins
from kiosk.people.acts import spend
from kiosk.people.pins import Cost
from kiosk.people.policy import Denied, Mandate, Operation, check
from kiosk.people.roster import FACT, Person, Roster, RosterAuthority, RosterError

LIFETIME = 120.0
"""Seconds in which a challenge must be answered: two people type their PINs."""
OUTSTANDING = 64
"""Challenges that may wait for an answer; the oldest gives way."""
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Given:
    challenge: Challenge
    roster: int
    """The number of the roster under which it was given; under another it is void, whoever changed in it."""
    until: float
    """By the loop's clock, which nobody can set."""


class PeopleDesk:
    """`kiosk`: the id that challenges are bound to. `cost`: of a new PIN's hash."""

    def __init__(
        self,
        journal: Journal,
        authority: RosterAuthority,
        kiosk: str,
        clock: Clock,
        chance: Chance,
        cost: Cost,
    ) -> None:
        self._journal = journal
        self._authority = authority
        self._kiosk = kiosk
        self._clock = clock
        self._chance = chance
        self._cost = cost
        self._given: OrderedDict[str, _Given] = OrderedDict()

    # -- the roster ----------------------------------------------------------------------------------------------
    async def accept(self, token: str) -> bool:
        """Takes a roster that the centre signed; False for the one in force. RosterError for any other."""
        if await self._journal.read(lambda tx: tx.fact(FACT)) == token:
            return False

        def change(tx: Transaction) -> bool:
            if tx.fact(FACT) == token:
                return False  # the centre and a file have brought the same one at the same moment
            roster = self._authority.accept(tx, token, self._clock.now())
            audit.append(tx, audit.Event.ROSTER_ACCEPTED, "centre", roster=roster.number, people=sorted(roster.people))
            return True

        return await self._journal.write(change)

    async def roster_number(self) -> int:
        """Of the roster that is kept; 0 without one."""
        return await self._journal.read(self._authority.number)

    async def colleagues(self) -> list[Colleague]:
        """Who works here, by the roster in force; nobody without one."""

        def ask(tx: Transaction) -> list[Colleague]:
            try:
                people = self._authority.current(tx, self._clock.now()).people.values()
            except RosterError:
                return []
            return [
                Colleague(id=one.id, role=one.role.value, pin_set=pins.find(tx, one.id, one.key) is not None)
                for one in people
            ]

        return await self._journal.read(ask)

    # -- challenges and proofs -----------------------------------------------------------------------------------
    async def challenge(self, request: ChallengeRequest) -> Challenge:
        """For one person, for one act. Denied, and audited, for somebody who is not on the roster; and for no
        operation."""
        if request.operation not in list(Operation):
            raise Denied(f"there is no operation {request.operation}")
        try:
            roster = await self._journal.read(self._roster)
            _of(roster, request.person)
        except Denied as denied:
            await self._note(Operation(request.operation), {request.person}, str(denied))
            raise
        challenge = Challenge(
            kiosk=self._kiosk,
            person=request.person,
            operation=request.operation,
            about=request.about,
            nonce=self._chance.token(NONCE_BYTES).hex(),
            expires=self._clock.now() + timedelta(seconds=LIFETIME),
        )
        self._given[challenge.nonce] = _Given(challenge, roster.number, asyncio.get_running_loop().time() + LIFETIME)
        while len(self._given) > OUTSTANDING:
            self._given.popitem(last=False)
        return challenge

    async def prove(self, request: Mandated) -> Mandate:
        """The mandate for `request`, if everybody it takes has proven himself for it. Denied otherwise; audited."""
        operation = Operation(request.OPERATION)
        try:
            return await self._prove(operation, request)
        except Denied as denied:
            await self._note(operation, {proof.person for proof in request.proofs}, str(denied))
            raise

    async def set_pin(self, request: PinSet) -> None:
        """The person's own PIN; by his key alone as long as he has none. Denied for a weak one, and as in `prove`."""
        if (wrong := pins.fault(request.new_pin)) is not None:
            raise Denied(wrong)
        try:
            await self._set_pin(request)
        except Denied as denied:
            await self._note(Operation.SET_PIN, {proof.person for proof in request.proofs}, str(denied))
            raise

    async def clear_pin(self, mandate: Mandate, person: str) -> None:
        """Two people let a third set a new PIN; none of them for himself."""
        if person in mandate.people:
            raise Denied("nobody clears his own PIN")

        def change(tx: Transaction) -> None:
            actor = spend(tx, mandate, Operation.MANAGE_PEOPLE, person)
            pins.clear(tx, person)
            audit.append(tx, audit.Event.PIN_CLEARED, actor, person=person)

        await self._journal.write(change)

    # ------------------------------------------------------------------------------------------------------------
    async def _prove(self, operation: Operation, request: Mandated) -> Mandate:
        names = [proof.person for proof in request.proofs]
        answered = self._answered(operation, request)  # taken out of the book first: no answer counts twice
        if len(set(names)) < len(names):
            raise Denied("the same person twice is one person")
        people = await self._journal.read(lambda tx: self._recognised(tx, answered))
        check(operation, {person.id: person.role for person in people}, request.reason)
        for person, proof in zip(people, request.proofs, strict=True):
            await self._check_pin(person, proof.pin)

        def change(tx: Transaction) -> Mandate:
            # Once more, in one glance: whoever left or got another role while PINs were looked at.
            now = self._recognised(tx, answered)
            check(operation, {person.id: person.role for person in now}, request.reason)
            return Mandate(operation, tuple(names), request.reason, tx.new_id())

        return await self._journal.write(change)

    async def _set_pin(self, request: PinSet) -> None:
        answered = self._answered(Operation.SET_PIN, request)
        if len(answered) != 1:
            raise Denied("a PIN is set by one person")
        [person] = await self._journal.read(lambda tx: self._recognised(tx, answered))
        if await self._journal.read(lambda tx: pins.find(tx, person.id, person.key)) is not None:
            await self._check_pin(person, request.proofs[0].pin)
        salt = self._chance.token(pins.SALT_BYTES)

        def change(tx: Transaction) -> None:
            mandate = Mandate(Operation.SET_PIN, (person.id,), "", tx.new_id())
            pins.put(tx, person.id, person.key, request.new_pin, salt, self._cost)
            pins.forgive(tx, person.id)
            spend(tx, mandate, Operation.SET_PIN)
            audit.append(tx, audit.Event.PIN_SET, person.id)

        await self._journal.write(change)

    def _answered(self, operation: Operation, request: Mandated) -> list[tuple[_Given, Proof]]:
        """Each proof with the challenge it answers, used up now. Denied for anything but a fresh one of its own."""
        given = [(self._given.pop(proof.nonce, None), proof) for proof in request.proofs]
        answered = []
        for one, proof in given:
            if one is None or one.until <= asyncio.get_running_loop().time():
                raise Denied("the challenge is expired, was used before, or was never given")
            asked = one.challenge
            if (asked.person, asked.operation, asked.about) != (proof.person, operation.value, request.about()):
                raise Denied("the challenge was given for something else, or to somebody else")
            answered.append((one, proof))
        return answered

    def _recognised(self, tx: Transaction, answered: Sequence[tuple[_Given, Proof]]) -> list[Person]:
        """The people on the roster in force whose keys made these proofs."""
        roster = self._roster(tx)
        people = []
        for given, proof in answered:
            if given.roster != roster.number:
                raise Denied("the roster has changed since the challenge was given; ask for another")
            person = _of(roster, proof.person)
            try:
                key = Ed25519PublicKey.from_public_bytes(person.key)
                key.verify(bytes.fromhex(proof.signature), given.challenge.signed_bytes())
            except (InvalidSignature, ValueError):
                raise Denied("the answer was not made with this person's key") from None
            people.append(person)
        if len({person.key for person in people}) < len(people):
            raise Denied("the same key twice is one person")
        return people

    def _roster(self, tx: Transaction) -> Roster:
        try:
            return self._authority.current(tx, self._clock.now())
        except RosterError as error:
            raise Denied(str(error)) from error

    async def _check_pin(self, person: Person, pin: str) -> None:
        """Counts the try, on disk, before it looks. Denied for a wrong PIN, none, or too many wrong ones."""

        def begin(tx: Transaction) -> tuple[sqlite3.Row, int]:
            row = pins.find(tx, person.id, person.key)
            if row is None:
                raise Denied(f"{person.id} has not set a PIN yet (kiosk staff pin)")
            return row, pins.begin_try(tx, person.id)

        row, left = await self._journal.write(begin)
        # In the journal's own thread, where a quarter of a second stops no device's timer.
        good = await self._journal.read(lambda tx: pins.matches(row, pin))

        def end(tx: Transaction) -> None:
            if good:
                pins.forgive(tx, person.id)
            else:
                audit.append(tx, audit.Event.PIN_WRONG, person.id, left=left)
                if not left:
                    audit.append(tx, audit.Event.PIN_LOCKED, person.id)

        await self._journal.write(end)
        if not good:
            raise Denied(f"wrong PIN for {person.id}; {left} tries left")

    async def _note(self, operation: Operation, named: AbstractSet[str], why: str) -> None:
        def change(tx: Transaction) -> None:
            claimed = sorted(named & _ever_here(tx))
            audit.append(tx, audit.Event.STAFF_DENIED, "kiosk", operation=operation.value, claimed=claimed, detail=why)

        await self._journal.write(change)


def _ever_here(tx: Transaction) -> set[str]:
    """Everybody who is or was on a roster of this kiosk. Only such names are kept of who was denied something: anybody
    can claim anything, and a resident's number may be among it; but who has left is to be named when he tries."""
    rosters = tx.rows("SELECT body FROM audit WHERE kind = ?", audit.Event.ROSTER_ACCEPTED.value)
    return {str(person) for row in rosters for person in json.loads(row["body"])["people"]}


def _of(roster: Roster, person: str) -> Person:
    try:
        return roster.people[person]
    except KeyError:
        raise Denied("this person is not on the roster of this office") from None
