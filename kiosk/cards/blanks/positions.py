"""Blanks of a lot by their position in it, for offices that write positions down; the others book quantities alone.

A position is known from the delivery until the printer takes the blank out of the hopper; from then on its chip's
number (UID) names it.
"""

from kiosk.cards.blanks import BooksRefuse
from kiosk.cards.ledger import Account
from kiosk.journal.database import Transaction


def check(tx: Transaction, account: Account, quantity: int, lot: str | None, first: int | None) -> None:
    """BooksRefuse unless `quantity` blanks may be taken out of `account`: by position if `first` is given, and only
    such blanks without a position if it is not."""
    if first is None:
        nameless = _held(tx, account) - len(_named(tx, account))
        if account is Account.VAULT and quantity > nameless:
            raise BooksRefuse(
                f"{nameless} blanks without positions are in the vault; say --lot and --first for the others"
            )
        return
    if lot is None:
        raise BooksRefuse("a position is a position in a lot; say --lot")
    here = _named(tx, account, lot)
    absent = [position for position in range(first, first + quantity) if (lot, position) not in here]
    if absent:
        raise BooksRefuse(f"lot {lot}: position {absent[0]} is not in the {account}, say the books")


def _held(tx: Transaction, account: Account) -> int:
    return tx.number(
        "SELECT coalesce(sum(CASE WHEN to_account = ?1 THEN quantity ELSE -quantity END), 0) FROM blank_move"
        " WHERE ?1 IN (from_account, to_account)",
        account.value,
    )


def _named(tx: Transaction, account: Account, lot: str | None = None) -> set[tuple[str, int]]:
    """The positions that were last moved to `account`."""
    here: set[tuple[str, int]] = set()
    for row in tx.rows(
        "SELECT lot, first, quantity, to_account FROM blank_move WHERE first IS NOT NULL AND (?1 IS NULL OR lot = ?1)"
        " ORDER BY sequence",
        lot,
    ):
        moved = {(row["lot"], position) for position in range(row["first"], row["first"] + row["quantity"])}
        here = here | moved if row["to_account"] == account else here - moved
    return here
