"""The screen in front of a kioskd that answers, refuses, restarts and disappears. Virtual time, no window."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kiosk.api import messages as m
from kiosk.api.client import Client
from kiosk.screen import samples
from kiosk.screen.flow import events
from kiosk.screen.present.model import ScreenModel
from kiosk.screen.session import Session
from tests.kiosk.screen.fake_kioskd import FakeKioskd

SLIP = "ANJ1-0123456789ABCDEF"


class Seen(list[ScreenModel]):
    """Every model drawn, the newest last."""

    @property
    def now(self) -> str:
        return self[-1].screen


@asynccontextmanager
async def screen_of(kioskd: FakeKioskd) -> AsyncIterator[tuple[Session, Seen]]:
    seen = Seen()
    async with Client(transport=kioskd) as client:
        session = Session(client, "test0000", seen.append)
        running = asyncio.create_task(session.run())
        await asyncio.sleep(0.1)
        yield session, seen
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def press(session: Session, *actions: str) -> None:
    for action in actions:
        session.handle(events.Pressed(action))


async def test_a_number_in_two_touches_and_eight_seconds_later_the_next_resident() -> None:
    kioskd = FakeKioskd()
    async with screen_of(kioskd) as (session, seen):
        press(session, "ticket", "service:kk")
        await asyncio.sleep(0.1)
        assert seen[-1].number == "A-017"
        assert kioskd.requests == [("/v1/tickets", {"request_id": "test0000-000001", "service": "kk"})]
        await asyncio.sleep(7.5)
        assert seen.now == "ticket"
        await asyncio.sleep(1)
        assert seen.now == "idle"


async def test_sixty_seconds_without_a_touch_end_the_visit_with_a_warning_before() -> None:
    async with screen_of(FakeKioskd()) as (session, seen):
        press(session, "collect", "type_nik", "digit:3", "digit:2")
        await asyncio.sleep(39)
        assert seen.now == "nik"
        await asyncio.sleep(2)
        assert seen.now == "still_there"
        assert list(seen[-1].boxes) == []
        press(session, "stay")
        boxes = seen[-1].boxes[:3]
        assert [box.text for box in boxes] == ["•", "2", ""]
        await asyncio.sleep(61)
        assert seen.now == "idle"


async def test_a_slip_starts_a_collection_and_the_pushed_states_lead_it() -> None:
    kioskd = FakeKioskd()
    async with screen_of(kioskd) as (session, seen):
        session.handle(events.Scanned(SLIP))
        await asyncio.sleep(0.1)
        assert seen.now == "finger"
        for stage in (m.Stage.WORKING, m.Stage.TAKE_CARD, m.Stage.DONE):
            kioskd.tell(collection=samples.collection(stage))
            await asyncio.sleep(45 if stage is m.Stage.WORKING else 0.1)
            assert seen.now == {"working": "progress"}.get(stage, stage.value)
        await asyncio.sleep(10.5)
        assert seen.now == "idle"


async def test_a_refusal_is_told_with_its_cause() -> None:
    kioskd = FakeKioskd()
    kioskd.refuse = "approval_expired"
    async with screen_of(kioskd) as (session, seen):
        session.handle(events.Scanned(SLIP))
        await asyncio.sleep(0.1)
        assert seen.now == "cannot"
        assert seen[-1].code == "Kode: APPROVAL-EXPIRED"


async def test_kioskd_away_is_said_within_two_and_a_half_seconds_and_its_return_at_once() -> None:
    kioskd = FakeKioskd()
    async with screen_of(kioskd) as (_session, seen):
        kioskd.die()
        await asyncio.sleep(1.8)
        assert seen.now == "idle"
        await asyncio.sleep(0.7)
        assert seen.now == "away"
        kioskd.come_back()
        await asyncio.sleep(0.6)
        assert seen.now == "idle"


async def test_a_short_absence_is_not_shown() -> None:
    kioskd = FakeKioskd()
    async with screen_of(kioskd) as (_session, seen):
        kioskd.die()
        await asyncio.sleep(0.8)
        kioskd.come_back()
        await asyncio.sleep(5)
        assert {model.screen for model in seen[1:]} == {"idle"}


async def test_a_number_asked_for_while_kioskd_restarts_arrives_after_it() -> None:
    kioskd = FakeKioskd()
    async with screen_of(kioskd) as (session, seen):
        press(session, "ticket")
        kioskd.die()
        press(session, "service:kk")
        await asyncio.sleep(5)
        assert seen.now == "away"
        kioskd.come_back()
        await asyncio.sleep(1)
        assert seen[-1].number == "A-017"
        assert [body["request_id"] for _, body in kioskd.requests] == ["test0000-000001"]


async def test_the_staff_button_leads_to_a_number_for_a_counter() -> None:
    kioskd = FakeKioskd()
    async with screen_of(kioskd) as (session, seen):
        kioskd.tell(collection=samples.finger())
        await asyncio.sleep(0.1)
        press(session, "staff")
        await asyncio.sleep(0.1)
        assert seen.now == "staff"
        assert kioskd.requests == [("/v1/collections/c-1/staff", {})]


async def test_a_state_of_another_version_does_not_end_the_screen() -> None:
    kioskd = FakeKioskd()
    async with screen_of(kioskd) as (_session, seen):
        kioskd.garbage = '{"revision": "newer"}'
        kioskd.tell()
        await asyncio.sleep(3)
        assert seen.now == "away"
        kioskd.garbage = ""
        await asyncio.sleep(1)
        assert seen.now == "idle"
