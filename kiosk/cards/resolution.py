"""What becomes of a job whose card the hardware lost sight of: two people look for it and say where it is.

Its approval gives another card only once this one is destroyed. Found in the reject bin it could still be taken out,
missing it may be in a hand: both stay open to be said better later, and the approval stays closed.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from kiosk.api.staff import Found, UnknownJob
from kiosk.cards import ledger
from kiosk.cards.blanks import cases
from kiosk.cards.jobs import JobEnd, forget_record
from kiosk.cards.ledger import Account
from kiosk.journal import audit, outbox
from kiosk.journal.database import Transaction
from kiosk.people.acts import spend
from kiosk.people.policy import Denied, Mandate, Operation

LEADS_TO: Mapping[Account, frozenset[Found]] = MappingProxyType(
    {
        Account.UNKNOWN: frozenset(Found),
        Account.MISSING: frozenset(Found) - {Found.MISSING},
        Account.REJECT: frozenset({Found.DESTROYED, Found.MISSING}),
        Account.SPOILED: frozenset({Found.DESTROYED, Found.MISSING}),
        Account.DESTROYED: frozenset({Found.DESTROYED}),  # with the others of the bin; the job is still to be ended
    }
)
"""What may be said of a card, by where the ledger has it. From a hand and from ashes nothing leads back."""

ENDS_AS: Mapping[Found, JobEnd] = MappingProxyType({Found.HOLDER: JobEnd.TAKEN, Found.DESTROYED: JobEnd.SCRAPPED})
"""How the job has ended then; otherwise it stays unknown."""


def unresolved(tx: Transaction) -> list[UnknownJob]:
    """The jobs that keep an approval closed because nobody knows for good where the card is; oldest first."""
    rows = tx.rows("SELECT id, closed, reason FROM job WHERE outcome = ? ORDER BY rowid", JobEnd.UNKNOWN.value)
    return [
        UnknownJob(
            job=row["id"],
            since=datetime.fromisoformat(row["closed"]),
            reason=row["reason"],
            where=_where(tx, row["id"]).value,
        )
        for row in rows
    ]


def resolve(tx: Transaction, job: str, found: Found, mandate: Mandate) -> None:
    """Books where the card of an unknown job is. Denied for any other job, and for what cannot be any more."""
    row = tx.row("SELECT jti, uid FROM job WHERE id = ? AND outcome = ?", job, JobEnd.UNKNOWN.value)
    if row is None:
        raise Denied("this job is not unknown, or was resolved for good")
    where = _where(tx, job)
    if found not in LEADS_TO.get(where, ()):
        raise Denied(f"the card is booked as {where}; it cannot be {found} now")
    actor = spend(tx, mandate, Operation.RESOLVE_UNKNOWN, job)
    _book(tx, job, row["uid"], where, Account(found.value), mandate.reason, actor)
    end = ENDS_AS.get(found)
    if end is not None:
        reason = f"unknown; found by people: {found}"
        tx.run("UPDATE job SET outcome = ?, reason = ? WHERE id = ?", end.value, reason, job)
        outbox.put(tx, f"card_{end}", approval=row["jti"], job=job, uid=row["uid"], reason=reason)
    if end is JobEnd.TAKEN:
        forget_record(tx, row["jti"])
    audit.append(tx, audit.Event.JOB_RESOLVED, actor, job=job, was=where.value, where=found.value)
    outbox.put(tx, "card_resolved", approval=row["jti"], job=job, found=found.value, people=list(mandate.people))


def _book(tx: Transaction, job: str, uid: str | None, start: Account, end: Account, reason: str, actor: str) -> None:
    """The ledger's side of it: a card that is missing is a case, one that is found ends its case. What two people
    destroy before each other has this very resolution as its document."""
    document = f"resolution of job {job}" if end is Account.DESTROYED else None
    if end is Account.MISSING:
        cases.open_lost(tx, start, job, uid, reason, actor)
    elif start is Account.MISSING:
        cases.lost_found(tx, job, uid, end, document, actor)
    elif start is not end:
        ledger.book(tx, start, end, 1, actor=actor, reason="found by people", uid=uid, job=job, document=document)


def _where(tx: Transaction, job: str) -> Account:
    """Where the ledger's last word on this job's card puts it."""
    row = tx.row("SELECT to_account FROM blank_move WHERE job = ? ORDER BY sequence DESC LIMIT 1", job)
    return Account.UNKNOWN if row is None else Account(row["to_account"])
