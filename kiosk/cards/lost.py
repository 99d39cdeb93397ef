"""Cards of a stretch of the journal that was lost: what the centre knows of them is entered, and where cards may be out
of which nobody knows, no approval that could have been used gives another.
"""

from collections.abc import Iterable
from typing import Protocol

from kiosk.cards import ledger
from kiosk.cards.jobs import ENDS_IN, JobEnd, ends_of, forget_record
from kiosk.cards.ledger import Account
from kiosk.journal import audit
from kiosk.journal.database import Transaction

CLOSING = (JobEnd.TAKEN, JobEnd.UNKNOWN)
NEXT_FACT = "approvals_doubtful_next"


class LostCard(Protocol):
    """A card job as the centre was told of it."""

    @property
    def job(self) -> str: ...
    @property
    def approval(self) -> str: ...
    @property
    def end(self) -> JobEnd: ...
    @property
    def uid(self) -> str | None: ...


def enter(tx: Transaction, cards: Iterable[LostCard]) -> int:
    """Enters jobs that this journal does not have, with their blanks, oldest first; how many. From then on they close
    their approvals as any job does, and what is unknown is resolved as ever."""
    entered = 0
    for card in cards:
        if _is_known(tx, card):
            continue
        # A job that the old copy had just opened has ended here without a card; its id is taken.
        taken = tx.row("SELECT 1 FROM job WHERE id = ?", card.job) is not None
        job = tx.new_id() if taken else card.job
        tx.run(
            "INSERT INTO job (id, jti, state, blank, uid, opened, closed, outcome, reason)"
            " VALUES (?, ?, 'authorised', 1, ?, ?, ?, ?, ?)",
            job,
            card.approval,
            card.uid,
            tx.now,
            tx.now,
            card.end.value,
            f"as the centre was told of job {card.job}",
        )
        if card.end is not JobEnd.VOID:
            for start, end in ((Account.HOPPER, Account.PATH), (Account.PATH, ENDS_IN[card.end])):
                ledger.move(tx, start, end, job=job, uid=card.uid, reason="told by the centre", actor="centre")
        if card.end is JobEnd.TAKEN:
            forget_record(tx, card.approval)
        audit.append(
            tx,
            audit.Event.JOB_TAKEN_OVER,
            "centre",
            job=job,
            approval=card.approval,
            end=card.end.value,
            uid=card.uid,
        )
        entered += 1
    return entered


def _is_known(tx: Transaction, card: LostCard) -> bool:
    """This journal has the job with this end, or its approval is closed already: a second card for it is not entered,
    it is found by the count."""
    row = tx.row("SELECT outcome FROM job WHERE id = ?", card.job)
    if row is not None and (row["outcome"] == card.end or row["outcome"] in CLOSING):
        return True
    return any(end in CLOSING for end in ends_of(tx, card.approval))


def doubt_all(tx: Transaction, *, next_too: bool) -> int:
    """From now on no approval on the shelf gives a card; how many. `next_too`: the centre could not be asked, so what
    it sends next may also have been used."""
    if next_too:
        tx.set_fact(NEXT_FACT, tx.now)
    return tx.run(
        "INSERT OR IGNORE INTO approval_doubt SELECT DISTINCT jti, ? FROM approval"
        " JOIN approval_record ON approval = id WHERE jti IS NOT NULL",
        tx.now,
    )


def doubt_next(tx: Transaction) -> None:
    """Approvals came from the centre: the first since the journal was accepted without asking it are in doubt too."""
    if tx.fact(NEXT_FACT) is not None:
        doubt_all(tx, next_too=False)
        tx.run("DELETE FROM fact WHERE name = ?", NEXT_FACT)


def is_doubtful(tx: Transaction, jti: str) -> bool:
    return tx.row("SELECT 1 FROM approval_doubt WHERE jti = ?", jti) is not None
