"""Every screen as an example, for the pictures in the documents and for the tests. All people and numbers invented."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from kiosk.api import messages as m
from kiosk.screen.flow import machine, pages

NOW = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)

SERVICES = (
    ("rekam", "A", "Perekaman KTP-el", "e-KTP enrolment", 12),
    ("ktp", "B", "KTP-el hilang atau rusak", "Lost or damaged e-KTP", 4),
    ("kk", "C", "Kartu Keluarga", "Family card", 7),
    ("akta", "D", "Akta kelahiran dan kematian", "Birth and death certificates", 0),
    ("pindah", "E", "Pindah dan datang", "Moving in or out", 3),
    ("prioritas", "P", "Prioritas: lansia, hamil, disabilitas", "Priority: elderly, pregnant, disabled", 1),
)


def state(**changes: object) -> m.State:
    """A kiosk where all is well, but for `changes`."""
    services = [
        m.Service(
            id=id,
            letter=letter,
            name=m.Label(id=name, en=english),
            available=True,
            waiting=waiting,
            wait_low=waiting * 4,
            wait_high=waiting * 6,
        )
        for id, letter, name, english, waiting in SERVICES
    ]
    well = m.State(
        revision=1,
        now=NOW,
        office=m.Label(id="Disdukcapil Kota Contoh", en="Civil Registry, Contoh City"),
        simulated=True,
        ready=True,
        services=services,
        collecting=True,
        link=m.Link(up=True),
        devices=[],
        blanks=m.Blanks(loaded=100, hopper=100, path=0, holder=0, reject=0, capture=0, unknown=0),
    )
    return well.model_copy(update=changes)


def ticket(medium: m.TicketMedium = m.TicketMedium.PAPER, number: str = "A-017") -> m.Ticket:
    return m.Ticket(
        number=number,
        service="rekam",
        service_name=m.Label(id="Perekaman KTP-el", en="e-KTP enrolment"),
        issued_at=NOW,
        waiting=12,
        wait_low=45,
        wait_high=70,
        token="ANJT-2W9K4M7Q0X5C",  # noqa: S106 - a ticket's token, printed on paper, opens nothing
        medium=medium,
        preprinted_number="0417" if medium is m.TicketMedium.PREPRINTED else None,
    )


def collection(stage: m.Stage, **changes: object) -> m.Collection:
    return m.Collection(id="c-1", stage=stage).model_copy(update=changes)


def finger(attempt: int = 1, hint: str | None = None, which: str = "right_index") -> m.Collection:
    prompt = m.FingerPrompt(finger=which, attempt=attempt, attempts=3, hint=hint)
    return collection(m.Stage.FINGER, finger=prompt)


def screens(language: str) -> Iterator[tuple[str, pages.Screen]]:
    """(name, what the screen knows) for every screen a resident can meet."""
    at = pages.Screen(kiosk=state(), language=language)

    def page(it: pages.Page) -> pages.Screen:
        return replace(at, page=it)

    def during(it: m.Collection) -> pages.Screen:
        return page(pages.Collecting(it, seen=True))

    name = "B*** S******"
    down = m.Link(up=False, cause=m.Cause.LINK_DOWN, since=NOW)
    unavailable = [
        service.model_copy(update={"available": False, "cause": m.Cause.AUTHORISATION_CUT})
        if service.id in ("ktp", "pindah")
        else service
        for service in state().services
    ]
    yield "idle", at
    yield "idle-link-down", replace(at, kiosk=state(link=down))
    yield (
        "idle-blanks-out",
        replace(at, kiosk=state(collecting=False, collecting_cause=m.Cause.BLANKS_OUT, simulated=False)),
    )
    yield "services", page(pages.Services())
    yield "services-cut", replace(page(pages.Services()), kiosk=state(services=unavailable))
    yield "services-three", replace(page(pages.Services()), kiosk=state(services=unavailable[:3]))
    yield "ticketing", page(pages.Ticketing("r-00000001", "rekam"))
    yield "ticket", page(pages.TicketShown(ticket()))
    yield "ticket-preprinted", page(pages.TicketShown(ticket(m.TicketMedium.PREPRINTED)))
    yield "ticket-screen", page(pages.TicketShown(ticket(m.TicketMedium.SCREEN)))
    yield "identify", page(pages.Identify())
    yield "identify-fault", page(pages.Identify(m.Cause.SLIP_INVALID))
    yield "nik", page(pages.TypeNik())
    yield "nik-typing", page(pages.TypeNik("3273010"))
    yield "nik-short", page(pages.TypeNik("327301120385", fault="length"))
    yield "nik-wrong", page(pages.TypeNik("3273019913850001", fault="date", shown=True))
    yield "starting", page(pages.Starting("r-00000002"))
    yield "finger", during(finger())
    yield "finger-hint", during(finger(2, "no_match"))
    yield "finger-left-thumb", during(finger(3, "too_poor", "left_thumb"))
    yield "progress-start", during(collection(m.Stage.WORKING))
    yield "progress", during(collection(m.Stage.WORKING, step=m.Step.VERIFY, masked_name=name))
    yield (
        "progress-jam",
        during(collection(m.Stage.WORKING, step=m.Step.PRINT, blank=2, notice="jam", masked_name=name)),
    )
    yield "take-card", during(collection(m.Stage.TAKE_CARD, step=m.Step.PRESENT, masked_name=name))
    yield "done", during(collection(m.Stage.DONE))
    yield "staff", during(collection(m.Stage.STAFF, cause=m.Cause.FINGER_NO_MATCH, ticket=ticket(number="L-003")))
    yield (
        "staff-screen",
        during(
            collection(m.Stage.STAFF, cause=m.Cause.NO_FINGERS, ticket=ticket(m.TicketMedium.SCREEN, number="L-003"))
        ),
    )
    yield "staff-none", during(collection(m.Stage.STAFF, cause=m.Cause.NEEDS_STAFF))
    yield "cannot-not-ready", during(collection(m.Stage.CANNOT, cause=m.Cause.APPROVAL_MISSING))
    yield "cannot-link", page(pages.Refusal(m.Cause.LINK_DOWN, "collect"))
    yield "cannot-retry", page(pages.Refusal(machine.INTERRUPTED, "collect"))
    yield "cannot-ticket", page(pages.Refusal(m.Cause.AUTHORISATION_CUT, "ticket"))
    yield "still-there", replace(page(pages.Identify()), warned=True)
    yield "still-there-number", replace(page(pages.TicketShown(ticket(m.TicketMedium.SCREEN))), warned=True)
    yield "away", replace(at, connected=False, away=True)


def cause_screens(language: str, causes: list[str]) -> Iterator[tuple[str, pages.Screen]]:
    """The "cannot" page of every cause: their texts differ in length."""
    for cause in causes:
        page = pages.Collecting(collection(m.Stage.CANNOT, cause=cause))
        yield f"cause-{cause}", pages.Screen(kiosk=state(), language=language, page=page)
