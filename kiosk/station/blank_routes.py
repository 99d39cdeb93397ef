"""The part of the HTTP API about blanks: what staff book, the cases, and the day's close."""

from fastapi import APIRouter

from kiosk.api import blanks as b
from kiosk.api import messages as m
from kiosk.station.station import Station


def routes(station: Station) -> APIRouter:
    """Under /v1, for `create_app`."""
    router = APIRouter(prefix="/v1")
    desk = station.blanks

    @router.post("/blanks/received")
    async def receive(request: b.BlanksReceived) -> m.Blanks:
        return await desk.receive(request)

    @router.post("/blanks/bin")
    async def empty_bin(request: b.BinEmptied) -> m.Blanks:
        return await desk.empty_bin(request)

    @router.post("/blanks/destroyed")
    async def destroy(request: b.BlanksDestroyed) -> m.Blanks:
        return await desk.destroy(request)

    @router.get("/blanks/cases")
    async def cases() -> list[b.BlankCase]:
        return await desk.cases()

    @router.post("/blanks/cases")
    async def report(request: b.CaseReported) -> list[b.BlankCase]:
        return await desk.report(request)

    @router.post("/blanks/cases/found")
    async def settle(request: b.CaseSettled) -> list[b.BlankCase]:
        return await desk.settle(request)

    @router.post("/blanks/cases/written-off")
    async def write_off(request: b.CaseWrittenOff) -> list[b.BlankCase]:
        return await desk.write_off(request)

    @router.post("/close")
    async def close(request: b.CloseRequest) -> b.DayClosed:
        return await station.days.close(request)

    return router
