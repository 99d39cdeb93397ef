"""A kioskd for the console to talk to: the API's own messages over the API's own routes, and nothing behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from kiosk.api import messages as m

NOON = datetime(2025, 3, 1, 5, 0, tzinfo=UTC)
NIK = "3273011203850001"


def device(slot: str, *causes: str) -> m.Device:
    return m.Device(
        slot=slot, driver="toy", transport=f"sim:{slot}", simulated=True, state="online", media="present",
        supplies={"paper": "low"}, causes=list(causes), detail={"firmware": "1.2"}, revision=3,
    )  # fmt: skip


def state() -> m.State:
    return m.State(
        revision=1,
        now=NOON,
        office=m.Label(id="Kantor Contoh", en="Contoh Office"),
        simulated=True,
        ready=True,
        services=[
            m.Service(
                id="akta", letter="D", name=m.Label(id="Akta", en="Deeds"), available=True, waiting=4, wait_low=5,
                wait_high=9,
            )
        ],
        collecting=False,
        collecting_cause="blanks_out",
        link=m.Link(up=False, cause="link_down", queued=7),
        devices=[device("card_printer", "blanks_out"), device("thermal_printer")],
        blanks=m.Blanks(loaded=10, hopper=0, path=0, holder=9, reject=1, capture=0, unknown=0),
        collection=m.Collection(id="c1", stage=m.Stage.WORKING, step=m.Step.PRINT, masked_name="B*** S******"),
    )  # fmt: skip


def app(*, failing: bool = False, silent: bool = False) -> FastAPI:
    api = FastAPI()

    @api.get("/v1/state")
    async def current() -> m.State:
        if silent:
            await asyncio.sleep(3600)
        return state()

    @api.get("/v1/version")
    async def version() -> m.Version:
        return m.Version(version="0.1.0", profile="laptop-sim", kiosk="SPC01-K1")

    @api.post("/v1/selftest")
    async def selftest() -> list[m.CheckResult]:
        return [
            m.CheckResult(name="journal", ok=True, detail="42 records"),
            m.CheckResult(name="card_printer", ok=not failing, detail="hopper empty" if failing else "online"),
        ]

    @api.get("/v1/log")
    async def log(lines: int) -> list[m.LogLine]:
        text = f"a fault logged \x1b[31m{NIK} and ANJ1-0123456789ABCDEF é"
        return [m.LogLine(at=NOON, level="INFO", logger="kiosk.cards", text=text) for _ in range(lines)]

    return api


@asynccontextmanager
async def listening(socket: Path) -> AsyncIterator[None]:
    """Serves `app()` on a Unix socket until the block ends, as kioskd does."""
    server = uvicorn.Server(uvicorn.Config(app(), uds=str(socket), log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task
