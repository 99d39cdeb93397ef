"""The pages on the way to a queue number."""

from dataclasses import replace

from kiosk.api import messages as m
from kiosk.screen.catalogue import Catalogue
from kiosk.screen.flow import pages
from kiosk.screen.present.model import Action, Kind, Picture, ScreenModel, Tone
from kiosk.screen.present.parts import act, base, service_name, spelled, text


def services(screen: pages.Screen, say: Catalogue) -> ScreenModel:
    offered = screen.kiosk.services if screen.kiosk else []
    choices = tuple(
        Action(
            f"service:{service.id}",
            service_name(screen, service),
            Kind.CHOICE,
            note=_service_note(say, service),
            enabled=service.available,
        )
        for service in offered
    )
    return replace(
        base(screen, say, "services"),
        body=(say.say("services.body"),),
        actions=(*choices, act(say, "back", Kind.SECONDARY)),
    )


def _service_note(say: Catalogue, service: m.Service) -> str:
    if service.cause is not None:
        return say.cause(service.cause).short
    if not service.available:
        return say.cause(m.Cause.INTERNAL).short
    if service.waiting == 0:
        return say.say("services.note_none")
    return say.say("services.note", waiting=service.waiting, low=service.wait_low, high=service.wait_high)


def ticketing(screen: pages.Screen, say: Catalogue, page: pages.Ticketing) -> ScreenModel:
    body = say.say("ticketing.unsent" if page.unsent else "ticketing.body")
    return replace(base(screen, say, "ticketing"), body=(body,), picture=Picture.WAIT)


def ticket(screen: pages.Screen, say: Catalogue, it: m.Ticket) -> ScreenModel:
    waiting = say.say("ticket.waiting", waiting=it.waiting) if it.waiting else say.say("ticket.waiting_none")
    wait = say.say("ticket.wait", low=it.wait_low, high=it.wait_high) if it.wait_high else say.say("ticket.wait_none")
    return replace(
        base(screen, say, "ticket"),
        spoken=" ".join([say.say("ticket.spoken", number=spelled(it.number)), waiting + ".", how_to_keep(say, it)]),
        number=it.number,
        body=(text(screen, it.service_name), waiting, wait),
        notice=how_to_keep(say, it),
        notice_tone=keep_tone(it),
        picture=None if it.medium is m.TicketMedium.SCREEN else Picture.TAKE_PAPER,
        qr=it.token if it.medium is not m.TicketMedium.PAPER else None,
        actions=(act(say, "home", Kind.PRIMARY),),
    )


def keep_tone(it: m.Ticket) -> Tone:
    """Nothing is wrong while the resident has something to take along."""
    return Tone.WARN if it.medium is m.TicketMedium.SCREEN else Tone.PLAIN


def how_to_keep(say: Catalogue, it: m.Ticket) -> str:
    """Where the number is: on paper, on a pre-printed ticket, or only here."""
    if it.medium is m.TicketMedium.PREPRINTED:
        return say.say("ticket.preprinted", number=it.preprinted_number or "?")
    return say.say("ticket.paper" if it.medium is m.TicketMedium.PAPER else "ticket.screen")
