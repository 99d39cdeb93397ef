"""The devices of one kiosk, built from its profile and looked after for as long as kioskd lives."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from drivers.contract.card_encoder import CardEncoder
from drivers.contract.card_printer import CardPrinter
from drivers.contract.device import Device
from drivers.contract.fingerprint_scanner import FingerprintScanner, MinutiaeDetector
from drivers.contract.indicator import Indicator
from drivers.contract.status import Status
from drivers.contract.thermal_printer import ThermalPrinter
from drivers.contract.ticket_dispenser import TicketDispenser
from drivers.contract.words import DeviceCause, DeviceState
from drivers.transport.base import Connector, LinkError
from kiosk.api import messages as m
from kiosk.devices.loading import driver_module
from kiosk.devices.profile import Profile, ProfileError, Slot

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""How long a device may rest before it is asked again, if `Machine` is not told otherwise."""
POLL_LIMIT = 20.0
"""A poll bounds its own waiting; one that takes longer than this has a fault, and the device counts as silent."""

Watcher = Callable[[str, Status], None]


class Machine:
    """The device in each slot, or None where the profile leaves the slot empty.

    `start` and `stop` are called once each, in the loop that uses the devices. Between them every device that is not at
    work is polled, which also reconnects it after unplug and replug; a device at work holds its lock and is left alone.
    """

    def __init__(self, profile: Profile, devices: Mapping[str, Device], *, rest: float = POLL_SECONDS) -> None:
        """`rest`: seconds for which an idle device is left alone between two polls."""
        self._rest = rest
        self._slots = profile.slots.filled()
        self._devices = dict(devices)
        self._watchers: list[Watcher] = []
        self._rounds: list[asyncio.Task[None]] = []
        self._unwatch: list[Callable[[], None]] = []
        self.simulated = profile.simulated
        """True if any slot holds a simulator: the screen says SIMULATED."""
        self.card_printer: CardPrinter | None = self._of("card_printer", CardPrinter)
        self.card_encoder: CardEncoder | None = self._of("card_encoder", CardEncoder)
        self.thermal_printer: ThermalPrinter | None = self._of("thermal_printer", ThermalPrinter)
        self.fingerprint_scanner: FingerprintScanner | None = self._of("fingerprint_scanner", FingerprintScanner)
        self.ticket_dispenser: TicketDispenser | None = self._of("ticket_dispenser", TicketDispenser)
        self.indicator: Indicator | None = self._of("indicator", Indicator)

    def _of(self, slot: str, contract: type) -> Any:
        """The device in `slot` if it keeps `contract`, None if the slot is empty."""
        device = self._devices.get(slot)
        if device is not None and not isinstance(device, contract):
            raise ProfileError(f"slots.{slot}.driver: {self._slots[slot].driver!r} is no {contract.__name__}")
        return device

    async def start(self) -> None:
        """Opens all devices at once and asks each what it is. A missing device is a status, not an error."""
        for slot, device in self._devices.items():
            self._unwatch.append(device.board.watch(partial(self._tell, slot)))
        await asyncio.gather(*(_asked(slot, device, device.start) for slot, device in self._devices.items()))
        self._rounds = [
            asyncio.create_task(_look_after(slot, device, self._rest)) for slot, device in self._devices.items()
        ]

    async def stop(self) -> None:
        """Ends the supervision and leaves every device safe. May be called twice."""
        rounds, self._rounds = self._rounds, []
        for task in rounds:
            task.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)
        await asyncio.gather(*(_asked(slot, device, device.stop) for slot, device in self._devices.items()))
        while self._unwatch:
            self._unwatch.pop()()

    async def refresh(self) -> None:
        """Asks every device that is not at work, now."""
        await asyncio.gather(
            *(_asked(slot, device, device.poll) for slot, device in self._devices.items() if not device.lock.locked())
        )

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Calls `watcher(slot, status)` on every change. Returns the call that ends the watch."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def views(self) -> list[m.Device]:
        """Every device as the API shows it, in the order of the profile's slots."""
        return [_view(slot, self._slots[slot], device.status) for slot, device in self._devices.items()]

    def _tell(self, slot: str, status: Status) -> None:
        for watcher in tuple(self._watchers):
            watcher(slot, status)


def build(profile: Profile, links: Mapping[str, Connector] | None = None, *, rest: float = POLL_SECONDS) -> Machine:
    """Puts the drivers of `profile` together; nothing is opened yet. ProfileError if a transport makes no sense.

    `links` replaces the transport of the slots it names by another byte stream: a simulator in the same process.
    """
    devices: dict[str, Device] = {}
    for name, slot in profile.slots.filled().items():
        module = driver_module(name, slot.driver)
        try:
            given = links.get(name) if links else None
            link = module.link(slot.transport) if given is None else module.link_over(given)
            devices[name] = module.Driver(link, options=module.Options.model_validate(slot.options))
        except LinkError as error:
            raise ProfileError(f"{profile.source or profile.name}: slots.{name}.transport: {error}") from error
    return Machine(profile, devices, rest=rest)


def minutiae_detector() -> MinutiaeDetector:
    """libfprint's, for the images of whichever scanner; nothing is started yet."""
    detector: MinutiaeDetector = driver_module("fingerprint_scanner", "libfprint").Extractor()
    return detector


async def _look_after(slot: str, device: Device, rest: float) -> None:
    while True:
        await asyncio.sleep(rest)
        if not device.lock.locked():
            await _asked(slot, device, device.poll)


async def _asked(slot: str, device: Device, ask: Callable[[], Any]) -> None:
    """One call that by contract neither raises nor hangs. If a driver breaks that, its device is out of order and the
    kiosk goes on without it."""
    try:
        async with asyncio.timeout(POLL_LIMIT):
            await ask()
    except TimeoutError:
        log.error("%s: no end of the poll within %.0f s", slot, POLL_LIMIT)
        device.board.publish(_out_of_order(device.status, DeviceState.OFFLINE, DeviceCause.NO_ANSWER))
    except Exception:
        log.exception("%s: the driver failed", slot)
        device.board.publish(_out_of_order(device.status, DeviceState.HARDWARE_ERROR, DeviceCause.HARDWARE))


def _out_of_order(last: Status, state: DeviceState, cause: DeviceCause) -> Status:
    return replace(last, state=state, causes=(cause,))


def _view(slot: str, says: Slot, status: Status) -> m.Device:
    return m.Device(
        slot=slot,
        driver=says.driver,
        transport=says.transport,
        simulated=says.simulated,
        state=status.state.value,
        media=status.media.value,
        supplies={name: supply.value for name, supply in status.supplies.items()},
        causes=[cause.value for cause in status.causes],
        detail=dict(status.detail),
        revision=status.revision,
    )
