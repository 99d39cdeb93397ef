"""The dispenser's mechanics in the loop's time: how far the roll has run, and what the optic sees of it.

The optic's output is an open collector with the host's pull-up: 0 while a notch passes or no ticket is in the optic, 1
otherwise, and 1 without power. One ticket is one period long; its notch is the last part of it.
"""

import asyncio
from collections.abc import Callable

from sim.faults import FaultBoard
from sim.world import World

PERIOD = 0.12
"""Seconds per ticket: a typical dispenser."""
NOTCH = 1 / 6
"""Share of a ticket at its end: 20 ms of 120."""
DOUBLE = (0.15, 0.3)
"""Where the second notch of a badly cut ticket is."""
SPIKE = 0.001
TAIL = 0.01
"""After the last ticket its torn end stays in the optic for this long."""
POWER_GAP = 1.5
LOW_BELOW = 50

_STATES = ("tickets-out", "stuck-notch", "sensor-unplugged", "motor-dead")
"""Faults that are there whether the motor runs or not; one armed for the next time lasts for one run of the motor."""


class Mechanics:
    def __init__(self, world: World, faults: FaultBoard, *, pace: float, changed: Callable[[int], None]) -> None:
        self._world = world
        self._faults = faults
        self._period = PERIOD * pace
        self._pace = pace
        self._changed = changed
        self._at = 0.0
        """How much of the present ticket has run out, 0 to 1."""
        self._notch = 1
        self._shown = 1
        self._line = False
        self._powered = True
        self._last_run: set[str] = set()
        self._tail_gone = world.tickets_left <= 0
        self._coasting = False
        self._within = False
        """A ticket is on its way out; a roll that has ended ends after it."""
        self._turning: asyncio.Task[None] | None = None

    @property
    def notch(self) -> int:
        """The level of the NOTCH line now."""
        if not self._powered or self._is("sensor-unplugged"):
            return 1
        if self._is("stuck-notch") or (self._is("tickets-out") and not self._within):
            return 0
        if self._world.tickets_left > 0:
            self._tail_gone = False
        return 0 if self._tail_gone else self._notch

    @property
    def low(self) -> int:
        """The level of the LOW switch: 0 when few tickets are left."""
        return 0 if self._world.tickets_left < LOW_BELOW else 1

    def motor(self, on: bool) -> None:
        """The MOTOR line."""
        if on == self._line:
            return
        self._line = on
        if on:
            self._last_run = {name for name in _STATES if self._faults.take(name)}
            self._stop()
            self._turn()
        elif self._turning is not None and self._faults.take("over-run"):
            self._coasting = True
        else:
            self._stop()
            self._last_run.clear()
        self.show()

    async def pull(self) -> None:
        """A person pulls the next ticket out by hand."""
        if self._line or self._world.tickets_left <= 0:
            return
        self._notch = 0
        self.show()
        await asyncio.sleep(NOTCH * self._period)
        self._notch, self._at = 1, 0.0
        self._world.ticket_out()
        self._tail_gone = self._world.tickets_left <= 0
        self.show()

    def power(self, on: bool) -> None:
        """The 12 V supply. The roll stays where it is; with MOTOR still high it goes on when power is back."""
        self._powered = on
        self._stop()
        if on and self._line:
            self._turn()
        self.show()

    def show(self) -> None:
        """Tells of the NOTCH line's level if it changed."""
        level = self.notch
        if level != self._shown:
            self._shown = level
            self._changed(level)

    def _is(self, name: str) -> bool:
        return name in self._last_run or self._faults.active(name)

    def _stop(self) -> None:
        self._coasting = self._within = False
        if self._turning is not None:
            self._turning.cancel()
            self._turning = None

    def _turn(self) -> None:
        if self._powered:
            self._turning = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        if self._is("motor-dead"):
            return
        if self._faults.take("jam"):
            await self._roll_to(max(self._at, 0.5))
            return
        while not self._is("tickets-out") and self._world.tickets_left > 0:
            self._within = True
            for position, level in self._edges():
                await self._roll_to(position)
                self._notch = level
                self.show()
                if self._cut():
                    return
            self._at = 0.0
            self._world.ticket_out()
            if self._world.tickets_left <= 0:
                asyncio.get_running_loop().call_later(TAIL * self._pace, self._lose_tail)
            if self._coasting:
                self._coasting = self._within = False
                self._turning = None
                return
            if self._is("tickets-out"):
                await asyncio.sleep(TAIL * self._pace)
        self._within = False
        self.show()

    def _edges(self) -> list[tuple[float, int]]:
        """What of the present ticket still lies before the optic: position and level from there on."""
        edges = [(1 - NOTCH, 0), (1.0, 1)]
        if self._at < DOUBLE[0] and self._faults.take("double-notch"):
            edges = [(DOUBLE[0], 0), (DOUBLE[1], 1), *edges]
        if self._at < 0.5 and self._faults.take("glitch"):
            edges += [(0.5, 0), (0.5 + SPIKE / self._period, 1)]
        return sorted(edge for edge in edges if edge[0] > self._at)

    async def _roll_to(self, position: float) -> None:
        loop = asyncio.get_running_loop()
        started, there = loop.time(), self._at
        try:
            await asyncio.sleep((position - there) * self._period)
            self._at = position
        except asyncio.CancelledError:
            self._at = min(position, there + (loop.time() - started) / self._period)
            raise

    def _cut(self) -> bool:
        """The fault "power-loss": the supply goes for a while, in the middle of a ticket."""
        if self._at >= 1 or not self._faults.take("power-loss"):
            return False
        self._powered, self._turning = False, None
        self.show()
        asyncio.get_running_loop().call_later(POWER_GAP * self._pace, self.power, True)
        return True

    def _lose_tail(self) -> None:
        self._tail_gone = self._world.tickets_left <= 0
        self.show()
