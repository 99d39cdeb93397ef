"""The two-person rule against everything that one person can do: 1,000 runs of up to 50 steps on the real people desk.

A pool collects every proof that anybody ever made. Whoever pulls the strings (one dishonest person who sees all that
goes over the line) submits any one, two or three of them for any act, over and over, with PINs right and wrong, while
the roster changes, time passes and kioskd is killed and started again. A model of a few lines knows which human made
which proof, for what and when, and says what must come of it: both ways, for every single submission.
"""

import asyncio
import atexit
import os
import shutil
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kiosk.api import staff as s
from kiosk.people.policy import Denied
from kiosk.people.roster import RosterError
from sim.centre import Centre, Colleague
from sim.clock import OfficeClock, VirtualLoop, run
from tests.kiosk.staff.rig import ANI, BUDI, CITRA, EKO, REASON, Desk

T = TypeVar("T")
RUNS, STEPS = 1_000, 50
LIFETIME, WINDOW, TRIES = 120.0, 900.0, 5
HUMANS = (ANI, BUDI, CITRA, EKO)
MAY_OVERRIDE = {"officer", "supervisor"}
ACTS = 3
"""Different cards that may be wanted."""
OTHER_SEED = 1_000_000
"""Not that of the first morning, nor of any restart: chance gives nothing twice."""
SHM = Path("/dev/shm")
seen: Counter[str] = Counter()
"""What the runs came to, printed at the end: a run that never reaches a branch proves nothing about it."""


PEOPLE = st.sampled_from(HUMANS)
CARDS = st.integers(0, ACTS - 1)
PAIRS = st.sampled_from(tuple(product(HUMANS, repeat=2)))
RIGHT = ("right", "right", "right")
WRONG = (("wrong", "right", "right"), ("right", "wrong", "right"), ("right", "", ""))
PINS = st.sampled_from((RIGHT, RIGHT, RIGHT, *WRONG))
PICKS = st.sampled_from([one for n in (1, 2, 3) for one in product(range(5), repeat=n)])


@cache
def first_morning() -> Path:
    """A journal in which everybody has set his PIN; every run begins with a copy."""
    folder = TemporaryDirectory(dir=SHM if SHM.is_dir() else None)
    atexit.register(folder.cleanup)

    async def begin() -> None:
        desk = await Desk(Path(folder.name), Centre(OfficeClock().now)).start().open(*HUMANS)
        desk.journal.close()

    run(begin())
    return Path(folder.name) / "journal.sqlite"


@dataclass
class Made:
    """A proof, and what the model knows of how it came about."""

    human: str
    act: int
    proof: s.Proof
    at: float
    roster: int
    used: bool = False


def wanted(act: int) -> s.OverrideRequest:
    return s.OverrideRequest(request_id=f"card-{act:08d}", slip=f"slip {act}", reason=REASON)


class TwoPeople(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.morning = first_morning()
        self.folder = TemporaryDirectory(dir=SHM if SHM.is_dir() else None)
        self.loop = VirtualLoop(0)
        asyncio.set_event_loop(self.loop)
        self.pool: list[Made] = []
        self.roles: dict[str, str] = {}
        self.roster = 0
        self.life = 0
        self.wrong: dict[str, list[float]] = {one.id: [] for one in HUMANS}
        self.issued = 0
        self.expected = 0

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(story)

    @initialize()
    def opening(self) -> None:
        async def begin() -> None:
            centre = Centre(OfficeClock().now)
            centre.employ(list(HUMANS))
            self.desk = Desk(Path(self.folder.name), centre).start(OTHER_SEED)

        shutil.copy(self.morning, self.folder.name)
        self.run(begin())
        self._note_roster(HUMANS)

    def _note_roster(self, staff: Sequence[Colleague]) -> None:
        self.roles = {one.id: one.role for one in staff}
        self.roster += 1

    # -- what people do ------------------------------------------------------------------------------------------
    @rule(who=PEOPLE, named=PEOPLE, own=st.booleans(), act=CARDS)
    def signs(self, who: Colleague, named: Colleague, own: bool, act: int) -> None:
        """A human proves himself for one act; or answers another's challenge: the session is shared, the key is not."""
        self._sign(who, who if own else named, act)

    @rule(
        pair=PAIRS,
        act=CARDS,
        but=st.sampled_from(("later", "too late", "new roster", "restart", "twice", "shared", "other card", "renamed")),
        pins=PINS,
    )
    def two_come_together(self, pair: tuple[Colleague, Colleague], act: int, but: str, pins: tuple[str, ...]) -> None:
        """Two sign for the same card, but something is not as it should be."""
        one, two = pair
        signed = [self._sign(one, one, act)]
        self.run(asyncio.sleep(LIFETIME if but == "too late" else 30))
        signed.append(self._sign(one if but == "shared" else two, two, act + (but == "other card")))
        if but == "new roster":
            self._employ(self.desk.centre.staff)
        elif but == "restart":
            self.kioskd_dies()
        proofs = [made for made in signed if made is not None]
        for _ in range(2 if but == "twice" else 1):
            self._submit(act, proofs, pins, one if but == "renamed" else None)

    @rule(pair=PAIRS, act=CARDS)
    def two_act(self, pair: tuple[Colleague, Colleague], act: int) -> None:
        """Two sign and ask for it, as on any day."""
        signed = [self._sign(one, one, act) for one in pair]
        self._submit(act, [made for made in signed if made is not None], RIGHT, None)

    @rule(who=PAIRS, times=st.integers(1, 2))
    def guesses(self, who: tuple[Colleague, Colleague], times: int) -> None:
        """With both keys in the hand, PINs are tried."""
        for _ in range(times):
            signed = [self._sign(one, one, 0) for one in who]
            self._submit(0, [made for made in signed if made is not None] or self.pool[-1:], ("wrong",) * 3, None)

    @precondition(lambda self: self.pool)
    @rule(
        act=CARDS,
        picks=PICKS,
        pins=PINS,
        renamed=st.sampled_from((None, None, None, *HUMANS)),
    )
    def submits(self, act: int, picks: tuple[int, ...], pins: tuple[str, ...], renamed: Colleague | None) -> None:
        """Any proofs of the pool, the newest first, for any act; perhaps with another's name put on the last one."""
        self._submit(act, [self.pool[-1 - pick % len(self.pool)] for pick in picks], pins, renamed)

    def _sign(self, who: Colleague, named: Colleague, act: int) -> Made | None:
        """A proof in the name of `named`, made with the key of `who`."""
        try:
            made = self.run(s.Credential(named.id, who.key, named.pin).prove(self.desk.people, wanted(act)))
        except Denied:
            assert named.id not in self.roles
            seen["not on the roster"] += 1
            return None
        assert named.id in self.roles
        self.pool.append(Made(who.id, act, made, self.loop.time(), self.roster))
        return self.pool[-1]

    def _submit(self, act: int, chosen: list[Made], pins: tuple[str, ...], renamed: Colleague | None) -> None:
        if not chosen:
            return
        proofs = []
        for made, pin in zip(chosen, pins, strict=False):
            owner = next(one for one in HUMANS if one.id == made.proof.person)
            given = owner.pin if pin == "right" else "908172" if pin == "wrong" else ""
            proofs.append(made.proof.model_copy(update={"pin": given}))
        if renamed is not None:
            proofs[-1] = proofs[-1].model_copy(update={"person": renamed.id, "pin": renamed.pin})
        verdict = self._verdict(act, chosen, proofs)
        for made in chosen:
            made.used = True
        try:
            self.run(self.desk.act(wanted(act).model_copy(update={"proofs": tuple(proofs)})))
            done = "issued"
            self.issued += 1
        except Denied as denied:
            done = str(denied)
        assert (done == "issued") is (verdict == "issued"), (verdict, done)
        self.expected += verdict == "issued"
        seen[verdict] += 1

    # -- what happens --------------------------------------------------------------------------------------------
    @rule(
        gone=st.sampled_from((None, *HUMANS)),
        changed=st.sampled_from((None, *HUMANS)),
        role=st.sampled_from(("officer", "supervisor", "technician", "auditor")),
    )
    def the_roster_changes(self, gone: Colleague | None, changed: Colleague | None, role: str) -> None:
        """People leave, come back, and get other roles; nobody returns by an old list."""
        old = self.desk.centre.roster
        self._employ(
            tuple(
                Colleague(one.id, role, one.pin, one.key) if one is changed else one
                for one in HUMANS
                if one is not gone
            )
        )
        if gone is None:
            with pytest.raises(RosterError, match="is in force"):
                self.run(self.desk.people.accept(old))

    def _employ(self, staff: Sequence[Colleague]) -> None:
        """These people, in these roles, work here from now on."""

        async def employ() -> None:
            await self.desk.people.accept(self.desk.centre.employ(list(staff)))

        self.run(employ())
        self._note_roster(staff)

    @rule(seconds=st.sampled_from((1.0, 60.0, 119.0, 121.0, 300.0, 901.0)))
    def time_passes(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @precondition(lambda self: any(not made.used for made in self.pool))
    @rule()
    def kioskd_dies(self) -> None:
        """Challenges end with it; tries of PINs and the roster do not."""
        self.life += 1
        self.desk.restart(self.life)
        for made in self.pool:
            made.used = True
        seen["restarts"] += 1

    @invariant()
    def nothing_was_booked_that_two_people_did_not_do(self) -> None:
        assert self.issued == self.expected

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            assert self.run(self._acts()) - self.expected == len(HUMANS)  # each has set a PIN
            self.desk.journal.close()
        asyncio.set_event_loop(None)
        self.loop.close()
        self.folder.cleanup()

    async def _acts(self) -> int:
        return self.desk.acts()

    # -- the model -----------------------------------------------------------------------------------------------
    def _verdict(self, act: int, chosen: list[Made], proofs: list[s.Proof]) -> str:
        """What must come of it, in the order in which it shows."""
        now = self.loop.time()
        if len(proofs) != len({proof.nonce for proof in proofs}) or any(made.used for made in chosen):
            return "used before"
        if any(now >= made.at + LIFETIME for made in chosen):
            return "expired"
        if any(made.act != act for made in chosen):
            return "for something else"
        if any(made.proof.person != proof.person for made, proof in zip(chosen, proofs, strict=False)):
            return "renamed"
        if len({proof.person for proof in proofs}) < len(proofs):
            return "the same person twice"
        if any(made.roster != self.roster for made in chosen):
            return "the roster changed between"
        if any(made.human != made.proof.person for made in chosen):
            return "another's key"
        if len(proofs) != 2:
            return "alone"
        if any(self.roles[made.human] not in MAY_OVERRIDE for made in chosen):
            return "wrong role"
        for made, proof in zip(chosen, proofs, strict=False):
            tries = self.wrong[made.human] = [at for at in self.wrong[made.human] if at > now - WINDOW]
            if len(tries) >= TRIES:
                return "locked"
            if proof.pin != next(one.pin for one in HUMANS if one.id == made.human):
                tries.append(now)
                return "wrong PIN"
            tries.clear()
        assert len({made.human for made in chosen}) == 2
        return "issued"


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_single_person_issues_a_card_in_1000_runs() -> None:
    began = time.process_time()
    run_state_machine_as_test(
        TwoPeople,
        settings=settings(
            max_examples=int(os.environ.get("TWO_PEOPLE_RUNS", RUNS)),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    spent = time.process_time() - began
    print(f"two-person rule: {seen.total()} judged, {dict(seen.most_common())}, {spent:.0f} s CPU")
    rare = {"issued", "used before", "expired", "for something else", "renamed", "the same person twice", "alone"}
    rare |= {"the roster changed between", "another's key", "wrong role", "wrong PIN", "locked", "not on the roster"}
    assert all(seen[verdict] for verdict in rare), seen
