"""kioskd's API: what a full disk does, what the self-test says, and what a client sees of changes."""

import os
from pathlib import Path

import pytest

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.journal.database import Journal
from sim.clock import OfficeClock, SeededChance
from tests.journeys.office import office


async def test_a_full_disk_stops_issuing_but_not_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path) as kiosk:
        monkeypatch.setattr(kiosk.station.journal, "filled", lambda: 95.0)

        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.DISK_FULL
        disk = next(check for check in await kiosk.api.self_test() if check.name == "disk")
        assert (disk.ok, disk.detail) == (False, "95 % full")
        assert (await kiosk.api.state()).collecting_cause == m.Cause.DISK_FULL
        assert [entry["cause"] for entry in kiosk.audited("collection_refused")] == ["disk_full"]
        assert (await kiosk.ticket()).number == "D-001"


async def test_a_disk_a_little_less_full_lets_cards_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path) as kiosk:
        monkeypatch.setattr(kiosk.station.journal, "filled", lambda: 94.9)
        assert (await kiosk.api.state()).collecting_cause is None


def test_how_full_a_disk_is_as_df_says_it(tmp_path: Path) -> None:
    """What only root may use (5 % of an ext4 disk) is room for nobody here."""
    journal = Journal(tmp_path / "journal.sqlite", OfficeClock(), SeededChance(), threaded=False)
    disk = os.statvfs(tmp_path)
    used = disk.f_blocks - disk.f_bfree
    assert journal.filled() == pytest.approx(100 * used / (used + disk.f_bavail), abs=0.5)
    journal.close()


async def test_a_card_on_its_way_is_finished_although_the_disk_fills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRINT)
        monkeypatch.setattr(kiosk.station.journal, "filled", lambda: 99.9)

        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1)


async def test_the_self_test_names_what_is_wrong(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        assert all(check.ok for check in await kiosk.api.self_test())

        await kiosk.links["fingerprint_scanner"].unplug()
        kiosk.thermal.faults.fail_repeatedly("paper-out")
        kiosk.centre.outage = "server"
        await kiosk.until(lambda state: not state.link.up)

        wrong = {check.name: check.detail for check in await kiosk.api.self_test() if not check.ok}
        assert wrong == {
            "fingerprint_scanner": "no_device",
            "thermal_printer": "paper_out",
            "centre": "centre_down",
        }


async def test_a_missing_device_closes_only_what_needs_it(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.links["card_printer"].unplug()
        await kiosk.until(lambda state: state.collecting_cause == "no_device")

        assert await kiosk.refused(kiosk.scan_slip()) == "no_device"
        assert (await kiosk.ticket()).medium is m.TicketMedium.PAPER


async def test_blanks_are_counted_once_per_request_and_by_two_people(tmp_path: Path) -> None:
    async with office(tmp_path, blanks=0) as kiosk:
        counted = s.BlanksLoaded(request_id="morning-count", quantity=7)
        first = await kiosk.api.load_blanks(await kiosk.signed(counted))
        second = await kiosk.api.load_blanks(await kiosk.signed(counted))
        assert first.hopper == second.hopper == 7
        assert await kiosk.refused(kiosk.api.load_blanks(counted)) == m.Cause.STAFF_DENIED
        alone = await kiosk.signed(counted, ["OFFICER-1"])
        assert await kiosk.refused(kiosk.api.load_blanks(alone)) == m.Cause.STAFF_DENIED


async def test_the_machine_can_be_watched(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        state = await kiosk.station.next_state(-1)
        await kiosk.ticket()
        later = await kiosk.station.next_state(state.revision)
        assert later.revision > state.revision
        assert next(s.waiting for s in later.services if s.id == "akta") == 1


async def test_the_openapi_document_describes_every_route(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        document = (await kiosk.api._http.get("/openapi.json")).json()
        assert {"/v1/state", "/v1/tickets", "/v1/collections", "/v1/events"} <= document["paths"].keys()
