"""What a developer does at the workbench happens in the simulated world, and is seen there."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sim.workbench.app import HEADERS, stream
from sim.world import Place, Slip
from tests.sim.workbench.conftest import Table, table

pytestmark = pytest.mark.wall


async def world(here: Table) -> dict[str, Any]:
    body: dict[str, Any] = (await here.api.get("/api/world")).json()
    return body


async def test_the_right_finger_is_the_persons_and_the_wrong_one_somebody_elses(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        person = here.bench.centre.people[0]
        right = (await here.post("finger", person=person.nik)).json()["finger"]
        assert right in person.fingers.values()
        assert (await world(here))["world"]["finger"].startswith(right)
        wrong = (await here.post("finger", person=person.nik, right=False)).json()["finger"]
        assert wrong not in person.fingers.values()
        await here.post("finger", none=True)
        assert (await world(here))["world"]["finger"] is None


async def test_a_finger_can_be_laid_down_for_a_while(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        await here.post("finger", person=here.bench.centre.people[0].nik, hold=0.05)
        seen = here.bench.bell.count
        assert here.bench.world.finger is not None
        async with asyncio.timeout(5):
            while here.bench.world.finger is not None:
                seen = await here.bench.bell.after(seen)


async def test_a_person_without_a_readable_finger_cannot_lay_one_down(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        worn = next(person for person in here.bench.centre.people if not person.fingers)
        assert (await here.post("finger", person=worn.nik)).status_code == 409


async def test_a_card_is_taken_once_and_its_face_can_be_looked_at(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        card = here.bench.world.load_blanks(1)[0]
        card.front = Image.new("RGB", (1016, 648), "white")
        assert (await here.post("take-card")).status_code == 409
        here.bench.world.move(card, Place.BEZEL)
        assert (await here.post("take-card")).json() == {"serial": card.serial}
        assert (await here.post("take-card")).status_code == 409
        picture = await here.api.get(f"/api/cards/{card.serial}.png")
        assert Image.open(io.BytesIO(picture.content)).size == (1016, 648)
        assert (await here.api.get("/api/cards/SPECIMEN-999999.png")).status_code == 404


async def test_the_face_is_fetched_again_with_each_panel_of_ribbon(tmp_path: Path) -> None:
    """A browser keeps a picture for as long as its address stays the same."""
    async with table(tmp_path) as here:
        card = here.bench.world.load_blanks(1)[0]
        here.bench.world.move(card, Place.PRINT)
        faces = []
        for panel in ("yellow", "magenta", "black"):
            card.front = Image.new("RGB", (1016, 648), panel)
            faces += [(await world(here))["world"]["cards"][0]["face"] for _ in range(2)]
        assert faces == [1, 1, 2, 2, 3, 3]


async def test_each_ticket_that_comes_out_is_kept(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        assert (await here.api.get("/api/slips/1.png")).status_code == 404
        here.bench.world.slip_out(Slip("A-001", lambda: Image.new("1", (576, 900), 1)))
        here.bench.world.slip_out(Slip("A-002", lambda: Image.new("1", (576, 700), 1)))
        assert (await world(here))["world"]["slips"] == 2
        newest = await here.api.get("/api/slips/2.png")
        assert Image.open(io.BytesIO(newest.content)).size == (576, 700)


async def test_a_fault_is_armed_and_cleared_and_a_wrong_name_is_told(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        assert (await here.post("fault", device="card-printer", name="jam", mode="next")).json() == {"armed": ["jam"]}
        assert (await world(here))["devices"][0]["armed"] == ["jam"]
        assert (await here.post("fault", device="card-printer", name="jam", mode="clear")).json() == {"armed": []}
        unknown = await here.post("fault", device="card-printer", name="flood", mode="next")
        assert unknown.status_code == 422
        assert "jam, silence" in unknown.json()["detail"]
        assert (await here.post("fault", device="fax", name="jam", mode="next")).status_code == 404


async def test_outages_approvals_and_authorisations_reach_the_centre(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        person = here.bench.centre.people[0]
        await here.post("outage", outage="server")
        await here.post("approval", person=person.nik, kind="forged")
        await here.post("service", service="ktp-el", authorised=False)
        seen = await world(here)
        assert seen["centre"]["outage"] == "server"
        assert seen["centre"]["services"]["ktp-el"] is False
        assert seen["people"][0]["approval"] == "forged"
        assert (await here.post("outage", outage="flood")).status_code == 422
        assert (await here.post("approval", person="0", kind="good")).status_code == 404


async def test_a_power_cut_takes_the_programs_with_it_and_gives_all_back(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        cutting = asyncio.create_task(here.post("power", device="all", seconds=0.05))
        seen = 0
        async with asyncio.timeout(5):
            while here.printer.powered:
                seen = await here.bench.bell.after(seen)
        assert not (await world(here))["devices"][0]["powered"]
        assert (await cutting).status_code == 200
        assert here.printer.powered
        assert here.kiosk.done == ["power cut", "power on"]


async def test_one_device_loses_power_alone(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        await here.post("power", device="card-printer", seconds=0)
        assert here.printer.powered
        assert here.kiosk.done == []
        assert [note["text"] for note in (await world(here))["notes"]] == [
            "card-printer: power cut",
            "card-printer: power back",
        ]


async def test_kioskd_can_be_killed_from_the_page(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        await here.post("kill", program="kioskd")
        assert here.kiosk.done == ["kill kioskd"]


async def test_blanks_go_into_the_hopper_only_when_kioskd_can_book_them(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        answer = await here.post("blanks", number=10)
        assert answer.status_code == 409
        assert "kioskd" in answer.json()["detail"]
        assert here.bench.world.at(Place.HOPPER) == []


async def test_new_rolls_fill_paper_and_tickets(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        here.bench.world.paper_mm = 3
        here.bench.world.tickets_left = 0
        await here.api.post("/api/refill")
        seen = (await world(here))["world"]
        assert (seen["paper_mm"], seen["tickets_left"]) == (80_000, 500)


async def test_the_stream_tells_at_once_what_changed(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        told = stream(here.bench)
        first = json.loads((await anext(told)).removeprefix("data: "))
        assert first["world"]["hopper"] == 0
        here.bench.world.load_blanks(3)
        second = json.loads((await anext(told)).removeprefix("data: "))
        assert second["world"]["hopper"] == 3
        here.bench.close()
        with pytest.raises(StopAsyncIteration):
            await anext(told)


async def test_the_page_runs_nothing_from_elsewhere_and_answers_to_no_foreign_name(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        page = await here.api.get("/")
        assert page.status_code == 200
        assert page.headers["content-security-policy"] == HEADERS["content-security-policy"]
        assert "style=" not in page.text
        assert "<script>" not in page.text
        assert "http://" not in page.text
        assert "https://" not in page.text
        foreign = await here.api.get("/", headers={"host": "evil.example"})
        assert foreign.status_code == 400


async def test_a_request_of_the_wrong_form_changes_nothing(tmp_path: Path) -> None:
    async with table(tmp_path) as here:
        for path, body in (
            ("touch", {"x": 0.5}),
            ("touch", {"x": 0.5, "y": 0.5, "action": "start"}),
            ("touch", {"x": 2, "y": 0.5}),
            ("finger", {}),
            ("finger", {"person": "1", "none": True}),
            ("blanks", {"number": 0}),
            ("kill", {"program": "init"}),
        ):
            assert (await here.post(path, **body)).status_code == 422, (path, body)
        assert here.kiosk.done == []
