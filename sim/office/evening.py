"""The evening of a simulated day: lost cards are looked for, and after the count cases are ended and blanks put away.

`closing.py` is the count itself. Everything here is done by two honest people through kioskd.
"""

import random

from kiosk.api import blanks as b
from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.cards import ledger
from kiosk.cards.blanks import BooksRefuse
from kiosk.journal.outbox import count as queued
from kiosk.station.refusal import Refused
from sim.office.checks import finished
from sim.office.house import JOURNAL
from sim.office.scene import Scene
from sim.world import Card, Place

BACK = 5
"""Unused blanks that go back to the vault."""
WITH_SUPERVISOR = ("OFFICER-1", "SUPERVISOR-1")
WITH_TECHNICIAN = ("OFFICER-2", "TECHNICIAN-1")


class Evening:
    """`chance`: what the people decide where both is right."""

    def __init__(self, scene: Scene, chance: random.Random) -> None:
        self._scene = scene
        self._house = scene.house
        self._world = scene.house.world
        self._chance = chance

    # -- before the count ----------------------------------------------------------------------------------------
    async def look_for_lost_cards(self) -> None:
        """Two officers say where each card is that the hardware lost sight of and that they can tell by its chip."""
        for lost in await self._house.station.staff.unresolved():
            card = self._card_of(lost.job)
            if card is None:
                continue
            if card.place is Place.REJECT:
                await self._in_the_bin(lost.job, card)
            elif card.place is Place.HAND:
                await self._in_a_hand(lost.job, card)

    async def _in_the_bin(self, job: str, card: Card) -> None:
        found = self._chance.choice((s.Found.REJECT, s.Found.DESTROYED))
        if found is s.Found.DESTROYED:
            self._world.put(card, Place.BOX)  # cut through before both
        await self._resolve(job, found)

    async def _in_a_hand(self, job: str, card: Card) -> None:
        """Its holder shows it; or it was half made and somebody has it, who brings it back or does not."""
        if finished(card) and card.prints == 1:
            await self._resolve(job, s.Found.HOLDER)
            return
        await self._resolve(job, s.Found.MISSING)
        if self._chance.random() < 0.5:
            self._world.put(card, Place.REJECT)
            await self._resolve(job, s.Found.REJECT)

    async def _resolve(self, job: str, found: s.Found) -> None:
        request = s.Resolution(request_id=self._new("resolve"), job=job, found=found, reason="dicari berdua")
        await self._scene.by_staff(request, self._does)
        self._scene.note("officers", f"a lost card is {found}", count=f"lost card {found}")

    def _card_of(self, job: str) -> Card | None:
        """They hold the chips of the cards that lie about to a reader."""
        row = self._house.journal.post_mortem(lambda tx: tx.row("SELECT uid FROM job WHERE id = ?", job))
        return next((card for card in self._world.cards if row and card.uid.hex() == row["uid"]), None)

    # -- after the count -----------------------------------------------------------------------------------------
    async def end_cases(self, close: b.DayClosed) -> None:
        """Who pocketed a blank brings it back, or does not; what cannot be found out ends by minutes."""
        for case in close.cases:
            pocketed = [card for card in self._scene.pocketed if card.place is Place.BOX]
            from_hopper = case.kind is b.CaseKind.MISSING and case.place is b.CasePlace.HOPPER
            if from_hopper and len(pocketed) >= case.open and self._chance.random() < 0.5:
                for card in pocketed[: case.open]:
                    self._world.put(card, Place.HOPPER)
                await self._settled(case.case, case.open, b.CasePlace.HOPPER)
                continue
            request = b.CaseWrittenOff(
                request_id=self._new("write-off"), case=case.case, minutes=f"BA-{case.case}", reason="tidak ditemukan"
            )
            await self._scene.by_staff(request, self._does, WITH_SUPERVISOR)
            self._scene.note("staff", f"case {case.kind} ends by minutes", count=f"case {case.kind} written off")

    async def _settled(self, case: int, quantity: int, where: b.CasePlace) -> None:
        request = b.CaseSettled(
            request_id=self._new("settle"), case=case, quantity=quantity, where=where, reason="ditemukan kembali"
        )
        await self._scene.by_staff(request, self._does)
        self._scene.note("staff", "a missing blank is found", count="case missing found")

    async def stock(self) -> None:
        """Blanks are put away; what books and rules do not allow is tried too."""
        reported = b.CaseReported(
            request_id=self._new("report"),
            kind=b.CaseKind.MISSING,
            place=b.CasePlace.VAULT,
            quantity=1,
            reason="satu kurang di brankas",
        )
        await self._scene.by_staff(reported, self._does)
        cases = await self._house.station.blanks.cases()
        await self._settled(cases[-1].case, 1, b.CasePlace.VAULT)
        await self._refused()
        back = self._world.at(Place.HOPPER)[-BACK:]
        if back:
            unloaded = s.BlanksUnloaded(request_id=self._new("unload"), quantity=len(back))
            await self._scene.by_staff(unloaded, self._does)
            for card in back:
                self._world.remove(card)
            self._scene.unloaded += len(back)

    async def destroy_spoiled(self) -> None:
        """The bin is emptied and its cards destroyed, if the count has found there what the books have."""
        bin_cards, now = self._world.at(Place.REJECT), self._house.journal.post_mortem(ledger.balance)
        if not bin_cards or len(bin_cards) != now.reject + now.capture:
            return
        emptied = b.BinEmptied(request_id=self._new("empty"), counted=len(bin_cards))
        await self._scene.by_staff(emptied, self._does, WITH_TECHNICIAN)
        destroyed = b.BlanksDestroyed(
            request_id=self._new("destroy"),
            counted=now.spoiled + len(bin_cards),
            minutes="BA-17",
            witnesses=("SAKSI-1", "SAKSI-2"),
            reason="kartu rusak dimusnahkan",
        )
        await self._scene.by_staff(destroyed, self._does, WITH_SUPERVISOR)
        for card in bin_cards:
            self._world.put(card, Place.BOX)

    async def _refused(self) -> None:
        again = b.CloseRequest(request_id=self._new("close"), counted=b.Counted(hopper=0, bin=0, vault=0))
        await self._must_fail(again, m.Cause.DAY_CLOSED)
        wrong = b.BinEmptied(request_id=self._new("empty"), counted=9_999)
        await self._must_fail(wrong, m.Cause.BOOKS_REFUSE)

    async def _must_fail(self, request: s.Mandated, cause: m.Cause) -> None:
        try:
            await self._scene.by_staff(request, self._does)
        except Refused as refused:
            said = refused.cause
        except BooksRefuse:
            said = m.Cause.BOOKS_REFUSE
        else:
            said = "done"
        if said != cause:
            self._scene.violations.append(f"{request.OPERATION}: {said}, where {cause} was to be said")
        self._scene.note("staff", f"{request.OPERATION}: {said}", count=f"refused {said}")

    def wrong_books(self, vault: int) -> list[str]:
        """What the books have otherwise than it is, now that everything was counted, explained and put away."""
        now = self._house.journal.post_mortem(ledger.balance)
        real = {"hopper": len(self._world.at(Place.HOPPER)), "vault": vault + self._scene.unloaded}
        said = {"hopper": now.hopper, "vault": now.vault}
        return [
            f"in the evening the {one} holds {real[one]}, booked {said[one]}" for one in real if real[one] != said[one]
        ]

    # -- last of all ---------------------------------------------------------------------------------------------
    async def old_copy(self) -> None:
        """kioskd goes on for a while; then somebody puts the journal back as it was. No card may be made on it."""
        self._scene.closing = float("inf")
        _, person = self._scene.somebody("good")
        file = self._house.folder / JOURNAL
        await self._house.die()
        copy = file.read_bytes()
        await self._house.boot()
        await self._number()
        await self._scene.until(lambda: not self._house.journal.post_mortem(queued), 900.0)
        await self._house.die()
        file.write_bytes(copy)
        await self._house.boot()
        await self._number()
        asked = await self._scene.asks(
            "somebody", m.Cause.JOURNAL_BEHIND, lambda identity: m.CollectRequest(request_id=identity, slip=person.slip)
        )
        if asked is None:
            self._scene.violations.append("a journal that came back from a copy is believed")

    async def _number(self) -> None:
        number = m.TicketRequest(request_id=self._new("number"), service="pengaduan")
        await self._house.station.take_ticket(number)

    async def _does(self, request: s.Mandated) -> object:
        """By the kioskd that is there now."""
        staff, blanks = self._house.station.staff, self._house.station.blanks
        match request:
            case s.Resolution():
                return await staff.resolve(request)
            case s.BlanksUnloaded():
                return await staff.unload_blanks(request)
            case b.CaseWrittenOff():
                return await blanks.write_off(request)
            case b.CaseSettled():
                return await blanks.settle(request)
            case b.CaseReported():
                return await blanks.report(request)
            case b.BinEmptied():
                return await blanks.empty_bin(request)
            case b.BlanksDestroyed():
                return await blanks.destroy(request)
            case b.CloseRequest():
                return await self._house.station.days.close(request)
        raise ValueError(request.OPERATION)

    def _new(self, what: str) -> str:
        return self._scene.request_id(f"evening-{what}")
