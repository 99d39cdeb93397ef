"""Blanks between delivery and destruction: vault, hopper, bin, ashes. Two officers stand behind every step.

Destruction follows SE Mendagri 470.13/11176/SJ (2018): spoiled cards are counted, recorded and destroyed with minutes
(berita acara) before witnesses; the chip numbers that are known are kept with the row.
"""

from collections.abc import Sequence

from kiosk.cards.blanks import BooksRefuse, positions
from kiosk.cards.ledger import Account, book, sums
from kiosk.journal import audit, outbox
from kiosk.journal.database import Transaction
from kiosk.people.acts import spend
from kiosk.people.policy import Mandate, Operation

BIN = (Account.REJECT, Account.CAPTURE)
"""The printer has one bin for what failed and what nobody took."""


def receive(
    tx: Transaction, quantity: int, mandate: Mandate, *, note: str, lot: str | None = None, first: int | None = None
) -> None:
    """`quantity` blanks of delivery note `note` into the vault; `first`: the first one's position in `lot`."""
    if first is not None:
        if lot is None:
            raise BooksRefuse("a position is a position in a lot; say --lot")
        twice = tx.row(
            "SELECT document FROM blank_move WHERE from_account = 'centre' AND lot = ? AND first < ? AND"
            " first + quantity > ?",
            lot,
            first + quantity,
            first,
        )
        if twice is not None:
            raise BooksRefuse(f"lot {lot}: some of these positions came with delivery {twice['document']}")
    who = spend(tx, mandate, Operation.RECEIVE_BLANKS, note)
    book(tx, Account.CENTRE, Account.VAULT, quantity, actor=who, reason="received", lot=lot, first=first, document=note)
    audit.append(tx, audit.Event.BLANKS_RECEIVED, who, quantity=quantity, lot=lot, first=first, document=note)
    outbox.put(tx, "blanks_received", quantity=quantity, lot=lot, first=first, document=note)


def load(tx: Transaction, quantity: int, mandate: Mandate, *, lot: str | None = None, first: int | None = None) -> None:
    """`quantity` blanks, counted by two officers, out of the vault into the hopper."""
    _enough(tx, Account.VAULT, quantity)
    positions.check(tx, Account.VAULT, quantity, lot, first)
    who = spend(tx, mandate, Operation.LOAD_BLANKS)
    book(tx, Account.VAULT, Account.HOPPER, quantity, actor=who, reason="loaded", lot=lot, first=first)
    audit.append(tx, audit.Event.BLANKS_LOADED, who, quantity=quantity, lot=lot, first=first)
    outbox.put(tx, "blanks_loaded", quantity=quantity, lot=lot, first=first)


def unload(
    tx: Transaction, quantity: int, mandate: Mandate, *, lot: str | None = None, first: int | None = None
) -> None:
    """`quantity` unused blanks out of the hopper back into the vault."""
    _enough(tx, Account.HOPPER, quantity)
    positions.check(tx, Account.HOPPER, quantity, lot, first)
    who = spend(tx, mandate, Operation.UNLOAD_BLANKS)
    book(tx, Account.HOPPER, Account.VAULT, quantity, actor=who, reason="unloaded", lot=lot, first=first)
    audit.append(tx, audit.Event.BLANKS_UNLOADED, who, quantity=quantity, lot=lot, first=first)
    outbox.put(tx, "blanks_unloaded", quantity=quantity, lot=lot, first=first)


def empty_bin(tx: Transaction, counted: int, mandate: Mandate) -> None:
    """The bin's cards go behind lock and key until they are destroyed. `counted` must be what the books have."""
    _whole(tx, BIN, counted, "the bin")
    who = spend(tx, mandate, Operation.EMPTY_BIN)
    for account in BIN:
        _cards(tx, account, Account.SPOILED, who, "bin emptied", None)
    audit.append(tx, audit.Event.BIN_EMPTIED, who, quantity=counted)
    outbox.put(tx, "bin_emptied", quantity=counted)


def destroy(
    tx: Transaction,
    counted: int,
    mandate: Mandate,
    *,
    minutes: str,
    witnesses: Sequence[str],
    bin_too: bool = False,
) -> None:
    """All spoiled cards, and with `bin_too` those in the bin, are destroyed before two witnesses who are not those who
    do it. `counted` must be what the books have."""
    if len(witnesses) < 2 or len({*witnesses, *mandate.people}) != len(witnesses) + len(mandate.people):
        raise BooksRefuse("two witnesses are needed, and other people than those who destroy")
    sources = (Account.SPOILED, *(BIN if bin_too else ()))
    _whole(tx, sources, counted, "the spoiled cards and the bin" if bin_too else "the spoiled cards")
    who = spend(tx, mandate, Operation.DESTROY_BLANKS, minutes)
    known = [uid for account in sources for uid in _cards(tx, account, Account.DESTROYED, who, "destroyed", minutes)]
    audit.append(
        tx, audit.Event.BLANKS_DESTROYED, who, quantity=counted, minutes=minutes, witnesses=list(witnesses), uids=known
    )
    outbox.put(tx, "blanks_destroyed", quantity=counted, minutes=minutes, witnesses=list(witnesses), uids=known)


def _enough(tx: Transaction, account: Account, quantity: int) -> None:
    held = sums(tx)[account]
    if quantity > held:
        raise BooksRefuse(f"the books have {held} blanks in the {account}, not {quantity}; a difference is a case")


def _whole(tx: Transaction, accounts: Sequence[Account], counted: int, place: str) -> None:
    now = sums(tx)
    held = sum(now[account] for account in accounts)
    if counted != held:
        unknown = f" and {now[Account.UNKNOWN]} are unknown: resolve those first" if now[Account.UNKNOWN] else ""
        raise BooksRefuse(
            f"{place}: {counted} counted, the books have {held}{unknown}; what is missing or too much is a case"
        )
    if not held:
        raise BooksRefuse(f"{place}: empty")


def _cards(tx: Transaction, start: Account, end: Account, who: str, reason: str, document: str | None) -> list[str]:
    """Moves everything in `start`, a row for each card of which it is certain that it is there; the chip numbers of
    those, as far as they were read."""
    held = sums(tx)[start]
    known = certain(tx, start)
    for job, uid in known:
        book(tx, start, end, 1, actor=who, reason=reason, uid=uid, job=job, document=document)
    if held > len(known):
        book(tx, start, end, held - len(known), actor=who, reason=reason, document=document)
    return [uid for _, uid in known if uid is not None]


def certain(tx: Transaction, account: Account) -> list[tuple[str, str | None]]:
    """The cards that are in `account` for certain, as (job, chip number), oldest first. Once a card without a name left
    it (one is missing, nobody knows which), those that were there before are no longer certain."""
    return [
        (row["job"], row["uid"])
        for row in tx.rows(
            "SELECT job, uid FROM (SELECT job, uid, to_account, max(sequence) AS sequence FROM blank_move"
            " WHERE job IS NOT NULL GROUP BY job) WHERE to_account = ?1 AND sequence >"
            " (SELECT coalesce(max(sequence), 0) FROM blank_move WHERE from_account = ?1 AND job IS NULL)"
            " ORDER BY sequence",
            account.value,
        )
    ]
