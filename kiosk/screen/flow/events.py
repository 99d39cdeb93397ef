"""What can happen to the screen, and what it can ask for: the input and the output of `step`."""

from dataclasses import dataclass, field

from kiosk.api import messages as m


@dataclass(frozen=True)
class Pressed:
    action: str


@dataclass(frozen=True)
class Scanned:
    """One line from the slip scanner."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Told:
    """kioskd's newest state."""

    state: m.State


@dataclass(frozen=True)
class Disconnected:
    pass


@dataclass(frozen=True)
class Ticketed:
    request: str
    ticket: m.Ticket


@dataclass(frozen=True)
class Started:
    request: str
    collection: m.Collection


@dataclass(frozen=True)
class Updated:
    """The answer to a call for staff, or to a cancel: the collection as it is now."""

    collection: m.Collection


@dataclass(frozen=True)
class Refused:
    """`cause` None: kioskd could not be reached, so nobody knows whether the request arrived."""

    request: str
    cause: str | None


@dataclass(frozen=True)
class Elapsed:
    timer: str


Event = Pressed | Scanned | Told | Disconnected | Ticketed | Started | Updated | Refused | Elapsed


# -- effects -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TakeTicket:
    request: str
    service: str


@dataclass(frozen=True)
class Collect:
    request: str
    slip: str | None = field(default=None, repr=False)
    nik: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class AskStaff:
    collection: str


@dataclass(frozen=True)
class Cancel:
    collection: str


@dataclass(frozen=True)
class SetTimer:
    """Starts the named timer anew; None stops it."""

    timer: str
    seconds: float | None


Effect = TakeTicket | Collect | AskStaff | Cancel | SetTimer
