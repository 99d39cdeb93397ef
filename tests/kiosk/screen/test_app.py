"""The screen as a process of its own: in front of a kioskd on a Unix socket, touched by the mirror or through X."""

import asyncio
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from PIL import Image

from kiosk.api import messages as m
from kiosk.screen import samples
from kiosk.screen.mirror import pack, read

SLIP = "ANJ1-0123456789ABCDEF"
RUN = """
import sys
from pathlib import Path
from kiosk.screen.app import main
sys.exit(main(Path(sys.argv[1]), mirror=Path(sys.argv[2]), headless=sys.argv[3] == "headless"))
"""


class Kioskd:
    """Answers on a Unix socket; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.simulated = True
        self.watched = asyncio.Event()
        self.app = FastAPI()
        self.app.get("/v1/events")(self.events)
        self.app.post("/v1/{path:path}")(self.post)

    async def events(self) -> StreamingResponse:
        async def states() -> AsyncIterator[str]:
            while True:
                yield f"data: {samples.state(simulated=self.simulated).model_dump_json()}\n\n"
                await asyncio.sleep(0.2)
                self.watched.set()

        return StreamingResponse(states(), media_type="text/event-stream")

    async def post(self, path: str, request: Request) -> Response:
        self.asked.append((path, await request.json()))
        answer: m.Message = samples.ticket() if path == "tickets" else samples.finger()
        return Response(answer.model_dump_json(), media_type="application/json")


class Hand:
    """The workbench's side of the mirror: sees what is shown, touches what it offers."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self.layout: dict[str, object] = {}
        self.places: dict[str, tuple[float, float]] = {}
        self.frame = b""
        self.seen: list[str] = []

    @property
    def connected(self) -> bool:
        return self._writer is not None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while True:
                self._messages.put_nowait(await read(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def sees(self, screen: str) -> None:
        """Waits until this screen is shown; says what was there instead if it never is."""
        try:
            async with asyncio.timeout(60):
                while self.layout.get("screen") != screen:
                    await self._next()
        except TimeoutError:
            raise AssertionError(f"waited for {screen}, saw {self.layout.get('screen')}") from None

    async def _next(self) -> None:
        kind, payload = await self._messages.get()
        if kind == b"F":
            self.frame = payload
            return
        self.layout = json.loads(payload)
        self.seen.append(str(self.layout["screen"]))
        actions = json.loads(payload)["actions"]
        self.places = {one["id"]: (one["x"] + one["w"] / 2, one["y"] + one["h"] / 2) for one in actions}

    def touches(self, action: str) -> None:
        x, y = self.places[action]
        self._send({"type": "touch", "x": x, "y": y})

    def scans(self, text: str) -> None:
        self._send({"type": "text", "text": text + "\n"})

    def _send(self, said: dict[str, object]) -> None:
        assert self._writer is not None
        self._writer.write(pack(b"T", json.dumps(said).encode()))


@asynccontextmanager
async def running(
    tmp_path: Path, *, display: str | None = None
) -> AsyncIterator[tuple[Kioskd, Hand, asyncio.subprocess.Process]]:
    kioskd, hand = Kioskd(), Hand()
    server = uvicorn.Server(uvicorn.Config(kioskd.app, uds=str(tmp_path / "k"), log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    bench = await asyncio.start_unix_server(hand.serve, str(tmp_path / "m"))
    env = {**os.environ, "KIVY_HOME": str(tmp_path / "kivy")}
    env.pop("DISPLAY", None)
    if display:
        env["DISPLAY"] = display
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RUN,
        str(tmp_path / "k"),
        str(tmp_path / "m"),
        "windowed" if display else "headless",
        env=env,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield kioskd, hand, process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        bench.close()
        server.should_exit = server.force_exit = True
        await serving


@pytest.mark.wall
async def test_a_resident_touches_twice_and_has_a_number_and_the_screen_ends_when_told(tmp_path: Path) -> None:
    async with running(tmp_path) as (kioskd, hand, process):
        await hand.sees("idle")
        with Image.open(io.BytesIO(hand.frame)) as frame:
            assert frame.size == (540, 960)
        hand.touches("ticket")
        await hand.sees("services")
        hand.touches("service:kk")
        await hand.sees("ticket")
        assert [(path, body["service"]) for path, body in kioskd.asked] == [("tickets", "kk")]
        hand.touches("home")
        await hand.sees("idle")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await process.wait() == 0


@pytest.mark.wall
async def test_ten_kilobytes_from_the_scanner_are_refused_and_the_next_slip_is_taken(tmp_path: Path) -> None:
    async with running(tmp_path) as (kioskd, hand, _):
        await hand.sees("idle")
        hand.scans("A" * 10_000)
        await hand.sees("identify")
        assert kioskd.asked == []
        hand.scans(SLIP)
        await hand.sees("finger")
        assert [(path, body["slip"], body["nik"]) for path, body in kioskd.asked] == [("collections", SLIP, None)]


@pytest.mark.wall
async def test_a_kiosk_of_real_devices_shows_nothing_to_a_workbench_and_takes_no_touch_from_it(tmp_path: Path) -> None:
    async with running(tmp_path) as (kioskd, hand, _):
        kioskd.simulated = False
        async with asyncio.timeout(60):
            await kioskd.watched.wait()
            while not hand.connected:
                await asyncio.sleep(0.05)
        hand.scans(SLIP)
        hand.places = {"ticket": (0.5, 0.55)}
        hand.touches("ticket")
        kioskd.simulated = True
        await hand.sees("idle")
        assert "services" not in hand.seen
        assert kioskd.asked == []


@asynccontextmanager
async def x_server() -> AsyncIterator[str]:
    """An X server without a screen, on a display number that it chooses itself."""
    reading, writing = os.pipe()
    server = await asyncio.create_subprocess_exec(
        "Xvfb", "-displayfd", str(writing), "-screen", "0", "1080x1920x24", "-nolisten", "tcp", pass_fds=[writing]
    )
    os.close(writing)
    try:
        async with asyncio.timeout(30):
            number = await asyncio.to_thread(os.read, reading, 16)
        yield f":{number.decode().strip()}"
    finally:
        os.close(reading)
        server.terminate()
        await server.wait()


async def xdotool(display: str, *words: str) -> None:
    tool = await asyncio.create_subprocess_exec("xdotool", *words, env={**os.environ, "DISPLAY": display})
    assert await tool.wait() == 0


@pytest.mark.wall
async def test_real_touches_and_a_real_keyboard_wedge_through_x(tmp_path: Path) -> None:
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        assert not os.environ.get("CI"), "Xvfb and xdotool belong on the CI machine"
        pytest.skip("Xvfb or xdotool is not installed: apt-get install xvfb xdotool")
    async with x_server() as display, running(tmp_path, display=display) as (kioskd, hand, _):
        await hand.sees("idle")
        x, y = hand.places["ticket"]
        await xdotool(display, "mousemove", str(round(x * 1080)), str(round(y * 1920)))
        await asyncio.sleep(0.4)  # longer than the debounce after a change of screen
        await xdotool(display, "click", "1")
        await hand.sees("services")
        await asyncio.sleep(0.4)
        x, y = hand.places["back"]
        await xdotool(display, "mousemove", str(round(x * 1080)), str(round(y * 1920)), "click", "1")
        await hand.sees("idle")
        await xdotool(display, "type", "--delay", "4", SLIP)
        await xdotool(display, "key", "Return")
        await hand.sees("finger")
        assert kioskd.asked[0][1]["slip"] == SLIP
