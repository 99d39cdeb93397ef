"""The line to the centre: asks for approvals and authorisations, delivers events, and says why it cannot."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.api.messages import Cause, Link
from kiosk.cards.approval import Authority
from kiosk.cards.jws import TokenError
from kiosk.cards.personalise.custody import CentreAway
from kiosk.centre import account, shelf
from kiosk.centre.cards import Presigner
from kiosk.centre.standing import STANDING_FACT, TOKEN_MAX, Standing, StandingError, Standings
from kiosk.clock import Chance
from kiosk.journal import doubt, outbox
from kiosk.journal.database import Journal, Transaction
from kiosk.journal.sealer import note_correction
from kiosk.journal.timekeeper import TimeKeeper
from kiosk.people.roster import RosterError

log = logging.getLogger(__name__)
T = TypeVar("T")

TIMEOUT = 10.0
"""Seconds for one question to the centre."""
NONCE_BYTES = 16
RECEIPT = "receipt+jwt"
RECEIPT_MAX = 2_000
RECEIPT_FACT = "centre_receipt"
CORRECTION = 60.0
"""A time that was wrong by more seconds than this is put on record."""


class _Sent(BaseModel):
    """Answers are the centre's: unknown fields are its business, wrong types are not."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Approval(_Sent):
    approval: Annotated[str, Field(max_length=4_000)]
    record: dict[str, Any]


class _Approvals(_Sent):
    cursor: int = Field(ge=0)
    approvals: list[_Approval]


class _Stated(_Sent):
    standing: Annotated[str, Field(max_length=TOKEN_MAX)]


class _Receipt(_Sent):
    receipt: Annotated[str, Field(max_length=RECEIPT_MAX)]


class _Roster(_Sent):
    roster: Annotated[str, Field(max_length=200_000)]


class _Receipted(_Sent):
    """What a receipt says."""

    kiosk: str
    sequence: int = Field(ge=0)
    chain: str = Field(pattern=r"^[0-9a-f]{64}$")


async def _nobody(roster: str) -> None:
    """A kiosk without staff keeps no roster."""


async def _none() -> int:
    return 0


class CentreLink:
    """One round asks and delivers everything; `run` makes rounds for ever. Never raises for a centre that is away."""

    def __init__(
        self,
        journal: Journal,
        http: httpx.AsyncClient,
        time: TimeKeeper,
        presigner: Presigner,
        standings: Standings,
        authority: Authority,
        chance: Chance,
        *,
        poll_seconds: float,
    ) -> None:
        self._journal = journal
        self._http = http
        self._time = time
        self._standings = standings
        self._authority = authority
        self._chance = chance
        self._presigner = presigner
        self._poll = poll_seconds
        self._round = asyncio.Lock()
        self._wake = asyncio.Event()
        self._cause: Cause | None = Cause.LINK_DOWN
        self._since: datetime | None = None
        self.changed: Callable[[], None] = lambda: None
        """Called after every round that changed anything a client can see."""
        self.roster: Callable[[str], Awaitable[object]] = _nobody
        """Called with the centre's roster, whenever the centre says that it has another than `roster_number`."""
        self.roster_number: Callable[[], Awaitable[int]] = _none

    @property
    def up(self) -> bool:
        return self._cause is None

    @property
    def cause(self) -> Cause | None:
        """LINK_DOWN or CENTRE_DOWN; None while it works."""
        return self._cause

    def view(self, tx: Transaction) -> Link:
        return Link(up=self.up, cause=self._cause, since=self._since, queued=outbox.count(tx))

    def hurry(self) -> None:
        """There is something to deliver that cannot wait for the next round: a card was handed over, or lost. A queue
        number does not hurry: on a thin line and a worn disk, a question and a commit cost more than it says."""
        self._wake.set()

    async def run(self) -> None:
        """Rounds until cancelled. Who hurries has something delivered; he does not put off the next whole round."""
        loop = asyncio.get_running_loop()
        whole, due = True, 0.0
        while True:
            self._wake.clear()
            await self.round(whole=whole)
            if whole:
                due = loop.time() + self._poll
            try:
                async with asyncio.timeout_at(due):
                    await self._wake.wait()
                whole = loop.time() >= due
            except TimeoutError:
                whole = True
                continue
            if not self.up:
                await asyncio.sleep(self._poll)  # hurrying does not mend a broken line
                whole = True

    async def round(self, *, whole: bool = True) -> None:
        """Asks for authorisations and new approvals, delivers what is queued; not `whole`: only delivers."""
        async with self._round:
            try:
                if whole:
                    standing = await self._ask_standing()
                    await self._people(standing.roster)
                    await self._approvals(standing.cursor)
                await self._deliver()
                await self._sign()
            except CentreAway as error:
                self._note(error.cause, str(error))
            except httpx.HTTPStatusError as error:
                self._note(Cause.CENTRE_DOWN, f"HTTP {error.response.status_code}")
            except httpx.HTTPError as error:
                self._note(Cause.LINK_DOWN, type(error).__name__)
            except (ValidationError, ValueError, StandingError, TokenError) as error:
                self._note(Cause.CENTRE_DOWN, f"an answer that means nothing ({type(error).__name__})")
            else:
                self._note(None, "")
        self.changed()

    async def settled(self, change: Callable[[Transaction, account.Account | None], T]) -> T:
        """Runs `change` in one transaction with what the centre holds of this kiosk, while nothing is delivered; with
        None if the centre does not answer."""
        async with self._round:
            held = await self._account()
            return await self._journal.write(lambda tx: change(tx, held))

    async def _account(self) -> account.Account | None:
        """Goes along the events that the centre may hold until it finds the last that both have; those before it count
        as told."""
        try:
            await self._approvals()  # what was given on the lost stretch is on the shelf before it is judged
            while True:
                events = await self._journal.read(outbox.common)
                held = await account.ask(self._http, self._authority, self._chance.token(NONCE_BYTES).hex(), events)
                if held.agreed < await self._journal.read(outbox.told):
                    log.critical("centre: it has lost events for which it gave a receipt")
                    return None
                same = dict(events).get(held.agreed)
                if same is None or not await self._journal.write(partial(_agreed, held=held, chain=same)):
                    return held
        except (httpx.HTTPError, TokenError, ValueError) as error:
            log.warning("centre: no account of this kiosk: %s", type(error).__name__)
            return None

    def _note(self, cause: Cause | None, detail: str) -> None:
        if cause is not self._cause or self._since is None:
            self._cause, self._since = cause, self._time.now()
            log.log(logging.INFO if cause is None else logging.WARNING, "centre: %s %s", cause or "reached", detail)

    async def _ask_standing(self) -> Standing:
        """The centre's signed word on time, services and withdrawn approvals, in answer to a nonce of this moment."""
        nonce, asked = self._chance.token(NONCE_BYTES).hex(), asyncio.get_running_loop().time()
        token = _Stated.model_validate_json(await self._get(f"standing?kiosk={self._kiosk}&nonce={nonce}")).standing
        standing = self._standings.answer(token, nonce)
        wrong_by = self._time.prove(standing.time, asked).total_seconds()
        if abs(wrong_by) > CORRECTION:
            log.warning("clock: was wrong by %.0f s", -wrong_by)
            await self._journal.write(partial(note_correction, seconds=wrong_by))
        if await self._journal.read(partial(self._standings.is_news, standing=standing)):
            await self._journal.write(lambda tx: tx.set_fact(STANDING_FACT, token))
        return standing

    async def _people(self, newest: int | None) -> None:
        """`newest`: the number of the roster that the centre has; None if it does not say."""
        if newest == await self.roster_number():
            return
        answer = _Roster.model_validate_json(await self._get("roster"))
        try:
            await self.roster(answer.roster)
        except RosterError as error:
            log.warning("centre: %s", error)  # the list in force stays; all else of the round goes on

    async def _approvals(self, newest: int | None = None) -> None:
        """`newest`: how far the centre's list goes; None if that is not known."""
        cursor = await self._journal.read(lambda tx: int(tx.fact(shelf.CURSOR_FACT) or "0"))
        if cursor == newest:
            return
        answer = _Approvals.model_validate_json(await self._get(f"approvals?since={cursor}&kiosk={self._kiosk}"))
        if answer.approvals or answer.cursor != cursor:
            sent = [(one.approval, one.record) for one in answer.approvals]
            await self._journal.write(lambda tx: shelf.put(tx, sent, answer.cursor))
            log.info("centre: %d approvals received", len(sent))

    async def _sign(self) -> None:
        """Has the chips of new approvals signed, for the day when the line is down. A few signatures are one commit;
        those that had come when the line went are kept too."""
        while found := await self._journal.read(shelf.unsigned):
            signed: dict[str, bytes] = {}
            try:
                for token, jti, record in found:
                    signed[token] = await self._presigner.sign(jti, record)
            except CentreAway:
                if signed:
                    await self._journal.write(partial(shelf.sign, signed=signed))
                raise
            await self._journal.write(partial(shelf.sign, signed=signed))

    async def _deliver(self) -> None:
        while events := await self._journal.read(outbox.pending):
            body = {"kiosk": self._kiosk, "events": [event.told() for event in events]}
            answer = await self._http.post(f"/v1/offices/{self._authority.office}/events", json=body)
            answer.raise_for_status()
            receipt = _Receipt.model_validate_json(answer.content).receipt
            said = _Receipted.model_validate(self._authority.centre.claims(receipt, RECEIPT, longest=RECEIPT_MAX))
            if said.kiosk != self._kiosk or said.sequence < events[0].sequence:
                raise ValueError("the centre acknowledges nothing")
            try:
                await self._journal.write(partial(_receipted, receipt=receipt, said=said))
            except outbox.ReceiptError as error:
                # The line works; it is this journal that is wrong. Nothing counts as told until somebody looked.
                behind = partial(doubt.found, doubt=doubt.Doubt.BEHIND, detail=str(error), by="centre")
                await self._journal.write(behind)
                return

    @property
    def _kiosk(self) -> str:
        return self._authority.kiosk

    async def _get(self, what: str) -> bytes:
        answer = await self._http.get(f"/v1/offices/{self._authority.office}/{what}")
        answer.raise_for_status()
        return answer.content


def _agreed(tx: Transaction, held: account.Account, chain: bytes) -> bool:
    """True if there is more that the centre may hold."""
    before = outbox.count(tx)
    outbox.acknowledge(tx, held.agreed, chain)
    return 0 < outbox.count(tx) < before


def _receipted(tx: Transaction, receipt: str, said: _Receipted) -> None:
    outbox.acknowledge(tx, said.sequence, bytes.fromhex(said.chain))
    tx.set_fact(RECEIPT_FACT, receipt)
