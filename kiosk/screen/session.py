"""Carries out what the flow decides: calls kioskd, keeps the timers, draws each new model. Knows no Kivy."""

import asyncio
import logging
from collections.abc import Callable

from kiosk.api.client import ApiError, Client
from kiosk.api.messages import CollectRequest, TicketRequest
from kiosk.screen.flow import events, machine, pages
from kiosk.screen.present import present
from kiosk.screen.present.model import ScreenModel

AGAIN_AFTER = 0.5
"""Seconds between two tries to reach kioskd."""

log = logging.getLogger(__name__)


class Session:
    """One screen in front of one kioskd.

    `prefix`: 8 unpredictable letters or digits; request ids begin with it. `draw` is called with every new model.
    """

    def __init__(self, client: Client, prefix: str, draw: Callable[[ScreenModel], None]) -> None:
        self.screen = pages.Screen(prefix=prefix)
        self.model = present(self.screen)
        self._client = client
        self._draw = draw
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Follows kioskd until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._draw(self.model)
                await self._follow()
        finally:
            for timer in self._timers.values():
                timer.cancel()

    def handle(self, event: events.Event) -> None:
        """One event: the next state, its effects, its picture."""
        self.screen, effects = machine.step(self.screen, event)
        for effect in effects:
            self._carry_out(effect)
        model = present(self.screen)
        if model != self.model:
            self.model = model
            self._draw(model)

    async def _follow(self) -> None:
        while True:
            try:
                async for state in self._client.events():
                    self.handle(events.Told(state))
            except ApiError as error:
                log.debug("kioskd is away: %s", error)
            except ValueError:
                # Its text may hold what was received; that does not belong in a log.
                log.error("kioskd sent a state that this screen does not understand: are the versions the same?")
            self.handle(events.Disconnected())
            await asyncio.sleep(AGAIN_AFTER)

    def _carry_out(self, effect: events.Effect) -> None:
        if isinstance(effect, events.SetTimer):
            self._set_timer(effect)
        elif self._tasks is not None:
            self._tasks.create_task(self._ask(effect))

    def _set_timer(self, effect: events.SetTimer) -> None:
        if old := self._timers.pop(effect.timer, None):
            old.cancel()
        if effect.seconds is not None:
            loop = asyncio.get_running_loop()
            self._timers[effect.timer] = loop.call_later(effect.seconds, self.handle, events.Elapsed(effect.timer))

    async def _ask(self, effect: events.TakeTicket | events.Collect | events.AskStaff | events.Cancel) -> None:
        """Sends one request. A refusal is an event like any answer."""
        request = effect.collection if isinstance(effect, events.AskStaff | events.Cancel) else effect.request
        try:
            self.handle(await self._answer(effect))
        except ApiError as error:
            log.info("%s refused: %s", type(effect).__name__, error.cause or "kioskd not reached")
            if not isinstance(effect, events.Cancel):
                self.handle(events.Refused(request, error.cause))

    async def _answer(
        self, effect: events.TakeTicket | events.Collect | events.AskStaff | events.Cancel
    ) -> events.Event:
        match effect:
            case events.TakeTicket(request, service):
                ticket = await self._client.take_ticket(TicketRequest(request_id=request, service=service))
                return events.Ticketed(request, ticket)
            case events.Collect(request, slip, nik):
                wanted = CollectRequest(request_id=request, slip=slip, nik=nik)
                return events.Started(request, await self._client.collect(wanted))
            case events.AskStaff(collection):
                return events.Updated(await self._client.ask_staff(collection))
            case events.Cancel(collection):
                return events.Updated(await self._client.cancel(collection))
