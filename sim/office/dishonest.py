"""One person alone tries what takes two, or a card without an approval. All of it must be refused, and stand in the
audit under the names that were given.

Every attempt goes through kioskd as any request of staff does, with real keys, challenges and PINs; what the person
does not have, he guesses. `denied` and `refused` keep what was tried, for the checkers (`staff_checks.py`).
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.api import blanks as b
from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.cards.blanks import BooksRefuse
from kiosk.people.policy import Denied
from kiosk.station.refusal import Refused
from sim.centre import Colleague
from sim.centre.people import Person
from sim.centre.staff import colleague, specimen_staff
from sim.office.mortal import Killed
from sim.office.scene import Scene
from sim.workbench.staff import credential, first_day

CLERK = "CLERK-9"
"""Works here for a few hours."""
STRANGER = "TEMP-3"
"""Stands at the counter and is on no roster."""
REASON = "darurat, mohon dibantu segera"
GUESS = "902146"
MORE = 25
"""Tries of one request, for kioskd may die at any of them."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`claimed`: whose names were given with it."""

    operation: str
    claimed: tuple[str, ...]


class Dishonest:
    """Each public method is a turn of the rota."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._house = scene.house
        self._staff = {one.id: one for one in specimen_staff()}
        self.denied: list[Attempt] = []
        self.refused: list[tuple[str, str]] = []
        """(request, cause) of each request for a card that was refused."""

    # -- acts that take two --------------------------------------------------------------------------------------
    async def alone(self) -> None:
        await self._pins()
        for request in self._acts():
            await self._denied("alone", request, _of(self._staff["OFFICER-1"]))

    async def twice(self) -> None:
        await self._pins()
        for request in self._acts():
            await self._denied("twice", request, _of(self._staff["SUPERVISOR-1"]) * 2)

    async def own_key(self) -> None:
        """A colleague's name, signed with the own key."""
        await self._pins()
        own, other = self._staff["OFFICER-2"], self._staff["SUPERVISOR-1"]
        posing = s.Credential(other.id, own.key, own.pin)
        for request in self._acts():
            await self._denied("own key for another", request, [*_of(own), posing])

    async def guessed_pin(self) -> None:
        """A colleague left his key lying about. The fifth guess locks him out."""
        await self._pins()
        own, other = self._staff["OFFICER-1"], self._staff["SUPERVISOR-1"]
        for request in self._acts():
            guessed = s.Credential(other.id, other.key, GUESS)
            await self._denied("guessed PIN", request, [*_of(own), guessed])

    async def old_proof(self) -> None:
        """A proof that somebody gave for something of his own is used once more."""
        caught: list[s.Proof] = []

        async def digest(request: s.DigestRequest) -> None:
            caught[:] = request.proofs
            await self._house.station.staff.digest(request)

        day = self._house.clock.now().date()
        request = s.DigestRequest(request_id=self._scene.request_id("digest"), day=day)
        await self._scene.by_staff(request, digest, ["SUPERVISOR-1"])
        for act in self._acts():
            await self._denied("old proof", act, _of(self._staff["OFFICER-1"]), old=caught)

    async def other_role(self) -> None:
        """An officer of the morning is a technician from noon on; with an officer's key and a guessed PIN."""
        clerk, officer = colleague(CLERK, "officer"), self._staff["OFFICER-2"]
        proven = await self._morning(clerk)
        self._employ(colleague(CLERK, "technician"))
        for act in proven:
            await self._sent("after another role", act, {clerk.id})
        guessed = s.Credential(officer.id, officer.key, GUESS)
        for act in self._acts():
            await self._denied("in another role", act, [*_of(clerk), guessed])
        self._employ()

    async def removed(self) -> None:
        """... or works here no more."""
        clerk = colleague(CLERK, "officer")
        proven = await self._morning(clerk)
        self._employ()
        for act in proven:
            await self._sent("after leaving", act, {clerk.id})
        for act in self._acts():
            await self._denied("gone", act, _of(clerk))

    async def technician(self) -> None:
        """Who opens the machine tries what a supervisor does, alone and with a supervisor's key and a guess."""
        await self._pins()
        own, other = self._staff["TECHNICIAN-1"], self._staff["SUPERVISOR-1"]
        guessed = s.Credential(other.id, other.key, GUESS)
        day = self._house.clock.now().date()
        for request in (
            s.AuditExport(request_id=self._scene.request_id("export"), reason=REASON),
            s.DigestRequest(request_id=self._scene.request_id("digest"), day=day),
        ):
            await self._denied("technician", request, _of(own))
        for act in (
            b.CaseWrittenOff(request_id=self._scene.request_id("case"), case=1, minutes="BA-9", reason=REASON),
            s.PinCleared(request_id=self._scene.request_id("pin"), person="OFFICER-2", reason=REASON),
            *self._acts(),
        ):
            await self._denied("technician", act, [*_of(own), guessed])

    # -- cards without an approval -----------------------------------------------------------------------------------
    async def no_approval(self) -> None:
        """He asks for a card that nobody approved, as a resident and then as an officer, which he is not."""
        person = self._scene.people.pop()
        self._scene.approve(person, "missing")
        stranger, officer = colleague(STRANGER, "officer"), self._staff["OFFICER-1"]
        await self._asks("no approval", m.Cause.APPROVAL_MISSING, _by_nik(person))
        guessed = s.Credential(officer.id, officer.key, GUESS)
        override = s.OverrideRequest(request_id=self._scene.request_id("print"), nik=person.nik, reason=REASON)
        # A name that no roster ever had may be anything, a resident's number too: the audit keeps that it was tried.
        await self._denied("stranger", override, [*_of(stranger), guessed], claimed=set())

    async def other_office(self) -> None:
        _, person = self._scene.somebody("other_office")
        await self._asks("another office's approval", m.Cause.APPROVAL_OTHER_OFFICE, _by_slip(person))

    async def altered(self) -> None:
        """An expired approval, its date changed, is put on the line."""
        _, person = self._scene.somebody("expired")
        if not await self._asks("expired approval", m.Cause.APPROVAL_EXPIRED, _by_slip(person)):
            return  # the line was down until the evening: no approval of his ever came
        centre = self._house.centre
        head, body, signature = centre.approval_of(person.nik).split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims["exp"] += 10 * 365 * 86_400
        later = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        centre.plant(person.nik, f"{head}.{later}.{signature}", person.record)
        await self._asks("altered approval", m.Cause.APPROVAL_FORGED, _by_slip(person))

    async def replayed(self) -> None:
        """An approval whose card is out is sent once more, byte for byte."""
        resident, person = self._scene.somebody("good")
        async for _ in self._scene.tries(MORE, 120.0):
            async with self._scene.line:
                if await resident.at_the_kiosk() in ("card", f"refused {m.Cause.ALREADY_COLLECTED}"):
                    break
        else:
            return
        centre = self._house.centre
        centre.plant(person.nik, centre.approval_of(person.nik), person.record)
        await self._asks("replayed approval", m.Cause.ALREADY_COLLECTED, _by_nik(person))
        await self._asks("replayed approval", m.Cause.ALREADY_COLLECTED, _by_slip(person))

    # ------------------------------------------------------------------------------------------------------------
    def _acts(self) -> list[s.Mandated]:
        """What takes two, each as one request."""
        new = self._scene.request_id
        [victim] = self._scene.people[:1]
        return [
            s.OverrideRequest(request_id=new("override"), nik=victim.nik, reason=REASON),
            s.BlanksLoaded(request_id=new("load"), quantity=3, source="vault"),
            s.BlanksUnloaded(request_id=new("unload"), quantity=3),
            s.Resolution(request_id=new("resolve"), job="0" * 24, found=s.Found.MISSING, reason=REASON),
            b.BlanksDestroyed(
                request_id=new("destroy"),
                counted=1,
                minutes="BA-9",
                witnesses=("SAKSI-1", "SAKSI-2"),
                bin_too=True,
                reason=REASON,
            ),
        ]

    async def _morning(self, clerk: Colleague) -> list[s.Mandated]:
        """A new colleague sets his PIN, and keeps proven requests for later."""
        self._employ(clerk)
        await self._pins(clerk)
        while True:
            await self._scene.alive()
            desk = self._house.station.staff.people
            try:
                return [await s.proven(desk, act, _of(clerk)) for act in self._acts()]
            except Killed:
                continue

    async def _pins(self, *more: Colleague) -> None:
        """Everybody has a PIN: nobody is denied only because he never came to set one."""
        while True:
            await self._scene.alive()
            desk = self._house.station.staff.people
            try:
                await desk.accept(self._house.centre.roster)
                await first_day(desk, [*self._staff.values(), *more])
                return
            except Killed:
                continue

    def _employ(self, *more: Colleague) -> None:
        """The centre sends a new roster: the house's own people, and `more`."""
        number = len(self._scene.rosters) + 1
        self._scene.rosters[number] = {one.id: one.role for one in (*self._staff.values(), *more)}
        self._house.centre.employ([*self._staff.values(), *more])
        self._scene.note("centre", f"roster of {len(self._staff) + len(more)}", count="roster changed")

    async def _denied(
        self,
        way: str,
        request: s.Mandated,
        people: list[s.Credential],
        *,
        old: list[s.Proof] | None = None,
        claimed: set[str] | None = None,
    ) -> None:
        """`people` try it, with proofs of their own, `old` ones beside them."""
        names = {one.person for one in (*people, *(old or ()))} if claimed is None else claimed

        async def prove() -> s.Mandated:
            desk = self._house.station.staff.people
            await desk.accept(self._house.centre.roster)
            proofs = [await one.prove(desk, request) for one in people]
            return request.model_copy(update={"proofs": (*proofs, *(old or ()))})

        await self._must_be_denied(way, request.OPERATION, names, prove)

    async def _sent(self, way: str, request: s.Mandated, names: set[str]) -> None:
        """A request that was proven before is sent now."""

        async def kept() -> s.Mandated:
            await self._house.station.staff.people.accept(self._house.centre.roster)
            return request

        await self._must_be_denied(way, request.OPERATION, names, kept)

    async def _must_be_denied(self, way: str, operation: str, names: set[str], prove: Callable[[], object]) -> None:
        async for _ in self._scene.tries(MORE, 5.0):
            try:
                await self._act(await prove())  # type: ignore[misc]
            except Killed:
                continue
            except Denied as denied:
                self.denied.append(Attempt(operation, tuple(sorted(names))))
                self._scene.note("dishonest", f"{way}: {operation} denied: {denied}", count=f"dishonest {way}: denied")
            except (Refused, BooksRefuse) as other:
                self._scene.violations.append(f"{way}: {operation} was let through, and stopped only by {other}")
            else:
                self._scene.violations.append(f"{way}: {operation} was done by one person")
            return

    async def _act(self, request: s.Mandated) -> object:
        station = self._house.station
        match request:
            case s.OverrideRequest():
                return await station.override(request)
            case s.BlanksLoaded():
                return await station.staff.load_blanks(request)
            case s.BlanksUnloaded():
                return await station.staff.unload_blanks(request)
            case s.Resolution():
                return await station.staff.resolve(request)
            case s.PinCleared():
                await station.staff.clear_pin(request)
            case s.AuditExport():
                return await station.export_journal(request)
            case s.DigestRequest():
                return await station.staff.digest(request)
            case b.BlanksDestroyed():
                return await station.blanks.destroy(request)
            case b.CaseWrittenOff():
                return await station.blanks.write_off(request)
            case _:
                raise ValueError(request.OPERATION)
        return None

    async def _asks(self, way: str, wanted: m.Cause, request: Callable[[str], m.CollectRequest]) -> bool:
        """False if he gave up before he was refused for `wanted`."""
        asked = await self._scene.asks(f"somebody with {way}", wanted, request, never_in=True)
        if asked is None:
            return False
        self.refused.append((asked.request_id, wanted))
        self._scene.note("dishonest", f"{way}: no card", count=f"dishonest {way}: refused {wanted}")
        return True


def _of(one: Colleague) -> list[s.Credential]:
    return [credential(one)]


def _by_slip(person: Person) -> Callable[[str], m.CollectRequest]:
    return lambda identity: m.CollectRequest(request_id=identity, slip=person.slip)


def _by_nik(person: Person) -> Callable[[str], m.CollectRequest]:
    return lambda identity: m.CollectRequest(request_id=identity, nik=person.nik)
