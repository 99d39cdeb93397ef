"""PINs: which are too weak, how they are kept, and how often they may be tried.

A PIN of six digits does not resist somebody who has copied the journal, whatever the hash: it is the second factor
beside a key, which is never in the kiosk. scrypt (RFC 7914) makes the copy cost hours instead of moments; the cost is
the one that the OWASP Password Storage Cheat Sheet gives for 32 MiB. A person can only be guessed at with his key in
the hand, and 5 times in 15 minutes.
"""

import hashlib
import hmac
import itertools
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.journal.database import Transaction
from kiosk.people.policy import Denied

SHORTEST, LONGEST = 6, 12
"""Digits."""
DIFFERENT = 4
"""A PIN with fewer different digits is weak."""
TRIES = 5
WINDOW = timedelta(minutes=15)
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's N, r and p: 128 * r * N bytes of memory (32 MiB), p times."""

    n: int = 2**15
    r: int = 8
    p: int = 3


def fault(pin: str) -> str | None:
    """What is wrong with a new PIN; None if nothing is."""
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        return f"a PIN has {SHORTEST} to {LONGEST} digits"
    steps = {(int(later) - int(earlier)) % 10 for earlier, later in itertools.pairwise(pin)}
    repeated = any(len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in range(1, len(pin)))
    if len(set(pin)) < DIFFERENT or len(steps) == 1 or repeated:
        return "this PIN is among the first that anybody would try: no rows, no repetitions, at least 4 digits differ"
    return None


def put(tx: Transaction, person: str, key: bytes, pin: str, salt: bytes, cost: Cost) -> None:
    """Keeps a new PIN in place of the one before. Denied if it is weak."""
    if (wrong := fault(pin)) is not None:
        raise Denied(wrong)
    tx.run("DELETE FROM pin WHERE person = ?", person)
    tx.run(
        "INSERT INTO pin (person, key, salt, n, r, p, hash, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        person,
        key,
        salt,
        cost.n,
        cost.r,
        cost.p,
        _hash(pin, salt, cost),
        tx.now,
    )


def find(tx: Transaction, person: str, key: bytes) -> sqlite3.Row | None:
    """The PIN's row, if the person set one with this key."""
    return tx.row("SELECT * FROM pin WHERE person = ? AND key = ?", person, key)


def matches(row: sqlite3.Row, pin: str) -> bool:
    """Takes as long as the hash was made to take."""
    cost = Cost(row["n"], row["r"], row["p"])
    return hmac.compare_digest(_hash(pin, row["salt"], cost), row["hash"])


def clear(tx: Transaction, person: str) -> None:
    """Forgets PIN and tries: the person sets a new one with his key."""
    tx.run("DELETE FROM pin WHERE person = ?", person)
    forgive(tx, person)


def begin_try(tx: Transaction, person: str) -> int:
    """Counts a try before it is made; how many are left after it. Denied while there is none left."""
    since = (datetime.fromisoformat(tx.now) - WINDOW).isoformat(timespec="milliseconds")
    # Rows from the future count too: setting the clock back gives nobody a try.
    tx.run("DELETE FROM pin_try WHERE person = ? AND at <= ?", person, since)
    made = tx.number("SELECT count(*) FROM pin_try WHERE person = ?", person)
    if made >= TRIES:
        raise Denied(f"{person} is locked after {TRIES} wrong PINs; wait {WINDOW.seconds // 60} minutes")
    tx.run("INSERT INTO pin_try (person, at) VALUES (?, ?)", person, tx.now)
    return TRIES - made - 1


def forgive(tx: Transaction, person: str) -> None:
    """The PIN was right: earlier wrong ones no longer count."""
    tx.run("DELETE FROM pin_try WHERE person = ?", person)


def _hash(pin: str, salt: bytes, cost: Cost) -> bytes:
    return hashlib.scrypt(
        pin.encode(), salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=256 * cost.r * (cost.n + cost.p), dklen=32
    )
