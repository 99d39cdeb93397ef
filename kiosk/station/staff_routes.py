"""The part of the HTTP API that is for staff. Acts carry proofs; what carries none shows and changes nothing secret."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.api.accepting import Accepted, AcceptRequest
from kiosk.station.station import Station


def routes(station: Station) -> APIRouter:
    """Under /v1, for `create_app`."""
    router = APIRouter(prefix="/v1")
    staff, people = station.staff, station.staff.people

    @router.get("/staff/people")
    async def colleagues() -> list[s.Colleague]:
        return await people.colleagues()

    @router.post("/staff/roster")
    async def roster(request: s.RosterSent) -> list[s.Colleague]:
        """The centre's signed list, brought as a file because the line is down; its signature is the proof."""
        await people.accept(request.roster)
        return await people.colleagues()

    @router.post("/staff/challenges")
    async def challenge(request: s.ChallengeRequest) -> s.Challenge:
        return await people.challenge(request)

    @router.post("/staff/pin", status_code=204)
    async def set_pin(request: s.PinSet) -> None:
        await people.set_pin(request)

    @router.post("/staff/pin/clear", status_code=204)
    async def clear_pin(request: s.PinCleared) -> None:
        await staff.clear_pin(request)

    @router.post("/staff/digest")
    async def digest(request: s.DigestRequest) -> list[s.PersonDay]:
        return await staff.digest(request)

    @router.get("/staff/unknown")
    async def unresolved() -> list[s.UnknownJob]:
        return await staff.unresolved()

    @router.post("/staff/resolutions")
    async def resolve(request: s.Resolution) -> m.Blanks:
        return await staff.resolve(request)

    @router.post("/staff/overrides")
    async def override(request: s.OverrideRequest) -> m.Collection:
        return await station.override(request)

    @router.post("/blanks")
    async def load(request: s.BlanksLoaded) -> m.Blanks:
        return await staff.load_blanks(request)

    @router.post("/blanks/unload")
    async def unload(request: s.BlanksUnloaded) -> m.Blanks:
        return await staff.unload_blanks(request)

    @router.post("/printer/clean", status_code=204)
    async def clean(request: s.PrinterCleaning) -> None:
        await station.clean_printer(request)

    @router.post("/journal/export", response_class=PlainTextResponse)
    async def export(request: s.AuditExport) -> PlainTextResponse:
        return PlainTextResponse(await station.export_journal(request))

    @router.post("/journal/accept")
    async def accept(request: AcceptRequest) -> Accepted:
        return await station.acceptance.accept(request)

    @router.post("/queue/next")
    async def call_next(request: s.NextCall) -> m.Called:
        return await staff.call_next(request)

    return router
