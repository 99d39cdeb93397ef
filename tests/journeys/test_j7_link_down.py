"""J7: the line to the centre is down, or the centre itself."""

from pathlib import Path

import pytest

from kiosk.api import messages as m
from sim.world import Place
from tests.journeys.office import Office, office


async def cut(kiosk: Office, outage: str) -> None:
    kiosk.centre.outage = outage  # type: ignore[assignment] # the parametrised names are those of Outage
    await kiosk.until(lambda state: not state.link.up)


@pytest.mark.parametrize(("outage", "cause"), [("link", m.Cause.LINK_DOWN), ("server", m.Cause.CENTRE_DOWN)])
async def test_an_approved_card_is_still_collected_and_the_centre_is_told_later(
    tmp_path: Path, outage: str, cause: m.Cause
) -> None:
    async with office(tmp_path) as kiosk:
        await cut(kiosk, outage)
        assert (await kiosk.api.state()).link.cause == cause

        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1)
        assert not [event for event in kiosk.centre.events if event.kind == "card_taken"]

        kiosk.centre.outage = "none"
        assert len(await kiosk.told("card_taken")) == 1


@pytest.mark.parametrize(("outage", "cause"), [("link", m.Cause.LINK_DOWN), ("server", m.Cause.CENTRE_DOWN)])
async def test_a_service_that_needs_the_centre_names_the_true_cause_and_the_others_go_on(
    tmp_path: Path, outage: str, cause: m.Cause
) -> None:
    async with office(tmp_path) as kiosk:
        await cut(kiosk, outage)

        assert await kiosk.refused(kiosk.ticket("perekaman")) == cause
        services = {service.id: service for service in (await kiosk.api.state()).services}
        assert (services["perekaman"].available, services["perekaman"].cause) == (False, cause)
        assert (await kiosk.ticket("akta")).number == "D-001"


async def test_a_card_that_never_arrived_is_not_called_unfinished_while_the_line_is_down(tmp_path: Path) -> None:
    def nothing_for_the_first(kiosk: Office) -> None:
        kiosk.centre.set_approval(kiosk.resident.nik, "missing")

    async with office(tmp_path, prepare=nothing_for_the_first) as kiosk:
        assert await kiosk.refused(kiosk.type_nik()) == m.Cause.APPROVAL_MISSING
        await cut(kiosk, "link")
        assert await kiosk.refused(kiosk.type_nik()) == m.Cause.LINK_DOWN


async def test_when_the_centre_cuts_ektp_only_ektp_stops(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        kiosk.centre.cut_service("ktp-el", False)
        await kiosk.until(lambda state: state.collecting_cause == m.Cause.AUTHORISATION_CUT)

        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.AUTHORISATION_CUT
        assert (await kiosk.ticket("kartu-keluarga")).number == "C-001"


async def test_a_card_made_without_the_line_was_signed_ahead_and_cannot_prove_itself(
    tmp_path: Path,
) -> None:
    for line, key in (("none", True), ("link", False)):
        folder = tmp_path / line
        folder.mkdir()
        async with office(folder) as kiosk:
            if line != "none":
                await cut(kiosk, line)
            await kiosk.scan_slip()
            assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
            [card] = kiosk.world.at(Place.HAND)
            assert card.chip["state"] == card.chip["card"] == b"\x0f", "personalised, and its production ended"
            assert ("ef:010F" in card.chip) is key
            assert len(kiosk.audited("chip_committed")) == 1


async def test_where_only_the_centre_holds_the_keys_no_card_is_begun_without_it(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        profile = kiosk.station.profile
        chip = profile.chip.model_copy(update={"keys": "centre"})
        kiosk.station.profile = profile.model_copy(update={"chip": chip})
        await cut(kiosk, "link")
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.LINK_DOWN
        await kiosk.balanced(taken=0)
