"""The day's close: counted by two, held against the books and the printer's counter, on paper, once a day."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import zxingcpp

from kiosk.api import blanks as b
from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.api.client import ApiError
from kiosk.journal import checkpoint
from kiosk.journal.database import Transaction
from kiosk.station import requests
from sim.world import Place
from tests.journeys.office import BLANKS, Office, office


async def pass_days(kiosk: Office, days: int) -> None:
    """The kiosk is switched off, and on again days later; the hours in between are left out."""
    kiosk.clock._start += timedelta(days=days)
    await kiosk.power_cut()


@asynccontextmanager
async def day(folder: Path) -> AsyncIterator[Office]:
    """An office in which one card was handed out and one number given."""
    async with office(folder) as kiosk:
        await kiosk.ticket()
        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        yield kiosk


async def count(kiosk: Office, *, request: str = "close-0001", day: date | None = None, **other: int) -> b.DayClosed:
    """Two officers count what they see, unless `other` says what they type."""
    here = {"hopper": len(kiosk.world.at(Place.HOPPER)), "bin": len(kiosk.world.at(Place.REJECT))}
    counted = b.Counted.model_validate({**here, **other})
    return await kiosk.api.close_day(await kiosk.signed(b.CloseRequest(request_id=request, counted=counted, day=day)))


async def test_a_day_whose_count_agrees_is_closed_on_paper_with_the_audits_head(tmp_path: Path) -> None:
    async with day(tmp_path) as kiosk:
        closed = await count(kiosk)

        assert [(one.place, one.booked, one.counted, one.case) for one in closed.counts] == [
            ("hopper", BLANKS - 1, BLANKS - 1, None),
            ("bin", 0, 0, None),
        ]
        assert closed.fed is not None
        assert (closed.fed.booked, closed.fed.difference) == (1, 0)
        assert (closed.moves.loaded, closed.moves.taken) == (BLANKS, 1)
        assert next(one for one in closed.services if one.letter == "D").given == 1
        assert closed.officers == ("OFFICER-1", "OFFICER-2")
        assert "OFFICER-1: loads 1, other 2" in closed.digest  # the other two: his PIN, and this close
        assert closed.slip
        text, picture = kiosk.world.slip_texts[-1], kiosk.world.slips[-1].picture
        assert "Hitungan cocok" in text
        assert [code.text for code in zxingcpp.read_barcodes(picture)] == [closed.witness]
        report = await kiosk.api.journal()
        assert report.ok
        row = await kiosk.journal.read(
            lambda tx: tx.row("SELECT kind, hash FROM audit WHERE sequence = ?", closed.audit_records)
        )
        assert row is not None
        assert (row["kind"], row["hash"].hex()) == ("day_closed", closed.audit_head)
        signed = checkpoint.read(closed.witness, [kiosk.station.key.private.public_key()])
        assert (signed.sequence, signed.head.hex()) == (closed.audit_records, closed.audit_head)
        [told] = await kiosk.told("day_closed")
        assert told["cases"] == []


async def test_who_pockets_a_blank_from_the_hopper_is_found_at_the_close(tmp_path: Path) -> None:
    async with day(tmp_path) as kiosk:
        kiosk.world.put(kiosk.world.at(Place.HOPPER)[0], Place.BOX)  # into a pocket

        closed = await count(kiosk)

        [case] = closed.cases
        assert (case.kind, case.place, case.open) == (b.CaseKind.MISSING, b.CasePlace.HOPPER, 1)
        assert "SELISIH / DIFFERENCE: kasus/case 1" in kiosk.world.slip_texts[-1]
        assert (await kiosk.told("case_opened"))[0]["kind"] == "missing"
        blanks = (await kiosk.api.state()).blanks
        assert (blanks.missing, blanks.hopper) == (1, BLANKS - 2)
        failed = [check.name for check in await kiosk.api.self_test() if not check.ok]
        assert failed == ["blanks"]


async def test_a_card_fed_past_the_books_is_told_by_the_printers_own_counter(tmp_path: Path) -> None:
    """Somebody lays a blank of his own into the hopper and lets the printer take it: the count of blanks agrees."""
    async with day(tmp_path) as kiosk:
        await count(kiosk)
        await pass_days(kiosk, 1)
        kiosk.printer.mechanics.fed += 1

        closed = await count(kiosk, request="close-0002")

        assert all(one.difference == 0 for one in closed.counts)
        assert closed.fed is not None
        assert (closed.fed.difference, closed.cases[0].kind) == (1, b.CaseKind.COUNTER)


async def test_blanks_that_nobody_booked_are_a_surplus_and_not_evened_out(tmp_path: Path) -> None:
    async with day(tmp_path) as kiosk:
        kiosk.world.load_blanks(3)
        closed = await count(kiosk)
        assert [(case.kind, case.open) for case in closed.cases] == [(b.CaseKind.SURPLUS, 3)]
        blanks = (await kiosk.api.state()).blanks
        assert (blanks.surplus, blanks.loaded, blanks.hopper) == (3, BLANKS, BLANKS + 2)


async def test_unknown_cards_that_lie_in_the_bin_are_no_surplus(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRINT)
        kiosk.printer.power_on_behaviour = "reject"
        await kiosk.power_cut()
        await kiosk.until(lambda state: state.blanks.unknown == 1)

        closed = await count(kiosk)

        assert (closed.unknown, closed.unknown_in_bin, closed.cases) == (1, 1, [])


async def test_the_same_request_is_the_same_close_and_one_slip(tmp_path: Path) -> None:
    async with day(tmp_path) as kiosk:
        first = await count(kiosk)
        slips = len(kiosk.world.slips)
        await kiosk.power_cut()

        again = await count(kiosk, hopper=0)

        assert again == first
        assert len(kiosk.world.slips) == slips
        assert await kiosk.journal.read(lambda tx: tx.number("SELECT count(*) FROM day_close")) == 1
        with pytest.raises(ApiError, match=r"day_closed: .* is closed"):
            await count(kiosk, request="close-0002")


async def test_a_close_that_found_no_paper_is_printed_when_it_is_asked_again(tmp_path: Path) -> None:
    async with day(tmp_path) as kiosk:
        kiosk.thermal.faults.fail_repeatedly("paper-out")
        first = await count(kiosk)
        assert (first.slip, first.slip_cause) == (False, "paper_out")

        kiosk.thermal.faults.clear("paper-out")
        await kiosk.until(lambda state: all(not device.causes for device in state.devices))
        again = await count(kiosk)
        assert again.slip
        assert (again.audit_head, again.witness) == (first.audit_head, first.witness)
        assert "TUTUP HARI" in kiosk.world.slip_texts[-1]


async def test_a_printer_that_does_not_answer_is_said_to_be_no_witness(tmp_path: Path) -> None:
    async with day(tmp_path) as kiosk:
        await kiosk.links["card_printer"].unplug()
        closed = await count(kiosk)
        assert closed.fed is None
        assert "tidak ada / none" in kiosk.world.slip_texts[-1]


async def test_what_cannot_be_closed(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        received = b.BlanksReceived(request_id="delivery-1", quantity=100, note="SJ-2026-17")
        await kiosk.api.receive_blanks(await kiosk.signed(received))
        with pytest.raises(ApiError, match="100 blanks at vault; count them too"):
            await count(kiosk)
        with pytest.raises(ApiError, match="has not come yet"):
            await count(kiosk, vault=100, day=date(2099, 1, 1))
        request = b.CloseRequest(request_id="close-0009", counted=b.Counted(hopper=5, bin=0, vault=100))
        alone = await kiosk.signed(request, ["OFFICER-1"])
        with pytest.raises(ApiError, match="staff_denied"):
            await kiosk.api.close_day(alone)
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.blank_on_its_way()
        with pytest.raises(ApiError, match="busy: a card is under way"):
            await count(kiosk, vault=100)
        await kiosk.collect_to_the_end()
        assert (await count(kiosk, vault=100)).moves.taken == 1


async def test_a_day_that_nobody_closed_is_told_the_next_morning_and_can_be_closed_then(tmp_path: Path) -> None:
    async with day(tmp_path) as kiosk:
        today = (await kiosk.api.state()).now.date()
        assert (await kiosk.api.state()).unclosed_day is None
        await pass_days(kiosk, 1)

        state = await kiosk.until(lambda now: now.unclosed_day is not None)
        assert state.unclosed_day == today.isoformat()
        assert [told["day"] for told in await kiosk.told("day_not_closed")] == [today.isoformat()]
        assert {check.name for check in await kiosk.api.self_test() if not check.ok} == {"daily close"}
        await kiosk.power_cut()  # another start does not tell it again
        await kiosk.until(lambda now: now.unclosed_day is not None)
        assert len(await kiosk.told("day_not_closed")) == 1

        closed = await count(kiosk, day=today)
        assert closed.moves.taken == 1
        assert (await kiosk.api.state()).unclosed_day is None
        assert (await count(kiosk, request="close-0002")).moves.taken == 0  # and this evening, today


async def test_request_ids_are_kept_for_90_days_and_then_taken_away(tmp_path: Path) -> None:
    def ids(tx: Transaction) -> list[Any]:
        return [tuple(row) for row in tx.rows("SELECT kind FROM request ORDER BY kind")]

    async with office(tmp_path) as kiosk:
        ticket = await kiosk.ticket()
        asked = m.CollectRequest(request_id="collect-0001", slip=kiosk.resident.slip)
        await kiosk.api.collect(asked)
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        loaded = await kiosk.signed(s.BlanksLoaded(request_id="late-load-1", quantity=2))
        kiosk.world.load_blanks(2)
        assert (await kiosk.api.load_blanks(loaded)).hopper == BLANKS + 1

        await pass_days(kiosk, 89)

        answer = await kiosk.api.collect(asked)
        assert (answer.id, answer.stage) == ("collect-0001", m.Stage.DONE)
        assert answer.masked_name is None
        again = await kiosk.signed(s.BlanksLoaded(request_id="late-load-1", quantity=2))
        assert (await kiosk.api.load_blanks(again)).hopper == BLANKS + 1
        same = await kiosk.api.take_ticket(m.TicketRequest(request_id="request-000002", service="akta"))
        assert same.number == ticket.number
        kept = await kiosk.journal.read(ids)
        assert kept == [("collect",), ("load_blanks",), ("load_blanks",)]

        await pass_days(kiosk, 2)
        assert await kiosk.journal.read(ids) == []
        assert not await kiosk.journal.read(requests.stale)
        assert await kiosk.journal.read(lambda tx: tx.number("SELECT count(*) FROM ticket")) == 0
        assert await kiosk.journal.read(lambda tx: tx.number("SELECT count(*) FROM act WHERE outcome = 'done'")) == 0
        assert await kiosk.journal.read(lambda tx: tx.number("SELECT count(*) FROM blank_move")) == 4  # books stay
        assert (await kiosk.api.journal()).ok


async def test_a_collection_that_a_restart_cut_off_is_not_begun_again_by_its_old_request(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        asked = m.CollectRequest(request_id="collect-0001", slip=kiosk.resident.slip)
        await kiosk.api.collect(asked)
        await kiosk.power_cut()
        assert (await kiosk.api.collect(asked)).cause == m.Cause.RECOVERING
        assert (await kiosk.scan_slip()).stage is m.Stage.FINGER  # a new request begins anew
