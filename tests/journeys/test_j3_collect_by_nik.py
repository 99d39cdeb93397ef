"""J3: a resident without his slip types his NIK."""

from pathlib import Path

import pytest

from kiosk.api import messages as m
from tests.journeys.office import office

pytestmark = pytest.mark.usefixtures("each_scanner")


async def test_the_card_comes_by_typed_nik(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.type_nik()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1)


@pytest.mark.parametrize(
    "typed",
    ["123", "99010112038500011", "990101320385000１", "9901013203850001", "9901011213850001", "9901011203850000"],
)
async def test_a_nik_of_wrong_form_is_refused_before_any_look_up(tmp_path: Path, typed: str) -> None:
    async with office(tmp_path) as kiosk:
        request = m.CollectRequest(request_id=kiosk.request(), nik=typed)
        assert await kiosk.refused(kiosk.api.collect(request)) == m.Cause.NIK_INVALID


@pytest.mark.parametrize(
    "scanned", ["x" * 10_000, "ANJ1-0000\x1b@00000000000", "https://evil.example/", "", "ANJ1-" + "O" * 16]
)
async def test_what_is_no_slip_is_refused(tmp_path: Path, scanned: str) -> None:
    async with office(tmp_path) as kiosk:
        request = m.CollectRequest(request_id=kiosk.request(), slip=scanned)
        assert await kiosk.refused(kiosk.api.collect(request)) == m.Cause.SLIP_INVALID


async def test_a_malformed_request_is_told_where_and_never_what(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        nik = kiosk.resident.nik
        answer = await kiosk.api._http.post("/v1/collections", json={"request_id": "short", "nik": nik, "extra": nik})
        assert answer.status_code == 422
        assert nik not in answer.text
        assert "request_id" in answer.text
