"""Queue numbers: one strict series per service and local day, durable before anybody sees the number."""

import base64
import math
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kiosk.api.messages import Label, Ticket, TicketMedium
from kiosk.journal import audit, outbox
from kiosk.journal.audit import Row
from kiosk.journal.database import Transaction

WAIT_STEP = 5
"""Estimates are rounded to so many minutes: nobody can promise better."""
LAST_NUMBER = 999
_TICKET = "SELECT * FROM ticket WHERE request_id = ?"


class SeriesFull(Exception):
    """All 999 numbers of the day are given."""


@dataclass(frozen=True, slots=True)
class Series:
    """What the queue knows of a service."""

    id: str
    letter: str
    name: Label
    minutes: float
    counters: int


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a service is: residents waiting, and the estimated wait of the next one as a range in minutes."""

    waiting: int
    wait_low: int
    wait_high: int


class Queue:
    """Functions of a transaction; the caller decides when they are written."""

    def __init__(self, series: tuple[Series, ...], timezone: str) -> None:
        self.series = {one.id: one for one in series}
        self._zone = ZoneInfo(timezone)

    def load(self, tx: Transaction, service: str) -> Load:
        one = self.series[service]
        waiting = tx.number(
            "SELECT count(*) FROM ticket WHERE service = ? AND day = ? AND called IS NULL", service, self._day(tx)
        )
        return estimate(waiting, one.minutes, one.counters)

    def issue(self, tx: Transaction, service: str, request_id: str) -> tuple[Ticket, bool]:
        """The next number of `service`, and True; or, for a request_id seen before, its ticket again, and False."""
        known = tx.row(_TICKET, request_id)
        if known is not None:
            return self._read(known), False
        one, day = self.series[service], self._day(tx)
        last = "SELECT coalesce(max(number), 0) FROM ticket WHERE day = ? AND letter = ?"
        number = tx.number(last, day, one.letter) + 1
        if number > LAST_NUMBER:
            raise SeriesFull(f"{service}: {LAST_NUMBER} numbers are given today")
        waiting = self.load(tx, service).waiting
        token = base64.b32encode(bytes.fromhex(tx.new_id())).decode().rstrip("=")
        tx.run(
            "INSERT INTO ticket (request_id, day, service, letter, number, token, at, waiting)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            request_id,
            day,
            service,
            one.letter,
            number,
            token,
            tx.now,
            waiting,
        )
        called = _called(one.letter, number)
        audit.append(tx, audit.Event.TICKET_ISSUED, "resident", number=called, service=service, day=day)
        outbox.put(tx, "ticket_issued", number=called, service=service, day=day)
        return self.ticket(tx, request_id), True

    def delivered(
        self, tx: Transaction, request_id: str, medium: TicketMedium, *, preprinted: str | None, cause: str | None
    ) -> Ticket:
        """Writes how the number reached the resident."""
        tx.run(
            "UPDATE ticket SET medium = ?, preprinted = ?, cause = ? WHERE request_id = ?",
            medium.value,
            preprinted,
            cause,
            request_id,
        )
        ticket = self.ticket(tx, request_id)  # a second question costs half of what RETURNING does
        audit.append(
            tx,
            audit.Event.TICKET_DELIVERED,
            "kiosk",
            number=ticket.number,
            medium=medium.value,
            preprinted=preprinted,
            cause=cause,
        )
        return ticket

    def ticket(self, tx: Transaction, request_id: str) -> Ticket:
        """The ticket as given. If its delivery was cut off, the screen shows it: it is never printed twice."""
        row = tx.row(_TICKET, request_id)
        if row is None:
            raise LookupError("no ticket of this request")
        return self._read(row)

    def _read(self, row: Row) -> Ticket:
        one = self.series[row["service"]]
        load = estimate(row["waiting"], one.minutes, one.counters)
        return Ticket(
            number=_called(row["letter"], row["number"]),
            service=row["service"],
            service_name=one.name,
            issued_at=datetime.fromisoformat(row["at"]),
            waiting=row["waiting"],
            wait_low=load.wait_low,
            wait_high=load.wait_high,
            token=row["token"],
            medium=TicketMedium(row["medium"] or TicketMedium.SCREEN),
            preprinted_number=row["preprinted"],
            cause=row["cause"],
        )

    def call_next(self, tx: Transaction, service: str) -> str | None:
        """A counter of `service` is free: the number that has waited longest today, or None."""
        row = tx.row(
            "SELECT request_id, letter, number FROM ticket WHERE service = ? AND day = ? AND called IS NULL"
            " ORDER BY at, number LIMIT 1",
            service,
            self._day(tx),
        )
        if row is None:
            return None
        tx.run("UPDATE ticket SET called = ? WHERE request_id = ?", tx.now, row["request_id"])
        return _called(row["letter"], row["number"])

    def _day(self, tx: Transaction) -> str:
        """The office's own day: numbers begin anew at local midnight."""
        return datetime.fromisoformat(tx.now).astimezone(self._zone).date().isoformat()


def estimate(waiting: int, minutes: float, counters: int) -> Load:
    """From three quarters to one and a half times the plain product, rounded outwards to WAIT_STEP minutes."""
    middle = waiting * minutes / counters
    low = math.floor(middle * 0.75 / WAIT_STEP) * WAIT_STEP
    high = math.ceil(middle * 1.5 / WAIT_STEP) * WAIT_STEP
    return Load(waiting, low, max(high, WAIT_STEP))


def _called(letter: str, number: int) -> str:
    return f"{letter}-{number:03d}"
