"""What staff and kioskd say to each other about a journal that cannot be believed as it is: who accepts it, and what
that led to."""

from pydantic import Field

from kiosk.api.blanks import BlankCase, Counted, FedReckoned, Number, Reckoned
from kiosk.api.messages import Message
from kiosk.api.staff import Mandated


class AcceptRequest(Mandated):
    """Two people have counted every blank, and accept the journal as it is; the office's minutes say why."""

    OPERATION = "accept_journal"
    minutes: Number
    """Number of the minutes (berita acara)."""
    counted: Counted


class Accepted(Message):
    """A new stretch of the audit has begun."""

    record: int = Field(ge=1)
    """The record that begins it."""
    causes: tuple[str, ...]
    """Why no card was made."""
    findings: tuple[str, ...]
    """What is wrong with the records before, as far as it is listed."""
    jobs: int = Field(ge=0)
    """Card jobs that were entered on the centre's word."""
    counts: list[Reckoned]
    fed: FedReckoned | None
    """None if the printer did not say."""
    cases: list[BlankCase]
    """All that are open now."""
    doubtful: int = Field(ge=0)
    """Approvals that give no card any more, because they may have been used: the centre must give new ones."""
