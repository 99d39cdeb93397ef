"""Bugs planted by hand, each a line that a tired person might lose, to show that the harness can see."""

from typing import Any

from drivers.contract.device import IntentId
from drivers.contract.words import JobOutcome
from kiosk.cards import ledger
from kiosk.cards.jobs import Job, JobBook, JobEnd, JobState
from kiosk.cards.maker import CardMaker
from kiosk.journal import acts, audit
from kiosk.journal.database import Transaction
from tests.reliability.path import Maker

UNWRITTEN = IntentId("never-written")


class _SkipsTheIntentToRetract(JobBook):
    """The card is taken back without a word in the journal."""

    async def intend(self, job: Job, state: JobState, **known: Any) -> tuple[Job, IntentId]:
        if state is JobState.RETRACT_INTENT:
            return job, UNWRITTEN
        return await super().intend(job, state, **known)

    async def failed(self, intent: IntentId, outcome: JobOutcome) -> None:
        if intent != UNWRITTEN:
            await super().failed(intent, outcome)

    async def close(self, job: Job, end: JobEnd, reason: str, *, intent: IntentId | None = None) -> None:
        await super().close(job, end, reason, intent=None if intent == UNWRITTEN else intent)


class _WritesAfterDoing(JobBook):
    """The steps swapped: the blank is fed first, and what was meant is written when it is there."""

    def __init__(self, journal: Any) -> None:
        super().__init__(journal)
        self._late: dict[str, Any] = {}

    async def intend(self, job: Job, state: JobState, **known: Any) -> tuple[Job, IntentId]:
        if state is JobState.FEED_INTENT:
            self._late = known
            return job, UNWRITTEN
        return await super().intend(job, state, **known)

    async def done(self, job: Job, intent: IntentId | None, state: JobState) -> Job:
        if intent == UNWRITTEN:
            job, intent = await super().intend(job, JobState.FEED_INTENT, **self._late)
        return await super().done(job, intent, state)

    async def failed(self, intent: IntentId, outcome: JobOutcome) -> None:
        if intent != UNWRITTEN:
            await super().failed(intent, outcome)


class _RecordsAfterDoing(JobBook):
    """The program that most people would write: each step is recorded once it is done, none before."""

    def __init__(self, journal: Any) -> None:
        super().__init__(journal)
        self._late: dict[IntentId, dict[str, Any]] = {}

    async def intend(self, job: Job, state: JobState, **known: Any) -> tuple[Job, IntentId]:
        never = IntentId(f"{UNWRITTEN} {job.id} {state}")
        self._late[never] = {"state": state, **known}
        return job, never

    async def done(self, job: Job, intent: IntentId | None, state: JobState) -> Job:
        if intent in self._late:
            job, intent = await super().intend(job, **self._late.pop(intent))
        return await super().done(job, intent, state)

    async def failed(self, intent: IntentId, outcome: JobOutcome) -> None:
        if intent not in self._late:
            await super().failed(intent, outcome)

    async def close(self, job: Job, end: JobEnd, reason: str, *, intent: IntentId | None = None) -> None:
        if intent in self._late:
            job, intent = await super().intend(job, **self._late.pop(intent))
        await super().close(job, end, reason, intent=intent)


class _ForgetsALedgerRow(JobBook):
    """A blank that goes to the reject bin is not booked out of the path."""

    async def close(self, job: Job, end: JobEnd, reason: str, *, intent: IntentId | None = None) -> None:
        if end is not JobEnd.SCRAPPED:
            await super().close(job, end, reason, intent=intent)
            return

        def change(tx: Transaction) -> None:
            if intent is not None:
                acts.ended(tx, intent, JobOutcome.DONE)
            if job.state in (JobState.AUTHORISED, JobState.FEED_INTENT):
                ledger.move(tx, ledger.Account.HOPPER, ledger.Account.PATH, job=job.id, uid=job.uid, reason="fed")
            tx.run("UPDATE job SET closed = ?, outcome = ? WHERE id = ?", tx.now, end.value, job.id)
            audit.append(tx, audit.Event.JOB_CLOSED, "kiosk", job=job.id, end=end.value, reason=reason, uid=job.uid)

        await self._journal.write(change)


def _with(book: type[JobBook]) -> Maker:
    def maker(real: JobBook, *parts: Any, **settings: Any) -> CardMaker:
        return CardMaker(book(real._journal), *parts, **settings)

    return maker


BUGS: dict[str, Maker] = {
    "skip an intent": _with(_SkipsTheIntentToRetract),
    "swap two steps": _with(_WritesAfterDoing),
    "forget a ledger row": _with(_ForgetsALedgerRow),
}
OURS, AFTER = "intents first", "record after doing"
PROGRAMS: dict[str, Maker] = {OURS: CardMaker, AFTER: _with(_RecordsAfterDoing)}
"""Ours, and the wrong way that is shown beside it."""
