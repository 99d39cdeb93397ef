"""Why this journal cannot be believed to hold every card: as long as one of these stands, no card is made.

A doubt is written down when it is found and outlives every restart. Only two people end it (`kiosk journal accept`):
what the journal has is then counted and compared, and a new stretch of the audit begins (`kiosk.journal.stretch`).
"""

import logging
from enum import StrEnum

from kiosk.journal import audit, outbox
from kiosk.journal.database import Transaction

log = logging.getLogger(__name__)

FINDINGS = 20
"""So many findings are written down; `kiosk journal verify` has them all."""


class Doubt(StrEnum):
    """The words are those of the API's `Cause`; each is also the name of the fact that keeps it."""

    BEHIND = "journal_behind"
    """The centre holds events of this kiosk that this journal does not: it came back from a copy, or was changed."""
    DAMAGED = "journal_damaged"
    """At a start the record did not end as it was left."""
    FEEDS = "feeds_unexplained"
    """At a start the card printer had fed more cards than this journal knows of."""


def standing(tx: Transaction) -> list[Doubt]:
    """Those that nobody has ended yet; the first is the one to show."""
    return [one for one in Doubt if tx.fact(one) is not None]


def found(tx: Transaction, doubt: Doubt, detail: str, *, by: str = "kiosk") -> None:
    """Writes it down and tells the centre; once for as long as it stands."""
    if tx.fact(doubt) is None:
        log.critical("%s: %s", doubt, detail)
        tx.set_fact(doubt, tx.now)
        match doubt:
            case Doubt.BEHIND:
                audit.append(tx, audit.Event.JOURNAL_BEHIND, by, detail=detail)
            case Doubt.DAMAGED:
                audit.append(tx, audit.Event.JOURNAL_DAMAGED, by, detail=detail)
            case Doubt.FEEDS:
                audit.append(tx, audit.Event.FEEDS_UNEXPLAINED, by, detail=detail)
        outbox.put(tx, doubt.value, detail=detail)


def ended(tx: Transaction) -> None:
    """Two people have accepted the journal as it is (`kiosk.station.accepting` alone calls this)."""
    for one in Doubt:
        tx.run("DELETE FROM fact WHERE name = ?", one.value)
