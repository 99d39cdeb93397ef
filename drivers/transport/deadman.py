"""A hand that lets go: does something from a thread of its own unless it is told in time that all is well.

For motors that must stop although the program's loop stands still. It protects against a hanging loop, not against a
dead process: there the outputs' pull-downs stop the motor (hw_profiles).
"""

import threading
from collections.abc import Callable


class Deadman:
    """`act` runs in this object's thread, once, when `clock()` passes the deadline. Both must be thread-safe."""

    def __init__(self, act: Callable[[], None], clock: Callable[[], float]) -> None:
        self._act = act
        self._clock = clock
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._ended = False
        self.fired = False
        """It had to act since the last `arm`."""
        threading.Thread(  # noqa: TID251 - drivers/transport is where threads live
            target=self._watch, name="deadman", daemon=True
        ).start()

    def arm(self, deadline: float) -> None:
        """From now on, and until `deadline` at first."""
        with self._changed:
            self.fired = False
            self._deadline = deadline
            self._changed.notify()

    def alive(self, deadline: float) -> None:
        """All is well until `deadline`. Does nothing once it has acted."""
        with self._changed:
            if self._deadline is not None:
                self._deadline = deadline
                self._changed.notify()

    def no_later(self, deadline: float) -> None:
        """Brings the deadline forward; for a thread that saw something while the loop may be standing."""
        with self._changed:
            if self._deadline is not None and deadline < self._deadline:
                self._deadline = deadline
                self._changed.notify()

    def disarm(self) -> None:
        with self._changed:
            self._deadline = None
            self._changed.notify()

    def end(self) -> None:
        """Disarms, and lets the thread go."""
        with self._changed:
            self._ended = True
            self._deadline = None
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._ended:
                if self._deadline is None:
                    self._changed.wait()
                elif (left := self._deadline - self._clock()) > 0:
                    self._changed.wait(left)
                else:
                    self._deadline = None
                    self.fired = True
                    self._act()
