"""What a round asks of the centre: only for what its signed word says is new; and what is told at once, what later."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.api.messages import Cause
from kiosk.centre import shelf
from kiosk.centre.cards import _Desk
from kiosk.journal.database import Transaction
from sim.centre import keys
from sim.centre.registry import Outage
from sim.centre.staff import colleague
from tests.journeys.office import Office, office


class Asked:
    """The paths that the centre was asked for, under its office."""

    def __init__(self, kiosk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        self._http = kiosk.station.link._http
        self._paths: list[str] = []
        send = self._http.send

        async def noted(request, **more):  # type: ignore[no-untyped-def] # as the method it stands for
            self._paths.append(request.url.path.removeprefix("/v1/offices/SPC01/"))
            return await send(request, **more)

        monkeypatch.setattr(self._http, "send", noted)

    def take(self) -> list[str]:
        """Those since it was asked last."""
        taken, self._paths = self._paths, []
        return taken


async def test_a_round_asks_only_for_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path) as kiosk:
        link, asked = kiosk.station.link, Asked(kiosk, monkeypatch)
        await link.round()
        asked.take()
        await link.round()
        assert asked.take() == ["standing"], "roster and approvals came with the first round"

        kiosk.centre.set_approval(kiosk.resident.nik, "good")
        await link.round()
        assert asked.take() == ["standing", "approvals", "cards/signatures"]

        kiosk.centre.employ([*kiosk.centre.staff, colleague("OFFICER-9", "officer")])
        await link.round()
        assert asked.take()[:2] == ["standing", "roster"]
        assert "OFFICER-9" in {one.id for one in await kiosk.station.staff.people.colleagues()}


async def test_a_newer_roster_is_asked_for_until_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody on the line keeps it back: he forges another, or repeats the one before."""
    async with office(tmp_path) as kiosk:
        link, asked = kiosk.station.link, Asked(kiosk, monkeypatch)
        old = kiosk.centre.roster
        genuine = kiosk.centre.employ([*kiosk.centre.staff, colleague("OFFICER-9", "officer")])
        for other in (keys.forge({"number": 99}, kind="roster+jwt"), old):
            kiosk.centre.roster = other
            for _ in range(2):
                await link.round()
                assert asked.take()[:2] == ["standing", "roster"]
                assert link.up
        kiosk.centre.roster = genuine
        await link.round()
        await link.round()
        assert asked.take().count("roster") == 1


async def test_a_centre_that_does_not_say_how_far_it_is_is_asked_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as kiosk:
        whole = kiosk.centre.standing

        def older(kiosk: str, nonce: str) -> str:
            payload = whole(kiosk, nonce).split(".")[1]
            claims = json.loads(urlsafe_b64decode(payload + "=="))
            del claims["roster"], claims["cursor"]
            return keys.sign(claims, "standing+jwt")

        monkeypatch.setattr(kiosk.centre, "standing", older)
        asked = Asked(kiosk, monkeypatch)
        for _ in range(2):
            await kiosk.station.link.round()
            assert asked.take()[:3] == ["standing", "roster", "approvals"]


async def test_a_number_waits_for_the_next_round_and_a_card_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as kiosk:
        link, asked = kiosk.station.link, Asked(kiosk, monkeypatch)
        await link.round()
        asked.take()

        await kiosk.ticket()
        assert "events" not in asked.take()
        assert (await kiosk.until(lambda state: state.link.queued == 0)).link.up
        assert "events" in asked.take()

        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.collect_to_the_end()
        await kiosk.until(lambda state: state.link.queued == 0, limit=1.0)
        assert [event.kind for event in kiosk.centre.events if event.kind == "card_taken"] == ["card_taken"]


async def test_a_few_signatures_are_one_commit_and_those_that_came_before_the_line_went_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as kiosk:
        link, asked, keep = kiosk.station.link, Asked(kiosk, monkeypatch), shelf.sign
        await link.round()
        kept: list[int] = []

        def noted(tx: Transaction, signed: dict[str, bytes]) -> None:
            kept.append(len(signed))
            keep(tx, signed)

        answers: Iterator[Outage] = iter(("none", "none", "link"))

        async def dies(desk: object, path: str, body: object, refused: object) -> object:
            kiosk.centre.outage = next(answers, "none")
            return await ask(desk, path, body, refused)  # type: ignore[arg-type] # as the method it stands for

        ask = _Desk.ask
        monkeypatch.setattr(_Desk, "ask", dies)
        monkeypatch.setattr(shelf, "sign", noted)
        for person in kiosk.centre.people[:5]:
            kiosk.centre.set_approval(person.nik, "good")
        asked.take()
        await link.round()
        assert (kept, link.cause) == ([2], Cause.LINK_DOWN)
        kiosk.centre.outage = "none"
        await link.round()
        assert (kept, link.cause) == ([2, 3], None)
        assert asked.take().count("cards/signatures") == 3 + 3, "the one that got no answer is asked again"
