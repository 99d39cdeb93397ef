"""J8: without a valid approval for this person and this office there is no card."""

from pathlib import Path

import pytest

from kiosk.api import messages as m
from sim.world import Place
from tests.journeys.office import BLANKS, Office, office

CASES = [
    ("missing", m.Cause.APPROVAL_MISSING),
    ("expired", m.Cause.APPROVAL_EXPIRED),
    ("other_office", m.Cause.APPROVAL_OTHER_OFFICE),
    ("other_person", m.Cause.APPROVAL_OTHER_PERSON),
    ("forged", m.Cause.APPROVAL_FORGED),
    ("forged_record", m.Cause.APPROVAL_FORGED),
]


@pytest.mark.parametrize(("kind", "cause"), CASES)
async def test_no_card_a_clear_reason_and_an_audit_entry(tmp_path: Path, kind: str, cause: m.Cause) -> None:
    def bad_from_the_start(kiosk: Office) -> None:
        kiosk.centre.set_approval(kiosk.resident.nik, kind)  # type: ignore[arg-type] # one of sim.centre's kinds

    async with office(tmp_path, prepare=bad_from_the_start) as kiosk:
        assert await kiosk.refused(kiosk.type_nik()) == cause

        [entry] = kiosk.audited("collection_refused")
        assert entry["cause"] == cause
        assert kiosk.resident.nik not in str(entry)
        await kiosk.balanced(taken=0)
        assert len(kiosk.world.at(Place.HOPPER)) == BLANKS


async def test_a_newer_approval_replaces_a_good_one_even_if_it_is_bad(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.centre.set_approval(kiosk.resident.nik, "expired")
        await kiosk.station.link.round()
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.APPROVAL_EXPIRED


async def test_an_approval_expires_while_the_kiosk_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.clock._start = kiosk.clock._start.replace(year=kiosk.clock._start.year + 10)
        await kiosk.station.link.round()  # kiosk and centre have grown older together: the centre says so
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.APPROVAL_EXPIRED


async def test_an_approval_changed_in_the_journal_gains_nothing(tmp_path: Path) -> None:
    """Somebody with access to the disk puts another name on a waiting card."""
    async with office(tmp_path) as kiosk:
        kiosk.journal.write_now(
            lambda tx: tx.run("UPDATE approval_record SET record = replace(record, 'SPECIMEN', 'PENYUSUP')")
        )
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.APPROVAL_FORGED


async def test_an_unknown_slip_gets_no_card(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        request = m.CollectRequest(request_id=kiosk.request(), slip="ANJ1-ZZZZZZZZZZZZZZZZ")
        assert await kiosk.refused(kiosk.api.collect(request)) == m.Cause.APPROVAL_MISSING
