"""The time that the kiosk believes: it never runs backwards, and it knows whose word it is.

Three sources, best first. `centre`: the centre has signed the time since this start, in answer to a fresh nonce, and
the loop's monotonic clock counts on from there; the machine's clock is no longer asked. `clock`: the machine's own,
as long as it is not behind what this journal has already seen. `none`: the machine has no clock that can be believed
(no battery, the year 1970, set back by hand); time stands at the last that was seen and goes on from there. With
`none` no approval is accepted until the centre has signed the time.

A clock that jumps forward is believed, which can only close something too early; only the centre's signed time takes
such a jump back. A clock that is set back is never believed.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from kiosk.clock import Clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""This program did not exist before: a clock that says so has no time."""
TOLERANCE = timedelta(seconds=5)
"""A clock that is disciplined slowly may be this far behind for a moment."""
DRIFT = 1e-4
"""Seconds that a Pi's crystal may lose in one second; data sheets say up to 100 ppm over temperature."""


class TimeSource(StrEnum):
    CENTRE = "centre"
    CLOCK = "clock"
    NONE = "none"


class TimeKeeper:
    """A Clock over the machine's clock. `battery`: the machine's clock runs on while it is switched off.

    `resume` sets what earlier runs have seen, and starts the monotonic `ticks` (the loop's `time`).
    """

    def __init__(self, clock: Clock, *, battery: bool = True) -> None:
        self._clock = clock
        self._battery = battery
        self._ticks: Callable[[], float] = lambda: 0.0
        self._floor = EPOCH
        self._floor_tick = 0.0
        self._proved: tuple[float, float] | None = None
        """(tick, uncertainty in seconds) of the centre's last signed time."""
        self.boot = 0
        """How often kioskd was started on this journal, this time included."""

    def resume(self, seen: datetime, boot: int, ticks: Callable[[], float]) -> None:
        """`seen`: the latest time that this journal knows."""
        self._floor, self._ticks, self.boot = seen, ticks, boot
        self._floor_tick = ticks()

    def now(self) -> datetime:
        """Aware, in UTC; never before what it said last, unless the centre has proved a jump forward wrong."""
        tick = self._ticks()
        flowing = self._flowing(tick)
        believed = flowing if self._proved is not None else max(self._clock.now(), flowing)
        self._floor, self._floor_tick = believed, tick
        return believed

    @property
    def source(self) -> TimeSource:
        if self._proved is not None:
            return TimeSource.CENTRE
        own = self._clock.now()
        # Without a battery it may stand anywhere: it was set, if at all, from a file that remembers the last run.
        behind = own < EARLIEST or own + TOLERANCE < self._flowing(self._ticks())
        return TimeSource.NONE if behind or not self._battery else TimeSource.CLOCK

    @property
    def uncertainty(self) -> int | None:
        """Seconds by which the time may be wrong; None if nobody knows."""
        if self._proved is None:
            return None
        tick, spread = self._proved
        return math.ceil(spread + (self._ticks() - tick) * DRIFT)

    def mark(self) -> str:
        """What stands on every record: `<boot> <source> <uncertainty or ?>`."""
        spread = self.uncertainty
        return f"{self.boot} {self.source} {'?' if spread is None else spread}"

    def prove(self, time: datetime, asked: float) -> timedelta:
        """The centre signed `time` in answer to a nonce sent at tick `asked`. Returns by how much time was corrected.

        The moment of signing lies somewhere in the round trip, so that is the uncertainty, and its end is assumed:
        later is the safe side.
        """
        tick = self._ticks()
        before = self.now()
        arrived = time + timedelta(seconds=tick - asked)
        correction = arrived - before
        if not -TOLERANCE < correction < timedelta(0):  # a moment behind: time stands still rather than run back
            self._floor, self._floor_tick = arrived, tick
        self._proved = (tick, tick - asked)
        return correction

    def _flowing(self, tick: float) -> datetime:
        return self._floor + timedelta(seconds=tick - self._floor_tick)
