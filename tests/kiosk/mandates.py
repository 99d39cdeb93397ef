"""Mandates for tests of what is done with them; that nobody else makes any, tests/kiosk/people proves."""

from itertools import count

from kiosk.people.policy import RULES, Mandate, Operation

_IDS = count(1)


def mandate(operation: Operation, *people: str, reason: str = "as the story wants") -> Mandate:
    """For these people, or for as many as the rule asks."""
    named = people or tuple(f"OFFICER-{n}" for n in range(1, RULES[operation].people + 1))
    return Mandate(operation, named, reason, f"mandate-{next(_IDS)}")
