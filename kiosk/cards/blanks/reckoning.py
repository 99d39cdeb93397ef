"""The count at the day's close against the books: every difference becomes a case, none is evened out.

Three witnesses that do not know of each other: the ledger, two people's count, and the printer's own lifetime count of
cards fed, which no officer can set back.
"""

import json

from kiosk.api.blanks import CasePlace, Counted, DayMoves, FedReckoned, Reckoned
from kiosk.cards.blanks import BooksRefuse
from kiosk.cards.blanks.cases import IN, open_counter, open_missing, open_surplus
from kiosk.cards.ledger import Account, sums
from kiosk.journal.database import Transaction

FED_FACT = "printer_fed"


def last_move(tx: Transaction) -> int:
    return tx.number("SELECT coalesce(max(sequence), 0) FROM blank_move")


def reckon(tx: Transaction, counted: Counted, who: str) -> tuple[list[Reckoned], int]:
    """Compares place by place and opens the cases; also how many of the unknown cards seem to lie in the bin.

    A bin that holds more than its books, but no more than cards are unknown, is no surplus: a printer that cleared its
    path at power-on drops them there, and resolving them books them there.
    """
    now = sums(tx)
    found: list[Reckoned] = []
    in_bin = 0
    for place, count in (
        (CasePlace.HOPPER, counted.hopper),
        (CasePlace.BIN, counted.bin),
        (CasePlace.VAULT, counted.vault),
        (CasePlace.SPOILED, counted.spoiled),
    ):
        booked = sum(now[account] for account in IN[place])
        if count is None:
            if booked:
                raise BooksRefuse(f"the books have {booked} blanks at {place}; count them too")
            continue
        difference = count - booked
        unexplained = difference
        if place is CasePlace.BIN and difference > 0:
            in_bin = min(difference, now[Account.UNKNOWN])
            unexplained -= in_bin
        case = None
        if unexplained:
            opening = open_surplus if unexplained > 0 else open_missing
            reason = f"counted {count}, booked {booked}"
            case = opening(tx, place, abs(unexplained), reason, who).case
        found.append(Reckoned(place=place, booked=booked, counted=count, difference=difference, case=case))
    return found, in_bin


def reckon_fed(tx: Transaction, fed_count: int | None, who: str) -> FedReckoned | None:
    """Compares the printer's count with the cards that the books saw leave the hopper since the close before."""
    if fed_count is None:
        return None
    base, since = _base(tx) or (fed_count, last_move(tx))
    booked = _fed(tx, since)
    difference = fed_count - base - booked
    case = None
    if difference:
        case = open_counter(tx, difference, f"printer fed {fed_count - base}, booked {booked}", who).case
    return FedReckoned(before=base, now=fed_count, booked=booked, difference=difference, case=case)


def unexplained(tx: Transaction, fed_count: int) -> int | None:
    """How many more cards the printer has fed than this journal knows of; negative: fewer, its counter is another one.
    None if nobody has written down yet where it stood. Only while no card is under way."""
    before = _base(tx)
    return None if before is None else fed_count - before[0] - _fed(tx, before[1])


def note_fed(tx: Transaction, fed_count: int) -> None:
    """From here on the printer's count is compared with this one."""
    tx.set_fact(FED_FACT, json.dumps([fed_count, last_move(tx), tx.now]))


def note_cleaned(tx: Transaction, before: int | None, after: int | None) -> None:
    """The printer was cleaned in between. Whether it counts the cleaning card as one fed, no manual says; if it does,
    that card is no blank."""
    if before is not None and after == before + 1 and unexplained(tx, before) == 0:
        note_fed(tx, after)


def _base(tx: Transaction) -> tuple[int, int] | None:
    """(the printer's count, the ledger's last move then) at the newest close or note; before the first of them, from
    the first feed of this journal; None if there was none."""
    known: list[tuple[int, str, int]] = []
    close = tx.row(
        "SELECT fed_count, ledger_upto, at FROM day_close WHERE fed_count IS NOT NULL ORDER BY ledger_upto DESC, at"
        " DESC LIMIT 1"
    )
    if close is not None:
        known.append((close["ledger_upto"], close["at"], close["fed_count"]))
    if (noted := tx.fact(FED_FACT)) is not None:
        count, upto, at = json.loads(noted)
        known.append((upto, at, count))
    if known:
        upto, _, count = max(known)
        return count, upto
    first = tx.row("SELECT fed_before FROM job WHERE fed_before IS NOT NULL ORDER BY rowid LIMIT 1")
    return None if first is None else (first["fed_before"], 0)


def _fed(tx: Transaction, since: int) -> int:
    return tx.number(
        "SELECT coalesce(sum(quantity), 0) FROM blank_move WHERE sequence > ? AND from_account = 'hopper' AND"
        " to_account = 'path'",
        since,
    )


def moved(tx: Transaction, since: int) -> DayMoves:
    """What moved after the move `since`."""
    pairs = {
        (row["from_account"], row["to_account"]): row["n"]
        for row in tx.rows(
            "SELECT from_account, to_account, sum(quantity) AS n FROM blank_move WHERE sequence > ? GROUP BY 1, 2",
            since,
        )
    }

    def into(end: Account, *starts: Account) -> int:
        return sum(count for (start, to), count in pairs.items() if to == end and (not starts or start in starts))

    return DayMoves(
        received=into(Account.VAULT, Account.CENTRE),
        loaded=into(Account.HOPPER, Account.CENTRE, Account.VAULT),
        unloaded=into(Account.VAULT, Account.HOPPER),
        taken=into(Account.HOLDER),
        scrapped=into(Account.REJECT, Account.PATH, Account.UNKNOWN),
        captured=into(Account.CAPTURE, Account.PATH, Account.UNKNOWN),
        unknown=into(Account.UNKNOWN),
        destroyed=into(Account.DESTROYED),
    )
