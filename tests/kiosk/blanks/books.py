"""Books of blanks as tests open them: a journal, and people who may do what they do."""

from pathlib import Path
from typing import Any

from kiosk.cards import ledger
from kiosk.cards.ledger import Account
from kiosk.journal.database import Journal, Transaction
from sim.clock import OfficeClock, SeededChance
from tests.kiosk.mandates import mandate

__all__ = ["OFFICERS", "WITNESSES", "card", "facts", "held", "mandate", "opened"]

OFFICERS = ("OFFICER-1", "OFFICER-2")
WITNESSES = ("SATPOL-7", "INSPEKTORAT-3")


def opened(folder: Path) -> Journal:
    """Runs inside the virtual loop, which is its clock."""
    return Journal(folder / "journal.sqlite", OfficeClock(), SeededChance(1), threaded=False)


def card(tx: Transaction, end: Account, uid: str | None) -> None:
    """A blank's way through the machine, as the card job books it."""
    job = tx.new_id()
    outcome = {"holder": "taken", "reject": "scrapped", "capture": "captured", "unknown": "unknown"}[end]
    tx.run(
        "INSERT INTO job (id, jti, state, blank, opened, closed, outcome) VALUES (?, ?, 'printed', 1, ?, ?, ?)",
        job,
        f"PRR-{job}",
        tx.now,
        tx.now,
        outcome,
    )
    ledger.move(tx, Account.HOPPER, Account.PATH, job=job, uid=None, reason="fed")
    ledger.move(tx, Account.PATH, end, job=job, uid=uid, reason=outcome)


def held(tx: Transaction) -> dict[str, int]:
    """What is where, without the empty accounts."""
    return {account.value: number for account, number in ledger.sums(tx).items() if number}


def facts(tx: Transaction, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in tx.rows(f"SELECT * FROM {table}")]  # noqa: S608 - a test's own words
