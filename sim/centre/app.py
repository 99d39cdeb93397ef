"""The centre's HTTP interface. The kiosk's side of it is kiosk/centre."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sim.centre.books import KioskEvent
from sim.centre.cards import routes
from sim.centre.registry import KIOSK, Centre
from sim.issuing import MasterKeys


class _Query(BaseModel):
    """What stands behind the question mark; what the centre does not know there it passes over."""

    model_config = ConfigDict(extra="ignore")

    kiosk: str = Field(min_length=1, max_length=60)


class ApprovalsIn(_Query):
    kiosk: str = Field(default=KIOSK, min_length=1, max_length=60)
    since: int = Field(default=0, ge=0)


class StandingIn(_Query):
    nonce: str = Field(pattern=r"^[0-9a-f]{16,64}$")


class EventIn(BaseModel):
    """One event of a kiosk's outbox."""

    model_config = ConfigDict(extra="forbid")

    sequence: int = Field(ge=1)
    kind: str = Field(max_length=60)
    at: str = Field(max_length=40)
    body: dict[str, Any] = Field(default_factory=dict)


class EventsIn(BaseModel):
    """A batch of events; sending it twice does no harm."""

    model_config = ConfigDict(extra="forbid")

    kiosk: str = Field(min_length=1, max_length=60)
    events: list[EventIn] = Field(max_length=1000)


class HeldIn(BaseModel):
    """An event that a kiosk has: hash over all up to it."""

    model_config = ConfigDict(extra="forbid")

    sequence: int = Field(ge=1)
    chain: str = Field(pattern=r"^[0-9a-f]{64}$")


class AccountIn(BaseModel):
    """A kiosk asks what the centre holds of it."""

    model_config = ConfigDict(extra="forbid")

    kiosk: str = Field(min_length=1, max_length=60)
    nonce: str = Field(pattern=r"^[0-9a-f]{16,64}$")
    events: list[HeldIn] = Field(max_length=1000)


class _Outage:
    """Answers 503 to everything while the centre's server is down."""

    def __init__(self, app: ASGIApp, centre: Centre) -> None:
        self._app = app
        self._centre = centre

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        down = scope["type"] == "http" and self._centre.outage == "server"
        answer = JSONResponse({"detail": "the centre's server is down"}, status_code=503) if down else self._app
        await answer(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)


async def _nonsense(request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    detail = error.errors(include_url=False, include_context=False, include_input=False)
    return JSONResponse({"detail": detail}, status_code=422)


def create_app(centre: Centre, master: MasterKeys | None = None) -> Starlette:
    """The service, in front of this registry: 503 to everything while the outage is `server`, 404 for another office,
    422 for a question that means nothing. `master`: the keys of the cards; without: the public test key."""

    def known(request: Request) -> None:
        if request.path_params["office"] != centre.office:
            raise HTTPException(404, "no such office")

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def approvals(request: Request) -> Response:
        known(request)
        asked = ApprovalsIn.model_validate(dict(request.query_params))
        cursor, entries = centre.approvals(asked.since, asked.kiosk)
        given = [{"approval": e.approval, "record": e.record} for e in entries]
        # A photo in each record costs `json` several times as much.
        return Response(to_json({"cursor": cursor, "approvals": given}), media_type="application/json")

    async def standing(request: Request) -> Response:
        known(request)
        asked = StandingIn.model_validate(dict(request.query_params))
        return JSONResponse({"standing": centre.standing(asked.kiosk, asked.nonce)})

    async def roster(request: Request) -> Response:
        known(request)
        return JSONResponse({"roster": centre.roster})

    async def events(request: Request) -> Response:
        known(request)
        batch = EventsIn.model_validate_json(await request.body())
        told = [KioskEvent(batch.kiosk, e.sequence, e.kind, e.at, e.body) for e in batch.events]
        return JSONResponse({"receipt": centre.receive(batch.kiosk, told)})

    async def account(request: Request) -> Response:
        known(request)
        asked = AccountIn.model_validate_json(await request.body())
        held = [(one.sequence, one.chain) for one in asked.events]
        return JSONResponse({"account": centre.account(asked.kiosk, asked.nonce, held)})

    office = "/v1/offices/{office}"
    return Starlette(
        routes=[
            Route(f"{office}/events", events, methods=["POST"]),
            Route(f"{office}/standing", standing),
            Route(f"{office}/roster", roster),
            Route(f"{office}/approvals", approvals),
            *routes(f"{office}/cards", known, centre, master),
            Route(f"{office}/account", account, methods=["POST"]),
            Route("/v1/health", health),
        ],
        middleware=[Middleware(_Outage, centre=centre)],
        exception_handlers={HTTPException: _refused, ValidationError: _nonsense},
    )
