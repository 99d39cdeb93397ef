"""The HTTP API over a Station. Every route is one call; what is refused is a Problem that says why."""

import asyncio
import logging
from collections.abc import AsyncIterator

import anyio
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from kiosk.api import messages as m
from kiosk.cards.blanks import BooksRefuse
from kiosk.journal.database import JournalFull
from kiosk.people.policy import Denied
from kiosk.people.roster import RosterError
from kiosk.station import blank_routes
from kiosk.station.collecting import Collector
from kiosk.station.logring import LogRing
from kiosk.station.refusal import Refused
from kiosk.station.staff_routes import routes
from kiosk.station.station import Station, version

log = logging.getLogger(__name__)

CONFLICT = 409
UNPROCESSABLE = 422
STREAM_END_SECONDS = 0.5
"""Time that an event stream has to end; uvicorn waits a second (daemon.py)."""
REFUSALS: dict[int | str, dict[str, object]] = {
    CONFLICT: {"model": m.Problem, "description": "Refused; `cause` says why"},
    UNPROCESSABLE: {"model": m.Problem, "description": "The request is not of the right form"},
}


def create_app(station: Station, ring: LogRing) -> FastAPI:
    """The API of one kiosk. The station is started and stopped by the caller."""
    app = FastAPI(title="kioskd", version=version(), responses=REFUSALS)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        log.info("%s refused: %s", request.url.path.split("/")[2], error)
        return _problem(CONFLICT, error.cause, error.detail)

    @app.exception_handler(RosterError)
    @app.exception_handler(Denied)
    async def denied(request: Request, error: Denied | RosterError) -> JSONResponse:
        log.info("%s denied: %s", request.url.path.split("/")[2], error)
        return _problem(CONFLICT, m.Cause.STAFF_DENIED, str(error))

    @app.exception_handler(BooksRefuse)
    async def not_in_the_books(request: Request, error: BooksRefuse) -> JSONResponse:
        log.info("%s refused by the books: %s", request.url.path.split("/")[2], error)
        return _problem(CONFLICT, m.Cause.BOOKS_REFUSE, str(error))

    @app.exception_handler(JournalFull)
    async def full(request: Request, error: JournalFull) -> JSONResponse:
        log.critical("%s not done: %s", request.url.path.split("/")[2], error)
        return _problem(CONFLICT, m.Cause.DISK_FULL, "nothing was written, and nothing was begun")

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # Where it is wrong, never what was sent: that may be a person's number.
        places = {".".join(str(part) for part in fault["loc"]) for fault in error.errors()}
        return _problem(UNPROCESSABLE, m.Cause.INVALID, f"not of the right form: {', '.join(sorted(places))}")

    @app.get("/v1/state")
    async def state() -> m.State:
        return await station.state()

    @app.get("/v1/events", response_class=EventSourceResponse)
    async def events() -> EventSourceResponse:
        """The state now and at every change; one `data:` line holds one State."""

        going_down = anyio.Event()

        async def changes() -> AsyncIterator[ServerSentEvent]:
            """Ends by itself when the server goes down: cut off, the answer would be incomplete."""
            seen = -1
            end = asyncio.ensure_future(going_down.wait())
            news = asyncio.ensure_future(station.next_state(seen))
            try:
                while not end.done():
                    await asyncio.wait((news, end), return_when=asyncio.FIRST_COMPLETED)
                    if news.done():
                        now = news.result()
                        seen = now.revision
                        news = asyncio.ensure_future(station.next_state(seen))
                        yield ServerSentEvent(data=now.model_dump_json())
            finally:
                end.cancel()
                news.cancel()

        return EventSourceResponse(
            changes(), ping=10, shutdown_event=going_down, shutdown_grace_period=STREAM_END_SECONDS
        )

    @app.get("/v1/version")
    async def version_() -> m.Version:
        return m.Version(
            version=version(),
            profile=station.profile.name,
            kiosk=station.profile.kiosk.id,
            public_key=station.key.public,
        )

    @app.get("/v1/log")
    async def lines(lines: int = Query(default=50, ge=1, le=1000)) -> list[m.LogLine]:
        return ring.tail(lines)

    @app.get("/v1/journal")
    async def journal() -> m.JournalReport:
        return await station.verify_journal()

    @app.post("/v1/journal")
    async def journal_against(witnesses: m.Witnesses) -> m.JournalReport:
        return await station.verify_journal(witnesses.checkpoints)

    @app.post("/v1/selftest")
    async def selftest() -> list[m.CheckResult]:
        return await station.check()

    @app.post("/v1/tickets")
    async def ticket(request: m.TicketRequest) -> m.Ticket:
        return await station.take_ticket(request)

    @app.post("/v1/collections")
    async def collect(request: m.CollectRequest) -> m.Collection:
        return await station.collect(request)

    @app.post("/v1/collections/{identity}/staff")
    async def ask_staff(identity: str) -> m.Collection:
        return await _collector(station).ask_staff(identity)

    @app.post("/v1/collections/{identity}/cancel")
    async def cancel(identity: str) -> m.Collection:
        return await _collector(station).cancel(identity)

    app.include_router(routes(station))
    app.include_router(blank_routes.routes(station))
    return app


def _collector(station: Station) -> Collector:
    if station.collector is None:
        raise Refused("no_device")
    return station.collector


def _problem(status: int, cause: str, detail: str) -> JSONResponse:
    return JSONResponse(m.Problem(cause=str(cause), detail=detail).model_dump(), status_code=status)
