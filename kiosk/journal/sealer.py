"""Sees to it that what the journal says can be proved later: each record's time, and checkpoints over the chain.

Works in the transactions that are written anyway, and makes one of its own only when nobody has for a while.
"""

import asyncio
from datetime import datetime

from kiosk.journal import audit, inspection, outbox
from kiosk.journal.audit import Row
from kiosk.journal.checkpoint import EVERY_SECONDS, checkpoint_text, due, seconds
from kiosk.journal.database import Journal, Transaction
from kiosk.journal.identity import KioskKey
from kiosk.journal.timekeeper import EPOCH, TimeKeeper

LOOK_SECONDS = 10.0
"""So soon after the start, and after a full disk, it looks whether something is due."""
RATCHET_SECONDS = 50.0
"""With a look as soon as so much has gone by, the time that was seen is on disk within a minute."""
SEEN_FACT = "time_seen"
BOOTS_FACT = "boots"
KEY_FACT = "kiosk_key"
_ENDS = """
SELECT (SELECT max(sequence) FROM audit) AS newest,
       (SELECT max(sequence) FROM checkpoint) AS sealed,
       (SELECT at FROM checkpoint ORDER BY sequence DESC LIMIT 1) AS sealed_at,
       (SELECT value FROM fact WHERE name = 'time_seen') AS seen
"""
"""All that `_overdue` needs: every commit asks it."""


class Sealer:
    def __init__(self, journal: Journal, key: KioskKey, time: TimeKeeper) -> None:
        self._journal = journal
        self._key = key
        self._time = time

    def begin(self, tx: Transaction) -> None:
        """At start, in the first transaction whose time the keeper gives: a new key is made known."""
        tx.set_fact(BOOTS_FACT, str(self._time.boot))
        outbox.tidy(tx)
        if tx.fact(KEY_FACT) != self._key.public:
            tx.set_fact(KEY_FACT, self._key.public)
            audit.append(tx, audit.Event.KIOSK_KEY_MADE, "kiosk", key=self._key.public)
            outbox.put(tx, "kiosk_key", key=self._key.public)

    async def start(self) -> None:
        """Takes over the journal's time, from what earlier runs have seen, and its commits."""
        seen, boots = await self._journal.read(_seen)
        self._time.resume(seen, boots + 1, asyncio.get_running_loop().time)
        self._journal.clock = self._time
        self._journal.before_commit = self._before_commit

    async def run(self) -> None:
        """For ever: seals what nobody else's transaction has."""
        wait = LOOK_SECONDS
        while True:
            await asyncio.sleep(wait)
            wait = await self._journal.read(_nothing_due_for)
            if not wait:
                await self._journal.write(lambda tx: None)
                wait = RATCHET_SECONDS  # and before that, whoever commits first seals what is due

    async def checkpoint(self) -> str:
        """A checkpoint over the newest record, now: its text, as for the QR of the closing slip."""
        return await self._journal.write(lambda tx: checkpoint_text(tx, self._key))

    def _before_commit(self, tx: Transaction) -> None:
        unsealed, unseen = _overdue(tx, _ends(tx))
        if unsealed:
            checkpoint_text(tx, self._key)
        if unsealed or unseen:  # one commit for both, which are due equally often
            tx.set_fact(SEEN_FACT, tx.now)


def damage(tx: Transaction) -> tuple[str, ...]:
    """What is wrong with the end of the record, as found at start; empty if it is as it was left."""
    newest = tx.row("SELECT sequence, text FROM checkpoint ORDER BY sequence DESC LIMIT 1")
    since = newest["sequence"] if newest else 0
    return inspection.check_end(
        newest,
        tx.row("SELECT * FROM audit WHERE sequence = ?", since),
        tx.rows("SELECT * FROM audit WHERE sequence > ? ORDER BY sequence", since),
        [row["body"] for row in tx.rows("SELECT body FROM audit WHERE kind IN (?, ?)", *inspection.KEYS)],
    )


def note_correction(tx: Transaction, seconds: float) -> None:
    """The centre has proved the time wrong: what was seen before does not count any more."""
    tx.set_fact(SEEN_FACT, tx.now)
    audit.append(tx, audit.Event.CLOCK_CORRECTED, "centre", seconds=round(seconds))


def _seen(tx: Transaction) -> tuple[datetime, int]:
    """(the latest time this journal knows, how often kioskd was started on it). A record is proof of its time too:
    whoever was told that his approval has expired will not be told otherwise after a restart."""
    newest = tx.row("SELECT at FROM audit ORDER BY sequence DESC LIMIT 1")
    times = [text for text in (tx.fact(SEEN_FACT), newest["at"] if newest else None) if text]
    return max(map(datetime.fromisoformat, times), default=EPOCH), int(tx.fact(BOOTS_FACT) or "0")


def _ends(tx: Transaction) -> Row:
    [ends] = tx.rows(_ENDS)
    return ends


def _nothing_due_for(tx: Transaction) -> float:
    """Seconds, from 1; 0 if a commit is due now. Any other commit only puts it off: it seals what is due by then."""
    ends = _ends(tx)
    if any(_overdue(tx, ends)):
        return 0.0
    left = RATCHET_SECONDS - seconds(ends["seen"], tx.now)
    if ends["newest"] != ends["sealed"]:
        left = min(left, EVERY_SECONDS - seconds(ends["sealed_at"], tx.now))
    return max(left, 1.0)


def _overdue(tx: Transaction, ends: Row) -> tuple[bool, bool]:
    """Is a checkpoint due; is the time on disk older than RATCHET_SECONDS, or ahead."""
    return (
        due(ends["newest"], ends["sealed"], ends["sealed_at"], tx.now),
        ends["seen"] is None or not 0 <= seconds(ends["seen"], tx.now) < RATCHET_SECONDS,
    )
