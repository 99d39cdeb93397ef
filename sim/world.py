"""The physical things that survive a power cut: cards, paper, tickets, bins, the finger on the glass.

Nothing here knows a protocol or keeps time. Simulated devices move these things; a person (test, workbench) loads the
hopper, puts a finger on the glass, takes a card. Every change is told to the watchers as an `Event`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import count
from pathlib import Path

from PIL.Image import Image


class Place(StrEnum):
    """Where a card can be. A card is in exactly one place."""

    BOX = "box"
    """Not in the machine."""
    HOPPER = "hopper"
    FEEDER = "feeder"
    FLIP = "flip"
    CONTACT = "contact"
    CONTACTLESS = "contactless"
    PRINT = "print"
    EJECT = "eject"
    """Inside, behind the exit slot."""
    BEZEL = "bezel"
    """Out of the slot, where a person can take it."""
    REJECT = "reject"
    HAND = "hand"
    """Taken by a resident."""


PATH = (Place.FEEDER, Place.FLIP, Place.CONTACT, Place.CONTACTLESS, Place.PRINT, Place.EJECT, Place.BEZEL)
"""The places between hopper and bins, in which at most one card can be."""


class _Side:
    """One side of a card, which somebody may look at while it is being printed: it is drawn when he does."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, card: "Card", owner: type) -> Image | None:
        face: Image | Callable[[], Image] | None = getattr(card, self._name, None)
        if callable(face):
            face = face()
            setattr(card, self._name, face)
        return face

    def __set__(self, card: "Card", face: Image | Callable[[], Image] | None) -> None:
        setattr(card, self._name, face)


@dataclass(eq=False)
class Card:
    """One physical card: its body, its face and its chip. The same object for the printer and the chip simulator."""

    serial: str
    uid: bytes
    _place: Place = Place.BOX
    front = _Side()
    """What is printed on the front, 1016x648 RGB; None while it is white."""
    back = _Side()
    """The same of the back, upright when the card is turned over its long edge."""
    prints: int = 0
    """How many times ribbon was put on it; more than 1 is a spoiled card."""
    chip: dict[str, bytes] = field(default_factory=dict)
    """Non-volatile memory of the chip, by object name; the chip simulator alone knows its layout."""
    chip_dead: bool = False

    @property
    def place(self) -> Place:
        """Where it is. The World moves it (`move`, `put`), and remembers which cards it found where."""
        return self._place

    def drawn(self) -> None:
        """Nothing more is printed for now: its sides are pictures, and what they were drawn from is let go."""
        self.front, self.back = self.front, self.back


class Slip:
    """A piece of thermal paper. It is drawn when somebody looks: most of a day's slips nobody ever does."""

    def __init__(self, text: str, draw: Callable[[], Image]) -> None:
        self.text = text
        """Line by line, a code as [QR:...]."""
        self._draw = draw

    @cached_property
    def picture(self) -> Image:
        """Black on white, 8 dots to the millimetre."""
        return self._draw()


@dataclass(frozen=True, slots=True)
class Event:
    """Something a bystander could see. `kind`: card-moved, card-printed, slip, ticket, finger, stock, light."""

    kind: str
    what: str = ""
    card: Card | None = None
    slip: Slip | None = None


@dataclass(eq=False)
class World:
    """Everything physical in one kiosk."""

    paper_mm: float = 80_000.0
    """Thermal paper left on the roll."""
    slips: list[Slip] = field(default_factory=list)
    """Cut off by the thermal printer, oldest first."""
    slip_at_mouth: Slip | None = None
    """Handed out by a presenter, which still holds its end."""
    slips_retracted: list[str] = field(default_factory=list)
    """Texts of the slips that a presenter pulled back because nobody took them."""
    tickets_left: int = 500
    """Pre-printed tickets on the roll."""
    tickets_out: int = 0
    """Pre-printed tickets that ran out of the dispenser."""
    finger: Path | None = None
    """The picture of the finger now on the glass."""
    light: str = "off"
    _cards: list[Card] = field(default_factory=list)
    _found: dict[tuple[Place, ...], list[Card]] = field(default_factory=dict)
    """What `at` found since a card was last moved: a printer's sensors are asked far more often than it moves one."""
    _watchers: list[Callable[[Event], None]] = field(default_factory=list)
    _serials: Iterator[int] = field(default_factory=lambda: count(1))

    def watch(self, watcher: Callable[[Event], None]) -> Callable[[], None]:
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def tell(self, event: Event) -> None:
        for watcher in tuple(self._watchers):
            watcher(event)

    # -- cards ---------------------------------------------------------------------------------------------------
    @property
    def cards(self) -> tuple[Card, ...]:
        """All of them, in the order in which they came into the world."""
        return tuple(self._cards)

    def load_blanks(self, number: int) -> list[Card]:
        """Puts `number` new blanks, never used before, into the hopper."""
        new = []
        for _ in range(number):
            n = next(self._serials)
            card = Card(serial=f"SPECIMEN-{n:06d}", uid=bytes((0x04,)) + n.to_bytes(6, "big"), _place=Place.HOPPER)
            self.add(card)
            new.append(card)
        self.tell(Event("stock", f"{number} blanks loaded"))
        return new

    def at(self, *places: Place) -> list[Card]:
        """The cards at these places, in the order in which they came into the world."""
        found = self._found.get(places)
        if found is None:
            found = self._found[places] = [card for card in self._cards if card._place in places]
        return found.copy()

    def in_path(self) -> Card | None:
        """The card between hopper and bins. Two there would be a simulator's bug, and raise."""
        found = self.at(*PATH)
        if len(found) > 1:
            raise AssertionError(f"two cards in the path: {[card.serial for card in found]}")
        return found[0] if found else None

    def add(self, card: Card) -> None:
        """Somebody brings a card; nobody is told."""
        self._cards.append(card)
        self._found.clear()

    def remove(self, card: Card) -> None:
        """Somebody takes a card out of this world; nobody is told."""
        self._cards.remove(card)
        self._found.clear()

    def put(self, card: Card, place: Place) -> None:
        """Somebody puts a card elsewhere by hand; nobody is told."""
        card._place = place
        self._found.clear()

    def move(self, card: Card, place: Place) -> None:
        self.put(card, place)
        self.tell(Event("card-moved", place.value, card=card))

    def take_card(self) -> Card | None:
        """A resident pulls the card out of the bezel; None if there is none."""
        for card in self.at(Place.BEZEL):
            self.move(card, Place.HAND)
            return card
        return None

    # -- paper and tickets ---------------------------------------------------------------------------------------
    def load_paper(self, length_mm: float = 80_000.0) -> None:
        """Somebody puts a new roll into the thermal printer."""
        self.paper_mm = length_mm
        self.tell(Event("stock", f"{length_mm / 1000:.0f} m of paper loaded"))

    @property
    def slip_texts(self) -> list[str]:
        return [slip.text for slip in self.slips]

    def slip_out(self, slip: Slip) -> None:
        self.slips.append(slip)
        self.tell(Event("slip", slip=slip))

    def slip_presented(self, slip: Slip) -> None:
        """A presenter hands a slip out; it is nobody's yet."""
        self.slip_at_mouth = slip

    def take_slip(self) -> bool:
        """A resident pulls the slip out of the mouth; False if there is none."""
        if self.slip_at_mouth is None:
            return False
        taken, self.slip_at_mouth = self.slip_at_mouth, None
        self.slip_out(taken)
        return True

    def retract_slip(self) -> None:
        if self.slip_at_mouth is not None:
            self.slips_retracted.append(self.slip_at_mouth.text)
            self.slip_at_mouth = None

    def ticket_out(self) -> bool:
        """One pre-printed ticket leaves the roll; False if there is none."""
        if self.tickets_left <= 0:
            return False
        self.tickets_left -= 1
        self.tickets_out += 1
        self.tell(Event("ticket", f"{self.tickets_left} left"))
        return True

    # -- finger --------------------------------------------------------------------------------------------------
    def place_finger(self, picture: Path | None) -> None:
        """Puts the finger shown in `picture` on the glass, or lifts it (None)."""
        self.finger = picture
        self.tell(Event("finger", picture.stem if picture else "none"))

    def set_light(self, light: str) -> None:
        self.light = light
        self.tell(Event("light", light))
