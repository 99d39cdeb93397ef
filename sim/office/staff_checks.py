"""What must hold of the people of the office, asked of the journal's file and of what the centre and they themselves
know: no act by one person alone, no card without the holder's finger or two people, every attempt named in the audit.

The table of who may do what is written here a second time, from docs/people.md and not from the program: a hole in the
program's own table is what these checks are to find.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from kiosk.journal.database import Transaction
from sim.office.dishonest import Attempt
from sim.office.mortal import MortalJournal

_OS, _OST = frozenset({"officer", "supervisor"}), frozenset({"officer", "supervisor", "technician"})
_S, _SA = frozenset({"supervisor"}), frozenset({"supervisor", "auditor"})
TABLE: Mapping[str, tuple[int, Collection[str], Collection[str]]] = {
    "override": (2, _OS, _OS),
    "load_blanks": (2, _OS, _OS),
    "unload_blanks": (2, _OST, _OS),
    "resolve_unknown": (2, _OST, _OS),
    "receive_blanks": (2, _OS, _OS),
    "empty_bin": (2, _OST, _OS),
    "open_case": (2, _OS, _OS),
    "settle_case": (2, _OS, _OS),
    "write_off_case": (2, _OS, _S),
    "destroy_blanks": (2, _OS, _S),
    "daily_close": (2, _OS, _OS),
    "accept_journal": (2, _OS, _S),
    "call_next": (1, _OS, _OS),
    "clean_printer": (1, _OST, _OST),
    "read_digest": (1, _SA, _SA),
    "export_audit": (1, _SA, _SA),
    "set_pin": (1, {*_OST, "auditor"}, {*_OST, "auditor"}),
    "manage_people": (2, _OS, _S),
}
"""How many people, whose roles, and which role one of them must have."""


def staff_faults(
    journal: MortalJournal,
    rosters: Mapping[int, Mapping[str, str]],
    denied: Iterable[Attempt],
    refused: Iterable[tuple[str, str]],
) -> list[str]:
    """`rosters`: each person's role, by the number of the centre's list. `denied`: what dishonest people tried in whose
    names. `refused`: requests for a card that were refused, with the cause."""

    def ask(tx: Transaction) -> list[str]:
        rows = [
            (row["kind"], row["actor"], json.loads(row["body"]))
            for row in tx.rows(
                "SELECT kind, actor, body FROM audit WHERE kind IN ('roster_accepted', 'staff_acted', 'staff_denied',"
                " 'finger_checked', 'finger_overridden', 'job_opened', 'collection_refused') ORDER BY sequence"
            )
        ]
        moves = tx.rows("SELECT from_account, to_account, actor FROM blank_move WHERE actor <> 'kiosk'")
        alone = [
            f"{row['from_account']} -> {row['to_account']} was booked by {row['actor']} alone"
            for row in moves
            if not _two(row["actor"])
        ]
        return [*_acts(rows, rosters), *alone, *_proven_holders(rows), *_named(rows, denied, refused)]

    return journal.post_mortem(ask)


Record = tuple[str, str, dict[str, Any]]


def _acts(rows: Iterable[Record], rosters: Mapping[int, Mapping[str, str]]) -> list[str]:
    """Every act was done by as many people as it takes, of the roles that may, by the roster in force just then."""
    found = []
    roles: Mapping[str, str] = {}
    for kind, actor, body in rows:
        if kind == "roster_accepted":
            roles = rosters[body["roster"]]
        elif kind == "finger_overridden" and not _two(actor):
            found.append(f"the finger of {body['approval']} was overridden by {actor} alone")
        elif kind == "staff_acted":
            if body["operation"] not in TABLE:
                found.append(f"{body['operation']} by {actor}: docs/people.md has no such operation")
                continue
            number, may, led_by = TABLE[body["operation"]]
            people = actor.split("+")
            have = [roles.get(one, "nobody") for one in people]
            if len(set(people)) != number or len(people) != number:
                found.append(f"{body['operation']} by {actor}: it takes {number}")
            if not set(have) <= set(may) or not set(have) & set(led_by):
                found.append(f"{body['operation']} by {actor}, who are {' and '.join(have)}")
    return found


def _two(actor: str) -> bool:
    return len(set(actor.split("+"))) == 2


def _proven_holders(rows: Iterable[Record]) -> list[str]:
    """No job before its holder's finger matched, or two people answered for him."""
    found, proven = [], set()
    for kind, _, body in rows:
        if kind == "finger_overridden" or (kind == "finger_checked" and body["matched"]):
            proven.add(body["approval"])
        elif kind == "job_opened" and body["approval"] not in proven:
            found.append(f"job {body['job']} of {body['approval']} began without finger and without two people")
    return found


def _named(rows: Iterable[Record], denied: Iterable[Attempt], refused: Iterable[tuple[str, str]]) -> list[str]:
    """The audit has every attempt, under the names that were given."""
    said = Counter(
        Attempt(body["operation"], tuple(sorted(body["claimed"]))) for kind, _, body in rows if kind == "staff_denied"
    )
    missing = Counter(denied) - said
    found = [
        f"the audit misses {count} of {one.operation} in the name of {one.claimed}" for one, count in missing.items()
    ]
    told = {(body["collection"], body["cause"]) for kind, _, body in rows if kind == "collection_refused"}
    return found + [f"the audit misses that {request} was refused {cause}" for request, cause in set(refused) - told]
