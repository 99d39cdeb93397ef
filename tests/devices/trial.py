"""A device on trial, and the hands beside it, whoever has them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import TypeVar

from drivers.contract.device import Device, IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import JobOutcome

Test = TypeVar("Test", bound=Callable[..., object])


class Deed(StrEnum):
    """What a person does beside the machine; the value is what he is told."""

    UNPLUG = "pull its data cable out (or switch it off, if it has none)"
    PLUG = "put its cable back (or switch it on)"
    OPEN = "open its cover"
    CLOSE = "close its cover"
    EMPTY = "take its paper, cards or tickets out"
    FILL = "put its paper, cards or tickets back"
    TAKE = "take what lies at its exit"
    TOUCH = "lay a finger on the glass for three seconds and lift it"
    CARD = "put a chip card on the reader"
    NO_CARD = "take the card away from the reader"


@dataclass(frozen=True)
class Needs:
    """What a test asks of its device."""

    deeds: tuple[Deed, ...] = ()
    """Somebody has to be able to do these to it."""
    holds_cards: bool | None = None
    """The card printer is (True) or is not (False) one that holds a card for an encoder."""


def needs(*deeds: Deed, holds_cards: bool | None = None) -> Callable[[Test], Test]:
    """Marks a test: it is made for those simulators only that can do this. Of hardware it is known once it is there."""

    def marked(test: Test) -> Test:
        test.needs = Needs(deeds, holds_cards)  # type: ignore[attr-defined]  # a test is a function, and takes any
        return test

    return marked


class Hands(ABC):
    @abstractmethod
    def needed(self, *deeds: Deed) -> None:
        """Skips the test if nobody can do these. Called before anything moves, so that no card is left half way."""

    @abstractmethod
    async def do(self, deed: Deed) -> None:
        """Returns when it is done."""

    @abstractmethod
    async def during(self, deed: Deed, after: float) -> None:
        """Has it done while the device acts, `after` s from now at the device's ordinary pace, and returns at once."""

    @abstractmethod
    async def came_out(self, least: int, most: int) -> None:
        """Asserts that so many whole slips, tickets or printed cards have come into a hand or a tray since this was
        last called; the reject bin does not count. Who has no eyes believes it."""


@dataclass
class Trial:
    """`driver` is started."""

    driver: Device
    hands: Hands
    again: Callable[[], Device]
    """Another driver on the same device, as after a restart of the program; not started."""
    real: bool
    patience: float
    """Real or virtual seconds within which anything ends."""


def fresh() -> Iterator[IntentId]:
    return (IntentId(f"trial-{number}") for number in count(1))


class Said:
    outcome = JobOutcome.DONE
    error: DeviceError | None = None


@contextmanager
def said() -> Iterator[Said]:
    """How the act inside ended, by the driver's word."""
    word = Said()
    try:
        yield word
    except DeviceError as error:
        word.error, word.outcome = error, error.outcome


MOST = {JobOutcome.DONE: (1, 1), JobOutcome.FAILED: (0, 0), JobOutcome.UNKNOWN: (0, 1)}
"""How many things come out of an act for one, by the outcome that was told: least and most."""

Opened = Callable[[], AbstractAsyncContextManager[Trial]]
