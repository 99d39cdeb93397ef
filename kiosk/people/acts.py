"""What staff did, under their names: each mandate is spent once, in the transaction of the act that it allows."""

from kiosk.journal import audit
from kiosk.journal.database import Transaction
from kiosk.people.policy import Denied, Mandate, Operation


def spend(tx: Transaction, mandate: Mandate, operation: Operation, subject: str = "") -> str:
    """Books the act and audits it; returns the actor, as ledger and audit name him.

    `subject`: what it is about, and never whom: an approval's id, a job's, the number of the minutes. Raises Denied,
    which undoes the whole transaction, for a mandate for something else and for one that was spent before.
    """
    if mandate.operation is not operation:
        raise Denied(f"a mandate for {mandate.operation} does not allow {operation}")
    if tx.row("SELECT 1 FROM staff_act WHERE id = ?", mandate.id) is not None:
        raise Denied(f"this mandate for {operation} was used before")
    first, second = (*mandate.people, None, None)[:2]
    tx.run(
        "INSERT INTO staff_act (id, at, operation, subject, first, second, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        mandate.id,
        tx.now,
        operation.value,
        subject,
        first,
        second,
        mandate.reason,
    )
    audit.append(
        tx,
        audit.Event.STAFF_ACTED,
        mandate.actor,
        operation=operation.value,
        subject=subject,
        reason=mandate.reason,
        mandate=mandate.id,
    )
    return mandate.actor
