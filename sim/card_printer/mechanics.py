"""The inside of a simulated card printer: motors, sensors, ribbon, and the errors it keeps until they are cleared.

An act is a task of its own: it goes on whether or not a host is connected. Cards are in the World and survive a power
cut where they are; the lifetime counter survives in the printer. Durations in seconds at pace 1.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NoReturn

from sim.card_printer import ink, status
from sim.faults import FaultBoard
from sim.world import Card, Event, Place, World

FEED = (0.7, 1.3)
"""Hopper to feeder rollers, feeder to a station."""
TO_STATION = 1.0
PANELS = (("y", 4.0), ("m", 4.0), ("c", 4.0), ("k", 3.0), ("o", 2.0))
"""In the order of the ribbon, with the time each takes."""
EJECT = (0.7, 0.8)
RUN_ON = 0.4
"""For how long the exit rollers still turn when the card is out and a hand can have it."""
FLIP = 2.5
REJECT = 2.0
CLEAN = 30.0
CLEAN_AT = 1000
"""Cards after which cleaning is recommended; after a fifth more it is mandatory."""
PULL_IN = 1.5
START_UP = 3.0
OUTAGE = 4.0
"""How long the fault "power-loss" leaves the printer dark."""
WAIT_FOR_HELP = 0.5
"""How often a printer in charge of its own errors looks whether somebody has helped."""
MISSING = 3.0
"""Seconds after which a manual insertion gives up."""


class _Stopped(Exception):
    """The act ended in an error, which is in the error word."""


class Mechanics:
    def __init__(
        self,
        world: World,
        faults: FaultBoard,
        pace: float,
        power_cut: Callable[[], None],
        power_on: Callable[[], None],
    ) -> None:
        self.world = world
        self.faults = faults
        self.pace = pace
        self.powered = True
        self.power_on_behaviour = "keep"
        self.fed = 0
        """Cards ever taken from the hopper."""
        self.printed_since_cleaning = 0
        self.ribbon = "ymcko"
        """The panels of the ribbon that lies in the printer, in order."""
        self._power_cut = power_cut
        self._power_on = power_on
        self._act: asyncio.Task[None] | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._forget()

    def _forget(self) -> None:
        self.error = 0
        self.host_in_charge = False
        self.input_tray = "F"
        self.output_tray = "D"
        self.keeps = False
        """After a print the card stays inside, whatever the tray."""
        self.back_side = False
        self.just_reset = False
        self._sides: list[dict[str, tuple[bytes, int]]] | None = None
        self._printing = False
        self._cleaning = False
        self._waiting = False
        self._jammed = False

    # -- power ---------------------------------------------------------------------------------------------------
    def cut(self) -> None:
        self.powered = False
        if self._restart is not None:
            self._restart.cancel()
        if self._act is not None:
            self._act.cancel()
            self._act = None
        self._forget()

    def on(self) -> None:
        if self.powered:
            return
        self.powered = True
        self.just_reset = True
        self._run(self._start_up)

    async def _start_up(self) -> None:
        await self._wait(START_UP)
        card = self._inside()
        if card is not None and self.power_on_behaviour == "eject":
            await self._out(card)
        elif card is not None and self.power_on_behaviour == "reject":
            await self._to_bin(card)

    # -- what the wire side asks ---------------------------------------------------------------------------------
    @property
    def busy(self) -> bool:
        return self._act is not None and not self._act.done()

    def start(self, name: str) -> asyncio.Task[None] | None:
        """Begins the move `name`; None if another is under way."""
        if self.busy:
            return None
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "Sis": lambda: self._insert(Place.CONTACT),
            "Sic": lambda: self._insert(Place.CONTACTLESS),
            "Si": lambda: self._insert(Place.PRINT),
            "Sib": lambda: self._insert(Place.PRINT),
            "Sie": self._through,
            "Se": self._print,
            "Sce": self._eject,
            "Ser": self._reject,
            "Seb": self._reject,
            "Srs": self._reset,
            "Scp": self._clean,
        }
        return self._run(acts[name])

    def begin_sequence(self) -> None:
        self._sides = [{}, {}]
        self.back_side = False

    def clear(self) -> None:
        """`Scs`: errors, a broken-off sequence, and the "just reset" mark."""
        self.error = 0
        self.just_reset = False
        self._jammed = False
        self._sides = None

    def download(self, panel: str, data: bytes, levels: int) -> bool:
        if self._sides is None or panel not in "ymcko" or len(panel) != 1:
            return False
        self._sides[self.back_side][panel] = (data, levels)
        return True

    def status(self) -> str:
        """The words as the sensors are now."""
        card = self.world.in_path()
        outside = card is not None and card.place is Place.BEZEL
        info = 0 if card is None or self._jammed else status.CARD_AT.get(card.place, 0)
        info |= 0 if self.host_in_charge else status.PRINTER_MASTER
        info |= status.JUST_RESET if self.just_reset else 0
        info |= status.BUSY if self.busy else 0
        info |= status.PRINTING if self._printing else 0
        info |= status.CLEANING if self._cleaning else 0
        info |= status.CLEANING_RECOMMENDED if self.printed_since_cleaning >= CLEAN_AT else 0
        info |= status.CLEANING_MANDATORY if self.printed_since_cleaning >= CLEAN_AT * 6 // 5 else 0
        blanks = len(self.world.at(Place.HOPPER))
        warning = status.CARD_ON_EJECT if outside else 0
        warning |= status.WAIT_CARD if self._waiting else 0
        warning |= status.FEEDER_EMPTY if not blanks or self.faults.active("hopper-empty") else 0
        warning |= status.RIBBON_ENDED if self.faults.active("ribbon-out") else 0
        warning |= status.COVER_OPEN if self.faults.active("cover-open") else 0
        warning |= status.REJECT_BOX_FULL if self.faults.active("reject-full") else 0
        near_empty = status.FEEDER_NEAR_EMPTY if blanks < status.NEAR_EMPTY_AT else 0
        return status.text(info, warning, self.error, near_empty, status.CARD_OUTSIDE if outside else 0)

    # -- acts ----------------------------------------------------------------------------------------------------
    def _run(self, act: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        async def guarded() -> None:
            try:
                await act()
            except _Stopped:
                pass
            finally:
                self._printing = False
                self._cleaning = False
                self._waiting = False

        self._act = asyncio.get_running_loop().create_task(guarded())
        return self._act

    async def _insert(self, place: Place) -> None:
        card = self._inside()
        if card is None and (self.input_tray == "I" or (self.input_tray == "B" and self.world.at(Place.BEZEL))):
            card = await self._pull_in()
        elif card is None:
            card = await self._feed()
        if card.place is not place:
            await self._half_way(TO_STATION if card.place is not Place.FEEDER else FEED[1], card)
            self.world.move(card, place)

    async def _feed(self) -> Card:
        self.just_reset = False
        if self.world.at(Place.BEZEL):
            self._stop(status.ERROR_CARD_NOT_TAKEN)
        await self._helped(
            lambda: not self.world.at(Place.HOPPER) or self.faults.active("hopper-empty"), status.ERROR_FEEDER
        )
        await self._wait(FEED[0])
        card = self.world.at(Place.HOPPER)[0]
        self.fed += 1
        self.world.move(card, Place.FEEDER)
        return card

    async def _pull_in(self) -> Card:
        self._waiting = True
        if not self.world.at(Place.BEZEL):
            await self._wait(MISSING)
        await self._wait(PULL_IN / 2)
        found = self.world.at(Place.BEZEL)
        if not found:
            self._stop(status.ERROR_NONE_INSERTED)
        self._waiting = False
        self.world.move(found[0], Place.EJECT)
        await self._wait(PULL_IN / 2)
        return found[0]

    async def _print(self) -> None:
        sides, self._sides = self._sides or [{}, {}], None
        card = self._inside() or await self._feed()
        if not any(sides):
            self._stop(status.ERROR_JOB)
        if any(panel not in self.ribbon for side in sides for panel in side):
            self._stop(status.ERROR_BAD_RIBBON)
        await self._wait(TO_STATION)
        self.world.move(card, Place.PRINT)
        await self._helped(lambda: self.faults.active("ribbon-out"), status.ERROR_RIBBON_ENDED)
        card.prints += 1
        self.printed_since_cleaning += 1
        for back, panels in enumerate(sides):
            if back and panels:
                await self._turn(card)
            self._printing = True
            await self._lay(card, panels, back=bool(back))
            self._printing = False
        self.world.tell(Event("card-printed", card.serial, card=card))
        if self.keeps:
            return
        if self.output_tray == "R":
            await self._to_bin(card)
        elif self.output_tray != "N":
            await self._out(card)

    async def _lay(self, card: Card, panels: dict[str, tuple[bytes, int]], *, back: bool) -> None:
        laid: dict[str, tuple[bytes, int]] = {}
        try:
            for number, (panel, seconds) in enumerate(p for p in PANELS if p[0] in panels):
                if number == 1 and not back:
                    await self._half_way(seconds, card)
                else:
                    await self._wait(seconds)
                laid[panel] = panels[panel]
                printed = partial(ink.picture, laid.copy())
                if back:
                    card.back = printed
                else:
                    card.front = printed
        finally:
            card.drawn()

    async def _turn(self, card: Card) -> None:
        """Into the flip station, over, and back under the head."""
        await self._half_way(FLIP / 2, card)
        self.world.move(card, Place.FLIP)
        await self._wait(FLIP / 2)
        self.world.move(card, Place.PRINT)

    async def _clean(self) -> None:
        if self._inside() is not None:
            self._stop(status.ERROR_MECHANICAL)
        self._cleaning = True
        await self._wait(CLEAN)
        self.printed_since_cleaning = 0

    async def _eject(self) -> None:
        await self._out(self._needed())

    async def _through(self) -> None:
        await self._out(self._inside() or await self._feed())

    async def _reject(self) -> None:
        card = self._needed()
        await self._half_way(REJECT, card)
        if self.faults.active("reject-full"):
            self._stop(status.ERROR_REJECT_FULL)
        await self._to_bin(card, seconds=0)

    async def _reset(self) -> None:
        self._forget()
        self.just_reset = True
        await self._wait(START_UP)

    # -- steps ---------------------------------------------------------------------------------------------------
    async def _out(self, card: Card) -> None:
        await self._half_way(EJECT[0], card)
        self.world.move(card, Place.EJECT)
        await self._wait(EJECT[1])
        self.world.move(card, Place.BEZEL)
        await self._wait(RUN_ON)

    async def _to_bin(self, card: Card, seconds: float = REJECT) -> None:
        await self._wait(seconds)
        self.world.move(card, Place.REJECT)

    def _inside(self) -> Card | None:
        card = self.world.in_path()
        return None if card is None or card.place is Place.BEZEL else card

    def _needed(self) -> Card:
        card = self._inside()
        if card is None:
            self._stop(status.ERROR_NONE_INSERTED)
        return card

    def _stop(self, error: int) -> NoReturn:
        self.error |= error
        raise _Stopped

    async def _half_way(self, seconds: float, card: Card) -> None:
        """A movement in whose middle things go wrong, if they are to."""
        await self._wait(seconds / 2)
        if self.faults.take("power-loss"):
            self._lose_power()
        if self.faults.take("jam"):
            self._jammed = True
            self._stop(status.ERROR_MECHANICAL)
        await self._wait(seconds / 2)

    def _lose_power(self) -> None:
        loop = asyncio.get_running_loop()
        self._power_cut()
        self._restart = loop.call_later(OUTAGE * self.pace, self._power_on)
        raise asyncio.CancelledError

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.pace)
        await self._helped(lambda: self.faults.active("cover-open"), status.ERROR_COVER)

    async def _helped(self, wrong: Callable[[], bool], error: int) -> None:
        """Stops with `error` if something is wrong and the host is in charge; a printer in charge of itself waits until
        somebody has helped, and then goes on by itself."""
        while wrong():
            if self.host_in_charge:
                self._stop(error)
            self._waiting = True
            await asyncio.sleep(WAIT_FOR_HELP * self.pace)
        self._waiting = False
