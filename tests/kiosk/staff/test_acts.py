"""Acts of staff through kioskd's API: under whose name, how often, and when not."""

import json
from pathlib import Path

import pytest

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.people.policy import Denied
from tests.journeys.office import Office, office


async def acts(kiosk: Office) -> list[tuple[str, str, str | None]]:
    rows = kiosk.journal.read_now(lambda tx: tx.rows("SELECT operation, first, second FROM staff_act ORDER BY rowid"))
    return [(row["operation"], row["first"], row["second"]) for row in rows if row["operation"] != "set_pin"]


async def test_each_act_stands_under_its_names(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.ticket()
        await kiosk.call_next("akta")
        taken_out = s.BlanksUnloaded(request_id=kiosk.request(), quantity=2)
        blanks = await kiosk.api.unload_blanks(await kiosk.signed(taken_out, ["TECHNICIAN-1", "SUPERVISOR-1"]))
        assert (blanks.hopper, blanks.vault, blanks.loaded) == (3, 2, 5)
        cleaning = s.PrinterCleaning(request_id=kiosk.request())
        await kiosk.api.clean_printer(await kiosk.signed(cleaning, ["TECHNICIAN-1"]))
        wanted = s.AuditExport(request_id=kiosk.request(), reason="yearly audit")
        assert "staff_acted" in await kiosk.api.export(await kiosk.signed(wanted, ["AUDITOR-1"]))
        asked = s.DigestRequest(request_id=kiosk.request(), day=kiosk.clock.now().date())
        lines = await kiosk.api.digest(await kiosk.signed(asked, ["SUPERVISOR-1"]))
        assert {one.person: (one.loads, one.unloads) for one in lines}["SUPERVISOR-1"] == (0, 1)
        assert await acts(kiosk) == [
            ("load_blanks", "OFFICER-1", "OFFICER-2"),
            ("call_next", "OFFICER-1", None),
            ("unload_blanks", "TECHNICIAN-1", "SUPERVISOR-1"),
            ("clean_printer", "TECHNICIAN-1", None),
            ("export_audit", "AUDITOR-1", None),
            ("read_digest", "SUPERVISOR-1", None),
        ]
        assert (await kiosk.api.journal()).ok


async def test_the_printer_is_not_cleaned_while_a_card_is_in_it(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.ENCODE)
        cleaning = s.PrinterCleaning(request_id=kiosk.request())
        refused = kiosk.api.clean_printer(await kiosk.signed(cleaning, ["TECHNICIAN-1"]))
        assert await kiosk.refused(refused) == m.Cause.BUSY  # type: ignore[arg-type] # it answers nothing
        assert ("clean_printer", "TECHNICIAN-1", None) not in await acts(kiosk)
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1)


async def test_who_was_denied_what_is_audited_without_what_strangers_typed(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        asked = s.NextCall(request_id=kiosk.request(), service="akta")
        proof = s.Proof(person="3273011203850001", nonce="0" * 32, signature="0" * 128, pin="271828")
        forged = asked.model_copy(update={"proofs": (proof,)})
        assert await kiosk.refused(kiosk.api.call_next(forged)) == m.Cause.STAFF_DENIED
        signed = await kiosk.signed(asked, ["AUDITOR-1"])
        assert await kiosk.refused(kiosk.api.call_next(signed)) == m.Cause.STAFF_DENIED
        assert [entry["claimed"] for entry in kiosk.audited("staff_denied")] == [[], ["AUDITOR-1"]]
        rows = kiosk.journal.read_now(lambda tx: tx.rows("SELECT body FROM audit"))
        assert not any("3273011203850001" in row["body"] or "271828" in row["body"] for row in rows)


async def test_the_link_brings_the_roster_and_takes_people_out(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        assert len(await kiosk.api.colleagues()) == len(kiosk.centre.staff)
        kiosk.centre.employ(kiosk.centre.staff[:1])
        await kiosk.station.link.round()
        assert [one.id for one in await kiosk.api.colleagues()] == ["OFFICER-1"]
        asked = s.ChallengeRequest(person="OFFICER-2", operation="load_blanks", about="0" * 64)
        assert await kiosk.refused(kiosk.api.challenge(asked)) == m.Cause.STAFF_DENIED
        rosters = len(kiosk.audited("roster_accepted"))
        await kiosk.station.link.round()
        assert len(kiosk.audited("roster_accepted")) == rosters


async def test_a_roster_that_does_not_count_leaves_the_one_in_force_and_the_line_up(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        before = await kiosk.api.colleagues()
        kiosk.centre.roster = kiosk.centre.roster[:-4] + "AAAA"
        await kiosk.station.link.round()
        assert kiosk.station.link.up
        assert await kiosk.api.colleagues() == before
        assert await kiosk.refused(_sent(kiosk)) == m.Cause.STAFF_DENIED


async def _sent(kiosk: Office) -> m.Message:
    return (await kiosk.api.send_roster(s.RosterSent(roster=kiosk.centre.roster)))[0]


async def test_a_challenge_is_for_one_operation_one_content_and_one_use(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        desk = kiosk.station.staff.people
        signed = await kiosk.signed(s.BlanksLoaded(request_id="forty-blanks", quantity=40))
        more = signed.model_copy(update={"quantity": 400})
        other = s.BlanksUnloaded(request_id="forty-blanks", quantity=40, proofs=signed.proofs)
        for false in (more, other):
            signed = await kiosk.signed(s.BlanksLoaded(request_id="forty-blanks", quantity=40))
            with pytest.raises(Denied, match="something else"):
                await desk.prove(false.model_copy(update={"proofs": signed.proofs}))
            with pytest.raises(Denied, match="used before"):
                await desk.prove(signed)
        bodies = [json.dumps(body) for body in kiosk.audited("staff_denied")]
        assert len(bodies) == 4
