"""The card job's rows: its states, and the transactions that move it from one to the next.

requested -> feed -> fed -> encode -> encoded -> verified -> print -> printed -> present -> presented -> taken, each act
as an intent first and done after; side exits scrap -> scrapped, retract -> captured, void, unknown. Job, ledger, audit
and outbox change in one transaction. `maker.py` moves the hardware; `recovery.py` says what is done after a restart.
"""

from dataclasses import dataclass
from enum import StrEnum

from drivers.contract.device import IntentId
from drivers.contract.words import JobOutcome
from kiosk.cards import ledger
from kiosk.cards.blanks.reckoning import note_fed, unexplained
from kiosk.cards.ledger import Account
from kiosk.journal import acts, audit, doubt, outbox
from kiosk.journal.database import Journal, Transaction
from kiosk.journal.doubt import Doubt

PROMISED = (
    "SELECT json_extract(body, '$.digest') AS digest FROM audit"
    " WHERE kind = 'chip_committed' AND json_extract(body, '$.job') = ? ORDER BY sequence"
)
"""By the index audit_promise, which needs the kind in so many words."""


class JobState(StrEnum):
    """Durable states. `*_INTENT`: the act may or may not have happened; ask the hardware."""

    AUTHORISED = "authorised"
    FEED_INTENT = "feed_intent"
    FED = "fed"
    ENCODE_INTENT = "encode_intent"
    ENCODED = "encoded"
    VERIFIED = "verified"
    PRINT_INTENT = "print_intent"
    PRINTED = "printed"
    PRESENT_INTENT = "present_intent"
    PRESENTED = "presented"
    RETRACT_INTENT = "retract_intent"
    SCRAP_INTENT = "scrap_intent"


IN_PATH = frozenset(JobState) - {JobState.AUTHORISED, JobState.FEED_INTENT}
AFTER: dict[JobState, frozenset[JobState]] = {
    JobState.FEED_INTENT: frozenset({JobState.AUTHORISED}),
    JobState.FED: frozenset({JobState.FEED_INTENT}),
    # A chip that was torn, or whose last answer was lost, is begun again.
    JobState.ENCODE_INTENT: frozenset({JobState.FED, JobState.ENCODE_INTENT, JobState.ENCODED, JobState.VERIFIED}),
    JobState.ENCODED: frozenset({JobState.ENCODE_INTENT}),
    JobState.VERIFIED: frozenset({JobState.ENCODED}),
    JobState.PRINT_INTENT: frozenset({JobState.VERIFIED}),
    JobState.PRINTED: frozenset({JobState.PRINT_INTENT}),
    JobState.PRESENT_INTENT: frozenset({JobState.PRINTED, JobState.PRESENT_INTENT}),
    JobState.PRESENTED: frozenset({JobState.PRESENT_INTENT}),
    JobState.RETRACT_INTENT: IN_PATH,
    JobState.SCRAP_INTENT: IN_PATH,
}
"""Where a job may stand before each state. So the exit (PRESENT_INTENT) opens only for a card whose chip was written,
read back as a stranger would, and whose face was printed: each of them durably."""


class OutOfOrder(Exception):
    """Somebody wants to move a job to a state that it may not have next. Nothing was written and nothing may move."""


class JobEnd(StrEnum):
    """How a job ended. TAKEN and UNKNOWN close the approval for ever; the others leave it good for another blank."""

    TAKEN = "taken"
    SCRAPPED = "scrapped"
    CAPTURED = "captured"
    VOID = "void"
    """No blank left the hopper."""
    UNKNOWN = "unknown"


ENDS_IN: dict[JobEnd, Account] = {
    JobEnd.TAKEN: Account.HOLDER,
    JobEnd.SCRAPPED: Account.REJECT,
    JobEnd.CAPTURED: Account.CAPTURE,
    JobEnd.UNKNOWN: Account.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Job:
    id: str
    jti: str
    state: JobState
    blank: int
    uid: str | None
    fed_before: int | None


def find_open(tx: Transaction) -> Job | None:
    """The one job that has not ended, if there is one."""
    row = tx.row("SELECT * FROM job WHERE closed IS NULL")
    if row is None:
        return None
    return Job(row["id"], row["jti"], JobState(row["state"]), row["blank"], row["uid"], row["fed_before"])


def ends_of(tx: Transaction, jti: str) -> list[JobEnd]:
    """How this approval's jobs ended, oldest first."""
    rows = tx.rows("SELECT outcome FROM job WHERE jti = ? AND outcome IS NOT NULL ORDER BY rowid", jti)
    return [JobEnd(row["outcome"]) for row in rows]


def forget_record(tx: Transaction, jti: str) -> None:
    """The card is in the hand, so the purpose is met: what was kept of the person goes (UU 27/2022), the approval's id
    stays."""
    tx.run("DELETE FROM approval_record WHERE approval IN (SELECT id FROM approval WHERE jti = ?)", jti)
    tx.run("UPDATE approval SET sod = x'' WHERE jti = ?", jti)


class JobBook:
    """Every durable change of a job."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def current(self) -> Job | None:
        return await self._journal.read(find_open)

    async def why_not(self, fed_count: int | None) -> Doubt | None:
        """Why no blank may leave the hopper as far as this journal is concerned; None if one may. `fed_count`: the
        printer's, while no card is under way: if it has fed more than was written here, an old copy of the journal was
        put back, or somebody else feeds cards."""
        more, standing = await self._journal.read(
            lambda tx: (None if fed_count is None else unexplained(tx, fed_count), doubt.standing(tx))
        )
        if fed_count is not None and more is None:
            await self._journal.write(lambda tx: note_fed(tx, fed_count))
        elif more is not None and more > 0 and Doubt.FEEDS not in standing:
            detail = f"the printer has fed {more} cards more than are written here"
            await self._journal.write(lambda tx: doubt.found(tx, Doubt.FEEDS, detail))
            standing.append(Doubt.FEEDS)
        return standing[0] if standing else None

    async def open(self, jti: str, blank: int) -> Job:
        """A new job. The schema refuses a second open one, and any after the approval's card is out."""

        def change(tx: Transaction) -> Job:
            identity = tx.new_id()
            tx.run(
                "INSERT INTO job (id, jti, state, blank, opened) VALUES (?, ?, ?, ?, ?)",
                identity,
                jti,
                JobState.AUTHORISED.value,
                blank,
                tx.now,
            )
            audit.append(tx, audit.Event.JOB_OPENED, "kiosk", job=identity, approval=jti, blank=blank)
            return Job(identity, jti, JobState.AUTHORISED, blank, None, None)

        return await self._journal.write(change)

    async def intend(
        self, job: Job, state: JobState, *, fed_before: int | None = None, uid: str | None = None
    ) -> tuple[Job, IntentId]:
        """Writes that the act of `state` is about to begin; the id lets the driver do it. `fed_before` is the printer's
        count before the feed, `uid` the chip's, once it is known. OutOfOrder (see AFTER): there is no id, so no act."""

        def change(tx: Transaction) -> tuple[Job, IntentId]:
            moved = _step(tx, job, state, fed_before=fed_before, uid=uid)
            return moved, acts.intend(tx, state.value.removesuffix("_intent"), job.id)

        return await self._journal.write(change)

    async def done(self, job: Job, intent: IntentId | None, state: JobState) -> Job:
        """Writes that the hardware confirmed `state`. From FEED_INTENT to FED the blank moves to the path."""

        def change(tx: Transaction) -> Job:
            if intent is not None:
                acts.ended(tx, intent, JobOutcome.DONE)
            if job.state is JobState.FEED_INTENT:
                ledger.move(tx, Account.HOPPER, Account.PATH, job=job.id, uid=job.uid, reason="fed")
            return _step(tx, job, state)

        return await self._journal.write(change)

    async def runs(self, job: Job) -> int:
        """How often the chip of this job's blank was begun. Each run is an intent, so the count outlives us."""
        return await self._journal.read(
            lambda tx: tx.number("SELECT count(*) FROM act WHERE subject = ? AND kind = 'encode'", job.id)
        )

    async def promised(self, job: Job) -> tuple[bytes, ...]:
        """The digests that runs of this job were about to commit: a chip that holds one of them is ours, and whole."""

        def ask(tx: Transaction) -> tuple[bytes, ...]:
            return tuple(bytes.fromhex(row["digest"]) for row in tx.rows(PROMISED, job.id))

        return await self._journal.read(ask)

    async def promise(self, job: Job, digest: bytes) -> None:
        """Writes what the chip is about to be committed with: if the answer is lost, this tells whose chip it is."""
        await self._journal.write(
            lambda tx: audit.append(tx, audit.Event.CHIP_COMMITTED, "kiosk", job=job.id, digest=digest.hex())
        )

    async def failed(self, intent: IntentId, outcome: JobOutcome) -> None:
        """Writes that an act did not succeed; what becomes of the card is decided next."""
        await self._journal.write(lambda tx: acts.ended(tx, intent, outcome))

    async def close(self, job: Job, end: JobEnd, reason: str, *, intent: IntentId | None = None) -> None:
        """Ends the job and books its blank; the centre will be told. `intent` is the act that brought it here; any
        other act of the job still open was cut off by a crash and stays unknown."""

        def change(tx: Transaction) -> None:
            if intent is not None:
                acts.ended(tx, intent, JobOutcome.DONE)
            for act in acts.open_acts(tx):
                if act.subject == job.id:
                    acts.ended(tx, act.id, JobOutcome.UNKNOWN)
            if end is not JobEnd.VOID:
                if job.state in (JobState.AUTHORISED, JobState.FEED_INTENT):
                    ledger.move(tx, Account.HOPPER, Account.PATH, job=job.id, uid=job.uid, reason="fed, seen late")
                ledger.move(tx, Account.PATH, ENDS_IN[end], job=job.id, uid=job.uid, reason=reason)
            tx.run(
                "UPDATE job SET closed = ?, outcome = ?, reason = ? WHERE id = ? AND closed IS NULL",
                tx.now,
                end.value,
                reason,
                job.id,
            )
            if end is JobEnd.TAKEN:
                forget_record(tx, job.jti)
            audit.append(tx, audit.Event.JOB_CLOSED, "kiosk", job=job.id, end=end.value, reason=reason, uid=job.uid)
            outbox.put(tx, f"card_{end.value}", approval=job.jti, job=job.id, uid=job.uid, reason=reason)

        await self._journal.write(change)

    async def in_path(self, job: Job) -> Job:
        """The sensors saw that this job's blank left the hopper although the feed was never confirmed."""
        return await self.done(job, None, JobState.FED)


def _step(tx: Transaction, job: Job, state: JobState, *, fed_before: int | None = None, uid: str | None = None) -> Job:
    row = tx.row("SELECT state, uid, fed_before FROM job WHERE id = ? AND closed IS NULL", job.id)
    stands = JobState(row["state"]) if row else None
    if row is None or stands not in AFTER[state]:
        raise OutOfOrder(f"job {job.id} cannot go to {state}: it is {stands or 'closed'}")
    uid = row["uid"] if uid is None else uid
    fed_before = row["fed_before"] if fed_before is None else fed_before
    tx.run("UPDATE job SET state = ?, uid = ?, fed_before = ? WHERE id = ?", state.value, uid, fed_before, job.id)
    audit.append(tx, audit.Event.JOB_STEP, "kiosk", job=job.id, state=state.value)
    return Job(job.id, job.jti, state, job.blank, uid, fed_before)
