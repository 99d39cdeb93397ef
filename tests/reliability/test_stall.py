"""A commit that takes five seconds, as on an SD card that cleans up: the touchscreen answers at once all the same."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from kiosk.api.client import Client
from kiosk.clock import SystemChance, WallClock
from kiosk.journal.database import Journal, Transaction
from kiosk.screen.flow import events
from kiosk.screen.present.model import ScreenModel
from kiosk.screen.session import Session
from kiosk.station.app import create_app
from kiosk.station.logring import LogRing
from kiosk.station.station import Station
from sim.office import house
from sim.office.house import House
from sim.office.mortal import MortalJournal

T = TypeVar("T")

STALL = 5.0
FEEDBACK = 0.1


class _Slow(MortalJournal):
    """The writer thread of kioskd as virtual time sees it: one thing after the other, each commit as long as STALL."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._turn = asyncio.Lock()
        self.stall = 0.0
        self.stalled = 0

    async def write(self, change: Callable[[Transaction], T]) -> T:
        async with self._turn:
            self.stalled += self.stall > 0
            await asyncio.sleep(self.stall)
            return self.write_now(change)

    async def read(self, question: Callable[[Transaction], T]) -> T:
        async with self._turn:
            return self.read_now(question)


class _ToStation(httpx.AsyncBaseTransport):
    """kioskd's own HTTP API in this process; its stream of states line by line."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._rest = httpx.ASGITransport(create_app(station, LogRing()))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/events":
            return httpx.Response(200, stream=_States(self._station))
        return await self._rest.handle_async_request(request)


class _States(httpx.AsyncByteStream):
    def __init__(self, station: Station) -> None:
        self._station = station

    async def __aiter__(self) -> AsyncIterator[bytes]:
        state = await self._station.state()
        while True:
            yield f"data: {state.model_dump_json()}\n\n".encode()
            state = await self._station.next_state(state.revision)


async def test_touches_are_answered_at_once_while_commits_stall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "MortalJournal", _Slow)
    office = House(tmp_path)
    await office.boot()
    loop = asyncio.get_running_loop()
    drawn: list[tuple[float, ScreenModel]] = []
    async with Client(transport=_ToStation(office.station)) as client:
        session = Session(client, "stall000", lambda model: drawn.append((loop.time(), model)))
        screen = asyncio.create_task(session.run())
        await asyncio.sleep(5.0)
        journal: Any = office.journal
        journal.stall = STALL

        slowest, screens = 0.0, []
        for touch in ("language", "ticket", "service:akta"):
            touched, before = loop.time(), len(drawn)
            session.handle(events.Pressed(touch))
            while len(drawn) == before and loop.time() < touched + 60:
                await asyncio.sleep(0.01)
            slowest = max(slowest, drawn[-1][0] - touched)
            screens.append(drawn[-1][1].screen)
            await asyncio.sleep(0.5)
        asked = loop.time()
        async with asyncio.timeout(120):
            while session.model.number is None:
                await asyncio.sleep(0.1)

        print(f"{journal.stalled} commits of {STALL} s; slowest answer to a touch {slowest * 1000:.0f} ms: {screens}")
        assert journal.stalled >= 2
        assert loop.time() - asked > STALL  # the number itself had to wait: it is durable before it is shown
        assert slowest <= FEEDBACK
        assert screens[-1] != screens[-2]  # the choice of a service is answered by a screen of its own
        screen.cancel()
        await asyncio.gather(screen, return_exceptions=True)
    await office.die()


@pytest.mark.wall
async def test_the_loop_goes_on_while_the_writer_thread_is_stuck_in_a_commit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", WallClock(), SystemChance(), threaded=True)
    stuck, release = threading.Event(), threading.Event()

    def change(tx: Transaction) -> None:
        stuck.set()
        assert release.wait(60)

    writing = asyncio.create_task(journal.write(change))
    while not stuck.is_set():
        await asyncio.sleep(0.001)
    for _ in range(100):  # were the loop stuck as well, this would never end
        await asyncio.sleep(0)
    assert not writing.done()
    release.set()
    await writing
    journal.close()
