"""What the screen does, told from the resident's side; and what it can never do, shown by walking it at random."""

import random
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from kiosk.api import messages as m
from kiosk.screen import samples
from kiosk.screen.flow import events, machine, pages
from kiosk.screen.present import present

SLIP = "ANJ1-0123456789ABCDEF"
NIK = "3273011203850001"


def told(state: m.State | None = None, **known: Any) -> pages.Screen:
    screen, _ = machine.step(pages.Screen(prefix="test0000"), events.Told(state or samples.state()))
    return replace(screen, **known)


def after(screen: pages.Screen, *happened: events.Event) -> pages.Screen:
    for event in happened:
        screen, _ = machine.step(screen, event)
    return screen


def effects_of(screen: pages.Screen, event: events.Event) -> tuple[events.Effect, ...]:
    return machine.step(screen, event)[1]


def press(*actions: str) -> list[events.Event]:
    return [events.Pressed(action) for action in actions]


def typed(nik: str) -> list[events.Event]:
    return press("collect", "type_nik", *(f"digit:{digit}" for digit in nik))


# -- a queue number ----------------------------------------------------------------------------------------------


def test_two_touches_take_a_number() -> None:
    screen = after(told(), *press("ticket"))
    asked = effects_of(screen, events.Pressed("service:rekam"))
    assert events.TakeTicket("test0000-000001", "rekam") in asked
    screen = after(screen, events.Pressed("service:rekam"), events.Ticketed("test0000-000001", samples.ticket()))
    assert present(screen).number == "A-017"
    assert after(screen, events.Elapsed(machine.QUIET)).page == pages.Idle()


def test_no_way_to_a_number_is_longer_than_two_touches_by_search() -> None:
    distance: dict[str, int] = {}
    start = told()
    queue = deque([(start, 0)])
    seen = {repr(start.page)}
    while queue:
        screen, touches = queue.popleft()
        if isinstance(screen.page, pages.Ticketing):
            distance[screen.page.service] = touches
            continue
        for action in present(screen).actions:
            following = after(screen, events.Pressed(action.id))
            if repr(following.page) not in seen and touches < 3:
                seen.add(repr(following.page))
                queue.append((following, touches + 1))
    assert distance.keys() == {service.id for service in samples.state().services}
    assert max(distance.values()) == 2


def test_a_service_that_does_not_work_cannot_be_taken() -> None:
    closed = [one.model_copy(update={"available": one.id == "kk"}) for one in samples.state().services]
    screen = after(told(samples.state(services=closed)), *press("ticket", "service:rekam"))
    assert screen.page == pages.Services()
    shown = {action.id: action.enabled for action in present(screen).actions}
    assert shown["service:kk"]
    assert not shown["service:rekam"]


def test_a_number_asked_for_while_kioskd_went_away_is_asked_for_again_with_the_same_id() -> None:
    screen = after(told(), *press("ticket", "service:kk"))
    lost = after(screen, events.Refused("test0000-000001", None), events.Disconnected())
    assert events.TakeTicket("test0000-000001", "kk") in effects_of(lost, events.Told(samples.state()))


def test_a_number_that_is_only_on_the_screen_stays_there_longer_than_one_on_paper() -> None:
    on_paper = told(page=pages.TicketShown(samples.ticket()))
    on_screen = told(page=pages.TicketShown(samples.ticket(m.TicketMedium.SCREEN)))
    assert machine.quiet_limit(on_paper) == 8
    asked = after(on_screen, events.Elapsed(machine.QUIET))
    assert asked.warned
    assert present(asked).number == "A-017"


def test_a_number_shown_outlives_a_restart_of_kioskd() -> None:
    screen = told(page=pages.TicketShown(samples.ticket(m.TicketMedium.SCREEN)))
    screen = after(screen, events.Disconnected(), events.Elapsed(machine.LOST))
    assert screen.away
    assert present(screen).number == "A-017"


# -- a card ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [[], ["collect"], ["collect", "type_nik"]])
def test_a_slip_may_be_scanned_wherever_the_resident_is_on_the_way(before: list[str]) -> None:
    screen = after(told(), *press(*before))
    assert events.Collect("test0000-000001", slip=SLIP) in effects_of(screen, events.Scanned(SLIP))


@pytest.mark.parametrize(
    "line",
    ["x" * 65, "A" * 10_000, "ANJ1-0123\x0056789ABCDEF", "ANJ1-0123456789ABCDEU", "https://example.org", "\x1b[2J"],
)
def test_what_is_not_a_slip_is_refused_before_anything_is_asked(line: str) -> None:
    screen, effects = machine.step(told(), events.Scanned(line))
    assert screen.page == pages.Identify(m.Cause.SLIP_INVALID)
    assert not any(isinstance(effect, events.Collect) for effect in effects)
    assert present(screen).notice is not None


@pytest.mark.parametrize(
    ("nik", "fault"),
    [
        ("327301120385", "length"),
        ("0973011203850001", "region"),
        ("3273011213850001", "date"),
        ("3273017203850001", "date"),
        ("3273011203850000", "serial"),
    ],
)
def test_a_nik_of_wrong_form_is_told_before_any_lookup(nik: str, fault: str) -> None:
    screen = after(told(), *typed(nik))
    screen, effects = machine.step(screen, events.Pressed("send"))
    assert isinstance(screen.page, pages.TypeNik)
    assert screen.page.fault == fault
    assert not any(isinstance(effect, events.Collect) for effect in effects)
    assert present(screen).notice
    corrected = after(screen, events.Pressed("erase"))
    assert present(corrected).notice is None


def test_a_right_nik_is_sent_and_then_forgotten() -> None:
    screen, effects = machine.step(after(told(), *typed(NIK)), events.Pressed("send"))
    assert events.Collect("test0000-000001", nik=NIK) in effects
    assert NIK not in repr(screen)
    assert NIK not in repr(effects)


def test_only_the_newest_digit_can_be_read_over_a_shoulder() -> None:
    screen = after(told(), *typed("32730"))
    assert [box.text for box in present(screen).boxes[:6]] == ["•", "•", "•", "•", "0", ""]
    shown = after(screen, events.Pressed("show"))
    assert [box.text for box in present(shown).boxes[:5]] == ["3", "2", "7", "3", "0"]


def test_the_collection_in_kioskd_leads_the_screen_to_the_card() -> None:
    screen = after(told(), events.Scanned(SLIP), events.Started("test0000-000001", samples.finger()))
    shown = [present(screen).screen]
    for stage in (m.Stage.WORKING, m.Stage.TAKE_CARD, m.Stage.DONE):
        screen = after(screen, events.Told(samples.state(collection=samples.collection(stage))))
        shown.append(present(screen).screen)
    assert shown == ["finger", "progress", "take_card", "done"]
    gone = after(screen, events.Elapsed(machine.QUIET))
    assert present(gone).screen == "idle"
    assert present(after(gone, events.Told(screen.kiosk or samples.state()))).screen == "idle"


def test_a_pushed_state_that_overtakes_the_answer_is_not_undone_by_it() -> None:
    screen = after(told(), events.Scanned(SLIP))
    ahead = samples.collection(m.Stage.STAFF, ticket=samples.ticket())
    screen = after(
        screen, events.Told(samples.state(collection=ahead)), events.Started("test0000-000001", samples.finger())
    )
    assert present(screen).screen == "staff"


def test_a_state_older_than_the_answer_does_not_look_like_a_lost_collection() -> None:
    screen = after(told(), events.Scanned(SLIP), events.Started("test0000-000001", samples.finger()))
    assert present(after(screen, events.Told(samples.state()))).screen == "finger"


def test_staff_can_be_asked_once_on_the_finger_page() -> None:
    screen = told(page=pages.Collecting(samples.finger(), seen=True))
    asked, effects = machine.step(screen, events.Pressed("staff"))
    assert events.AskStaff("c-1") in effects
    assert events.AskStaff("c-1") not in effects_of(asked, events.Pressed("staff"))
    assert not next(action for action in present(asked).actions if action.id == "staff").enabled
    refused = after(asked, events.Refused("c-1", "busy"))
    assert next(action for action in present(refused).actions if action.id == "staff").enabled


def test_who_walks_away_from_the_finger_page_calls_the_collection_off() -> None:
    state = samples.state(collection=samples.finger())
    screen = after(told(state), events.Elapsed(machine.QUIET))
    assert present(screen).screen == "still_there"
    screen, effects = machine.step(screen, events.Elapsed(machine.QUIET))
    assert events.Cancel("c-1") in effects
    assert screen.page == pages.Idle()
    assert after(screen, events.Told(state)).page == pages.Idle()


def test_a_card_in_the_machine_is_never_hidden() -> None:
    for page in (pages.Idle(), pages.Services(), pages.TypeNik("327"), pages.TicketShown(samples.ticket())):
        screen = told(page=page, dismissed="c-1")
        for stage, name in ((m.Stage.WORKING, "progress"), (m.Stage.TAKE_CARD, "take_card")):
            shown = after(screen, events.Told(samples.state(collection=samples.collection(stage))))
            assert present(shown).screen == name
            assert present(after(shown, events.Elapsed(machine.QUIET), *press("home", "back"))).screen == name


def test_a_collection_that_kioskd_lost_is_told_and_can_be_begun_again() -> None:
    screen = told(samples.state(collection=samples.collection(m.Stage.WORKING)))
    screen = after(screen, events.Disconnected(), events.Elapsed(machine.LOST))
    assert present(screen).screen == "away"
    back = after(screen, events.Told(samples.state()))
    assert back.page == pages.Refusal(machine.INTERRUPTED, "collect")
    assert after(back, events.Pressed("retry")).page == pages.Identify()


def test_a_card_that_cannot_be_made_now_is_explained_and_a_person_offered() -> None:
    screen = told(samples.state(collecting=False, collecting_cause=m.Cause.BLANKS_OUT))
    screen = after(screen, events.Pressed("collect"))
    model = present(screen)
    assert model.screen == "cannot"
    assert "habis" in model.title
    assert [action.id for action in model.actions] == ["ticket", "home"]
    assert after(screen, events.Scanned(SLIP)).page == screen.page


# -- at any time -------------------------------------------------------------------------------------------------


def test_the_language_lasts_for_one_resident() -> None:
    screen = after(told(), events.Pressed("language"), events.Pressed("ticket"))
    assert present(screen).title == "Which service do you need?"
    assert after(screen, events.Pressed("back")).language == "id"
    left_alone = after(told(), events.Pressed("language"), events.Elapsed(machine.QUIET))
    assert left_alone.language == "id"


def test_a_touch_at_the_warning_gives_more_time() -> None:
    screen = told(page=pages.Identify())
    warned, effects = machine.step(screen, events.Elapsed(machine.QUIET))
    assert events.SetTimer(machine.QUIET, 20) in effects
    stayed, effects = machine.step(warned, events.Pressed("stay"))
    assert stayed.page == pages.Identify()
    assert not stayed.warned
    assert events.SetTimer(machine.QUIET, 40) in effects


def test_the_screen_says_that_kioskd_is_away_after_two_seconds_and_not_before() -> None:
    screen, effects = machine.step(told(), events.Disconnected())
    assert events.SetTimer(machine.LOST, 2.0) in effects
    assert present(screen).screen == "idle"
    assert present(after(screen, events.Elapsed(machine.LOST))).screen == "away"
    back, effects = machine.step(screen, events.Told(samples.state()))
    assert events.SetTimer(machine.LOST, None) in effects
    assert present(after(back, events.Elapsed(machine.LOST))).screen == "idle"


COLLECTIONS = [
    None,
    samples.finger(),
    samples.finger(2, "too_poor"),
    *(samples.collection(stage, masked_name="B*** S******") for stage in m.Stage if stage is not m.Stage.FINGER),
    samples.collection(m.Stage.STAFF, ticket=samples.ticket(m.TicketMedium.SCREEN)),
    samples.collection(m.Stage.CANNOT, cause=m.Cause.FINGER_NOT_SEEN),
]


def anything(chance: random.Random, screen: pages.Screen) -> events.Event:
    """What may happen next: mostly a touch on what is offered, sometimes anything."""
    request = f"test0000-{screen.count:06d}"
    offered = [action.id for action in present(screen).actions]
    kind = chance.randrange(12)
    if offered and kind < 6:
        return events.Pressed(chance.choice(offered))
    everything: list[events.Event] = [
        events.Pressed(
            chance.choice(["home", "back", "send", "retry", "nonsense", "digit:x", "service:none", "cancel"])
        ),
        events.Scanned(chance.choice([SLIP, "x" * 200, "", NIK])),
        events.Told(samples.state(collection=chance.choice(COLLECTIONS), collecting=chance.random() < 0.8)),
        events.Disconnected(),
        events.Ticketed(request, samples.ticket(chance.choice(list(m.TicketMedium)))),
        events.Started(request, chance.choice([one for one in COLLECTIONS if one])),
        events.Updated(chance.choice([one for one in COLLECTIONS if one])),
        events.Refused(request, chance.choice([None, "internal", "approval_missing", "never_heard_of"])),
        events.Elapsed(chance.choice([machine.QUIET, machine.LOST])),
    ]
    return chance.choice(everything)


def in_the_machine(screen: pages.Screen) -> bool:
    page = screen.page
    return isinstance(page, pages.Collecting) and page.collection.stage in (m.Stage.WORKING, m.Stage.TAKE_CARD)


@pytest.mark.parametrize("seed", range(30))
def test_from_wherever_a_walk_leads_time_alone_leads_home_with_nothing_personal_left(seed: int) -> None:
    chance = random.Random(seed)
    screen = told()
    for _ in range(120):
        screen = after(screen, anything(chance, screen))
        model = present(screen)
        assert model.title
        assert model.spoken
        alone = screen
        if in_the_machine(alone):  # only kioskd ends this; it does, and tells how
            ended = samples.collection(chance.choice([m.Stage.DONE, m.Stage.CANNOT]))
            alone = after(alone, events.Told(samples.state(collection=ended)))
        for _ in range(4):
            if machine.quiet_limit(alone) is not None:
                alone = after(alone, events.Elapsed(machine.QUIET))
        assert alone.page == pages.Idle()
        assert alone.language == "id"
        assert not alone.warned
        clean = replace(alone, kiosk=samples.state(), connected=True, away=False)
        assert present(clean) == present(told())
        assert NIK not in repr(alone)


def test_every_screen_has_spoken_text_and_at_most_one_main_action() -> None:
    for language in pages.LANGUAGES:
        for name, screen in samples.screens(language):
            model = present(screen)
            assert model.spoken, name
            assert "{" not in model.spoken + model.title + "".join(model.body), name
            assert sum(action.kind == "primary" for action in model.actions) <= 1, name
            ids = [action.id for action in model.actions]
            assert len(ids) == len(set(ids)), name


def test_the_banner_says_simulated_on_every_screen_of_a_simulated_kiosk_and_on_no_other() -> None:
    for name, screen in samples.screens("id"):
        simulated = screen.kiosk is not None and screen.kiosk.simulated
        assert (present(screen).simulated is not None) is simulated, name
