"""Virtual time: a plain asyncio loop whose waits cost nothing and whose order comes from a seed.

The selector never blocks while something is scheduled: it turns the wait into a jump of the loop's clock. Ready
callbacks of one turn run in an order drawn from the seed, so that races show and replay. If nothing is scheduled and
nothing is ready, the program has deadlocked, and the loop says so instead of hanging.

A simulated day is hundreds of thousands of turns, so a turn is written for it: timers are compared as tuples, and
the descriptors are asked only if somebody watches one.

Real descriptors and threads may take part if somebody knows when they still owe something (`VirtualLoop.heed`): the
clock then stands until they have delivered, so what they deliver depends on no machine's speed.

Uses `BaseEventLoop._ready`, which is private: `tests/sim/test_clock.py` holds it to each Python version.
"""

import asyncio
import random
import selectors
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

RESOLUTION = 1e-9
"""Seconds: timers that are so near to each other are due in the same turn."""

_BEGAN = time.monotonic()  # noqa: TID251 - as the loop shows it, before there is one
"""What a real loop showed when the program began."""

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
        self.watched = False
        """There is a descriptor besides the loop's own, through which threads wake it."""
        self.owed: Callable[[], bool] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        owed = self.owed is not None and self.owed()  # asked first: what is delivered meanwhile is among the events
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
        key = self._real.register(fileobj, events, data)
        self.watched = len(self._real.get_map()) > 1
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = self._real.unregister(fileobj)
        self.watched = len(self._real.get_map()) > 1
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Any:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class _Handle(asyncio.Handle):
    """One without the memory that helps to debug: half of a turn's cost is making it."""

    __slots__ = ()

    def __init__(self, callback: Callable[..., object], args: Any, loop: Any, context: Context | None) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class _Timer(_Handle, asyncio.TimerHandle):
    """The same of a timer."""

    __slots__ = ()

    def __init__(
        self, when: float, callback: Callable[..., object], args: Any, loop: Any, context: Context | None
    ) -> None:
        super().__init__(callback, args, loop, context)
        self._when = when
        self._scheduled = False


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time. `time()` starts at 0 and jumps from timer to timer."""

    _ready: deque[asyncio.Handle]

    def __init__(self, seed: int = 0) -> None:
        self._jumping = _JumpingSelector()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        """A heap: when, in which order they were set, what."""
        self._numbers = count()
        self._cancelled = 0
        super().__init__(self._jumping)
        self.seed = seed
        self._order = random.Random(seed)
        self._shuffled = True

    def time(self) -> float:
        return self._jumping.now

    def heed(self, owed: Callable[[], bool], *, sockets: bool = False) -> None:
        """While `owed()` is true the clock stands and the loop waits for a descriptor, or for `call_soon_threadsafe`,
        in real time. It must turn false by itself, whatever the clock shows, and from a thread only together with such
        a call; otherwise `Stalled`. `sockets`: asyncio's own transports take part, which need callbacks in the order in
        which they were made."""
        self._jumping.owed = owed
        self._shuffled = not sockets

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = _Timer(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Most timers are time-outs that never strike: they are thrown out together, when they are the greater part."""
        self._cancelled += 1
        if self._cancelled > 1_000 and self._cancelled * 2 > len(self._timers):
            self._timers = [entry for entry in self._timers if not entry[2].cancelled() and entry[2] is not handle]
            heapify(self._timers)
            self._cancelled = 0

    def _run_once(self) -> None:
        """One turn: who is ready, in an order from the seed, and whose time has come behind them."""
        ready = self._ready
        if not self._shuffled:
            pass
        elif len(ready) == 2:  # so it is most often, and a whole shuffle costs more than what the two do
            if self._order.getrandbits(1):
                ready.rotate()
        elif len(ready) > 2:
            handles = [ready.popleft() for _ in range(len(ready))]  # one by one: a thread may add to it meanwhile
            self._order.shuffle(handles)
            ready.extendleft(reversed(handles))
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heappop(timers)
        jumping = self._jumping
        if jumping.watched or jumping.owed is not None or not (ready or timers):
            wait = 0.0 if ready else timers[0][0] - jumping.now if timers else None
            self._process_events(jumping.select(wait))  # type: ignore[attr-defined]
        elif not ready:
            jumping.now = max(jumping.now, timers[0][0])
        due = jumping.now + RESOLUTION
        while timers and timers[0][0] < due:
            handle = heappop(timers)[2]
            if not handle.cancelled():
                ready.append(handle)
        for _ in range(len(ready)):
            one = ready.popleft()
            if not one._cancelled:
                one._run()


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
    """The time of day in virtual time: `start` plus what the running loop has counted. A real loop counts from when its
    machine was switched on; there the day begins with the program."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)) -> None:
        self._start = start

    def now(self) -> datetime:
        """Aware, in UTC; by default a Monday, 08:00 in Jakarta, at the beginning."""
        loop = asyncio.get_running_loop()
        began = 0.0 if isinstance(loop, VirtualLoop) else _BEGAN
        return self._start + timedelta(seconds=loop.time() - began)


class SeededChance:
    """Random bytes that replay from a seed."""

    def __init__(self, seed: int = 0) -> None:
        self._source = random.Random(seed)

    def token(self, size: int) -> bytes:
        return self._source.randbytes(size)
