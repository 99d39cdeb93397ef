"""What kioskd and its clients say to each other, as pydantic models. The OpenAPI document is made from these."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

OfficerId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{2,32}$")]
"""A person who works here, as the centre's roster names him."""


class Message(BaseModel):
    """Immutable; an unknown field is an error, so that a typing mistake cannot be silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Cause(StrEnum):
    """Why something cannot be done now. Besides these, every value of drivers.contract.words.DeviceCause may appear.

    Fields that carry a cause are plain strings, because a device may name causes that an older screen does not know.
    """

    LINK_DOWN = "link_down"
    """The line from the office to the centre is down."""
    CENTRE_DOWN = "centre_down"
    """The line is up; the centre's server does not work."""
    AUTHORISATION_CUT = "authorisation_cut"
    """The centre has cut this office's authorisation for this service."""
    AUTHORISATION_EXPIRED = "authorisation_expired"
    """What the centre last authorised has run out, and the line is down."""
    CLOCK_UNKNOWN = "clock_unknown"
    """The machine has no time that can be believed, and the centre has not told it since the start."""
    JOURNAL_BEHIND = "journal_behind"
    """The centre knows more of this kiosk than its own journal: it came back from a copy."""
    JOURNAL_DAMAGED = "journal_damaged"
    """At its start kioskd found that its record does not end as it was left."""
    FEEDS_UNEXPLAINED = "feeds_unexplained"
    """The card printer has fed more cards than the journal knows of: it may be an old copy."""
    POWER_FAILING = "power_failing"
    """The mains are gone and the kiosk runs on its battery: no card is begun."""
    APPROVAL_MISSING = "approval_missing"
    """The centre has not approved a card for this person: it is not finished."""
    APPROVAL_EXPIRED = "approval_expired"
    APPROVAL_OTHER_OFFICE = "approval_other_office"
    APPROVAL_OTHER_PERSON = "approval_other_person"
    APPROVAL_REVOKED = "approval_revoked"
    """The centre has taken this approval back."""
    APPROVAL_FORGED = "approval_forged"
    """The signature, or the record that it should cover, does not hold."""
    ALREADY_COLLECTED = "already_collected"
    NEEDS_STAFF = "needs_staff"
    """An earlier try ended with the hardware unable to tell what happened; only two officers can decide."""
    FINGER_NO_MATCH = "finger_no_match"
    FINGER_NOT_SEEN = "finger_not_seen"
    NO_FINGERS = "no_fingers"
    """The centre's record holds no usable finger; staff must help."""
    NIK_INVALID = "nik_invalid"
    SLIP_INVALID = "slip_invalid"
    BLANKS_OUT = "blanks_out"
    BOOKS_REFUSE = "books_refuse"
    """The blank ledger does not allow what staff asked to book; `detail` says what it holds."""
    DAY_CLOSED = "day_closed"
    """The day is closed; that is done once."""
    CARD_NOT_TAKEN = "card_not_taken"
    CARD_FAILED = "card_failed"
    """Every blank that may be used for one job was scrapped."""
    BUSY = "busy"
    """Another collection is under way at this kiosk."""
    DISK_FULL = "disk_full"
    SERVICE_UNKNOWN = "service_unknown"
    RECOVERING = "recovering"
    """kioskd has just started and still asks the hardware what happened."""
    CANCELLED = "cancelled"
    STAFF_DENIED = "staff_denied"
    """These people may not do this, or did not prove who they are. Told to staff only."""
    INVALID = "invalid"
    """The request itself is not of the right form."""
    INTERNAL = "internal"


class Label(Message):
    """A text of the office itself, in the two languages every office must give."""

    id: str
    en: str


class Problem(Message):
    """The body of every refused request."""

    cause: str
    detail: str = ""
    """For the log and the technician; never shown to residents, never personal."""


# -- queue -------------------------------------------------------------------------------------------------------


class TicketMedium(StrEnum):
    PAPER = "paper"
    PREPRINTED = "preprinted"
    SCREEN = "screen"


class Service(Message):
    """A service a resident can queue for."""

    id: str
    letter: str
    name: Label
    available: bool
    cause: str | None = None
    """Why it is not available, or why only part of it works."""
    waiting: int = Field(ge=0)
    wait_low: int = Field(ge=0)
    """Estimated wait in minutes, as a range."""
    wait_high: int = Field(ge=0)


class TicketRequest(Message):
    request_id: str = Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")
    service: str = Field(max_length=40)


class Ticket(Message):
    """A queue number that is durably the resident's, however it reached him."""

    number: str
    """As called: letter and three digits, `A-017`."""
    service: str
    service_name: Label
    issued_at: datetime
    waiting: int
    wait_low: int
    wait_high: int
    token: str
    """Opaque; the QR on the ticket."""
    medium: TicketMedium
    preprinted_number: str | None = None
    """The number on the pre-printed ticket that stands for this one."""
    cause: str | None = None
    """Why it is not on thermal paper."""


# -- collection --------------------------------------------------------------------------------------------------


class CollectRequest(Message):
    """Exactly one of the two."""

    request_id: str = Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")
    slip: str | None = None
    nik: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "CollectRequest":
        if (self.slip is None) == (self.nik is None):
            raise ValueError("give either slip or nik")
        return self


class Stage(StrEnum):
    """Where a collection stands, as the resident sees it."""

    FINGER = "finger"
    WORKING = "working"
    TAKE_CARD = "take_card"
    DONE = "done"
    CANNOT = "cannot"
    """Ended without a card; `cause` says why."""
    STAFF = "staff"
    """Ended without a card; `ticket` is the resident's number for a counter."""


class Step(StrEnum):
    """The named steps of making the card, in order."""

    FEED = "feed"
    ENCODE = "encode"
    VERIFY = "verify"
    PRINT = "print"
    PRESENT = "present"


class FingerPrompt(Message):
    finger: str
    """`right_index`, `left_index`, ... as in ISO/IEC 19794-2 finger positions."""
    attempt: int = Field(ge=1)
    attempts: int = Field(ge=1)
    hint: str | None = None
    """no_match, or a RetryReason: no_finger, too_poor, too_small, lifted."""


class Collection(Message):
    """One resident's attempt to collect a card. Replaced as a whole whenever it changes."""

    id: str
    stage: Stage
    finger: FingerPrompt | None = None
    step: Step | None = None
    blank: int = 1
    """Which blank is being tried; 2 means that the first was scrapped."""
    notice: str | None = None
    """A cause that the resident should know of while the work goes on (for example `jam` after a scrapped blank)."""
    cause: str | None = None
    ticket: Ticket | None = None
    masked_name: str | None = None
    """`B*** S*****`; only once the finger matched."""


# -- the machine -------------------------------------------------------------------------------------------------


class Device(Message):
    slot: str
    driver: str
    transport: str
    simulated: bool
    state: str
    media: str
    supplies: dict[str, str]
    causes: list[str]
    detail: dict[str, str]
    revision: int


class Link(Message):
    """The line to the centre."""

    up: bool
    cause: str | None = None
    since: datetime | None = None
    queued: int = 0
    """Events that the centre has not acknowledged yet."""


class Blanks(Message):
    """The ledger's balance, in cards."""

    loaded: int
    hopper: int
    path: int
    holder: int
    reject: int
    capture: int
    unknown: int
    vault: int = 0
    spoiled: int = 0
    """Out of the bin, locked up until destroyed."""
    destroyed: int = 0
    missing: int = 0
    """In open cases."""
    written_off: int = 0
    surplus: int = 0
    """Found beyond the books, in open cases: loaded + surplus = all the others together."""


class Called(Message):
    """The number that a counter calls; None if nobody waits."""

    number: str | None


class State(Message):
    """Everything a client needs to draw itself; replaced as a whole."""

    revision: int
    now: datetime
    office: Label
    simulated: bool
    """True as long as any device is a simulator: the screen says SIMULATED."""
    ready: bool
    """False while kioskd still recovers."""
    services: list[Service]
    collecting: bool
    """Cards can be collected now."""
    collecting_cause: str | None = None
    link: Link
    devices: list[Device]
    blanks: Blanks
    collection: Collection | None = None
    unclosed_day: str | None = None
    """An earlier day that nobody has closed, ISO 8601."""


class Version(Message):
    version: str
    profile: str
    kiosk: str
    public_key: str = ""
    """Base64 of the kiosk's own Ed25519 key: who checks its exports and checkpoints needs this."""


class CheckResult(Message):
    """One line of a self-test."""

    name: str
    ok: bool
    detail: str


class LogLine(Message):
    at: datetime
    level: str
    logger: str
    text: str


class Witnesses(Message):
    """Checkpoints that others kept: the centre, or the QR of a closing slip."""

    checkpoints: tuple[Annotated[str, Field(max_length=400)], ...] = Field(default=(), max_length=100)


class JournalReport(Message):
    """What `journal verify` found."""

    ok: bool
    records: int
    head: str
    """Hex SHA-256 of the newest audit record."""
    problems: list[str]
    checkpoints: int = 0
    sealed: int = 0
    """The newest record that a checkpoint covers; 0 if none does."""
    accepted: list[str] = Field(default_factory=list)
    """Breaks that two people have accepted: no problems, but not whole either."""
