"""The pages on the way to a card."""

from dataclasses import replace

from kiosk.api import messages as m
from kiosk.screen.catalogue import Catalogue
from kiosk.screen.flow import machine, pages
from kiosk.screen.present.model import Action, Box, Kind, Picture, Progress, ScreenModel, StepMark, Tone
from kiosk.screen.present.parts import act, base, spelled
from kiosk.screen.present.queueing import how_to_keep, keep_tone

RETRY = frozenset(
    {
        m.Cause.FINGER_NOT_SEEN,
        m.Cause.SLIP_INVALID,
        m.Cause.NIK_INVALID,
        m.Cause.BUSY,
        m.Cause.RECOVERING,
        m.Cause.CANCELLED,
        m.Cause.INTERNAL,
        m.Cause.INVALID,
        machine.INTERRUPTED,
        "head_hot",
        "power",
    }
)
"""Causes that may be gone at the next try: trying again is the main action. Otherwise a person helps."""

WRONG_PLACES = {"region": range(6), "date": range(6, 12), "serial": range(12, 16)}


def identify(screen: pages.Screen, say: Catalogue, fault: str | None) -> ScreenModel:
    told = say.cause(fault) if fault else None
    return replace(
        base(screen, say, "identify"),
        body=(say.say("identify.body"),),
        picture=Picture.SLIP,
        notice=f"{told.resident}. {told.now}" if told else None,
        actions=(act(say, "type_nik", Kind.SECONDARY), act(say, "back", Kind.SECONDARY)),
    )


def nik(screen: pages.Screen, say: Catalogue, page: pages.TypeNik) -> ScreenModel:
    wrong = WRONG_PLACES.get(page.fault or "", range(0))
    count = len(page.digits)
    boxes = tuple(
        Box(
            text=_digit(page, place),
            wrong=place in wrong,
            next=place == count,
        )
        for place in range(machine.NIK_LENGTH)
    )
    keys = [Action(f"digit:{digit}", digit, Kind.KEY) for digit in "123456789"]
    keys += [
        act(say, "hide" if page.shown else "show", Kind.KEY, id="show", enabled=bool(page.digits)),
        Action("digit:0", "0", Kind.KEY),
        act(say, "erase", Kind.KEY, enabled=bool(page.digits)),
    ]
    return replace(
        base(screen, say, "nik"),
        body=(say.say("nik.body"),),
        boxes=boxes,
        notice=say.say(f"nik.{page.fault}", count=count) if page.fault else None,
        notice_tone=Tone.WRONG,
        actions=(*keys, act(say, "back", Kind.SECONDARY), act(say, "send", Kind.PRIMARY)),
    )


def _digit(page: pages.TypeNik, place: int) -> str:
    """Only the newest digit can be read over a shoulder, unless the resident asks to see all."""
    if place >= len(page.digits):
        return ""
    return page.digits[place] if page.shown or place == len(page.digits) - 1 else "•"


def starting(screen: pages.Screen, say: Catalogue) -> ScreenModel:
    return replace(base(screen, say, "starting"), body=(say.say("starting.body"),), picture=Picture.WAIT)


def collection(screen: pages.Screen, say: Catalogue, page: pages.Collecting) -> ScreenModel:
    now = page.collection
    match now.stage:
        case m.Stage.FINGER if now.finger is not None:
            return finger(screen, say, now.finger, page.asked)
        case m.Stage.FINGER:
            return starting(screen, say)
        case m.Stage.WORKING:
            return progress(screen, say, now)
        case m.Stage.TAKE_CARD:
            return replace(
                base(screen, say, "take_card"),
                body=(*_greeting(now), say.say("take_card.body")),
                picture=Picture.TAKE_CARD,
            )
        case m.Stage.DONE:
            return replace(
                base(screen, say, "done"),
                body=(say.say("done.body"),),
                picture=Picture.CHECK,
                actions=(act(say, "home", Kind.PRIMARY),),
            )
        case m.Stage.STAFF:
            return staff(screen, say, now)
        case m.Stage.CANNOT:
            return cannot(screen, say, now.cause or m.Cause.INTERNAL, "collect")


def finger(screen: pages.Screen, say: Catalogue, prompt: m.FingerPrompt, asked: bool) -> ScreenModel:
    name = say.texts.get(f"finger.{prompt.finger}", say.say("finger.unknown_finger"))
    hint = say.texts.get(f"hint.{prompt.hint}") if prompt.hint else None
    values = {"finger": name, "attempt": prompt.attempt, "attempts": prompt.attempts}
    staff_button = act(say, "staff_asked" if asked else "staff", Kind.SECONDARY, id="staff", enabled=not asked)
    return replace(
        base(screen, say, "finger"),
        title=say.say("finger.title", **values),
        body=(say.say("finger.body"), say.say("finger.attempt", **values)),
        spoken=" ".join(filter(None, [hint, say.say("finger.spoken", **values)])),
        finger=prompt.finger,
        notice=hint,
        actions=(staff_button, act(say, "cancel", Kind.SECONDARY)),
    )


def progress(screen: pages.Screen, say: Catalogue, now: m.Collection) -> ScreenModel:
    """The steps are the daemon's own, never a made-up percentage."""
    order = list(m.Step)
    at = order.index(now.step) if now.step else -1
    marks = tuple(
        StepMark(
            say.say(f"progress.{one}"),
            Progress.DONE if place < at else Progress.NOW if place == at else Progress.TODO,
        )
        for place, one in enumerate(order)
    )
    notices = [say.cause(now.notice).resident + "."] if now.notice else []
    if now.blank > 1:
        notices.append(say.say("progress.another", blank=now.blank))
    step = say.say(f"progress.{now.step}" if now.step else "progress.begin")
    return replace(
        base(screen, say, "progress"),
        body=(*_greeting(now), say.say("progress.body")),
        spoken=" ".join([*notices, say.say("progress.spoken", step=step)]),
        steps=marks,
        notice=" ".join(notices) or None,
    )


def _greeting(now: m.Collection) -> tuple[str, ...]:
    return (now.masked_name,) if now.masked_name else ()


def cannot(screen: pages.Screen, say: Catalogue, cause: str, of: str) -> ScreenModel:
    """What happened, what to do now, one main action; a queue number to a person wherever that helps."""
    told = say.cause(cause)
    offers: list[Action] = []
    if cause in RETRY or of == "ticket":
        offers.append(act(say, "retry", Kind.PRIMARY))
    if of == "collect" and machine.can_queue(screen):
        offers.append(act(say, "ticket", Kind.SECONDARY if offers else Kind.PRIMARY))
    offers.append(act(say, "home", Kind.SECONDARY if offers else Kind.PRIMARY))
    return replace(
        base(screen, say, "cannot"),
        title=told.resident,
        body=(told.now,),
        spoken=f"{told.resident}. {told.now}",
        picture=Picture.INFO,
        code=say.say("cannot.code", cause=cause.upper().replace("_", "-")),
        actions=tuple(offers),
    )


def staff(screen: pages.Screen, say: Catalogue, now: m.Collection) -> ScreenModel:
    told = say.cause(now.cause).resident + "." if now.cause else ""
    it = now.ticket
    page = base(screen, say, "staff")
    if it is None:
        return replace(
            page,
            body=tuple(filter(None, [told, say.say("staff.body_none")])),
            picture=Picture.STAFF,
            code=say.say("cannot.code", cause=now.cause.upper().replace("_", "-")) if now.cause else None,
            actions=(act(say, "home", Kind.PRIMARY),),
        )
    return replace(
        page,
        spoken=" ".join(filter(None, [told, say.say("staff.spoken", number=spelled(it.number)), how_to_keep(say, it)])),
        body=tuple(filter(None, [told, say.say("staff.body")])),
        number=it.number,
        picture=None if it.medium is m.TicketMedium.SCREEN else Picture.TAKE_PAPER,
        notice=how_to_keep(say, it),
        notice_tone=keep_tone(it),
        qr=it.token if it.medium is m.TicketMedium.SCREEN else None,
        actions=(act(say, "home", Kind.PRIMARY),),
    )
