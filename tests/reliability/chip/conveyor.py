"""A card printer without bytes: it moves the world's cards and says truly where they are.

How a printer's own protocol is spoken, jams and power-on habits are judged elsewhere (tests/reliability, the contract
suite). Here it only has to keep the card at the station over a power cut, and to be slow enough for a hand.
"""

import asyncio
from dataclasses import dataclass

from PIL.Image import Image

from drivers.contract.card_printer import CardPosition, CardPrinter, Evidence, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.status import Status
from drivers.contract.words import Completion, DeviceCause
from sim.world import PATH, Card, Place, World

HAND = 0.4
"""Seconds until the resident takes what is presented."""


@dataclass
class Mechanics:
    """What of the printer outlives kioskd."""

    world: World
    fed: int = 0
    restarted: bool = False

    @property
    def card(self) -> Card | None:
        return next(iter(self.world.at(*PATH)), None)


class Conveyor(CardPrinter):
    """One life's hold of the mechanics; `cut` it, and nothing of that life moves a card any more. Like a real printer's
    driver it prints only on a card that it fed or adopted, and that no restart came over since."""

    can_encode = True

    def __init__(self, mechanics: Mechanics) -> None:
        super().__init__()
        self._is = mechanics
        self._cut = False
        self._ours: Card | None = None

    def cut(self) -> None:
        self._cut = True

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def poll(self) -> Status:
        return self.status

    async def where(self) -> Evidence:
        card = self._held(None)
        position = CardPosition.NONE
        if card is not None:
            position = CardPosition.EXIT if card.place is Place.BEZEL else CardPosition.INSIDE
        return Evidence(position, fed_count=self._is.fed, restarted=self._is.restarted)

    async def feed(self, intent: IntentId, station: Station) -> None:
        self._held(None)
        blanks = self._is.world.at(Place.HOPPER)
        if not blanks:
            raise DeviceError(DeviceCause.BLANKS_OUT)
        self._is.fed += 1
        self._is.restarted = False
        self._ours = blanks[0]
        self._is.world.move(blanks[0], Place.CONTACTLESS)

    async def adopt(self, station: Station) -> None:
        card = self._need()
        if card.place is not Place.CONTACTLESS:
            raise DeviceError(DeviceCause.CARD_LOST, "no card at the station", completion=Completion.SEQUENCE_ERROR)
        self._ours = card
        self._is.restarted = False

    async def print_front(self, intent: IntentId, face: Image) -> None:
        card = self._need()
        if card is not self._ours or self._is.restarted:
            raise DeviceError(
                DeviceCause.HARDWARE, "print: not a card to print on", completion=Completion.SEQUENCE_ERROR
            )
        self._is.world.move(card, Place.PRINT)
        card.front = face
        card.prints += 1

    async def present(self, intent: IntentId) -> None:
        self._is.world.move(self._need(), Place.BEZEL)

    async def wait_taken(self, timeout: float) -> bool:
        await asyncio.sleep(HAND)
        self._held(None)
        self._is.world.take_card()
        return True

    async def retract(self, intent: IntentId) -> None:
        self._is.world.move(self._need(), Place.REJECT)

    async def reject(self, intent: IntentId) -> None:
        self._is.world.move(self._need(), Place.REJECT)

    def _held(self, card: Card | None) -> Card | None:
        if self._cut:
            raise DeviceError(DeviceCause.POWER, "this kioskd is dead")
        return card or self._is.card

    def _need(self) -> Card:
        card = self._held(None)
        if card is None:
            raise DeviceError(DeviceCause.CARD_LOST, "no card in the path")
        return card
