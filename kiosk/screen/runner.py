"""The loop: asleep until a touch or a message. Kivy's own wakes 78 times a second with nothing to do.

Kivy is prepared in embedded mode and its clock never sleeps (maxfps 0). Each turn drains SDL's events, runs one
`EventLoop.idle()`, and then waits on one asyncio.Event until the next clock event is due, at most `NAP` seconds. While
the canvas is dirty, and for a moment after an input, it turns at 60 Hz instead.

Whoever schedules work for the screen calls `wake()`. `Clock.get_min_timeout` is what Kivy's interrupt clock uses and is
not documented: Kivy is pinned exactly, and a test holds on to it.
"""

import asyncio
import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kivy.base import EventLoop
from kivy.clock import Clock
from kivy.core.window import Window

FRAME = 1 / 60
AFTER_INPUT = 0.05
NAP = 2.0
POLL = 1 / 30
"""Without any descriptor to wait on, a real display is looked at so often."""


class Runner:
    def __init__(self) -> None:
        self._awake = asyncio.Event()
        self._lively_until = 0.0
        self.turns = 0

    def wake(self) -> None:
        """There is something to draw or to read."""
        self._awake.set()

    def touched(self) -> None:
        """An input came: look again at once, and a few times more."""
        self._lively_until = asyncio.get_running_loop().time() + AFTER_INPUT
        self._awake.set()

    async def run(self) -> None:
        """Draws until the window is closed."""
        with _inputs(self.touched) as nap:
            while not EventLoop.quit and EventLoop.status == "started":
                self._awake.clear()
                self.turns += 1
                Window.mainloop()
                EventLoop.idle()
                await self._rest(nap)

    async def _rest(self, nap: float) -> None:
        now = asyncio.get_running_loop().time()
        lively = Window.canvas.needs_redraw or now < self._lively_until
        pause = FRAME if lively else min(nap, _until_next_event())
        if lively:
            await asyncio.sleep(pause)
            return
        try:
            async with asyncio.timeout(max(0.0, pause)):
                await self._awake.wait()
        except TimeoutError:
            pass


def _until_next_event() -> float:
    """Seconds until Kivy's clock has something to do."""
    due = Clock.get_min_timeout()
    return float(due) - float(Clock.time()) if due else 0.0


@contextmanager
def _inputs(touched: Callable[[], None]) -> Iterator[float]:
    """Watches the descriptors that inputs arrive on; gives the longest time to sleep."""
    loop = asyncio.get_running_loop()
    x11 = _x11_descriptor()
    devices = [] if x11 is not None else _device_descriptors()

    def drain(descriptor: int) -> None:
        # A second reader of an input device has its own copy of the events; SDL reads the first.
        try:
            os.read(descriptor, 4096)
        except BlockingIOError:
            pass
        touched()

    if x11 is not None:
        loop.add_reader(x11, touched)
    for device in devices:
        loop.add_reader(device, drain, device)
    try:
        offscreen = os.environ.get("SDL_VIDEODRIVER") == "offscreen"
        yield NAP if offscreen or x11 is not None or devices else POLL
    finally:
        if x11 is not None:
            loop.remove_reader(x11)
        for device in devices:
            loop.remove_reader(device)
            os.close(device)


def _x11_descriptor() -> int | None:
    """The socket to the X server, if there is one: Xlib's ConnectionNumber."""
    info = Window.get_window_info()
    if type(info).__name__ != "WindowInfoX11":
        return None
    try:
        connection_number = ctypes.CDLL("libX11.so.6").XConnectionNumber
    except OSError:
        return None
    connection_number.argtypes = [ctypes.c_void_p]
    return int(connection_number(info.display))


def _device_descriptors() -> list[int]:
    """Every evdev node that may be read: the touch panel and the slip scanner among them."""
    if os.environ.get("SDL_VIDEODRIVER") == "offscreen":
        return []
    found = []
    for node in sorted(Path("/dev/input").glob("event*")):
        try:
            found.append(os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError:
            continue
    return found
