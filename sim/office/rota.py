"""Which rare things happen on which day: each has its turn within ROUND days, whatever the seed.

Left to chance alone, a rare thing may not happen in ten days, and a list of branches that must be reached would fail a
good run. So every seed has an order of its own, each day takes the next PER_DAY of it, and only the hour is drawn.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

OPEN = 8 * 3600.0
"""Seconds from the first to the last arrival."""
PER_DAY = 5


class Turn(StrEnum):
    """What happens. By whom and how stands in `incidents`, `dishonest` and `evening`, in a method of the same name."""

    # -- incidents: honest people and machines ---------------------------------------------------------------------
    WORN_FINGERS = "worn_fingers"
    """The record has no finger: two officers answer for the resident."""
    FINGER_FAILS = "finger_fails"
    """His finger does not match; two officers answer for him."""
    AT_THE_GLASS = "at_the_glass"
    """Two officers answer while the kiosk still waits for his finger."""
    BAD_BATCH = "bad_batch"
    """Two dead chips in a row; on the same approval he then has his card of a third blank."""
    EMPTY_HOPPER = "empty_hopper"
    """All blanks go back to the vault before anybody comes; the officers' next round fills the hopper again."""
    PUSHES_IN = "pushes_in"
    WANTS_A_PERSON = "wants_a_person"
    """Stands before the glass and asks for a counter instead."""
    NONSENSE = "nonsense"
    """A slip, a NIK and a service that are none."""
    REVOKED = "revoked"
    SERVICE_CUT = "service_cut"
    AUTHORISATION_ENDS = "authorisation_ends"
    """The line is down for longer than what the centre granted."""
    CLOCK_LOST = "clock_lost"
    """The kiosk comes back with its clock in 1970 and without a line."""
    MAINS_FAIL = "mains_fail"
    """The UPS tells it; its battery ends later."""
    MAINS_FLICKER = "mains_flicker"
    LOST_SIGHT = "lost_sight"
    """The power goes while a card is printed, and the printer clears its path: only people can tell where it is."""
    DISK_FULL = "disk_full"
    STAFF_ROUTINE = "staff_routine"
    """What one person does: calls numbers, cleans the printer, reads digest and audit; two clear a third's PIN."""
    # -- dishonest people --------------------------------------------------------------------------------------------
    SMUGGLES = "smuggles"
    POCKETS = "pockets"
    ALONE = "alone"
    TWICE = "twice"
    OWN_KEY = "own_key"
    GUESSED_PIN = "guessed_pin"
    OLD_PROOF = "old_proof"
    OTHER_ROLE = "other_role"
    REMOVED = "removed"
    TECHNICIAN = "technician"
    NO_APPROVAL = "no_approval"
    OTHER_OFFICE = "other_office"
    ALTERED = "altered"
    REPLAYED = "replayed"
    # -- the evening, after the close --------------------------------------------------------------------------------
    STOCK = "stock"
    """Blanks back to the vault, a case reported and found, and what books and rules refuse."""
    OLD_COPY = "old_copy"
    """Last of all somebody puts a copy of the journal back."""


@dataclass(frozen=True, slots=True)
class Due:
    at: float
    """Seconds since opening."""
    turn: Turn


ROUND = -(-len(Turn) // PER_DAY)
"""Days after which everything has had its turn."""


def due(seed: int, day: int) -> tuple[Due, ...]:
    """What happens on day `day` (from 0) of this seed, by the hour."""
    order = list(Turn)
    random.Random(f"rota {seed}").shuffle(order)
    turns = [order[(day * PER_DAY + place) % len(order)] for place in range(PER_DAY)]
    chance = random.Random(f"rota {seed} {day}")
    # Not in the last hour: who has to wait for the line or the centre is to have his turn before the close.
    hours = {turn: chance.uniform(600.0, OPEN - 3600.0) for turn in turns}
    if Turn.EMPTY_HOPPER in hours:
        hours[Turn.EMPTY_HOPPER] = 0.0
    return tuple(sorted((Due(at, turn) for turn, at in hours.items()), key=lambda one: one.at))
