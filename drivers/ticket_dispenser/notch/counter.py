"""From edges on the notch line to tickets, and from their absence to a cause. Pure: time comes with each call."""

from enum import StrEnum

from drivers.ticket_dispenser.notch.options import Options

SAME_TICKET = 0.4
"""Share of a period within which a second notch belongs to the ticket before (double notch, torn edge)."""
CHATTER = 20
"""More glitches than this in one run are no dust: the sensor or its wire is bad."""
PERIOD_MIN, PERIOD_MAX = 0.06, 0.4
LEARNING = 0.25
NEVER = float("inf")
HAIR = 1e-6
"""Seconds by which a timer may wake early through rounding; what it was set for counts as reached."""


class Verdict(StrEnum):
    EMPTY = "empty"
    JAM = "jam"
    CHATTER = "chatter"


class Counter:
    """Counts a ticket when its notch has passed: the line fell, and rose again (both for longer than the filter).

    `moves` counts the edges that were believed, `doubles` the notches put down to the ticket before.

    `known`: the roll rests just behind a notch, as after each ordinary stop; a notch right after the start then belongs
    to the ticket before. `period` is learned from ticket to ticket.
    """

    def __init__(self, options: Options, *, active: bool, at: float, known: bool, period: float) -> None:
        self.options = options
        self.period = period
        self.tickets = 0
        self.doubles = 0
        self.glitches = 0
        self.moves = 0
        self._raw, self._raw_at = active, at
        self._active, self._since = active, at
        self._moved = at
        self._last = at if known else -NEVER
        self._measured = known  # from notch to notch: what a kiosk that gives one ticket at a time can learn from

    @property
    def active(self) -> bool:
        """The filtered level: True while a notch, or nothing, is in the optic."""
        return self._active

    def start(self, at: float) -> None:
        """The motor starts (again): silence is measured from here."""
        self._moved = at
        self._since = max(self._since, at) if self._active else self._since

    def edge(self, at: float, active: bool) -> None:
        """The line's level changed at `at` (never before the last call)."""
        self.settle(at)
        if active != self._raw:
            if self._raw != self._active:
                self.glitches += 1
            self._raw, self._raw_at = active, at

    def settle(self, now: float) -> None:
        """Believes a level once it has lasted as long as the filter."""
        if self._raw == self._active or now + HAIR < self._raw_at + self.options.filter:
            return
        lasted = self._raw_at - self._since
        self._active, self._since = self._raw, self._raw_at
        self._moved = self._raw_at
        self.moves += 1
        if not self._active and lasted <= self.options.empty_after:  # longer: new tickets were put in
            self._passed(self._raw_at)

    def _passed(self, at: float) -> None:
        apart = at - self._last
        if apart < SAME_TICKET * self.period:
            self.doubles += 1
            return
        self.tickets += 1
        if self._measured and PERIOD_MIN <= apart <= PERIOD_MAX:
            self.period += LEARNING * (apart - self.period)
        self._last, self._measured = at, True

    def verdict(self, now: float) -> Verdict | None:
        """What stands in the way, if the motor has been running."""
        if self.glitches > CHATTER:
            return Verdict.CHATTER
        if now + HAIR >= self._verdict_at():
            return Verdict.EMPTY if self._active else Verdict.JAM
        return None

    def wake_at(self) -> float:
        """The next moment at which `settle` or `verdict` may have something new to say without an edge."""
        pending = self._raw_at + self.options.filter if self._raw != self._active else NEVER
        return min(pending, self._verdict_at())

    def _verdict_at(self) -> float:
        if self._active:
            return self._since + self.options.empty_after
        return self._moved + max(self.options.jam_after, 5 * self.period)
