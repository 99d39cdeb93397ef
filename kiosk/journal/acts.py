"""Intents: a physical act is written down before it begins, and how it ended after."""

from dataclasses import dataclass

from drivers.contract.device import IntentId
from drivers.contract.words import JobOutcome
from kiosk.journal.database import Transaction


def intend(tx: Transaction, kind: str, subject: str) -> IntentId:
    """Writes the intent of an act (`feed`, `print_front`, `print_slip`, ...) on `subject` (a job or a ticket).

    The id is good for a driver only after the transaction is committed, which `Journal.write` guarantees.
    """
    identity = IntentId(tx.new_id())
    tx.run("INSERT INTO act VALUES (?, ?, ?, ?, NULL)", identity, kind, subject, tx.now)
    return identity


def ended(tx: Transaction, intent: IntentId, outcome: JobOutcome) -> None:
    """Writes how the act ended; once."""
    if not tx.run("UPDATE act SET outcome = ? WHERE id = ? AND outcome IS NULL", outcome.value, intent):
        raise LookupError(f"act {intent} has ended before or was never intended")


@dataclass(frozen=True, slots=True)
class OpenAct:
    id: IntentId
    kind: str
    subject: str


def open_acts(tx: Transaction) -> list[OpenAct]:
    """Acts that were under way when the program died."""
    rows = tx.rows("SELECT id, kind, subject FROM act WHERE outcome IS NULL ORDER BY rowid")
    return [OpenAct(IntentId(row["id"]), row["kind"], row["subject"]) for row in rows]
