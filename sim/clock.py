"""Virtual time: a plain asyncio loop whose waits cost nothing and whose order comes from a seed.

The selector never blocks while something is scheduled: it turns the wait into a jump of the loop's clock. Ready
callbacks of one turn run in an order drawn from the seed, so that races show and replay. If nothing is scheduled and
nothing is ready, the program has deadlocked, and the loop says so instead of hanging.

Real descriptors and threads may take part if somebody knows when they still owe something (`VirtualLoop.heed`): the
clock then stands until they have delivered, so what they deliver depends on no machine's speed.

Uses `BaseEventLoop._ready`, which is private: `tests/sim/test_clock.py` holds it to each Python version.
"""

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 30.0
"""Real seconds for which the clock stands at most; whatever is owed comes within milliseconds, or never."""


class Deadlock(RuntimeError):
    """Every task waits for something that nobody will ever do."""


class Stalled(RuntimeError):
    """What was owed by kernel or thread never came: whoever counted it miscounted."""


class _JumpingSelector(selectors.BaseSelector):
    """Waits on real descriptors without ever sleeping; an idle wait moves the virtual clock instead."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now = 0.0
        self.owed: Callable[[], bool] = lambda: False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        owed = self.owed()  # asked first: what is delivered while we ask is then among the events
        events = self._real.select(0)
        if events or timeout == 0:
            return events
        if owed:
            if not (events := self._real.select(PATIENCE)):
                raise Stalled(f"nothing came for {PATIENCE:.0f} s of what kernel or threads owe")
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
        self._shuffled = True
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now

    def heed(self, owed: Callable[[], bool], *, sockets: bool = False) -> None:
        """While `owed()` is true the clock stands and the loop waits for a descriptor, or for `call_soon_threadsafe`,
        in real time. It must turn false by itself, whatever the clock shows, and from a thread only together with such
        a call; otherwise `Stalled`. `sockets`: asyncio's own transports take part, which need callbacks in the order in
        which they were made."""
        self._jumping.owed = owed
        self._shuffled = not sockets

    def _run_once(self) -> None:
        ready = self._ready  # type: ignore[attr-defined]
        if self._shuffled and len(ready) > 1:
            handles = [ready.popleft() for _ in range(len(ready))]  # one by one: a thread may add to it meanwhile
            self._order.shuffle(handles)
            ready.extendleft(reversed(handles))
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
