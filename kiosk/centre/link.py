"""The line to the centre: asks for approvals and authorisations, delivers events, and says why it cannot."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.api.messages import Cause, Link
from kiosk.cards.personalise.custody import CentreAway
from kiosk.centre import shelf
from kiosk.centre.cards import Presigner
from kiosk.clock import Clock
from kiosk.journal import outbox
from kiosk.journal.database import Journal, Transaction
from kiosk.people.roster import RosterError

log = logging.getLogger(__name__)


TIMEOUT = 10.0
"""Seconds for one question to the centre."""


class _Sent(BaseModel):
    """Answers are the centre's: unknown fields are its business, wrong types are not."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Approval(_Sent):
    approval: Annotated[str, Field(max_length=4_000)]
    record: dict[str, Any]


class _Approvals(_Sent):
    cursor: int = Field(ge=0)
    approvals: list[_Approval]


class _Authorisation(_Sent):
    authorised: bool


class _Services(_Sent):
    services: dict[str, _Authorisation]


class _Roster(_Sent):
    roster: Annotated[str, Field(max_length=200_000)]


class _Acknowledged(_Sent):
    acknowledged: int = Field(ge=0)


async def _nobody(roster: str) -> None:
    """A kiosk without staff keeps no roster."""


class CentreLink:
    """One round asks and delivers everything; `run` makes rounds for ever. Never raises for a centre that is away."""

    def __init__(
        self,
        journal: Journal,
        http: httpx.AsyncClient,
        clock: Clock,
        presigner: Presigner,
        *,
        office: str,
        kiosk: str,
        poll_seconds: float,
    ) -> None:
        self._journal = journal
        self._http = http
        self._clock = clock
        self._presigner = presigner
        self._office = office
        self._kiosk = kiosk
        self._poll = poll_seconds
        self._round = asyncio.Lock()
        self._wake = asyncio.Event()
        self._cause: Cause | None = Cause.LINK_DOWN
        self._since: datetime | None = None
        self.changed: Callable[[], None] = lambda: None
        """Called after every round that changed anything a client can see."""
        self.roster: Callable[[str], Awaitable[object]] = _nobody
        """Called with the centre's roster in every round."""

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
        """There is something to deliver: do not wait for the next round."""
        self._wake.set()

    async def run(self) -> None:
        """Rounds until cancelled."""
        while True:
            self._wake.clear()
            await self.round()
            try:
                async with asyncio.timeout(self._poll):
                    await self._wake.wait()
            except TimeoutError:
                continue
            if not self.up:
                await asyncio.sleep(self._poll)  # hurrying does not mend a broken line

    async def round(self) -> None:
        """Asks for authorisations and new approvals, delivers what is queued."""
        async with self._round:
            try:
                await self._services()
                await self._people()
                await self._approvals()
                await self._deliver()
                await self._sign()
            except CentreAway as error:
                self._note(error.cause, str(error))
            except httpx.HTTPStatusError as error:
                self._note(Cause.CENTRE_DOWN, f"HTTP {error.response.status_code}")
            except httpx.HTTPError as error:
                self._note(Cause.LINK_DOWN, type(error).__name__)
            except (ValidationError, ValueError) as error:
                self._note(Cause.CENTRE_DOWN, f"an answer that means nothing ({type(error).__name__})")
            else:
                self._note(None, "")
        self.changed()

    def _note(self, cause: Cause | None, detail: str) -> None:
        if cause is not self._cause or self._since is None:
            self._cause, self._since = cause, self._clock.now()
            log.log(logging.INFO if cause is None else logging.WARNING, "centre: %s %s", cause or "reached", detail)

    async def _services(self) -> None:
        answer = await self._get("services")
        services = _Services.model_validate_json(answer).services
        text = json.dumps({name: one.authorised for name, one in services.items()}, sort_keys=True)
        if await self._journal.read(lambda tx: tx.fact(shelf.AUTHORISATION_FACT)) != text:
            await self._journal.write(lambda tx: tx.set_fact(shelf.AUTHORISATION_FACT, text))

    async def _people(self) -> None:
        answer = _Roster.model_validate_json(await self._get("roster"))
        try:
            await self.roster(answer.roster)
        except RosterError as error:
            log.warning("centre: %s", error)  # the list in force stays; all else of the round goes on

    async def _approvals(self) -> None:
        cursor = await self._journal.read(lambda tx: int(tx.fact(shelf.CURSOR_FACT) or "0"))
        answer = _Approvals.model_validate_json(await self._get(f"approvals?since={cursor}"))
        if answer.approvals or answer.cursor != cursor:
            sent = [(one.approval, one.record) for one in answer.approvals]
            await self._journal.write(lambda tx: shelf.put(tx, sent, answer.cursor))
            log.info("centre: %d approvals received", len(sent))

    async def _sign(self) -> None:
        """Has the chips of new approvals signed, for the day when the line is down."""
        while (found := await self._journal.read(shelf.unsigned)) is not None:
            token, jti, record = found
            sod = await self._presigner.sign(jti, record)
            await self._journal.write(partial(shelf.sign, token=token, sod=sod))

    async def _deliver(self) -> None:
        while events := await self._journal.read(outbox.pending):
            body = {"kiosk": self._kiosk, "events": [asdict(event) for event in events]}
            answer = await self._http.post(f"/v1/offices/{self._office}/events", json=body)
            answer.raise_for_status()
            upto = _Acknowledged.model_validate_json(answer.content).acknowledged
            if upto < events[0].sequence:
                raise ValueError("the centre acknowledges nothing")
            await self._journal.write(partial(outbox.acknowledge, sequence=upto))

    async def _get(self, what: str) -> bytes:
        answer = await self._http.get(f"/v1/offices/{self._office}/{what}")
        answer.raise_for_status()
        return answer.content
