"""`kiosk screen`: puts the touchscreen together and runs it until its window is closed or it is told to stop."""

import asyncio
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.api.client import Client
from kiosk.clock import SystemChance
from kiosk.screen import kivy_setup
from kiosk.screen.catalogue import catalogue
from kiosk.screen.flow import events, pages
from kiosk.screen.mirror import Mirror
from kiosk.screen.present.collecting import nik
from kiosk.screen.session import Session
from kiosk.screen.wedge import Wedge

if TYPE_CHECKING:
    from PIL import Image

    from kiosk.screen.present.model import ScreenModel

DEBOUNCE = 0.25
"""Seconds after a change of screen in which a touch is taken for the bounce of the last one."""

log = logging.getLogger(__name__)


def main(socket: Path, *, mirror: Path | None = None, headless: bool = False) -> int:
    """Runs the screen of the kioskd that listens on `socket`.

    `mirror` is the workbench's socket; `headless` draws without a display, as happens by itself where there is none.
    """
    kivy_setup.prepare(headless=headless)
    return asyncio.run(_App(socket, mirror).run())


class _App:
    def __init__(self, socket: Path, mirror: Path | None) -> None:
        # Importing these opens the window: only now, after Kivy has been set up.
        from kiosk.screen.runner import Runner
        from kiosk.screen.view.window import Glass

        self._client = Client(socket)
        self._runner = Runner()
        self._glass = Glass(self._pressed, self._character)
        self._wedge = Wedge()
        self._session = Session(self._client, SystemChance().token(4).hex(), self._draw)
        self._mirror = Mirror(mirror, self._tapped, self._scanned) if mirror else None
        self._changed_at = 0.0
        self._shown = ""
        self._by_mirror = False

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for language in pages.LANGUAGES:
            self._glass.stage.warm(nik(pages.Screen(), catalogue(language), pages.TypeNik("1")))
        if self._mirror:
            self._glass.watch(self._drawn)
        async with self._client, asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(self._session.run())]
            if self._mirror:
                working.append(tasks.create_task(self._mirror.run()))
            drawing = tasks.create_task(self._runner.run())
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, drawing.cancel)
            await asyncio.wait([drawing])
            for task in working:
                task.cancel()
        log.info("screen closed")
        return 0

    def _draw(self, model: "ScreenModel") -> None:
        self._glass.show(model)
        if model.screen != self._shown:
            self._shown, self._changed_at = model.screen, asyncio.get_running_loop().time()
        self._runner.wake()

    def _drawn(self, frame: "Image.Image") -> None:
        if self._mirror and self._simulated():
            self._mirror.show(frame, self._glass.layout())

    def _simulated(self) -> bool:
        """The mirror is for simulated kiosks only: a resident at a real one is seen and steered by nobody."""
        return self._session.screen.kiosk is not None and self._session.screen.kiosk.simulated

    def _pressed(self, action: str) -> None:
        bounced = asyncio.get_running_loop().time() - self._changed_at < DEBOUNCE
        if not bounced or self._by_mirror:
            self._session.handle(events.Pressed(action))

    def _character(self, character: str) -> None:
        line = self._wedge.feed(character, asyncio.get_running_loop().time())
        if line is not None:
            self._session.handle(events.Scanned(line))

    def _tapped(self, x: float, y: float) -> None:
        """A touch from the workbench: a programme's touches do not bounce."""
        if not self._simulated():
            return
        self._by_mirror = True
        try:
            self._glass.touch(x, y)
        finally:
            self._by_mirror = False
        self._runner.touched()

    def _scanned(self, text: str) -> None:
        if not self._simulated():
            return
        for character in text:
            self._character(character)
        self._runner.touched()
