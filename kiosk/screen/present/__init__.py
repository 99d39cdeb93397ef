"""What the screen says: `present(screen) -> ScreenModel`. Pure; texts come from the catalogue. Knows no Kivy."""

from dataclasses import replace

from kiosk.api import messages as m
from kiosk.screen.catalogue import Catalogue, catalogue
from kiosk.screen.flow import machine, pages
from kiosk.screen.present import collecting, queueing
from kiosk.screen.present.model import Action, Kind, Picture, ScreenModel
from kiosk.screen.present.parts import act, base, service_name


def present(screen: pages.Screen) -> ScreenModel:
    """The one thing to draw for what the screen knows now."""
    say = catalogue(screen.language)
    model = _page(screen, say)
    return replace(model, simulated=say.say("simulated") if screen.kiosk and screen.kiosk.simulated else None)


def _page(screen: pages.Screen, say: Catalogue) -> ScreenModel:
    if screen.kiosk is None or (screen.away and not _outlives_kioskd(screen.page)):
        return _away(screen, say)
    model = _of_page(screen, say)
    return _still_there(model, say) if screen.warned else model


def _of_page(screen: pages.Screen, say: Catalogue) -> ScreenModel:
    match screen.page:
        case pages.Services():
            return queueing.services(screen, say)
        case pages.Ticketing() as page:
            return queueing.ticketing(screen, say, page)
        case pages.TicketShown(ticket):
            return queueing.ticket(screen, say, ticket)
        case pages.Identify(fault):
            return collecting.identify(screen, say, fault)
        case pages.TypeNik() as page:
            return collecting.nik(screen, say, page)
        case pages.Starting():
            return collecting.starting(screen, say)
        case pages.Collecting() as page:
            return collecting.collection(screen, say, page)
        case pages.Refusal(cause, of):
            return collecting.cannot(screen, say, cause, of)
        case _:
            return _idle(screen, say)


def _outlives_kioskd(page: pages.Page) -> bool:
    """A number or a result that the resident already holds is not taken off the screen because kioskd restarts."""
    if isinstance(page, pages.Collecting):
        return page.collection.stage not in machine.ACTIVE
    return isinstance(page, pages.TicketShown)


def _idle(screen: pages.Screen, say: Catalogue) -> ScreenModel:
    state = screen.kiosk
    waiting = sum(service.waiting for service in state.services) if state else 0
    if not machine.can_queue(screen):
        queue_note = say.say("idle.ticket_none")
    else:
        queue_note = say.say("idle.ticket_note", waiting=waiting) if waiting else say.say("idle.ticket_note_none")
    cause = state.collecting_cause if state and not state.collecting else None
    card_note = say.cause(cause).short if cause else say.say("idle.collect_note")
    trouble = _trouble(screen, say)
    return replace(
        base(screen, say, "idle"),
        body=(say.say("idle.body"),) if trouble else (say.say("idle.body"), say.say("free_long")),
        actions=(
            Action(
                "ticket",
                say.say("idle.ticket"),
                Kind.TILE,
                note=queue_note,
                enabled=machine.can_queue(screen),
                picture=Picture.QUEUE,
            ),
            Action(
                "collect",
                say.say("idle.collect"),
                Kind.TILE,
                note=card_note,
                picture=Picture.CARD,
                muted=cause is not None,
            ),
            act(say, "language", Kind.QUIET),
        ),
        free=say.say("free"),
        status=None if trouble else say.say("status.fine"),
        notice=trouble,
    )


def _trouble(screen: pages.Screen, say: Catalogue) -> str | None:
    """The true cause of whatever does not work now: None if all is well."""
    state = screen.kiosk
    if state is None or not state.ready:
        return say.say("status.starting")
    if not state.link.up:
        text = say.cause(state.link.cause or m.Cause.LINK_DOWN).short
        return say.say("status.still", cause=text) if state.collecting else text
    if not state.collecting:
        return say.cause(state.collecting_cause or m.Cause.INTERNAL).short
    for service in state.services:
        if service.cause is not None:
            return say.say(
                "status.service", service=service_name(screen, service), cause=say.cause(service.cause).short
            )
    for device in state.devices:
        if device.causes:
            return say.cause(device.causes[0]).short
    return None


def _away(screen: pages.Screen, say: Catalogue) -> ScreenModel:
    return replace(base(screen, say, "away"), body=(say.say("away.body"),), picture=Picture.WAIT)


def _still_there(model: ScreenModel, say: Catalogue) -> ScreenModel:
    """A page of its own, not a floating dialog; a number that is only on the screen stays on it."""
    return replace(
        model,
        screen="still_there",
        title=say.say("still_there.title"),
        body=(say.say("still_there.body"),),
        spoken=say.say("still_there.spoken"),
        picture=None if model.number else Picture.WAIT,
        finger=None,
        qr=None,
        boxes=(),
        notice=None,
        code=None,
        actions=(act(say, "stay", Kind.PRIMARY), act(say, "home_early", Kind.SECONDARY, id="home")),
    )
