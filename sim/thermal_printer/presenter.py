"""The presenter of a Custom kiosk printer: rollers that hold a cut slip, hand it out and pull it back.

KPM210/216 manual, GS e n [m]; KPM300 manual, DLE EOT 20: 10 0F and four bytes for paper (1 none, 4 near end, 20 slip at
the output), user (2 cover open), recoverable (1 head temperature, 40 jam) and unrecoverable (1 cutter).
"""

import asyncio

from sim.faults import FaultBoard
from sim.thermal_printer.panel import Panel
from sim.world import Slip, World

ROLL_TIME = 0.8
"""Seconds for which the rollers turn."""


class Presenter:
    def __init__(self, world: World, faults: FaultBoard, pace: float) -> None:
        self._world = world
        self._faults = faults
        self._pace = pace
        self._held: Slip | None = None
        self._stuck = False

    def hold(self, slip: Slip) -> None:
        """A slip was cut. One that was still there is pushed out of the machine by it."""
        self._push_out()
        self._held = slip

    async def obey(self, n: int) -> None:
        """GS e: 2 retract, 3 hand out (however far), 5 eject."""
        if n not in (2, 3, 5):
            return
        await asyncio.sleep(ROLL_TIME * self._pace)
        self._stuck = self._faults.active("jam")
        if self._stuck:
            return
        if n == 3 and self._held is not None:
            held, self._held = self._held, None
            self._world.slip_presented(held)
        elif n == 2:
            self._held = None
            self._world.retract_slip()
        elif n == 5:
            self._push_out()

    def full_status(self, panel: Panel) -> bytes:
        paper = (0x01 if panel.paper_end else 0) | (0x04 if panel.near_end else 0)
        paper |= 0x20 if self._world.slip_at_mouth else 0
        recoverable = (0x01 if panel.head_hot else 0) | (0x40 if self._stuck and self._faults.active("jam") else 0)
        return bytes(
            (0x10, 0x0F, paper, 0x02 if panel.cover_open else 0, recoverable, 0x01 if panel.cutter_stuck else 0)
        )

    def _push_out(self) -> None:
        self._world.take_slip()
        if self._held is not None:
            held, self._held = self._held, None
            self._world.slip_out(held)
