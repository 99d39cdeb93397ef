"""What staff and kioskd say to each other about blanks: cases, counts, and the day's close."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from kiosk.api.messages import Label, Message, OfficerId
from kiosk.api.staff import DOCUMENT, Mandated

Number = Annotated[str, Field(pattern=DOCUMENT)]


class CaseKind(StrEnum):
    MISSING = "missing"
    SURPLUS = "surplus"
    COUNTER = "counter"
    """The card printer's own count of cards fed is not what the books have."""


class CasePlace(StrEnum):
    """Where something can be counted."""

    HOPPER = "hopper"
    BIN = "bin"
    """The printer's one bin, for what failed and what nobody took."""
    VAULT = "vault"
    SPOILED = "spoiled"
    """Out of the bin, locked up until destroyed."""
    UNKNOWN = "unknown"
    """Nowhere: a card that the hardware lost sight of."""
    PRINTER = "printer"
    """The printer's counter, not a place of cards."""


class BlankCase(Message):
    """A difference between a count and the books: opened once, ended once, never changed."""

    case: int
    kind: CaseKind
    place: CasePlace
    quantity: int = Field(ge=1)
    open: int = Field(ge=0)
    """How many are neither found nor written off."""
    reason: str
    opened: datetime
    closed: datetime | None = None
    outcome: str | None = None
    """`found` or `written_off`."""
    minutes: str | None = None


class Counted(Message):
    """What two people counted. `vault` and `spoiled` may be left out where the books have none there."""

    hopper: int = Field(ge=0, le=100_000)
    bin: int = Field(ge=0, le=100_000)
    vault: int | None = Field(default=None, ge=0, le=100_000)
    spoiled: int | None = Field(default=None, ge=0, le=100_000)


class Reckoned(Message):
    """One place: what the books have there, what was counted, and the case that a difference opened."""

    place: CasePlace
    booked: int
    counted: int
    difference: int
    """Counted minus booked."""
    case: int | None = None


class FedReckoned(Message):
    """The printer's lifetime count of cards fed, the second witness."""

    before: int
    """At the close before, or at the first feed of this journal."""
    now: int
    booked: int
    """Cards that the books have seen leave the hopper in between."""
    difference: int
    case: int | None = None


class ServiceDay(Message):
    letter: str
    name: Label
    given: int
    called: int


class DayMoves(Message):
    """Blanks that moved since the close before, in cards."""

    received: int
    loaded: int
    unloaded: int
    taken: int
    scrapped: int
    captured: int
    unknown: int
    destroyed: int


class DayClosed(Message):
    """A day's close, as it stands in the journal and on the slip."""

    day: str
    """The office's own day, ISO 8601."""
    at: datetime
    officers: tuple[OfficerId, ...]
    services: list[ServiceDay]
    moves: DayMoves
    counts: list[Reckoned]
    unknown: int
    """Cards that two people have still to find; `unknown_in_bin` of them seem to lie in the bin."""
    unknown_in_bin: int
    fed: FedReckoned | None
    """None if the printer did not say."""
    cases: list[BlankCase]
    """All that are open now."""
    preprinted_used: int
    digest: list[str] = Field(default_factory=list)
    """What each person did, a line for each."""
    audit_records: int
    audit_head: str
    """Hex SHA-256 of the record of this close: whoever keeps it can prove that no record before it was changed."""
    witness: str = ""
    """The kiosk's signed checkpoint over that record, as the slip's QR holds it."""
    slip: bool = False
    """It is on paper."""
    slip_cause: str | None = None
    """Why it is not; the same request prints it again."""


# -- what staff ask, each with its proofs ------------------------------------------------------------------------


class BlanksReceived(Mandated):
    """A delivery is counted into the vault. `first`: the first blank's position in `lot`, if they are written down."""

    OPERATION = "receive_blanks"
    quantity: int = Field(ge=1, le=100_000)
    note: Number
    """The delivery note's number."""
    lot: Number | None = None
    first: int | None = Field(default=None, ge=1, le=10**9)


class BinEmptied(Mandated):
    """The reject bin's cards are counted and locked away."""

    OPERATION = "empty_bin"
    counted: int = Field(ge=1, le=10_000)


class BlanksDestroyed(Mandated):
    """All spoiled cards, and with `bin_too` those still in the bin, are destroyed before two witnesses."""

    OPERATION = "destroy_blanks"
    counted: int = Field(ge=1, le=10_000)
    minutes: Number
    """Number of the minutes (berita acara)."""
    witnesses: tuple[OfficerId, OfficerId]
    """Ids of their own offices, not names."""
    bin_too: bool = False


class CaseReported(Mandated):
    """Blanks are missing, or too many are there; why, says `reason`."""

    OPERATION = "open_case"
    kind: CaseKind
    place: CasePlace
    quantity: int = Field(ge=1, le=10_000)


class CaseSettled(Mandated):
    """Missing blanks were found at `where`, or too many came from there."""

    OPERATION = "settle_case"
    case: int = Field(ge=1)
    quantity: int = Field(ge=1, le=10_000)
    where: CasePlace


class CaseWrittenOff(Mandated):
    """A case is given up, by minutes."""

    OPERATION = "write_off_case"
    case: int = Field(ge=1)
    minutes: Number


class CloseRequest(Mandated):
    """Two people close a day. `day`: one before today that was not closed; else it is today."""

    OPERATION = "daily_close"
    counted: Counted
    day: date | None = None
