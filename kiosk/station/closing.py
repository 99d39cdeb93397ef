"""The day's close: two people's count against the books and the printer's counter, on paper with the audit's head.

The count is in the journal before anything is printed. The same request again gives the same close, and prints its slip
if it is not on paper yet. A day that nobody closed is told the next morning, here and to the centre.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from drivers.contract.card_printer import CardPrinter
from drivers.contract.errors import DeviceError
from drivers.contract.thermal_printer import ThermalPrinter
from drivers.contract.words import DeviceCause, JobOutcome
from kiosk.api import blanks as b
from kiosk.api import messages as m
from kiosk.api.staff import PersonDay
from kiosk.cards.blanks import BooksRefuse
from kiosk.cards.blanks.cases import open_cases
from kiosk.cards.blanks.reckoning import last_move, moved, reckon, reckon_fed
from kiosk.cards.jobs import find_open
from kiosk.cards.ledger import Account, sums
from kiosk.journal import acts, audit, doubt, outbox
from kiosk.journal.checkpoint import checkpoint_text
from kiosk.journal.database import Journal, Transaction
from kiosk.journal.identity import KioskKey
from kiosk.people.acts import spend
from kiosk.people.desk import PeopleDesk
from kiosk.people.digest import Hours, digest
from kiosk.people.policy import Mandate, Operation
from kiosk.queueing.numbers import Queue
from kiosk.slips import closing_blocks
from kiosk.station import requests
from kiosk.station.counter import fed_count
from kiosk.station.refusal import Refused

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(hours=1)
"""A clock that was set does not make a day go unnoticed for longer."""
UNDER_WAY = "a card is under way; count when it has ended"
TOLD_FACT = "unclosed_day_told"


class DayDesk:
    """Closes days, and looks every morning whether the day before was closed."""

    def __init__(
        self,
        journal: Journal,
        people: PeopleDesk,
        queue: Queue,
        office: m.Label,
        hours: Hours,
        kiosk: str,
        key: KioskKey,
        slips: ThermalPrinter | None,
        cards: CardPrinter | None,
        path: asyncio.Lock,
        changed: Callable[[], None],
        *,
        simulated: bool,
    ) -> None:
        self._journal = journal
        self._people = people
        self._queue = queue
        self._office = office
        self._hours = hours
        self._zone = hours.zone
        self._kiosk = kiosk
        self._key = key
        self._slips = slips
        self._cards = cards
        self._path = path
        self._changed = changed
        self._simulated = simulated
        self.unclosed: str | None = None
        """The newest day before today on which something happened that no close covers."""

    async def close(self, request: b.CloseRequest) -> b.DayClosed:
        """Refused while a card is under way and for a day that is closed; BooksRefuse for a day to come and for a count
        that leaves out what the books have; Denied for people who may not."""
        mandate = await self._people.prove(request)
        known, under_way = await self._journal.read(lambda tx: (_close_of(tx, request.request_id), find_open(tx)))
        if known is None:
            if under_way is not None:  # at once: by the time it has ended, what was counted is old
                raise Refused(m.Cause.BUSY, UNDER_WAY)
            async with self._path:  # no blank leaves the hopper between the printer's count and the books
                fed = await fed_count(self._cards)
                known = await self._journal.write(lambda tx: self._close(tx, request, mandate, fed))
            log.info("day %s closed, %d cases open", known.day, len(known.cases))
            self.unclosed = await self._journal.read(self._unclosed)
            self._changed()
        return await self._on_paper(known)

    async def run(self) -> None:
        """For ever: at every start, and after midnight, looks for a day that was not closed, and takes old request ids
        away."""
        while True:
            await self.look()
            now = datetime.fromisoformat(await self._journal.read(lambda tx: tx.now))
            await asyncio.sleep(min(self._midnight(now, 1) - now, LOOK_EVERY).total_seconds() + 1.0)

    async def look(self) -> None:
        day, told = await self._journal.read(lambda tx: (self._unclosed(tx), tx.fact(TOLD_FACT)))
        news = day if day != told else None
        if news is not None:
            log.warning("%s was not closed: count blanks and bin, then: kiosk close day --day %s", news, news)
        if news is not None or await self._journal.read(requests.stale):
            await self._journal.write(lambda tx: self._noted(tx, news))
        if day != self.unclosed:
            self.unclosed = day
            self._changed()

    @staticmethod
    def _noted(tx: Transaction, unclosed: str | None) -> None:
        requests.prune(tx)
        if unclosed is not None:
            tx.set_fact(TOLD_FACT, unclosed)
            audit.append(tx, audit.Event.DAY_NOT_CLOSED, "kiosk", day=unclosed)
            outbox.put(tx, "day_not_closed", day=unclosed)

    # -- the books -----------------------------------------------------------------------------------------------
    def _close(self, tx: Transaction, request: b.CloseRequest, mandate: Mandate, fed_now: int | None) -> b.DayClosed:
        today = datetime.fromisoformat(tx.now).astimezone(self._zone).date()
        day = request.day or today
        newest = tx.row("SELECT day FROM day_close ORDER BY day DESC LIMIT 1")
        if newest is not None and day.isoformat() <= newest["day"]:
            raise Refused(m.Cause.DAY_CLOSED, f"{newest['day']} is closed; a day is closed once, in its order")
        if day > today:
            raise BooksRefuse(f"{day} has not come yet")
        if find_open(tx) is not None:
            raise Refused(m.Cause.BUSY, UNDER_WAY)
        if doubts := doubt.standing(tx):  # a close would take what nobody has explained for the beginning of a new day
            raise Refused(m.Cause(doubts[0]), "the journal must be accepted first: kiosk journal accept")
        who = spend(tx, mandate, Operation.DAILY_CLOSE, day.isoformat())
        upto = last_move(tx)
        since = tx.number("SELECT coalesce(max(ledger_upto), 0) FROM day_close")
        moves = moved(tx, since)
        counts, in_bin = reckon(tx, request.counted, who)
        fed = reckon_fed(tx, fed_now, who)
        opened = [one.case for one in counts] + ([] if fed is None else [fed.case])
        cases = [case for case in opened if case is not None]
        seen = {one.place.value: [one.booked, one.counted] for one in counts}
        feeds = None if fed is None else [fed.before, fed.now, fed.booked]
        audit.append(tx, audit.Event.DAY_CLOSED, who, day=day.isoformat(), counts=seen, fed=feeds, cases=cases)
        outbox.put(tx, "day_closed", day=day.isoformat(), counts=seen, fed=feeds, cases=cases)
        [head] = tx.rows("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
        closed = b.DayClosed(
            day=day.isoformat(),
            at=datetime.fromisoformat(tx.now),
            officers=mandate.people,
            services=self._services(tx, day),
            moves=moves,
            counts=counts,
            unknown=sums(tx)[Account.UNKNOWN],
            unknown_in_bin=in_bin,
            fed=fed,
            cases=open_cases(tx),
            preprinted_used=tx.number(
                "SELECT count(*) FROM ticket WHERE day = ? AND medium = 'preprinted'", day.isoformat()
            ),
            digest=[_line(one) for one in digest(tx, day, self._hours)],
            audit_records=head["sequence"],
            audit_head=head["hash"].hex(),
            witness=checkpoint_text(tx, self._key),
        )
        # The cases' own moves are part of this close: the next one begins after them.
        tx.run(
            "INSERT INTO day_close VALUES (?, ?, ?, ?, ?, ?)",
            closed.day,
            request.request_id,
            tx.now,
            fed_now,
            max(upto, last_move(tx)),
            closed.model_dump_json(),
        )
        return closed

    def _services(self, tx: Transaction, day: date) -> list[b.ServiceDay]:
        rows = {
            row["service"]: row
            for row in tx.rows(
                "SELECT service, count(*) AS given, count(called) AS called FROM ticket WHERE day = ? GROUP BY 1",
                day.isoformat(),
            )
        }
        return [
            b.ServiceDay(
                letter=one.letter,
                name=one.name,
                given=rows[one.id]["given"] if one.id in rows else 0,
                called=rows[one.id]["called"] if one.id in rows else 0,
            )
            for one in self._queue.series.values()
        ]

    def _unclosed(self, tx: Transaction) -> str | None:
        last = tx.row("SELECT max(at) AS at FROM day_close")
        closed = last["at"] if last is not None and last["at"] is not None else ""
        midnight = self._midnight(datetime.fromisoformat(tx.now), 0).isoformat(timespec="milliseconds")
        row = tx.row(
            "SELECT max(at) AS at FROM (SELECT max(at) AS at FROM blank_move WHERE at > ?1 AND at < ?2"
            " UNION ALL SELECT max(at) FROM ticket WHERE at > ?1 AND at < ?2)",
            closed,
            midnight,
        )
        if row is None or row["at"] is None:
            return None
        return datetime.fromisoformat(row["at"]).astimezone(self._zone).date().isoformat()

    def _midnight(self, now: datetime, days: int) -> datetime:
        """The office's midnight `days` after the one that began the day of `now`, in UTC."""
        begin = datetime.combine(now.astimezone(self._zone).date() + timedelta(days), time(), self._zone)
        return begin.astimezone(now.tzinfo)

    # -- hardware ------------------------------------------------------------------------------------------------
    async def _on_paper(self, closed: b.DayClosed) -> b.DayClosed:
        """Prints the slip unless it certainly is on paper."""
        subject = f"close-{closed.day}"
        done = "SELECT count(*) FROM act WHERE subject = ? AND outcome = 'done'"
        if await self._journal.read(lambda tx: tx.number(done, subject)):
            return closed.model_copy(update={"slip": True})
        if self._slips is None:
            return closed.model_copy(update={"slip_cause": DeviceCause.NO_DEVICE.value})
        intent = await self._journal.write(lambda tx: acts.intend(tx, "print_slip", subject))
        blocks = closing_blocks(closed, self._kiosk, self._office, simulated=self._simulated, timezone=self._zone)
        try:
            await self._slips.print_slip(intent, blocks)
        except DeviceError as error:
            outcome = error.outcome
            log.warning("close of %s: not on paper: %s", closed.day, error)
            await self._journal.write(lambda tx: acts.ended(tx, intent, outcome))
            return closed.model_copy(update={"slip_cause": error.cause.value})
        await self._journal.write(lambda tx: acts.ended(tx, intent, JobOutcome.DONE))
        return closed.model_copy(update={"slip": True})


def _close_of(tx: Transaction, request: str) -> b.DayClosed | None:
    row = tx.row("SELECT body FROM day_close WHERE request_id = ?", request)
    return None if row is None else b.DayClosed.model_validate_json(row["body"])


def _line(one: PersonDay) -> str:
    """`OFFICER-1: loads 1, other 2`."""
    did = one.model_dump(exclude={"person"})
    words = [f"{name.replace('_', ' ')} {count}" for name, count in did.items() if count]
    return f"{one.person}: {', '.join(words)}"
