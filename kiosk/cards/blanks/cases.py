"""Cases: blanks that a count did not find, or found too many. A case is opened with a number, a count and a reason, and
ends by finding out or by minutes; the books are never evened out otherwise.

A missing blank is moved to MISSING when its case is opened and back when it is found. A surplus one comes out of
SURPLUS into the place where it lies; the case ends once the books say whence it came. Feeds of the printer's counter
that the books do not have (`counter`) move nothing, and end by minutes.
"""

from kiosk.api.blanks import BlankCase, CaseKind, CasePlace
from kiosk.cards.blanks import BooksRefuse
from kiosk.cards.ledger import Account, book, sums
from kiosk.journal import audit, outbox
from kiosk.journal.database import Transaction
from kiosk.people.acts import spend
from kiosk.people.policy import Mandate, Operation

IN: dict[CasePlace, tuple[Account, ...]] = {
    CasePlace.HOPPER: (Account.HOPPER,),
    CasePlace.BIN: (Account.REJECT, Account.CAPTURE),
    CasePlace.VAULT: (Account.VAULT,),
    CasePlace.SPOILED: (Account.SPOILED,),
    CasePlace.UNKNOWN: (Account.UNKNOWN,),
}
"""The accounts of what can be counted at a place."""


def report(tx: Transaction, kind: CaseKind, place: CasePlace, quantity: int, mandate: Mandate) -> BlankCase:
    """Two people say that `quantity` blanks are missing at `place`, or too many; their reason is the mandate's."""
    who = spend(tx, mandate, Operation.OPEN_CASE, place.value)
    if kind is CaseKind.COUNTER:
        raise BooksRefuse("the printer's count is compared at the day's close, and only there")
    opening = open_missing if kind is CaseKind.MISSING else open_surplus
    return opening(tx, place, quantity, mandate.reason, who)


def open_missing(tx: Transaction, place: CasePlace, quantity: int, reason: str, who: str) -> BlankCase:
    """`quantity` blanks that the books have at `place` are not there."""
    now = sums(tx)
    held = sum(max(now[account], 0) for account in IN.get(place, ()))
    if quantity > held:
        raise BooksRefuse(f"the books have {held} blanks at {place}; {quantity} cannot be missing there")
    case = _open(tx, CaseKind.MISSING, place, quantity, reason, who)
    left = quantity
    for account in IN[place]:
        gone = min(left, max(now[account], 0))
        if gone:
            book(tx, account, Account.MISSING, gone, actor=who, reason=reason, case=case)
        left -= gone
    return case_of(tx, case)


def open_lost(tx: Transaction, start: Account, job: str, uid: str | None, reason: str, who: str) -> BlankCase:
    """The card of one job, which the books have in `start`, was looked for and not found."""
    place = next(place for place, accounts in IN.items() if start in accounts)
    case = _open(tx, CaseKind.MISSING, place, 1, reason, who)
    book(tx, start, Account.MISSING, 1, actor=who, reason=reason, uid=uid, job=job, case=case)
    return case_of(tx, case)


def lost_found(tx: Transaction, job: str, uid: str | None, end: Account, document: str | None, who: str) -> None:
    """The card of a job whose case is open was found after all, and is in `end` now; the case ends."""
    row = tx.row("SELECT case_id FROM blank_move WHERE job = ? AND to_account = 'missing' ORDER BY sequence DESC", job)
    if row is None:
        raise BooksRefuse("this card is not missing")
    one = _still_open(tx, row["case_id"])
    book(tx, Account.MISSING, end, 1, actor=who, reason="found", uid=uid, job=job, document=document, case=one.case)
    _told_found(tx, one.case, 1, end.value, who)
    _end(tx, one.case, "found", who, None)


def open_surplus(tx: Transaction, place: CasePlace, quantity: int, reason: str, who: str) -> BlankCase:
    """`quantity` blanks more than the books have lie at `place`."""
    if place in (CasePlace.UNKNOWN, CasePlace.PRINTER):
        raise BooksRefuse(f"nothing can be counted at {place}")
    case = _open(tx, CaseKind.SURPLUS, place, quantity, reason, who)
    book(tx, Account.SURPLUS, IN[place][0], quantity, actor=who, reason=reason, case=case)
    return case_of(tx, case)


def open_counter(tx: Transaction, difference: int, reason: str, who: str) -> BlankCase:
    """The printer's own count of cards fed is off by `difference`, which is not 0."""
    return case_of(tx, _open(tx, CaseKind.COUNTER, CasePlace.PRINTER, abs(difference), reason, who))


def settle(tx: Transaction, case: int, quantity: int, where: CasePlace, mandate: Mandate) -> BlankCase:
    """`quantity` of the case's blanks were found at `where`; of a surplus: came from there. Ends it with the last."""
    who = spend(tx, mandate, Operation.SETTLE_CASE, f"case {case}")
    one = _still_open(tx, case)
    if one.kind is CaseKind.COUNTER:
        raise BooksRefuse(f"case {case}: the printer's count ends by minutes, no blank is found by it")
    if where in (CasePlace.UNKNOWN, CasePlace.PRINTER):
        raise BooksRefuse(f"case {case}: no blank can be found at {where}")
    if quantity > one.open:
        raise BooksRefuse(f"case {case}: only {one.open} are open")
    account = IN[where][0]
    if _card(tx, case) is not None:
        raise BooksRefuse(f"case {case} is the card of a job: say where it is by resolving the job")
    if one.kind is CaseKind.MISSING:
        book(tx, Account.MISSING, account, quantity, actor=who, reason="found", case=case)
    else:
        if where == one.place:
            raise BooksRefuse(f"case {case}: they lie at {where}, so they came from elsewhere")
        held = sums(tx)[account]
        if quantity > held:
            raise BooksRefuse(
                f"case {case}: the books have {held} blanks at {where}; {quantity} cannot come from there"
            )
        book(tx, account, Account.SURPLUS, quantity, actor=who, reason="came from here", case=case)
    _told_found(tx, case, quantity, where.value, who)
    if quantity == one.open:
        _end(tx, case, "found", who, None)
    return case_of(tx, case)


def write_off(tx: Transaction, case: int, minutes: str, mandate: Mandate) -> BlankCase:
    """What is still open is given up, or of a surplus taken into the books, by minutes number `minutes`."""
    who = spend(tx, mandate, Operation.WRITE_OFF_CASE, minutes)
    one = _still_open(tx, case)
    job, uid = _card(tx, case) or (None, None)
    if one.kind is not CaseKind.COUNTER:
        missing = one.kind is CaseKind.MISSING
        book(
            tx,
            Account.MISSING if missing else Account.CENTRE,
            Account.WRITTEN_OFF if missing else Account.SURPLUS,
            one.open,
            actor=who,
            reason="written off" if missing else "taken into the books",
            uid=uid,
            job=job,
            document=minutes,
            case=case,
        )
    audit.append(tx, audit.Event.CASE_WRITTEN_OFF, who, case=case, quantity=one.open, minutes=minutes)
    outbox.put(tx, "case_written_off", case=case, quantity=one.open, minutes=minutes)
    _end(tx, case, "written_off", who, minutes)
    return case_of(tx, case)


def case_of(tx: Transaction, case: int) -> BlankCase:
    """One case. BooksRefuse if there is none of this number."""
    for one in all_cases(tx):
        if one.case == case:
            return one
    raise BooksRefuse(f"there is no case {case}")


def all_cases(tx: Transaction) -> list[BlankCase]:
    """Every case, oldest first."""
    return [
        BlankCase(
            case=row["id"],
            kind=CaseKind(row["kind"]),
            place=CasePlace(row["place"]),
            quantity=row["quantity"],
            open=row["quantity"] - row["ended"] if row["closed"] is None else 0,
            reason=row["reason"],
            opened=row["opened"],
            closed=row["closed"],
            outcome=row["outcome"],
            minutes=row["minutes"],
        )
        for row in tx.rows(
            "SELECT blank_case.*, (SELECT coalesce(sum(quantity), 0) FROM blank_move WHERE case_id = blank_case.id AND"
            " ((blank_case.kind = 'missing' AND from_account = 'missing')"
            " OR (blank_case.kind = 'surplus' AND to_account = 'surplus'))) AS ended FROM blank_case ORDER BY id"
        )
    ]


def open_cases(tx: Transaction) -> list[BlankCase]:
    """The cases that somebody has still to end."""
    return [one for one in all_cases(tx) if one.closed is None]


def _open(tx: Transaction, kind: CaseKind, place: CasePlace, quantity: int, reason: str, who: str) -> int:
    case = tx.number("SELECT coalesce(max(id), 0) + 1 FROM blank_case")
    tx.run(
        "INSERT INTO blank_case (id, opened, opened_by, kind, place, quantity, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        case,
        tx.now,
        who,
        kind.value,
        place.value,
        quantity,
        reason,
    )
    audit.append(
        tx,
        audit.Event.CASE_OPENED,
        who,
        case=case,
        kind=kind.value,
        place=place.value,
        quantity=quantity,
        reason=reason,
    )
    outbox.put(tx, "case_opened", case=case, kind=kind.value, place=place.value, quantity=quantity, reason=reason)
    return case


def _told_found(tx: Transaction, case: int, quantity: int, where: str, who: str) -> None:
    audit.append(tx, audit.Event.CASE_FOUND, who, case=case, quantity=quantity, where=where)
    outbox.put(tx, "case_found", case=case, quantity=quantity, where=where)


def _end(tx: Transaction, case: int, outcome: str, who: str, minutes: str | None) -> None:
    tx.run(
        "UPDATE blank_case SET closed = ?, closed_by = ?, outcome = ?, minutes = ? WHERE id = ?",
        tx.now,
        who,
        outcome,
        minutes,
        case,
    )


def _card(tx: Transaction, case: int) -> tuple[str, str | None] | None:
    """The one card that the case is about, as (job, chip number); None if it is about a number of blanks."""
    row = tx.row("SELECT job, uid FROM blank_move WHERE case_id = ? AND job IS NOT NULL", case)
    return None if row is None else (row["job"], row["uid"])


def _still_open(tx: Transaction, case: int) -> BlankCase:
    one = case_of(tx, case)
    if one.closed is not None:
        raise BooksRefuse(f"case {case} ended on {one.closed:%Y-%m-%d} ({one.outcome})")
    return one
