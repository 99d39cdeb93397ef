"""What the screen does, told from the resident's side; and what it can never do, shown by walking it at random."""

import random
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from kiosk.api import messages as m
from kiosk.screen import flow, samples
from kiosk.screen.present import present

SLIP = "ANJ1-0123456789ABCDEF"
NIK = "3273011203850001"


def told(state: m.State | None = None, **known: Any) -> flow.Screen:
    screen, _ = flow.step(flow.Screen(prefix="test0000"), flow.Told(state or samples.state()))
    return replace(screen, **known)


def after(screen: flow.Screen, *events: flow.Event) -> flow.Screen:
    for event in events:
        screen, _ = flow.step(screen, event)
    return screen


def effects_of(screen: flow.Screen, event: flow.Event) -> tuple[flow.Effect, ...]:
    return flow.step(screen, event)[1]


def press(*actions: str) -> list[flow.Event]:
    return [flow.Pressed(action) for action in actions]


def typed(nik: str) -> list[flow.Event]:
    return press("collect", "type_nik", *(f"digit:{digit}" for digit in nik))


# -- a queue number ----------------------------------------------------------------------------------------------


def test_two_touches_take_a_number() -> None:
    screen = after(told(), *press("ticket"))
    asked = effects_of(screen, flow.Pressed("service:rekam"))
    assert flow.TakeTicket("test0000-000001", "rekam") in asked
    screen = after(screen, flow.Pressed("service:rekam"), flow.Ticketed("test0000-000001", samples.ticket()))
    assert present(screen).number == "A-017"
    assert after(screen, flow.Elapsed(flow.QUIET)).page == flow.Idle()


def test_no_way_to_a_number_is_longer_than_two_touches_by_search() -> None:
    distance: dict[str, int] = {}
    start = told()
    queue = deque([(start, 0)])
    seen = {repr(start.page)}
    while queue:
        screen, touches = queue.popleft()
        if isinstance(screen.page, flow.Ticketing):
            distance[screen.page.service] = touches
            continue
        for action in present(screen).actions:
            following = after(screen, flow.Pressed(action.id))
            if repr(following.page) not in seen and touches < 3:
                seen.add(repr(following.page))
                queue.append((following, touches + 1))
    assert distance.keys() == {service.id for service in samples.state().services}
    assert max(distance.values()) == 2


def test_a_service_that_does_not_work_cannot_be_taken() -> None:
    closed = [one.model_copy(update={"available": one.id == "kk"}) for one in samples.state().services]
    screen = after(told(samples.state(services=closed)), *press("ticket", "service:rekam"))
    assert screen.page == flow.Services()
    shown = {action.id: action.enabled for action in present(screen).actions}
    assert shown["service:kk"]
    assert not shown["service:rekam"]


def test_a_number_asked_for_while_kioskd_went_away_is_asked_for_again_with_the_same_id() -> None:
    screen = after(told(), *press("ticket", "service:kk"))
    lost = after(screen, flow.Refused("test0000-000001", None), flow.Disconnected())
    assert flow.TakeTicket("test0000-000001", "kk") in effects_of(lost, flow.Told(samples.state()))


def test_a_number_that_is_only_on_the_screen_stays_there_longer_than_one_on_paper() -> None:
    on_paper = told(page=flow.TicketShown(samples.ticket()))
    on_screen = told(page=flow.TicketShown(samples.ticket(m.TicketMedium.SCREEN)))
    assert flow.quiet_limit(on_paper) == 8
    asked = after(on_screen, flow.Elapsed(flow.QUIET))
    assert asked.warned
    assert present(asked).number == "A-017"


def test_a_number_shown_outlives_a_restart_of_kioskd() -> None:
    screen = told(page=flow.TicketShown(samples.ticket(m.TicketMedium.SCREEN)))
    screen = after(screen, flow.Disconnected(), flow.Elapsed(flow.LOST))
    assert screen.away
    assert present(screen).number == "A-017"


# -- a card ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [[], ["collect"], ["collect", "type_nik"]])
def test_a_slip_may_be_scanned_wherever_the_resident_is_on_the_way(before: list[str]) -> None:
    screen = after(told(), *press(*before))
    assert flow.Collect("test0000-000001", slip=SLIP) in effects_of(screen, flow.Scanned(SLIP))


@pytest.mark.parametrize(
    "line",
    ["x" * 65, "A" * 10_000, "ANJ1-0123\x0056789ABCDEF", "ANJ1-0123456789ABCDEU", "https://example.org", "\x1b[2J"],
)
def test_what_is_not_a_slip_is_refused_before_anything_is_asked(line: str) -> None:
    screen, effects = flow.step(told(), flow.Scanned(line))
    assert screen.page == flow.Identify(m.Cause.SLIP_INVALID)
    assert not any(isinstance(effect, flow.Collect) for effect in effects)
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
    screen, effects = flow.step(screen, flow.Pressed("send"))
    assert isinstance(screen.page, flow.TypeNik)
    assert screen.page.fault == fault
    assert not any(isinstance(effect, flow.Collect) for effect in effects)
    assert present(screen).notice
    corrected = after(screen, flow.Pressed("erase"))
    assert present(corrected).notice is None


def test_a_right_nik_is_sent_and_then_forgotten() -> None:
    screen, effects = flow.step(after(told(), *typed(NIK)), flow.Pressed("send"))
    assert flow.Collect("test0000-000001", nik=NIK) in effects
    assert NIK not in repr(screen)
    assert NIK not in repr(effects)


def test_only_the_newest_digit_can_be_read_over_a_shoulder() -> None:
    screen = after(told(), *typed("32730"))
    assert [box.text for box in present(screen).boxes[:6]] == ["•", "•", "•", "•", "0", ""]
    shown = after(screen, flow.Pressed("show"))
    assert [box.text for box in present(shown).boxes[:5]] == ["3", "2", "7", "3", "0"]


def test_the_collection_in_kioskd_leads_the_screen_to_the_card() -> None:
    screen = after(told(), flow.Scanned(SLIP), flow.Started("test0000-000001", samples.finger()))
    shown = [present(screen).screen]
    for stage in (m.Stage.WORKING, m.Stage.TAKE_CARD, m.Stage.DONE):
        screen = after(screen, flow.Told(samples.state(collection=samples.collection(stage))))
        shown.append(present(screen).screen)
    assert shown == ["finger", "progress", "take_card", "done"]
    gone = after(screen, flow.Elapsed(flow.QUIET))
    assert present(gone).screen == "idle"
    assert present(after(gone, flow.Told(screen.kiosk or samples.state()))).screen == "idle"


def test_a_pushed_state_that_overtakes_the_answer_is_not_undone_by_it() -> None:
    screen = after(told(), flow.Scanned(SLIP))
    ahead = samples.collection(m.Stage.STAFF, ticket=samples.ticket())
    screen = after(
        screen, flow.Told(samples.state(collection=ahead)), flow.Started("test0000-000001", samples.finger())
    )
    assert present(screen).screen == "staff"


def test_a_state_older_than_the_answer_does_not_look_like_a_lost_collection() -> None:
    screen = after(told(), flow.Scanned(SLIP), flow.Started("test0000-000001", samples.finger()))
    assert present(after(screen, flow.Told(samples.state()))).screen == "finger"


def test_staff_can_be_asked_once_on_the_finger_page() -> None:
    screen = told(page=flow.Collecting(samples.finger(), seen=True))
    asked, effects = flow.step(screen, flow.Pressed("staff"))
    assert flow.AskStaff("c-1") in effects
    assert flow.AskStaff("c-1") not in effects_of(asked, flow.Pressed("staff"))
    assert not next(action for action in present(asked).actions if action.id == "staff").enabled
    refused = after(asked, flow.Refused("c-1", "busy"))
    assert next(action for action in present(refused).actions if action.id == "staff").enabled


def test_who_walks_away_from_the_finger_page_calls_the_collection_off() -> None:
    state = samples.state(collection=samples.finger())
    screen = after(told(state), flow.Elapsed(flow.QUIET))
    assert present(screen).screen == "still_there"
    screen, effects = flow.step(screen, flow.Elapsed(flow.QUIET))
    assert flow.Cancel("c-1") in effects
    assert screen.page == flow.Idle()
    assert after(screen, flow.Told(state)).page == flow.Idle()


def test_a_card_in_the_machine_is_never_hidden() -> None:
    for page in (flow.Idle(), flow.Services(), flow.TypeNik("327"), flow.TicketShown(samples.ticket())):
        screen = told(page=page, dismissed="c-1")
        for stage, name in ((m.Stage.WORKING, "progress"), (m.Stage.TAKE_CARD, "take_card")):
            shown = after(screen, flow.Told(samples.state(collection=samples.collection(stage))))
            assert present(shown).screen == name
            assert present(after(shown, flow.Elapsed(flow.QUIET), *press("home", "back"))).screen == name


def test_a_collection_that_kioskd_lost_is_told_and_can_be_begun_again() -> None:
    screen = told(samples.state(collection=samples.collection(m.Stage.WORKING)))
    screen = after(screen, flow.Disconnected(), flow.Elapsed(flow.LOST))
    assert present(screen).screen == "away"
    back = after(screen, flow.Told(samples.state()))
    assert back.page == flow.Refusal(flow.INTERRUPTED, "collect")
    assert after(back, flow.Pressed("retry")).page == flow.Identify()


def test_a_card_that_cannot_be_made_now_is_explained_and_a_person_offered() -> None:
    screen = told(samples.state(collecting=False, collecting_cause=m.Cause.BLANKS_OUT))
    screen = after(screen, flow.Pressed("collect"))
    model = present(screen)
    assert model.screen == "cannot"
    assert "habis" in model.title
    assert [action.id for action in model.actions] == ["ticket", "home"]
    assert after(screen, flow.Scanned(SLIP)).page == screen.page


# -- at any time -------------------------------------------------------------------------------------------------


def test_the_language_lasts_for_one_resident() -> None:
    screen = after(told(), flow.Pressed("language"), flow.Pressed("ticket"))
    assert present(screen).title == "Which service do you need?"
    assert after(screen, flow.Pressed("back")).language == "id"
    left_alone = after(told(), flow.Pressed("language"), flow.Elapsed(flow.QUIET))
    assert left_alone.language == "id"


def test_a_touch_at_the_warning_gives_more_time() -> None:
    screen = told(page=flow.Identify())
    warned, effects = flow.step(screen, flow.Elapsed(flow.QUIET))
    assert flow.SetTimer(flow.QUIET, 20) in effects
    stayed, effects = flow.step(warned, flow.Pressed("stay"))
    assert stayed.page == flow.Identify()
    assert not stayed.warned
    assert flow.SetTimer(flow.QUIET, 40) in effects


def test_the_screen_says_that_kioskd_is_away_after_two_seconds_and_not_before() -> None:
    screen, effects = flow.step(told(), flow.Disconnected())
    assert flow.SetTimer(flow.LOST, 2.0) in effects
    assert present(screen).screen == "idle"
    assert present(after(screen, flow.Elapsed(flow.LOST))).screen == "away"
    back, effects = flow.step(screen, flow.Told(samples.state()))
    assert flow.SetTimer(flow.LOST, None) in effects
    assert present(after(back, flow.Elapsed(flow.LOST))).screen == "idle"


COLLECTIONS = [
    None,
    samples.finger(),
    samples.finger(2, "too_poor"),
    *(samples.collection(stage, masked_name="B*** S******") for stage in m.Stage if stage is not m.Stage.FINGER),
    samples.collection(m.Stage.STAFF, ticket=samples.ticket(m.TicketMedium.SCREEN)),
    samples.collection(m.Stage.CANNOT, cause=m.Cause.FINGER_NOT_SEEN),
]


def anything(chance: random.Random, screen: flow.Screen) -> flow.Event:
    """What may happen next: mostly a touch on what is offered, sometimes anything."""
    request = f"test0000-{screen.count:06d}"
    offered = [action.id for action in present(screen).actions]
    kind = chance.randrange(12)
    if offered and kind < 6:
        return flow.Pressed(chance.choice(offered))
    everything: list[flow.Event] = [
        flow.Pressed(chance.choice(["home", "back", "send", "retry", "nonsense", "digit:x", "service:none", "cancel"])),
        flow.Scanned(chance.choice([SLIP, "x" * 200, "", NIK])),
        flow.Told(samples.state(collection=chance.choice(COLLECTIONS), collecting=chance.random() < 0.8)),
        flow.Disconnected(),
        flow.Ticketed(request, samples.ticket(chance.choice(list(m.TicketMedium)))),
        flow.Started(request, chance.choice([one for one in COLLECTIONS if one])),
        flow.Updated(chance.choice([one for one in COLLECTIONS if one])),
        flow.Refused(request, chance.choice([None, "internal", "approval_missing", "never_heard_of"])),
        flow.Elapsed(chance.choice([flow.QUIET, flow.LOST])),
    ]
    return chance.choice(everything)


def in_the_machine(screen: flow.Screen) -> bool:
    page = screen.page
    return isinstance(page, flow.Collecting) and page.collection.stage in (m.Stage.WORKING, m.Stage.TAKE_CARD)


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
            alone = after(alone, flow.Told(samples.state(collection=ended)))
        for _ in range(4):
            if flow.quiet_limit(alone) is not None:
                alone = after(alone, flow.Elapsed(flow.QUIET))
        assert alone.page == flow.Idle()
        assert alone.language == "id"
        assert not alone.warned
        clean = replace(alone, kiosk=samples.state(), connected=True, away=False)
        assert present(clean) == present(told())
        assert NIK not in repr(alone)


def test_every_screen_has_spoken_text_and_at_most_one_main_action() -> None:
    for language in flow.LANGUAGES:
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
