"""The blank ledger: where every blank is, as moves between accounts. Its sums are the machine's conscience.

Here is what the kiosk itself books. What officers book (delivery, vault, bin, destruction, cases) is in
`kiosk.cards.blanks`.
"""

from enum import StrEnum

from kiosk.api.messages import Blanks
from kiosk.journal import audit, outbox
from kiosk.journal.database import Transaction
from kiosk.people.acts import spend
from kiosk.people.policy import Mandate, Operation


class Account(StrEnum):
    CENTRE = "centre"
    """Where blanks come from: not in this machine's care."""
    VAULT = "vault"
    """In the office, under lock, unused."""
    HOPPER = "hopper"
    PATH = "path"
    HOLDER = "holder"
    REJECT = "reject"
    """In the reject bin because something failed."""
    CAPTURE = "capture"
    """In the reject bin because nobody took it."""
    UNKNOWN = "unknown"
    """The hardware cannot tell; two people must find it."""
    SPOILED = "spoiled"
    """Taken out of the bin and locked up until it is destroyed."""
    DESTROYED = "destroyed"
    MISSING = "missing"
    """Not where the books say; a case is open."""
    WRITTEN_OFF = "written_off"
    """Never found; the minutes of the case say so."""
    SURPLUS = "surplus"
    """Found although no book knew of it; a case is open. Blanks come from here, so its sum is negative."""


ENDS = (Account.HOLDER, Account.DESTROYED, Account.WRITTEN_OFF)
"""No blank comes back from here."""


def load(tx: Transaction, quantity: int, mandate: Mandate, *, document: str | None = None) -> None:
    """`quantity` blanks that the vault's books do not know, counted by two people into the hopper straight from a
    delivery or from a stock that others keep; `document`: its delivery note."""
    actor = spend(tx, mandate, Operation.LOAD_BLANKS, document or "")
    book(tx, Account.CENTRE, Account.HOPPER, quantity, actor=actor, reason="loaded", document=document)
    audit.append(tx, audit.Event.BLANKS_LOADED, actor, quantity=quantity)
    outbox.put(tx, "blanks_loaded", quantity=quantity)


def move(
    tx: Transaction, start: Account, end: Account, *, job: str, uid: str | None, reason: str, actor: str = "kiosk"
) -> None:
    """One blank of `job` went from `start` to `end`. `actor`: who says so, if it was not the machine."""
    book(tx, start, end, 1, actor=actor, reason=reason, uid=uid, job=job)


def book(
    tx: Transaction,
    start: Account,
    end: Account,
    quantity: int,
    *,
    actor: str,
    reason: str,
    uid: str | None = None,
    job: str | None = None,
    lot: str | None = None,
    first: int | None = None,
    document: str | None = None,
    case: int | None = None,
) -> None:
    """One row. The schema refuses (sqlite3.IntegrityError) what no book may hold: a move out of an end, a second end
    for one `uid`, a destruction or write-off without `document`, a missing or surplus blank without `case`."""
    tx.run(
        "INSERT INTO blank_move (at, from_account, to_account, quantity, uid, job, actor, reason, lot, first, document,"
        " case_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        tx.now,
        start.value,
        end.value,
        quantity,
        uid,
        job,
        actor,
        reason,
        lot,
        first,
        document,
        case,
    )


def sums(tx: Transaction, *, upto: int | None = None) -> dict[Account, int]:
    """What is in every account, in cards; with `upto`, as it was after that row. All sums together are 0."""
    found = dict.fromkeys(Account, 0)
    rows = tx.rows(
        "SELECT from_account, to_account, sum(quantity) AS n FROM blank_move WHERE ? IS NULL OR sequence <= ?"
        " GROUP BY 1, 2",
        upto,
        upto,
    )
    for row in rows:
        found[Account(row["from_account"])] -= row["n"]
        found[Account(row["to_account"])] += row["n"]
    return found


def balance(tx: Transaction) -> Blanks:
    """What the ledger says is where. `hopper` may be negative if more blanks came out than were counted in."""
    now = sums(tx)
    return Blanks(
        loaded=-now[Account.CENTRE],
        vault=now[Account.VAULT],
        hopper=now[Account.HOPPER],
        path=now[Account.PATH],
        holder=now[Account.HOLDER],
        reject=now[Account.REJECT],
        capture=now[Account.CAPTURE],
        unknown=now[Account.UNKNOWN],
        spoiled=now[Account.SPOILED],
        destroyed=now[Account.DESTROYED],
        missing=now[Account.MISSING],
        written_off=now[Account.WRITTEN_OFF],
        surplus=-now[Account.SURPLUS],
    )
