"""The supervisor's digest: what each person did on a day, in counts. Two colluding people cannot be stopped by a rule;
they stand out here, by overrides, scrap and acts out of hours."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kiosk.api.staff import PersonDay
from kiosk.journal.audit import Event
from kiosk.journal.database import Transaction
from kiosk.people.policy import Operation

COUNTED = {
    Operation.OVERRIDE: "overrides",
    Operation.LOAD_BLANKS: "loads",
    Operation.UNLOAD_BLANKS: "unloads",
    Operation.RESOLVE_UNKNOWN: "resolves",
}
"""Operations with a column of their own; all else is `other`."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When the office works. `opens` and `closes` are local times of day in `zone`."""

    zone: ZoneInfo
    opens: time = time(7, 0)
    closes: time = time(17, 0)

    def day(self, day: date) -> tuple[str, str]:
        """The day's first instant and the next day's, as the journal writes them."""
        first, following = (datetime.combine(one, time(), self.zone) for one in (day, day + timedelta(days=1)))
        return _stamp(first), _stamp(following)

    def outside(self, at: str) -> bool:
        """True for an instant at which nobody should be there: before opening, after closing, on a Sunday."""
        local = datetime.fromisoformat(at).astimezone(self.zone)
        return local.isoweekday() == 7 or not self.opens <= local.time() < self.closes


def digest(tx: Transaction, day: date, hours: Hours) -> list[PersonDay]:
    """One line for everybody who did anything on `day`, by id."""
    since, until = hours.day(day)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for act in tx.rows("SELECT * FROM staff_act WHERE at >= ? AND at < ? ORDER BY at", since, until):
        found: Counter[str] = Counter()
        operation = Operation(act["operation"])
        found[COUNTED.get(operation, "other")] += 1
        found["out_of_hours"] += hours.outside(act["at"])
        if operation is Operation.OVERRIDE:
            found["overrides_untried"] += not _tried(tx, act["subject"], since, act["at"])
            found.update(_jobs(tx, act["subject"], act["at"], until))
        for person in filter(None, (act["first"], act["second"])):
            counts[person].update(found)
    wrong = "SELECT actor, count(*) AS n FROM audit WHERE kind = ? AND at >= ? AND at < ? GROUP BY actor"
    for row in tx.rows(wrong, Event.PIN_WRONG.value, since, until):
        counts[row["actor"]]["wrong_pins"] += row["n"]
    return [PersonDay(person=person, **counts[person]) for person in sorted(counts)]


def finger_tries(tx: Transaction, approval: str, since: str = "", until: str = "9") -> int:
    """How often a finger was judged for this approval, ever or between two instants."""
    return tx.number(
        "SELECT count(*) FROM audit WHERE kind = ? AND at >= ? AND at <= ? AND json_extract(body, '$.approval') = ?",
        Event.FINGER_CHECKED.value,
        since,
        until,
        approval,
    )


def _tried(tx: Transaction, approval: str, since: str, until: str) -> bool:
    return finger_tries(tx, approval, since, until) > 0


def _jobs(tx: Transaction, approval: str, since: str, until: str) -> Counter[str]:
    """What the jobs came to that an override of this approval let begin."""
    rows = tx.rows("SELECT outcome FROM job WHERE jti = ? AND opened >= ? AND opened < ?", approval, since, until)
    ends = Counter(row["outcome"] for row in rows)
    return Counter(scraps=ends["scrapped"], cards=ends["taken"])


def _stamp(at: datetime) -> str:
    """As Transaction.now: ISO 8601 in UTC, milliseconds."""
    return at.astimezone(ZoneInfo("UTC")).isoformat(timespec="milliseconds")
