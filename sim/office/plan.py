"""What will happen on one simulated day, drawn from a seed before it begins: who comes, what fails, who is dishonest.

Nothing here looks at the kiosk: the same seed is the same day, whatever the program does with it.
"""

import random
from dataclasses import dataclass
from typing import Literal

from sim.centre.registry import Kind
from sim.office.rota import OPEN, Due, due

PROFILE = (9, 16, 17, 14, 6, 12, 14, 8)
"""Arrivals by hour, in shares: a rush after opening, a hole at noon, a second rush."""
CARD_SHARE = 0.25
"""Residents who come for a finished card; the others take a number for a counter."""
SERVICES = ("perekaman", "pengambilan", "kartu-keluarga", "akta", "pindah", "pengaduan")
CUTS_PER_DAY = 7
POWER_ON = ("keep", "keep", "keep", "eject", "reject", "reject")
"""Most printers keep the card; some clear their path."""
FAULTS = (
    ("card_printer", "jam"),
    ("card_printer", "cover-open"),
    ("card_printer", "silence"),
    ("card_printer", "ribbon-out"),
    ("card_printer", "hopper-empty"),
    ("card_encoder", "card-torn"),
    ("card_encoder", "dead-chip"),
    ("card_encoder", "chip-write-error"),
    ("thermal_printer", "paper-out"),
    ("thermal_printer", "cutter"),
    ("ticket_dispenser", "tickets-out"),
    ("fingerprint_scanner", "poor-finger"),
    ("fingerprint_scanner", "silence"),
)

Finger = Literal["right", "second_try", "wrong", "none"]
Hand = Literal["quick", "slow", "absent"]
Trick = Literal["again", "forged", "forged_record", "other_person", "other_office", "expired"]
TRICKS: tuple[Trick, ...] = ("again", "forged", "forged_record", "other_person", "other_office", "expired")


@dataclass(frozen=True, slots=True)
class Visit:
    """One resident. `service` None: he comes for his card. `trick`: what is not honest about it."""

    number: int
    at: float
    service: str | None
    finger: Finger = "right"
    hand: Hand = "quick"
    trick: Trick | None = None

    @property
    def approval(self) -> Kind:
        return "good" if self.trick is None or self.trick == "again" else self.trick


@dataclass(frozen=True, slots=True)
class Outage:
    at: float
    seconds: float
    kind: Literal["link", "server"]


@dataclass(frozen=True, slots=True)
class Blackout:
    """From `at` on, kioskd or the power ends at the `moment`-th commit, card movement or device message.

    `power_on`: what the card printer then does when power is back; None: kioskd alone is killed. `stolen`: somebody
    takes the card that lies in the exit."""

    at: float
    moment: int
    seconds: float
    power_on: str | None
    stolen: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """A device fault. It lasts until somebody of the staff has seen to it, `seconds` later."""

    at: float
    device: str
    fault: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Day:
    seed: int
    day: int
    visits: tuple[Visit, ...]
    outages: tuple[Outage, ...]
    blackouts: tuple[Blackout, ...]
    troubles: tuple[Trouble, ...]
    uncounted: tuple[tuple[float, int], ...]
    """When somebody puts how many blanks into the hopper without counting them in."""
    pocketed: tuple[float, ...] = ()
    """When somebody takes a blank out of the hopper for himself."""
    rare: tuple[Due, ...] = ()
    """What has its turn today by the rota."""


def plan(seed: int, day: int, residents: int, *, cuts: bool) -> Day:
    """Day number `day` (from 0) of this seed."""
    chance = random.Random(f"office {seed} {day}")
    arrivals = sorted(_arrival(chance) for _ in range(residents))
    visits = tuple(_visit(chance, number, at) for number, at in enumerate(arrivals))
    outages = tuple(
        Outage(chance.uniform(0, OPEN), chance.uniform(60, 3600), chance.choice(("link", "server")))
        for _ in range(chance.randint(0, 3))
    )
    blackouts = tuple(
        _blackout(chance) for _ in range(chance.randint(CUTS_PER_DAY - 3, CUTS_PER_DAY + 3) if cuts else 0)
    )
    troubles = tuple(
        Trouble(chance.uniform(0, OPEN), *chance.choice(FAULTS), chance.uniform(30, 900))
        for _ in range(chance.randint(2, 6))
    )
    uncounted = ((chance.uniform(0, OPEN), chance.randint(1, 3)),) if chance.random() < 0.3 else ()
    pocketed = (chance.uniform(0, OPEN),) if chance.random() < 0.3 else ()
    return Day(seed, day, visits, outages, blackouts, troubles, uncounted, pocketed, due(seed, day))


def _arrival(chance: random.Random) -> float:
    hour = chance.choices(range(len(PROFILE)), PROFILE)[0]
    return round((hour + chance.random()) * OPEN / len(PROFILE), 3)


def _visit(chance: random.Random, number: int, at: float) -> Visit:
    if chance.random() >= CARD_SHARE:
        return Visit(number, at, chance.choice(SERVICES))
    finger: Finger = chance.choices(("right", "second_try", "wrong", "none"), (80, 12, 5, 3))[0]
    hand: Hand = chance.choices(("quick", "slow", "absent"), (80, 15, 5))[0]
    trick = chance.choice(TRICKS) if chance.random() < 0.12 else None
    return Visit(number, at, None, finger, hand, trick)


def _blackout(chance: random.Random) -> Blackout:
    kioskd_only = chance.random() < 0.3
    return Blackout(
        at=chance.uniform(0, OPEN),
        moment=chance.randint(1, 400),
        seconds=0.5 if kioskd_only else chance.choice((2.0, 30.0, 300.0, 1800.0)),
        power_on=None if kioskd_only else chance.choice(POWER_ON),
        stolen=chance.random() < 0.1,
    )
