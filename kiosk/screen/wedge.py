"""The slip scanner is a keyboard wedge: it types what it read, quickly, and then Enter. This makes lines of it."""

from kiosk.screen.flow.machine import SLIP_MAX

PAUSE = 0.5
"""Seconds: a scanner types its whole line without such a pause; what was typed before one is dropped."""


class Wedge:
    """Holds at most one character more than a slip may have, so that a longer line is still seen as too long."""

    def __init__(self) -> None:
        self._line = ""
        self._last = 0.0

    def feed(self, character: str, at: float) -> str | None:
        """Takes one typed character at loop time `at`; gives the line when it is a line end, None until then."""
        if at - self._last > PAUSE:
            self._line = ""
        self._last = at
        if character in "\r\n":
            line, self._line = self._line, ""
            return line or None
        if len(self._line) <= SLIP_MAX:
            self._line += character
        return None
