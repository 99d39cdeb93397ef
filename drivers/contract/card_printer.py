"""A card printer with a hopper, an inner path with stations, a reject bin and an exit where a person takes the card."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from PIL.Image import Image

from drivers.contract.device import Device, IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause

FACE_SIZE = (1016, 648)
"""Width x height in dots of a card face in landscape: ISO/IEC 7810 ID-1 at 300 dpi."""


class Station(StrEnum):
    """A place inside the printer where a card can be held for an encoder."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"


class CardPosition(StrEnum):
    """Where the card in the path is, as far as the printer's sensors tell."""

    NONE = "none"
    """No sensor sees a card between the hopper and the exit."""
    INSIDE = "inside"
    """In the path: feeder, flip, station, print or the inner side of the exit. `Evidence.station` may say more."""
    EXIT = "exit"
    """Presented: a person can take it."""
    JAMMED = "jammed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the hardware says when it is asked where the card is (after any restart it is asked first).

    `fed_count` is the printer's lifetime count of cards taken from the hopper, None if it does not say; the ledger's
    second witness. `restarted`: the printer says that it lost power or was reset since the last `feed`; None: unknown.
    """

    position: CardPosition
    station: Station | None = None
    fed_count: int | None = None
    restarted: bool | None = None
    moving: bool = False
    """An act is still under way inside; ask again."""


class CardPrinter(Device):
    """Moves, prints and hands out one card at a time. An act returns only when the printer's sensors confirm it."""

    can_encode: bool
    """The printer can hold a card at a station and print the same card afterwards. Without it `print_front` takes a
    blank, prints it and puts it out, nothing says where a card is, and the other acts are UNSUPPORTED_COMMAND."""

    @abstractmethod
    async def where(self) -> Evidence:
        """Asks the sensors and counters now. Raises DeviceError if the printer does not answer."""

    @abstractmethod
    async def feed(self, intent: IntentId, station: Station) -> None:
        """Takes one blank from the hopper to `station`. SEQUENCE_ERROR if a card is already inside."""

    @abstractmethod
    async def print_front(self, intent: IntentId, face: Image) -> None:
        """Prints `face` (FACE_SIZE, RGB) on the card inside and keeps that card inside. Never feeds a new card."""

    async def print_faces(self, intent: IntentId, front: Image, back: Image) -> None:
        """Both sides of the card inside, like `print_front`. UNSUPPORTED_COMMAND if the printer cannot turn a card."""
        raise unsupported("print_faces")

    async def adopt(self, station: Station) -> None:
        """Lets `print_front` print on the card that stands at `station`, although another program fed it or the printer
        has restarted since. Only for a caller that has recognised that very card there by its chip. Moves nothing.
        SEQUENCE_ERROR if no card is there; UNSUPPORTED_COMMAND if the printer cannot tell."""
        raise unsupported("adopt")

    @abstractmethod
    async def present(self, intent: IntentId) -> None:
        """Moves the card to the exit; returns when the exit sensor sees it."""

    @abstractmethod
    async def wait_taken(self, timeout: float) -> bool:
        """True once the exit sensor no longer sees the presented card; False if it is still there after `timeout` s."""

    @abstractmethod
    async def retract(self, intent: IntentId) -> None:
        """Takes a presented card back and drops it in the reject bin. CARD_LOST-like UNKNOWN outcome if it is gone."""

    @abstractmethod
    async def reject(self, intent: IntentId) -> None:
        """Drops the card inside into the reject bin, clearing a jam first if the printer can."""

    async def clean(self, intent: IntentId) -> None:
        """Runs the cleaning cycle with an empty path. UNSUPPORTED_COMMAND if the printer has none."""
        raise unsupported("clean")

    async def reset(self, intent: IntentId) -> None:
        """Restarts the printer; its path is as it was. UNSUPPORTED_COMMAND if it cannot be told to."""
        raise unsupported("reset")


def unsupported(act: str) -> DeviceError:
    """The error for an act that this printer does not know."""
    return DeviceError(
        DeviceCause.HARDWARE, f"{act}: not possible with this printer", completion=Completion.UNSUPPORTED_COMMAND
    )
