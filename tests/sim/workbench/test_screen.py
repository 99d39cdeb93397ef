"""The live touchscreen on the workbench: its picture and its buttons come in, touches and scans go out."""

import asyncio
from pathlib import Path

import pytest

from tests.sim.workbench.conftest import PNG, table

pytestmark = pytest.mark.wall


async def test_the_page_shows_what_the_screen_shows(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        assert (await here.api.get("/api/screen")).status_code == 404
        await here.screen.send(b"F", PNG)
        await here.screen.show("idle", ("start", 0.4, 0.5))
        await here.settled("model")
        picture = await here.api.get("/api/screen")
        assert picture.content == PNG
        assert picture.headers["content-type"] == "image/png"
        model = (await here.api.get("/api/screen/model")).json()
        assert model["screen"] == "idle"
        assert [action["id"] for action in model["actions"]] == ["start"]


async def test_a_click_is_a_touch_and_a_named_action_is_touched_in_its_middle(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        await here.screen.show("idle", ("start", 0.4, 0.5))
        await here.settled("model")
        assert (await here.post("touch", x=0.25, y=0.75)).status_code == 200
        assert await here.screen.hear() == {"type": "touch", "x": 0.25, "y": 0.75}
        assert (await here.post("touch", action="start")).status_code == 200
        assert await here.screen.hear() == {"type": "touch", "x": 0.5, "y": 0.55}


async def test_an_action_that_is_not_offered_is_told_with_those_that_are(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        await here.screen.show("idle", ("start", 0.4, 0.5), ("help", 0.4, 0.8))
        await here.settled("model")
        answer = await here.post("touch", action="cancel")
        assert answer.status_code == 409
        assert "start, help" in answer.json()["detail"]


async def test_a_slip_is_typed_with_its_enter(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        person = here.bench.centre.people[0]
        await here.post("slip", person=person.nik)
        assert await here.screen.hear() == {"type": "text", "text": person.slip + "\n"}
        await here.post("text", text="ANJ1-NONSENSE")
        assert await here.screen.hear() == {"type": "text", "text": "ANJ1-NONSENSE\n"}


async def test_nonsense_from_a_screen_is_left_out_and_a_monster_is_hung_up_on(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        await here.screen.send(b"M", b"{not json")
        await here.screen.send(b"F", b"GIF89a")
        await here.screen.send(b"?", b"")
        await here.screen.show("idle")
        await here.settled("model")
        assert here.bench.mirror.frame is None
        here.screen.writer.write((1 << 31).to_bytes(4, "big"))
        assert await here.screen.reader.read() == b""


async def test_a_screen_that_starts_again_takes_the_place_of_the_old(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        await here.screen.show("idle")
        await here.settled("model")
        reader, writer = await asyncio.open_unix_connection(str(here.bench.mirror.path))
        assert await here.screen.reader.read() == b"", "the old one is hung up"
        await here.post("touch", x=0, y=0)
        assert int.from_bytes(await reader.readexactly(4), "big") > 0
        writer.close()
        seen = -1
        async with asyncio.timeout(5):
            while here.bench.mirror.connected:
                seen = await here.bench.bell.after(seen)
        assert (await here.post("touch", x=0, y=0)).status_code == 503
