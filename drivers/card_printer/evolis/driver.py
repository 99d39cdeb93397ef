"""The Evolis driver: what the printer says of itself, and its acts, one at a time.

`card.py` has the way of a card, `maintenance.py` cleaning and restart, `steps.py` a single step of either.
"""

from collections.abc import Awaitable, Callable, Mapping

from PIL.Image import Image

from drivers.card_printer.evolis import maintenance, meaning
from drivers.card_printer.evolis.card import CardPath
from drivers.card_printer.evolis.options import Options
from drivers.card_printer.evolis.protocol import StatusWords
from drivers.card_printer.evolis.sensors import Sensors
from drivers.card_printer.evolis.steps import Steps
from drivers.card_printer.evolis.wire import Wire
from drivers.contract.card_printer import CardPrinter, Evidence, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.status import Status
from drivers.contract.words import DeviceCause, DeviceState, Media, Supply
from drivers.transport.base import Connector

_STATES = {DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE, DeviceCause.PROTOCOL: DeviceState.HARDWARE_ERROR}


class Driver(CardPrinter):
    can_encode = True

    def __init__(self, link: Connector, options: Options | None = None) -> None:
        super().__init__()
        self.options = options or Options()
        self._wire = Wire(link, self.options.answer_timeout)
        self._sensors = Sensors(self._wire, self.options)
        self._steps = Steps(self._wire, self._sensors, self.options, self._publish)
        self._card = CardPath(self._steps, self.lock)
        self._identity: Mapping[str, str] | None = None
        self._counters: Mapping[str, str] = {}
        self._counted = 0
        """Revision of the status in which the counters were asked last."""
        self._polled: StatusWords | None = None
        """What the last poll saw."""
        self._told: tuple[object, ...] = ()
        """What the last snapshot was made from, and that snapshot."""

    # -- device --------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        async with self.lock:
            await self._wire.close()

    async def poll(self) -> Status:
        if self.lock.locked():
            return self.status  # the act under way looks, and publishes what it sees
        async with self.lock:
            try:
                if self._identity is None:
                    self._identity = await self._sensors.identity()
                words = self._polled = await self._steps.look(self._polled)
                if self.status.revision != self._counted:  # what an act wears down, it shows in the status too
                    self._counters = await self._sensors.counters()
                    self._publish(words)
                    self._counted = self.status.revision
            except DeviceError as error:
                self._identity = self._polled = None
                self._publish_silence(error)
        return self.status

    async def where(self) -> Evidence:
        async with self.lock:
            words = await self._steps.look()
            return Evidence(
                position=self._sensors.position(words),
                station=meaning.station(words),
                fed_count=await self._sensors.fed_count(),
                restarted=self._sensors.restart_known,
                moving=meaning.moving(words),
            )

    # -- acts ----------------------------------------------------------------------------------------------------
    async def feed(self, intent: IntentId, station: Station) -> None:
        await self._act(intent, lambda: self._card.feed(station))

    async def print_front(self, intent: IntentId, face: Image) -> None:
        await self._act(intent, lambda: self._card.print(face, None))

    async def print_faces(self, intent: IntentId, front: Image, back: Image) -> None:
        await self._act(intent, lambda: self._card.print(front, back))

    async def adopt(self, station: Station) -> None:
        async with self.lock:
            await self._card.adopt(station)

    async def present(self, intent: IntentId) -> None:
        await self._act(intent, self._card.present)

    async def wait_taken(self, timeout: float) -> bool:
        return await self._card.wait_taken(timeout)

    async def retract(self, intent: IntentId) -> None:
        await self._act(intent, self._card.retract)

    async def reject(self, intent: IntentId) -> None:
        await self._act(intent, self._card.reject)

    async def clean(self, intent: IntentId) -> None:
        await self._act(intent, lambda: maintenance.clean(self._steps))

    async def reset(self, intent: IntentId) -> None:
        await self._act(intent, self._reset)

    async def _reset(self) -> None:
        self._card.forget()
        await maintenance.reset(self._steps)

    async def _act(self, intent: IntentId, act: Callable[[], Awaitable[None]]) -> None:
        async def alone() -> None:
            async with self.lock:
                await act()

        await self.once(intent, alone)

    # -- what is told --------------------------------------------------------------------------------------------
    def _publish(self, words: StatusWords) -> None:
        if (words, self._identity, self._counters, self.status) == self._told:
            return  # a printer at work says the same thing for seconds
        path = self.options.feeder_bit == "path"
        self.board.publish(meaning.snapshot(words, {**(self._identity or {}), **self._counters}, feeder_is_path=path))
        self._told = (words, self._identity, self._counters, self.status)

    def _publish_silence(self, error: DeviceError) -> None:
        self.board.publish(
            Status(
                state=_STATES.get(error.cause, DeviceState.OFFLINE),
                media=Media.UNKNOWN,
                supplies={"blanks": Supply.UNKNOWN, "ribbon": Supply.UNKNOWN},
                causes=(error.cause,),
                detail={"error": error.detail},
            )
        )
