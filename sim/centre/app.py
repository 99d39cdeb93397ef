"""The centre's HTTP interface. The kiosk's side of it is kiosk/centre."""

from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from sim.centre.books import KioskEvent
from sim.centre.cards import routes
from sim.centre.registry import KIOSK, Centre
from sim.issuing import MasterKeys

KioskId = Annotated[str, Query(min_length=1, max_length=60)]


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


class _Outage:
    """Answers 503 to everything while the centre's server is down."""

    def __init__(self, app: ASGIApp, centre: Centre) -> None:
        self._app = app
        self._centre = centre

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        down = scope["type"] == "http" and self._centre.outage == "server"
        answer = JSONResponse({"detail": "the centre's server is down"}, status_code=503) if down else self._app
        await answer(scope, receive, send)


def create_app(centre: Centre, master: MasterKeys | None = None) -> FastAPI:
    """The service, in front of this registry. Answers 503 to everything while the outage is `server`. `master`: the
    keys of the cards; without: the public test key."""
    app = FastAPI(title="Central registry (SPECIMEN)", version="1", docs_url=None, redoc_url=None)

    app.add_middleware(_Outage, centre=centre)

    def known(office: str) -> None:
        if office != centre.office:
            raise HTTPException(404, "no such office")

    app.include_router(routes(centre, master))

    @app.get("/v1/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/offices/{office}/approvals")
    async def approvals(office: str, since: Annotated[int, Query(ge=0)] = 0, kiosk: KioskId = KIOSK) -> dict[str, Any]:
        known(office)
        cursor, entries = centre.approvals(since, kiosk)
        return {"cursor": cursor, "approvals": [{"approval": e.approval, "record": e.record} for e in entries]}

    @app.get("/v1/offices/{office}/standing")
    async def standing(
        office: str, kiosk: KioskId, nonce: Annotated[str, Query(pattern=r"^[0-9a-f]{16,64}$")]
    ) -> dict[str, str]:
        known(office)
        return {"standing": centre.standing(kiosk, nonce)}

    @app.get("/v1/offices/{office}/roster")
    async def roster(office: str) -> dict[str, str]:
        known(office)
        return {"roster": centre.roster}

    @app.post("/v1/offices/{office}/events")
    async def events(office: str, batch: EventsIn) -> dict[str, str]:
        known(office)
        told = [KioskEvent(batch.kiosk, e.sequence, e.kind, e.at, e.body) for e in batch.events]
        return {"receipt": centre.receive(batch.kiosk, told)}

    return app
