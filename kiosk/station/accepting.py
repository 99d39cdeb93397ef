"""The way out for a journal that cannot be believed (`kiosk.journal.doubt`): two people count and accept it as it is.

Nothing is rewritten. The centre is asked what it holds of this kiosk, and the jobs that the journal lacks are entered
on its word. The count is compared place by place, and with the printer's own; each difference becomes a case. If the
printer has fed cards that neither books nor bin explain, one may be in a hand of which nobody knows: then no approval
that this kiosk has seen gives a card any more. Last, a record of the audit begins a new stretch.
"""

import asyncio
import logging
from collections.abc import Callable

from drivers.contract.card_printer import CardPrinter
from kiosk.api import messages as m
from kiosk.api.accepting import Accepted, AcceptRequest
from kiosk.api.blanks import CasePlace, FedReckoned, Reckoned
from kiosk.cards import lost
from kiosk.cards.blanks import BooksRefuse
from kiosk.cards.blanks.cases import open_cases
from kiosk.cards.blanks.reckoning import note_fed, reckon, reckon_fed, unexplained
from kiosk.cards.jobs import find_open
from kiosk.centre.account import Account
from kiosk.centre.link import CentreLink
from kiosk.journal import doubt, inspection, outbox, stretch
from kiosk.journal.checkpoint import checkpoint_text
from kiosk.journal.database import Journal, Transaction
from kiosk.journal.doubt import Doubt
from kiosk.journal.identity import KioskKey
from kiosk.people.acts import spend
from kiosk.people.desk import PeopleDesk
from kiosk.people.policy import Mandate, Operation
from kiosk.station import requests
from kiosk.station.counter import fed_count
from kiosk.station.refusal import Refused

log = logging.getLogger(__name__)


class AcceptanceDesk:
    """`path`: held by whoever moves a card. `changed`: called once cards can be made again."""

    def __init__(
        self,
        journal: Journal,
        people: PeopleDesk,
        link: CentreLink,
        key: KioskKey,
        cards: CardPrinter | None,
        path: asyncio.Lock,
        changed: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._people = people
        self._link = link
        self._key = key
        self._cards = cards
        self._path = path
        self._changed = changed

    async def accept(self, request: AcceptRequest) -> Accepted:
        """Once per request_id. Refused while a card is under way, and while the centre cannot say what this journal
        lacks; BooksRefuse if there is nothing to accept, or the count leaves out a place; Denied for people who may
        not."""
        mandate = await self._people.prove(request)
        if self._path.locked():
            raise Refused(m.Cause.BUSY, "a card is under way; count when it has ended")
        async with self._path:
            fed = await fed_count(self._cards)
            accepted = await self._link.settled(lambda tx, held: self._accept(tx, request, mandate, fed, held))
        log.warning("journal accepted as it is at record %d (%s)", accepted.record, ", ".join(accepted.causes))
        self._link.hurry()
        self._changed()
        return accepted

    def _accept(
        self, tx: Transaction, request: AcceptRequest, mandate: Mandate, fed_now: int | None, held: Account | None
    ) -> Accepted:
        known = requests.answered(tx, request.OPERATION, request.request_id, Accepted)
        if known is not None:
            return known
        doubts = doubt.standing(tx)
        if not doubts:
            raise BooksRefuse("the journal is believed: there is nothing to accept")
        if find_open(tx) is not None:
            raise Refused(m.Cause.BUSY, "a card is under way; count when it has ended")
        if Doubt.BEHIND in doubts and held is None:
            raise Refused(self._link.cause or m.Cause.CENTRE_DOWN, "only the centre can say what this journal lacks")
        findings = inspection.check(tx.execute(inspection.RECORDS), tx.rows(inspection.CHECKPOINTS)).problems
        who = spend(tx, mandate, Operation.ACCEPT_JOURNAL, request.minutes)
        jobs = lost.enter(tx, held.cards) if held is not None else 0
        more = None if fed_now is None else unexplained(tx, fed_now)
        counts, in_bin = reckon(tx, request.counted, who)
        fed = reckon_fed(tx, fed_now, who)
        if fed_now is not None:
            note_fed(tx, fed_now)
        in_doubt = 0
        if more is None or not 0 <= more <= _found_in_bin(counts, in_bin):
            in_doubt = lost.doubt_all(tx, next_too=held is None)
        cases = [one.case for one in counts if one.case is not None]
        cases += [fed.case] if fed is not None and fed.case is not None else []
        terms = stretch.Terms(
            doubts=doubts,
            findings=findings,
            minutes=request.minutes,
            events=None if held is None else (held.agreed, held.sequence),
            jobs=jobs,
            counts={one.place.value: [one.booked, one.counted] for one in counts},
            fed=_fed_words(fed),
            cases=cases,
            doubtful=in_doubt,
        )
        record = stretch.begin(tx, who, terms, self._key, beyond=held.sealed if held is not None else 0)
        self._tell(tx, record, terms, mandate, held)
        checkpoint_text(tx, self._key)
        doubt.ended(tx)
        accepted = Accepted(
            record=record,
            causes=tuple(one.value for one in doubts),
            findings=tuple(findings[: doubt.FINDINGS]),
            jobs=jobs,
            counts=counts,
            fed=fed,
            cases=open_cases(tx),
            doubtful=in_doubt,
        )
        requests.keep(tx, request.OPERATION, request.request_id, accepted)
        return accepted

    @staticmethod
    def _tell(tx: Transaction, record: int, terms: stretch.Terms, mandate: Mandate, held: Account | None) -> None:
        """The centre hears of it first, before anything of the new stretch: under the next number that it expects."""
        said = {
            "record": record,
            "causes": [one.value for one in terms.doubts],
            "people": list(mandate.people),
            "minutes": terms.minutes,
            "reason": mandate.reason,
            "jobs": terms.jobs,
            "counts": terms.counts,
            "fed": terms.fed,
            "cases": terms.cases,
            "doubtful": terms.doubtful,
        }
        if held is not None and held.sequence > held.agreed:
            outbox.go_on_after(tx, held.sequence, bytes.fromhex(held.chain), "journal_accepted", **said)
        else:
            outbox.put(tx, "journal_accepted", **said)


def _found_in_bin(counts: list[Reckoned], unknown_in_bin: int) -> int:
    """Cards that lie in the bin or among the spoiled ones, and that no book knew of: they are in nobody's hand."""
    places = (CasePlace.BIN, CasePlace.SPOILED)
    return sum(max(one.difference, 0) for one in counts if one.place in places) - unknown_in_bin


def _fed_words(fed: FedReckoned | None) -> list[int] | None:
    return None if fed is None else [fed.before, fed.now, fed.booked]
