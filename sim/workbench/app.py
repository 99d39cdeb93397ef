"""The workbench's web page and the JSON API beneath it. On loopback only: whoever reaches it controls the kiosk."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from PIL.Image import Image
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware

from sim.faults import UnknownFault
from sim.workbench import requests as ask
from sim.workbench.bench import Bench, Refused
from sim.workbench.mirror import NoScreen, NoSuchAction

STATIC = Path(str(files("sim.workbench"))) / "static"
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
LOCAL = ["127.0.0.1", "localhost"]
"""Names under which the page may be asked for: another site's name that points here is refused."""
HEARTBEAT = 10.0
"""Seconds after which the event stream says that it still lives."""
_STATUS: dict[type[Exception], int] = {Refused: 409, NoSuchAction: 409, NoScreen: 503, UnknownFault: 422}


def create_app(bench: Bench) -> FastAPI:
    """The page and its API, on this bench."""
    app = FastAPI(title="Anjungan workbench", docs_url=None, redoc_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL)

    @app.middleware("http")
    async def careful(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    async def told(request: Request, error: Exception) -> Response:
        return JSONResponse({"detail": str(error)}, status_code=_STATUS[type(error)])

    for kind in _STATUS:
        app.add_exception_handler(kind, told)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    app.include_router(_looking(bench), prefix="/api")
    app.include_router(_doing(bench), prefix="/api")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _png(picture: Image) -> Response:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return Response(out.getvalue(), media_type="image/png")


def _looking(bench: Bench) -> APIRouter:
    """Everything there is to see."""
    router = APIRouter()

    @router.get("/world")
    async def world() -> dict[str, Any]:
        return bench.snapshot()

    @router.get("/events")
    async def events() -> StreamingResponse:
        return StreamingResponse(stream(bench), media_type="text/event-stream")

    @router.get("/screen")
    async def screen() -> Response:
        if bench.mirror.frame is None:
            raise HTTPException(404, "the screen has not shown anything yet")
        return Response(bench.mirror.frame, media_type="image/png")

    @router.get("/screen/model")
    async def model() -> dict[str, Any]:
        if bench.mirror.model is None:
            raise HTTPException(404, "no screen is connected")
        return bench.mirror.model.model_dump()

    @router.get("/slips/{number}.png")
    async def slip(number: int) -> Response:
        if not 1 <= number <= len(bench.world.slips):
            raise HTTPException(404, f"{len(bench.world.slips)} slips have come out")
        return _png(bench.world.slips[number - 1].picture)

    @router.get("/cards/{serial}.png")
    async def card(serial: str) -> Response:
        for one in bench.world.cards:
            if one.serial == serial and one.front is not None:
                return _png(one.front)
        raise HTTPException(404, "no card of this serial is printed")

    @router.get("/people/{nik}.jpg")
    async def portrait(nik: str) -> Response:
        photo = base64.b64decode(_known(bench, nik).record["photo"])
        return Response(photo, media_type="image/jpeg")

    return router


async def stream(bench: Bench) -> AsyncIterator[str]:
    """The snapshot now and after each change. Changes that come faster than they can be sent are merged."""
    while not bench.closing:
        seen = bench.bell.count
        yield f"data: {json.dumps(bench.snapshot())}\n\n"
        try:
            async with asyncio.timeout(HEARTBEAT):
                await bench.bell.after(seen)
        except TimeoutError:
            pass  # nothing changed: the same again, as a sign of life


def _known(bench: Bench, nik: str) -> Any:
    try:
        return bench.centre.person(nik)
    except KeyError as error:
        raise HTTPException(404, str(error.args[0])) from error


def _doing(bench: Bench) -> APIRouter:
    """Everything there is to do. Each answers with what came of it, 409 if it cannot be done now."""
    router = APIRouter()

    @router.post("/touch")
    async def touch(wanted: ask.Touch) -> dict[str, Any]:
        if wanted.action is not None:
            await bench.mirror.touch_action(wanted.action)
        elif wanted.x is not None and wanted.y is not None:
            await bench.mirror.touch(wanted.x, wanted.y)
        return {}

    @router.post("/text")
    async def text(wanted: ask.Text) -> dict[str, Any]:
        await bench.mirror.type(wanted.text if wanted.text.endswith("\n") else wanted.text + "\n")
        return {}

    @router.post("/slip")
    async def slip(wanted: ask.Slip) -> dict[str, Any]:
        _known(bench, wanted.person)
        await bench.slip(wanted.person)
        return {}

    @router.post("/finger")
    async def finger(wanted: ask.Finger) -> dict[str, Any]:
        name = wanted.finger
        if wanted.person is not None:
            _known(bench, wanted.person)
            name = bench.person_finger(wanted.person, right=wanted.right)
        if name is None:
            bench.lift_finger()
            return {"finger": None}
        try:
            bench.touch_glass(name, wanted.impression, wanted.hold)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return {"finger": name}

    @router.post("/take-card")
    async def take_card() -> dict[str, Any]:
        return {"serial": bench.take_card()}

    @router.post("/blanks")
    async def blanks(wanted: ask.Blanks) -> dict[str, Any]:
        await bench.load_blanks(wanted.number)
        return {}

    @router.post("/counter")
    async def counter(wanted: ask.Counter) -> dict[str, Any]:
        return {"number": await bench.call_next(wanted.service)}

    @router.post("/refill")
    async def refill() -> dict[str, Any]:
        bench.refill()
        return {}

    _switches(bench, router)
    return router


def _switches(bench: Bench, router: APIRouter) -> None:
    """Faults, outages, approvals, power."""

    def device(name: str, *others: str) -> str:
        if name not in bench.devices and name not in others:
            raise HTTPException(404, f"no device {name!r}; there are: {', '.join((*bench.devices, *others))}")
        return name

    @router.post("/fault")
    async def fault(wanted: ask.FaultSwitch) -> dict[str, Any]:
        bench.fault(device(wanted.device), wanted.name, wanted.mode)
        return {"armed": list(bench.devices[wanted.device].faults.armed)}

    @router.post("/outage")
    async def outage(wanted: ask.OutageSwitch) -> dict[str, Any]:
        bench.centre.outage = wanted.outage
        return {}

    @router.post("/approval")
    async def approval(wanted: ask.ApprovalSwitch) -> dict[str, Any]:
        _known(bench, wanted.person)
        bench.centre.set_approval(wanted.person, wanted.kind)
        return {"slip": bench.centre.person(wanted.person).slip}

    @router.post("/service")
    async def service(wanted: ask.ServiceSwitch) -> dict[str, Any]:
        bench.centre.cut_service(wanted.service, wanted.authorised)
        return {}

    @router.post("/power")
    async def power(wanted: ask.Power) -> dict[str, Any]:
        await bench.power_cut(device(wanted.device, "all"), wanted.seconds)
        return {}

    @router.post("/kill")
    async def kill(wanted: ask.Kill) -> dict[str, Any]:
        await bench.kill(wanted.program)
        return {}
