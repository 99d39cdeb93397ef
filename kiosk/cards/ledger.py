"""The blank ledger: where every blank is, as moves between accounts. Its sums are the machine's conscience."""

from enum import StrEnum

from kiosk.api.messages import Blanks
from kiosk.journal import audit, outbox
from kiosk.journal.database import Transaction
from kiosk.people.acts import spend
from kiosk.people.policy import Denied, Mandate, Operation


class Account(StrEnum):
    CENTRE = "centre"
    """Where blanks come from: not in this machine."""
    VAULT = "vault"
    """In the office, under lock."""
    HOPPER = "hopper"
    PATH = "path"
    HOLDER = "holder"
    REJECT = "reject"
    """In the reject bin because something failed."""
    CAPTURE = "capture"
    """In the reject bin because nobody took it."""
    UNKNOWN = "unknown"
    """The hardware cannot tell; two people must find it."""
    DESTROYED = "destroyed"
    MISSING = "missing"
    """Looked for and not found: a case, never an edit."""


def load(tx: Transaction, quantity: int, mandate: Mandate) -> None:
    """Two people counted `quantity` blanks into the hopper."""
    actor = spend(tx, mandate, Operation.LOAD_BLANKS)
    _row(tx, Account.CENTRE, Account.HOPPER, quantity, None, None, actor, "loaded")
    audit.append(tx, audit.Event.BLANKS_LOADED, actor, quantity=quantity)
    outbox.put(tx, "blanks_loaded", quantity=quantity)


def unload(tx: Transaction, quantity: int, mandate: Mandate) -> None:
    """Two people took `quantity` blanks out of the hopper and locked them away. Denied if it never held so many."""
    if quantity > balance(tx).hopper:
        raise Denied("the ledger has fewer blanks in the hopper than were counted out of it")
    actor = spend(tx, mandate, Operation.UNLOAD_BLANKS)
    _row(tx, Account.HOPPER, Account.VAULT, quantity, None, None, actor, "unloaded")
    audit.append(tx, audit.Event.BLANKS_UNLOADED, actor, quantity=quantity)
    outbox.put(tx, "blanks_unloaded", quantity=quantity)


def move(
    tx: Transaction, start: Account, end: Account, *, job: str, uid: str | None, reason: str, actor: str = "kiosk"
) -> None:
    """One blank of `job` went from `start` to `end`. `actor`: who says so, if it was not the machine."""
    _row(tx, start, end, 1, uid, job, actor, reason)


def _row(
    tx: Transaction, start: Account, end: Account, quantity: int, uid: str | None, job: str | None, actor: str, why: str
) -> None:
    tx.run(
        "INSERT INTO blank_move (at, from_account, to_account, quantity, uid, job, actor, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        tx.now,
        start.value,
        end.value,
        quantity,
        uid,
        job,
        actor,
        why,
    )


def balance(tx: Transaction) -> Blanks:
    """What the ledger says is where. `hopper` may be negative if more blanks came out than were counted in."""
    sums = dict.fromkeys(Account, 0)
    for row in tx.rows("SELECT from_account, to_account, sum(quantity) AS n FROM blank_move GROUP BY 1, 2"):
        sums[Account(row["from_account"])] -= row["n"]
        sums[Account(row["to_account"])] += row["n"]
    return Blanks(
        loaded=-sums[Account.CENTRE],
        hopper=sums[Account.HOPPER],
        path=sums[Account.PATH],
        holder=sums[Account.HOLDER],
        reject=sums[Account.REJECT],
        capture=sums[Account.CAPTURE],
        unknown=sums[Account.UNKNOWN],
        vault=sums[Account.VAULT],
        destroyed=sums[Account.DESTROYED],
        missing=sums[Account.MISSING],
    )
