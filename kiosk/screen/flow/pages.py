"""What the screen knows: the page it shows, with all that belongs to one resident, and little else."""

from dataclasses import dataclass, field

from kiosk.api import messages as m

DEFAULT_LANGUAGE = "id"
LANGUAGES = ("id", "en")


@dataclass(frozen=True)
class Idle:
    pass


@dataclass(frozen=True)
class Services:
    pass


@dataclass(frozen=True)
class Ticketing:
    """The number has been asked for. Sent again, with the same id, if kioskd goes away meanwhile."""

    request: str
    service: str
    unsent: bool = False


@dataclass(frozen=True)
class TicketShown:
    ticket: m.Ticket


@dataclass(frozen=True)
class Identify:
    """Scan the slip, or choose to type. `fault` is a cause: what was wrong with the last scan."""

    fault: str | None = None


@dataclass(frozen=True)
class TypeNik:
    digits: str = field(default="", repr=False)
    fault: str | None = None
    """As kiosk.api.identifiers.nik_fault."""
    shown: bool = False
    """The resident asked to see his digits; else all but the newest are dots."""


@dataclass(frozen=True)
class Starting:
    request: str


@dataclass(frozen=True)
class Collecting:
    collection: m.Collection
    seen: bool = False
    """kioskd's own state has shown this collection; if it then disappears, kioskd has lost it."""
    asked: bool = False
    """Staff have been asked for; the button may not be pressed twice."""


@dataclass(frozen=True)
class Refusal:
    """Something could not be started. `of` is what: `ticket` or `collect`."""

    cause: str
    of: str


Page = Idle | Services | Ticketing | TicketShown | Identify | TypeNik | Starting | Collecting | Refusal


@dataclass(frozen=True)
class Screen:
    """Everything the screen knows."""

    prefix: str = "screen00"
    """Unpredictable, per process; request ids are this and a counter."""
    count: int = 0
    page: Page = Idle()
    language: str = DEFAULT_LANGUAGE
    warned: bool = False
    """"Masih di sini?" is showing."""
    kiosk: m.State | None = None
    connected: bool = True
    away: bool = False
    """kioskd has been away long enough to say so."""
    dismissed: str | None = None
    """The collection that the resident left; its finger page is not shown again."""
