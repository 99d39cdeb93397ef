"""Virtual time: a plain asyncio loop whose waits cost nothing and whose order comes from a seed.

The selector never blocks while something is scheduled: it turns the wait into a jump of the loop's clock. Ready
callbacks of one turn run in an order drawn from the seed, so that races show and replay. If nothing is scheduled and
nothing is ready, the program has deadlocked, and the loop says so instead of hanging.

Uses `BaseEventLoop._ready`, which is private: `tests/sim/test_clock.py` holds it to each Python version.
"""

import asyncio
import random
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlock(RuntimeError):
    """Every task waits for something that nobody will ever do."""


class _JumpingSelector(selectors.BaseSelector):
    """Waits on real descriptors without ever sleeping; an idle wait moves the virtual clock instead."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._real.select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            raise Deadlock("nothing is scheduled and nothing is ready: every task waits for ever")
        self.now += max(timeout, 0.0)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Any:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time. `time()` starts at 0 and jumps from timer to timer."""

    def __init__(self, seed: int = 0) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self.seed = seed
        self._order = random.Random(seed)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now

    def _run_once(self) -> None:
        ready = self._ready  # type: ignore[attr-defined]
        if len(ready) > 1:
            handles = list(ready)
            self._order.shuffle(handles)
            ready.clear()
            ready.extend(handles)
        super()._run_once()  # type: ignore[misc]


def run(main: Coroutine[Any, Any, T], *, seed: int = 0) -> T:
    """Runs `main` to its end in virtual time, then cancels and awaits whatever tasks it left."""
    loop = VirtualLoop(seed)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        try:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()


class OfficeClock:
    """The time of day in virtual time: `start` plus what the running loop has counted."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)) -> None:
        self._start = start

    def now(self) -> datetime:
        """Aware, in UTC; by default a Monday, 08:00 in Jakarta, when the loop starts."""
        return self._start + timedelta(seconds=asyncio.get_running_loop().time())


class SeededChance:
    """Random bytes that replay from a seed."""

    def __init__(self, seed: int = 0) -> None:
        self._source = random.Random(seed)

    def token(self, size: int) -> bytes:
        return self._source.randbytes(size)
