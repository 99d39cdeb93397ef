"""What one screen shows and offers: drawn by the view, read aloud by speech, walked by the keypad. Pure data."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How an action looks."""

    TILE = "tile"
    """One of the few big choices of the idle screen."""
    CHOICE = "choice"
    """One of many, in a grid."""
    PRIMARY = "primary"
    SECONDARY = "secondary"
    KEY = "key"
    QUIET = "quiet"
    """Always there, never in the way: the language."""


class Tone(StrEnum):
    PLAIN = "plain"
    WARN = "warn"
    WRONG = "wrong"


class Progress(StrEnum):
    DONE = "done"
    NOW = "now"
    TODO = "todo"


class Picture(StrEnum):
    QUEUE = "queue"
    CARD = "card"
    SLIP = "slip"
    TAKE_PAPER = "take_paper"
    TAKE_CARD = "take_card"
    CHECK = "check"
    INFO = "info"
    STAFF = "staff"
    WAIT = "wait"


@dataclass(frozen=True)
class Action:
    id: str
    label: str
    kind: Kind
    note: str = ""
    enabled: bool = True
    muted: bool = False
    """Looks like one that cannot be used, but touching it explains why."""
    picture: Picture | None = None


@dataclass(frozen=True)
class StepMark:
    label: str
    progress: Progress


@dataclass(frozen=True)
class Box:
    """One place of the NIK: a digit, a dot, or nothing yet."""

    text: str
    wrong: bool = False
    next: bool = False


@dataclass(frozen=True)
class ScreenModel:
    """One list of actions feeds widgets, focus order and speech, so they cannot drift apart."""

    screen: str
    language: str
    office: str
    title: str
    spoken: str
    actions: tuple[Action, ...] = ()
    body: tuple[str, ...] = ()
    picture: Picture | None = None
    finger: str | None = None
    """`right_index`, ...: a hand is drawn with this finger marked."""
    number: str | None = None
    """Giant."""
    qr: str | None = None
    boxes: tuple[Box, ...] = ()
    """16 of them on the NIK screen, drawn in fours."""
    steps: tuple[StepMark, ...] = ()
    notice: str | None = None
    """One strip that must be noticed: a hint, a fault, a scrapped blank."""
    notice_tone: Tone = Tone.WARN
    """PLAIN: part of the way. WARN: something is not as it should be. WRONG: the resident's entry."""
    code: str | None = None
    free: str | None = None
    status: str | None = None
    """Foot line, while all is well; what is not well is a notice."""
    simulated: str | None = None
    """The SIMULATED banner."""
