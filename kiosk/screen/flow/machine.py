"""`step` and what it decides by: from an event to the next page and the effects."""

from dataclasses import replace

from kiosk.api import messages as m
from kiosk.api.identifiers import is_slip, nik_fault
from kiosk.screen.flow.events import (
    AskStaff,
    Cancel,
    Collect,
    Disconnected,
    Effect,
    Elapsed,
    Event,
    Pressed,
    Refused,
    Scanned,
    SetTimer,
    Started,
    TakeTicket,
    Ticketed,
    Told,
    Updated,
)
from kiosk.screen.flow.pages import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    Collecting,
    Identify,
    Idle,
    Page,
    Refusal,
    Screen,
    Services,
    Starting,
    Ticketing,
    TicketShown,
    TypeNik,
)

NIK_LENGTH = 16
SLIP_MAX = 64
"""Longest line a slip scanner may type; more is refused unread."""

QUIET, LOST = "quiet", "lost"
WARN_AFTER, WARN_FOR = 40.0, 20.0
"""Seconds without a touch until "Masih di sini?", and from then until the page is left: 60 s in all."""
TICKET_FOR, DONE_FOR, STAFF_FOR = 8.0, 10.0, 20.0
REPLY_WITHIN = 35.0
"""A little longer than the API client's own limit: a last guard, so that no page can stay for ever."""
AWAY_AFTER = 2.0
"""Seconds without kioskd until the screen says so."""

ACTIVE = frozenset({m.Stage.FINGER, m.Stage.WORKING, m.Stage.TAKE_CARD})
INTERRUPTED = "interrupted"
"""The screen's own cause: kioskd restarted and no longer knows the collection that was under way."""

Step = tuple[Screen, tuple[Effect, ...]]


def step(screen: Screen, event: Event) -> Step:
    """The screen after `event`, and what is to be done. Total: an event that means nothing now changes nothing."""
    after, effects = _react(screen, event)
    by_hand = isinstance(event, Pressed | Scanned)
    if by_hand and after.warned:
        after = replace(after, warned=False)
    if by_hand or after.page != screen.page or after.warned != screen.warned:
        effects += (SetTimer(QUIET, quiet_limit(after)),)
    return after, effects


def quiet_limit(screen: Screen) -> float | None:
    """Seconds that this page waits for the resident; None where only the machine can end it."""
    match screen.page:
        case Idle():
            return None if screen.language == DEFAULT_LANGUAGE else WARN_AFTER + WARN_FOR
        case Ticketing() | Starting():
            return REPLY_WITHIN
        case TicketShown(ticket) if ticket.medium is not m.TicketMedium.SCREEN:
            return TICKET_FOR
        case Collecting(collection):
            if collection.stage in (m.Stage.WORKING, m.Stage.TAKE_CARD):
                return None
            if collection.stage is m.Stage.DONE:
                return DONE_FOR
            on_paper = collection.ticket is not None and collection.ticket.medium is not m.TicketMedium.SCREEN
            if collection.stage is m.Stage.STAFF and on_paper:
                return STAFF_FOR
        case _:
            pass
    return WARN_FOR if screen.warned else WARN_AFTER


def warns(screen: Screen) -> bool:
    """Whether this page asks "Masih di sini?" before it is left."""
    return quiet_limit(replace(screen, warned=False)) == WARN_AFTER


def collectable(screen: Screen) -> bool:
    return screen.kiosk is not None and screen.kiosk.collecting


def can_queue(screen: Screen) -> bool:
    return screen.kiosk is not None and any(service.available for service in screen.kiosk.services)


def home(screen: Screen) -> Screen:
    """The idle page in the default language, with nothing left of the resident."""
    left = screen.page.collection.id if isinstance(screen.page, Collecting) else screen.dismissed
    return replace(screen, page=Idle(), language=DEFAULT_LANGUAGE, warned=False, dismissed=left)


def _react(screen: Screen, event: Event) -> Step:
    match event:
        case Told(state):
            return _told(screen, state)
        case Disconnected():
            if not screen.connected:
                return screen, ()
            return replace(screen, connected=False), (SetTimer(LOST, AWAY_AFTER),)
        case Elapsed(timer):
            return _elapsed(screen, timer)
        case Ticketed(request, ticket):
            if isinstance(screen.page, Ticketing) and screen.page.request == request:
                return replace(screen, page=TicketShown(ticket)), ()
        case Started(request, collection):
            if isinstance(screen.page, Starting) and screen.page.request == request:
                return _started(screen, collection), ()
        case Updated(collection):
            return replace(screen, page=_followed(screen, collection, False)), ()
        case Refused(request, cause):
            return _refused(screen, request, cause), ()
        case Scanned(text):
            return _scanned(screen, text)
        case Pressed(action):
            return _pressed(screen, action)
    return screen, ()


# -- kioskd ------------------------------------------------------------------------------------------------------


def _told(screen: Screen, state: m.State) -> Step:
    was_gone = not screen.connected
    effects: tuple[Effect, ...] = (SetTimer(LOST, None),) if was_gone else ()
    screen = replace(screen, kiosk=state, connected=True, away=False)
    if isinstance(screen.page, Ticketing) and screen.page.unsent and state.ready:
        page = replace(screen.page, unsent=False)
        return replace(screen, page=page), (*effects, TakeTicket(page.request, page.service))
    return replace(screen, page=_followed(screen, state.collection, was_gone)), effects


def _followed(screen: Screen, now: m.Collection | None, was_gone: bool) -> Page:
    """The page after kioskd told of `now`, the collection at this kiosk."""
    page = screen.page
    if isinstance(page, Collecting):
        if now is not None and now.id == page.collection.id:
            return Collecting(now, seen=True, asked=page.asked and now == page.collection)
        if page.collection.stage in ACTIVE and (page.seen or was_gone) and not _shown_anyway(screen, now):
            return Refusal(INTERRUPTED, "collect")
    return Collecting(now, seen=True) if now is not None and _shown_anyway(screen, now) else page


def _shown_anyway(screen: Screen, now: m.Collection | None) -> bool:
    """A collection under way takes the screen, whatever it showed: a card in the machine is never hidden.

    Only the finger page of a resident who left stays away.
    """
    if now is None or now.stage not in ACTIVE:
        return False
    return now.stage is not m.Stage.FINGER or now.id != screen.dismissed


def _started(screen: Screen, collection: m.Collection) -> Screen:
    """The answer and the pushed state race each other; the pushed state is never older."""
    pushed = screen.kiosk.collection if screen.kiosk else None
    if pushed is not None and pushed.id == collection.id:
        return replace(screen, page=Collecting(pushed, seen=True))
    return replace(screen, page=Collecting(collection))


def _refused(screen: Screen, request: str, cause: str | None) -> Screen:
    match screen.page:
        case Ticketing() as page if page.request == request:
            if cause is None:
                return replace(screen, page=replace(page, unsent=True))
            return replace(screen, page=Refusal(cause, "ticket"))
        case Starting(current) if current == request:
            return replace(screen, page=Refusal(cause or m.Cause.RECOVERING, "collect"))
        case Collecting(collection) as page if page.asked and collection.id == request:
            return replace(screen, page=replace(page, asked=False))
    return screen


def _elapsed(screen: Screen, timer: str) -> Step:
    if timer == LOST:
        return replace(screen, away=not screen.connected), ()
    match screen.page:
        case Ticketing():
            return replace(screen, page=Refusal(m.Cause.INTERNAL, "ticket")), ()
        case Starting():
            return replace(screen, page=Refusal(m.Cause.INTERNAL, "collect")), ()
    if quiet_limit(screen) is None:
        return screen, ()
    if warns(screen) and not screen.warned:
        return replace(screen, warned=True), ()
    return _leave(screen)


def _leave(screen: Screen) -> Step:
    """The resident goes, or has gone. A collection that has not touched a card yet is called off."""
    effects: tuple[Effect, ...] = ()
    if isinstance(screen.page, Collecting) and screen.page.collection.stage is m.Stage.FINGER:
        effects = (Cancel(screen.page.collection.id),)
    return home(screen), effects


# -- the resident ------------------------------------------------------------------------------------------------


def _scanned(screen: Screen, text: str) -> Step:
    if screen.away or not isinstance(screen.page, Idle | Identify | TypeNik):
        return screen, ()
    if not collectable(screen):
        return _not_collectable(screen), ()
    if len(text) > SLIP_MAX or not text.isprintable() or not is_slip(text):
        return replace(screen, page=Identify(m.Cause.SLIP_INVALID)), ()
    return _collect(screen, slip=text)


def _collect(screen: Screen, *, slip: str | None = None, nik: str | None = None) -> Step:
    screen, request = _new_request(screen)
    return replace(screen, page=Starting(request)), (Collect(request, slip=slip, nik=nik),)


def _new_request(screen: Screen) -> tuple[Screen, str]:
    count = screen.count + 1
    return replace(screen, count=count), f"{screen.prefix}-{count:06d}"


def _not_collectable(screen: Screen) -> Screen:
    cause = screen.kiosk.collecting_cause if screen.kiosk else None
    return replace(screen, page=Refusal(cause or m.Cause.RECOVERING, "collect"))


def _pressed(screen: Screen, action: str) -> Step:
    if screen.warned:
        return _leave(screen) if action == "home" else (screen, ())
    if action == "language" and screen.page == Idle():
        at = LANGUAGES.index(screen.language)
        return replace(screen, language=LANGUAGES[(at + 1) % len(LANGUAGES)]), ()
    if screen.away and not isinstance(screen.page, TicketShown):
        return screen, ()
    match screen.page, action:
        case (Idle() | Refusal(), "ticket") if can_queue(screen):
            return replace(screen, page=Services()), ()
        case Idle(), "collect":
            return (replace(screen, page=Identify()) if collectable(screen) else _not_collectable(screen)), ()
        case Services(), _ if action.startswith("service:"):
            return _take_ticket(screen, action.removeprefix("service:"))
        case Refusal(of="ticket"), "retry":
            return replace(screen, page=Services()), ()
        case Refusal(of="collect"), "retry":
            return replace(screen, page=Identify()), ()
        case Identify(), "type_nik":
            return replace(screen, page=TypeNik()), ()
        case TypeNik(), "back":
            return replace(screen, page=Identify()), ()
        case TypeNik() as page, _:
            return _typed(screen, page, action)
        case Collecting() as page, _:
            return _while_collecting(screen, page, action)
        case (Services() | Identify(), "back") | (Refusal() | TicketShown(), "home"):
            return home(screen), ()
    return screen, ()


def _take_ticket(screen: Screen, service: str) -> Step:
    offered = screen.kiosk.services if screen.kiosk else []
    if not any(one.id == service and one.available for one in offered):
        return screen, ()
    screen, request = _new_request(screen)
    return replace(screen, page=Ticketing(request, service)), (TakeTicket(request, service),)


def _typed(screen: Screen, page: TypeNik, action: str) -> Step:
    match action.split(":"):
        case ["digit", digit] if len(digit) == 1 and digit in "0123456789" and len(page.digits) < NIK_LENGTH:
            page = replace(page, digits=page.digits + digit, fault=None)
        case ["erase"]:
            page = replace(page, digits=page.digits[:-1], fault=None)
        case ["show"]:
            page = replace(page, shown=not page.shown)
        case ["send"]:
            fault = nik_fault(page.digits) if len(page.digits) == NIK_LENGTH else "length"
            if fault is None:
                return (_not_collectable(screen), ()) if not collectable(screen) else _collect(screen, nik=page.digits)
            page = replace(page, fault=fault)
    return replace(screen, page=page), ()


def _while_collecting(screen: Screen, page: Collecting, action: str) -> Step:
    stage = page.collection.stage
    match action:
        case "staff" if stage is m.Stage.FINGER and not page.asked:
            return replace(screen, page=replace(page, asked=True)), (AskStaff(page.collection.id),)
        case "cancel" if stage is m.Stage.FINGER:
            return _leave(screen)
        case "home" if stage not in ACTIVE:
            return home(screen), ()
        case "retry" if stage is m.Stage.CANNOT:
            return replace(home(screen), page=Identify(), language=screen.language), ()
        case "ticket" if stage is m.Stage.CANNOT and can_queue(screen):
            return replace(home(screen), page=Services(), language=screen.language), ()
    return screen, ()
