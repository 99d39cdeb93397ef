"""The four kinds of people who may do something here. A person has one role, so that duties stay apart."""

from enum import StrEnum


class Role(StrEnum):
    OFFICER = "officer"
    """At the counter: helps residents, counts blanks."""
    SUPERVISOR = "supervisor"
    """Answers for the office: whatever an officer may, and what changes the books for good."""
    TECHNICIAN = "technician"
    """Opens the machine. Moves blanks only together with somebody of the office, and never issues a card."""
    AUDITOR = "auditor"
    """Reads and exports the record, changes nothing."""
