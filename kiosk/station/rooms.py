"""The rooms of one kiosk, put together from its profile: who is given whom, and nothing else. Nothing runs yet."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.biometrics.examiner import Examiner
from kiosk.cards.approval import Authority
from kiosk.cards.jobs import JobBook
from kiosk.cards.jws import CentreKey
from kiosk.cards.maker import CardMaker
from kiosk.cards.packages import PackageBook
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import DocumentSigner
from kiosk.centre import shelf
from kiosk.centre.cards import CentreSigner, Presigner, ShelvedSigner
from kiosk.centre.link import CentreLink
from kiosk.centre.standing import Standings
from kiosk.clock import Chance, Clock
from kiosk.devices.machine import Machine
from kiosk.devices.profile import Profile
from kiosk.journal.database import Journal
from kiosk.journal.identity import KioskKey
from kiosk.journal.sealer import Sealer
from kiosk.journal.timekeeper import TimeKeeper
from kiosk.people.desk import PeopleDesk
from kiosk.people.digest import Hours
from kiosk.people.pins import Cost
from kiosk.people.roster import RosterAuthority
from kiosk.queueing.delivery import Roll, TicketDesk
from kiosk.queueing.numbers import Queue, Series
from kiosk.station.accepting import AcceptanceDesk
from kiosk.station.admission import Admission
from kiosk.station.blanks import BlankDesk
from kiosk.station.caretaker import Caretaker
from kiosk.station.chips import chip_desk
from kiosk.station.closing import DayDesk
from kiosk.station.collecting import Collector, Parts
from kiosk.station.fingers import FingerCheck
from kiosk.station.power import PowerGuard, run_command
from kiosk.station.receipts import Receipts
from kiosk.station.staff import Staff


@dataclass(frozen=True, slots=True)
class Rooms:
    """`caretaker`, `collector` and `chips`: None where the profile has no card printer, encoder or fingerprint scanner;
    `power`: None without an indicator."""

    time: TimeKeeper
    key: KioskKey
    sealer: Sealer
    link: CentreLink
    standings: Standings
    queue: Queue
    desk: TicketDesk
    staff: Staff
    blanks: BlankDesk
    days: DayDesk
    acceptance: AcceptanceDesk
    caretaker: Caretaker | None
    collector: Collector | None
    chips: ChipDesk | None
    power: PowerGuard | None


def join(
    profile: Profile,
    machine: Machine,
    journal: Journal,
    centre: httpx.AsyncClient,
    clock: Clock,
    chance: Chance,
    examiner: Examiner,
    pin_cost: Cost,
    changed: Callable[[], None],
) -> Rooms:
    """`changed`: to be called whenever something that a client can see is another than before."""
    office, limits = profile.office, profile.limits
    time = TimeKeeper(clock, battery=profile.kiosk.clock_battery)
    key = KioskKey.kept(journal.path.parent, profile.kiosk.id, chance)
    sealer = Sealer(journal, key, time)
    queue = Queue(
        tuple(Series(s.id, s.letter, s.name, s.minutes, s.counters) for s in profile.services), office.timezone
    )
    centre_key = Ed25519PublicKey.from_public_bytes(profile.centre.key_bytes)
    authority = Authority(
        CentreKey(profile.centre.issuer, centre_key, profile.centre.key_id), office.id, profile.kiosk.id
    )
    standings = Standings(authority)
    people = PeopleDesk(
        journal,
        RosterAuthority(authority.centre, office.id, production=profile.production),
        profile.kiosk.id,
        time,
        chance,
        pin_cost,
    )
    hours = Hours(ZoneInfo(office.timezone), office.opens, office.closes)
    staff = Staff(journal, people, queue, hours, changed)
    presigner = Presigner(centre, office.id, layout.load(profile.chip.layout), profile.chip.size)
    link = CentreLink(
        journal,
        centre,
        time,
        presigner,
        standings,
        authority,
        chance,
        poll_seconds=profile.centre.poll_seconds,
    )
    link.changed = changed
    link.roster, link.roster_number = people.accept, people.roster_number
    desk = TicketDesk(
        journal,
        queue,
        office.name,
        office.timezone,
        Roll(profile.dispenser.prefix, profile.dispenser.first_number, profile.dispenser.digits),
        machine.thermal_printer,
        machine.ticket_dispenser,
        simulated=profile.simulated,
    )
    power: PowerGuard | None = None
    chips: ChipDesk | None = None
    caretaker: Caretaker | None = None
    collector: Collector | None = None
    if machine.card_printer and machine.card_encoder and machine.fingerprint_scanner:
        caretaker = Caretaker(journal, machine.card_printer, changed)
        chips = chip_desk(profile, centre, _signers(centre, journal, office.id), time, chance, PackageBook(journal))
        maker = CardMaker(
            JobBook(journal),
            machine.card_printer,
            machine.card_encoder,
            chips,
            path=caretaker.at_work,
            blanks_per_job=limits.blanks_per_job,
            take_timeout=limits.take_timeout,
            may_feed=lambda: power.why_not() if power else None,
        )
        collector = Collector(
            Parts(
                journal=journal,
                admission=Admission(journal, authority, standings, link, time),
                fingers=FingerCheck(
                    machine.fingerprint_scanner,
                    examiner.matches,
                    journal,
                    attempts=limits.finger_attempts,
                    timeout=limits.finger_timeout,
                ),
                chips=chips,
                maker=maker,
                desk=desk,
                link=link,
                receipts=Receipts(
                    journal,
                    machine.thermal_printer,
                    clock,
                    office=office.name,
                    kiosk=profile.kiosk.id,
                    timezone=office.timezone,
                    simulated=profile.simulated,
                ),
                staff_service=office.staff_service,
                specimen=not profile.production,
            ),
            changed,
        )
    path = caretaker.at_work if caretaker else asyncio.Lock()
    days = DayDesk(
        journal,
        people,
        queue,
        office.name,
        hours,
        profile.kiosk.id,
        key,
        machine.thermal_printer,
        machine.card_printer,
        path,
        changed,
        simulated=profile.simulated,
    )
    if machine.indicator is not None:
        power = PowerGuard(
            machine.indicator,
            journal,
            sealer,
            collector,
            caretaker,
            budget=profile.power.budget_seconds,
            switch_off=partial(run_command, profile.power.switch_off),
            changed=changed,
        )
    return Rooms(
        time=time,
        key=key,
        sealer=sealer,
        link=link,
        standings=standings,
        queue=queue,
        desk=desk,
        staff=staff,
        blanks=BlankDesk(journal, staff),
        days=days,
        acceptance=AcceptanceDesk(journal, people, link, key, machine.card_printer, path, changed),
        caretaker=caretaker,
        collector=collector,
        chips=chips,
        power=power,
    )


def _signers(centre: httpx.AsyncClient, journal: Journal, office: str) -> Callable[[str], DocumentSigner]:
    """Who signs the chip of an approval: the centre, now or ahead."""

    def signer(approval: str) -> DocumentSigner:
        shelved = partial(journal.read, partial(shelf.signature, jti=approval))
        return ShelvedSigner(CentreSigner(centre, office, approval), shelved)

    return signer
