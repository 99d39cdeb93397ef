"""What must hold, asked of the physical world and of the journal's file, never of the program's own view.

Each check is a function that gives the violations it sees, as sentences; none can be satisfied by the journal alone.
`IntentWatch` looks on all the time, the others when nothing is moving.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from kiosk.cards import ledger
from kiosk.cards.jobs import JobEnd
from kiosk.journal import audit
from kiosk.journal.database import Transaction
from sim.card_printer.evolis import Simulator as PrinterSimulator
from sim.centre.books import KioskEvent
from sim.office.mortal import MortalJournal
from sim.world import PATH, Card, Event, Place, World

PERSONALISED = b"\x0f"
BINNED = (JobEnd.SCRAPPED, JobEnd.CAPTURED)
_LIES = {"holder": Place.HAND, "reject": Place.REJECT, "destroyed": Place.BOX}
"""Where the card of a resolved job must be, by what two people said."""
DG1 = "ef:0101"
"""Where the simulated chip keeps the printed lines of its holder."""


def card_faults(
    world: World, journal: MortalJournal, approved: Mapping[str, bytes], *, uncounted: int = 0, pocketed: int = 0
) -> list[str]:
    """No card twice, no blank missing, ledger = physical world, no unapproved card.

    `approved`: for each genuine approval, DG1 as its card's chip must hold it. `uncounted`: blanks that somebody put in
    past the ledger; `pocketed`: blanks that somebody took out of the hopper. The close must show exactly those.
    """
    jobs = journal.post_mortem(lambda tx: tx.rows("SELECT * FROM job ORDER BY rowid"))
    resolved = journal.post_mortem(_resolved)
    found = [
        *_blanks(
            world,
            journal.post_mortem(ledger.balance),
            uncounted,
            pocketed,
            [job for job in jobs if job["closed"] is None],
        )
    ]
    by_uid = {card.uid.hex(): card for card in world.cards}
    ours: set[int] = set()
    for job in jobs:
        end = JobEnd(job["outcome"]) if job["outcome"] else None
        card = by_uid.get(job["uid"] or "")
        where = f"job {job['id']} of {job['jti']} ({end}, {job['reason']})"
        if job["jti"] not in approved:
            found.append(f"{where}: made without a genuine approval")
            continue
        if end in (JobEnd.TAKEN, JobEnd.UNKNOWN) and card is not None:
            ours.add(id(card))
        if end is JobEnd.TAKEN:
            found += _delivered(card, approved[job["jti"]], where)
        lies = _LIES.get(resolved.get(job["id"], ""), Place.REJECT if end in BINNED else None)
        if card is not None and lies is not None and card.place is not lies:
            found.append(f"{where}: its card {card.serial} is not at {lies} but at {card.place}")
        if end is JobEnd.VOID and card is not None:
            found.append(f"{where}: void, yet it had the card {card.serial}")
    # A job that ended before its card's number was read can explain a card in a hand only if it is unknown.
    nameless = sum(1 for job in jobs if job["outcome"] == JobEnd.UNKNOWN and not job["uid"])
    strangers = [card for card in world.at(Place.HAND) if id(card) not in ours]
    if len(strangers) > nameless:
        found.append(f"in a hand without a job that says so: {', '.join(card.serial for card in strangers)}")
    holders = Counter(card.chip[DG1] for card in world.at(Place.HAND) if finished(card))
    found += [f"{count} finished cards of one person are out" for count in holders.values() if count > 1]
    return found


def _blanks(world: World, says: Any, uncounted: int, pocketed: int, open_jobs: list[Any]) -> list[str]:
    """Every blank is in the account of the place where it is; only UNKNOWN ones may be anywhere."""
    here = Counter(card.place for card in world.cards)
    pairs = {
        "hopper": (here[Place.HOPPER], says.hopper + uncounted - pocketed),
        "path": (sum(here[place] for place in PATH), says.path),
        "reject bin": (here[Place.REJECT], says.reject + says.capture),
        "hands": (here[Place.HAND], says.holder),
    }
    found = [f"{name}: {real} cards, the ledger says {said}" for name, (real, said) in pairs.items() if real < said]
    surplus = sum(real - said for real, said in pairs.values())
    if surplus != says.unknown + says.missing:  # a missing one may be anywhere, too
        told = ", ".join(f"{name} {real}/{said}" for name, (real, said) in pairs.items())
        found.append(
            f"{surplus} cards are not in their account, {says.unknown} are booked unknown, {says.missing} missing"
            f" ({told})"
        )
    if says.loaded - says.vault + uncounted != len(world.cards):
        found.append(
            f"{len(world.cards)} blanks exist outside the vault, {says.loaded} were booked in, {says.vault} are in the"
            f" vault, {uncounted} put in past the books"
        )
    if says.path != len([job for job in open_jobs if job["state"] not in ("authorised", "feed_intent")]):
        found.append(f"the ledger has {says.path} cards in the path, open jobs: {[job['state'] for job in open_jobs]}")
    return found


def _resolved(tx: Transaction) -> dict[str, str]:
    """Where two people said last that the card of a job is, by job."""
    rows = tx.rows(
        "SELECT json_extract(body, '$.job') AS job, json_extract(body, '$.where') AS place FROM audit"
        " WHERE kind = 'job_resolved' ORDER BY sequence"
    )
    return {row["job"]: row["place"] for row in rows}


def finished(card: Card) -> bool:
    """Its chip is written and closed, and holds somebody's printed lines."""
    return card.chip.get("state") == PERSONALISED and DG1 in card.chip


def _delivered(card: Card | None, lines: bytes, where: str) -> list[str]:
    if card is None:
        return [f"{where}: taken, but its card was never read"]
    found = []
    if card.place is not Place.HAND:
        found.append(f"{where}: booked as taken, but {card.serial} is at {card.place}")
    if card.prints != 1:
        found.append(f"{where}: {card.serial} was printed {card.prints} times")
    if not finished(card) or card.chip[DG1] != lines:
        found.append(f"{where}: the chip of {card.serial} does not hold what was approved")
    return found


def journal_faults(journal: MortalJournal) -> list[str]:
    """The audit chain holds, acts and ledger rows fit their jobs, no number twice, the outbox has no gap."""

    def ask(tx: Transaction) -> list[str]:
        found = list(audit.check(tx.rows("SELECT * FROM audit ORDER BY sequence")).problems)
        resolved = _resolved(tx)
        for row in tx.rows(
            "SELECT job.id, outcome, (SELECT group_concat(from_account || '>' || to_account, ' ') FROM blank_move"
            " WHERE job = job.id AND actor = 'kiosk') AS moves FROM job WHERE closed IS NOT NULL"
        ):
            wanted = _MOVES["unknown" if row["id"] in resolved else row["outcome"]]
            if (row["moves"] or "") != wanted:
                found.append(f"job {row['id']} ended {row['outcome']} with the moves {row['moves']!r}, not {wanted!r}")
        for row in tx.rows(
            "SELECT act.kind, act.subject FROM act JOIN job ON job.id = act.subject"
            " WHERE act.outcome IS NULL AND job.closed IS NOT NULL"
        ):
            found.append(f"the act {row['kind']} of the ended job {row['subject']} has no end")
        for row in tx.rows("SELECT day, letter, number, count(*) AS n FROM ticket GROUP BY 1, 2, 3 HAVING n > 1"):
            found.append(f"the number {row['letter']}-{row['number']} was given {row['n']} times on {row['day']}")
        count, highest = (
            tx.number("SELECT count(*) FROM outbox"),
            tx.number("SELECT coalesce(max(sequence), 0) FROM outbox"),
        )
        if count != highest:
            found.append(f"the outbox holds {count} events, the last is number {highest}")
        ends = tx.number("SELECT count(*) FROM job WHERE closed IS NOT NULL")
        ends += tx.number("SELECT count(*) FROM job WHERE reason LIKE 'unknown; found by people%'")  # they ended twice
        told = tx.number("SELECT count(*) FROM outbox WHERE kind LIKE 'card!_%' ESCAPE '!' AND kind <> 'card_resolved'")
        if ends != told:
            found.append(f"{ends} jobs ended, {told} such events are queued")
        return found

    return journal.post_mortem(ask)


_MOVES = {
    "taken": "hopper>path path>holder",
    "scrapped": "hopper>path path>reject",
    "captured": "hopper>path path>capture",
    "unknown": "hopper>path path>unknown",
    "void": "",
}


def told_faults(journal: MortalJournal, events: list[KioskEvent]) -> list[str]:
    """Every queued event has reached the centre, once, as it was written."""
    rows = journal.post_mortem(lambda tx: tx.rows("SELECT sequence, kind, at FROM outbox ORDER BY sequence"))
    written = [(row["sequence"], row["kind"], row["at"]) for row in rows]
    heard = [(event.sequence, event.kind, event.at) for event in events]
    if written == heard:
        return []
    missing, strange = len(set(written) - set(heard)), len(set(heard) - set(written))
    return [f"the centre misses {missing} events, knows {strange} that were never written, {len(heard)} in all"]


_ALLOWS: dict[str, frozenset[str]] = {
    Place.FEEDER: frozenset({"feed"}),
    Place.CONTACTLESS: frozenset({"feed"}),
    Place.PRINT: frozenset({"print", "retract"}),
    Place.EJECT: frozenset({"present", "retract"}),
    Place.BEZEL: frozenset({"present"}),
    Place.REJECT: frozenset({"scrap", "retract"}),
}
"""Which durable intent must be open when a card comes to a place."""


class IntentWatch:
    """No card moves by motor without an open intent for it in the journal, unless the printer clears its own path."""

    def __init__(self, world: World, printer: PrinterSimulator) -> None:
        self._printer = printer
        self._open: frozenset[str] = frozenset()
        self._past = 0
        """The rows of acts up to this one have their ends: an ended act stays so as long as its journal is open."""
        self.journal: MortalJournal | None = None
        self.violations: list[str] = []
        world.watch(self._see)

    def settle(self) -> None:
        """Called before the journal's file is closed: what is open then stays open until the next life."""
        self._open, self._past, self.journal = self._acts(), 0, None

    def _acts(self) -> frozenset[str]:
        if self.journal is None:
            return self._open
        question = "SELECT rowid, kind FROM act WHERE outcome IS NULL AND rowid > ? ORDER BY rowid"
        rows = self.journal.post_mortem(lambda tx: tx.rows(question, self._past))
        if rows:
            self._past = rows[0]["rowid"] - 1
        return frozenset(row["kind"] for row in rows)

    def _see(self, event: Event) -> None:
        if event.kind != "card-moved" or event.what not in _ALLOWS:
            return
        mechanics = self._printer.mechanics
        if mechanics.just_reset and mechanics.power_on_behaviour != "keep":
            return
        if not _ALLOWS[event.what] & (acts := self._acts()):
            self.violations.append(f"a card came to {event.what} without an intent; open: {sorted(acts) or 'none'}")
