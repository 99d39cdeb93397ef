"""The devices of a profile, each opened by its own driver over its own transport; a person beside them, or nobody."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.contract.card_printer import CardPosition, CardPrinter, Station
from drivers.contract.device import Device
from drivers.contract.errors import DeviceError
from kiosk.devices.loading import driver_module
from kiosk.devices.profile import Profile
from tests.devices.trial import Deed, Hands, Trial, fresh

Ask = Callable[[str], str]
"""Shows a line at the terminal and returns what was typed."""


def opened(profile: Profile, slot: str) -> Device:
    filled = profile.slots.filled()[slot]
    module = driver_module(slot, filled.driver)
    driver: Device = module.Driver(module.link(filled.transport), options=module.Options.model_validate(filled.options))
    return driver


class NoHands(Hands):
    """Only what other devices of the machine can do is done: the card printer brings a blank to its encoder."""

    def __init__(self, slot: str, printer: CardPrinter | None) -> None:
        self._slot = slot
        self._printer = printer
        self._intents = fresh()

    def needed(self, *deeds: Deed) -> None:
        for deed in deeds:
            if not self._by_machine(deed):
                pytest.skip(f"{self._slot}: somebody has to {deed}; run with --hw-hands")

    def _by_machine(self, deed: Deed) -> bool:
        return self._printer is not None and deed in (Deed.CARD, Deed.NO_CARD)

    async def do(self, deed: Deed) -> None:
        assert self._printer is not None
        if deed is Deed.CARD:
            await self._printer.feed(next(self._intents), Station.CONTACTLESS)
        else:
            await self._printer.reject(next(self._intents))

    async def during(self, deed: Deed, after: float) -> None:
        await self.do(deed)

    async def came_out(self, least: int, most: int) -> None:
        pass


class PersonsHands(NoHands):
    def __init__(self, slot: str, printer: CardPrinter | None, ask: Ask) -> None:
        super().__init__(slot, printer)
        self._ask = ask

    def needed(self, *deeds: Deed) -> None:
        """A person can do everything."""

    async def do(self, deed: Deed) -> None:
        if self._by_machine(deed):
            await super().do(deed)
        else:
            await asyncio.to_thread(self._ask, f"{self._slot}: {deed}, then press Enter")

    async def during(self, deed: Deed, after: float) -> None:
        await asyncio.to_thread(self._ask, f"{self._slot}: press Enter, and as soon as it moves {deed}")

    async def came_out(self, least: int, most: int) -> None:
        wanted = str(least) if least == most else f"{least} to {most}"
        question = f"{self._slot}: since this was last asked, did {wanted} whole, and no more, come out? y or n"
        assert (await asyncio.to_thread(self._ask, question)).strip().lower() == "y", f"not {wanted} came out"


@asynccontextmanager
async def hardware(profile: Profile, slot: str, ask: Ask | None) -> AsyncIterator[Trial]:
    """Skips if the profile has nothing in `slot`."""
    if slot not in profile.slots.filled():
        pytest.skip(f"{profile.name} has no {slot}")
    driver = opened(profile, slot)
    helper = opened(profile, "card_printer") if slot == "card_encoder" and profile.slots.card_printer else None
    printer = helper if isinstance(helper, CardPrinter) and helper.can_encode else None
    hands = NoHands(slot, printer) if ask is None else PersonsHands(slot, printer, ask)
    await driver.start()
    try:
        yield Trial(driver, hands, lambda: opened(profile, slot), real=True, patience=300.0)
    finally:
        await driver.stop()
        if printer is not None:
            await printer.stop()
        if slot == "card_printer":
            await cleared(profile)


async def cleared(profile: Profile) -> None:
    """A card that a failed test left in the path goes into the bin, so that the next test begins with none."""
    printer = opened(profile, "card_printer")
    if isinstance(printer, CardPrinter) and printer.can_encode:
        intents = fresh()
        with contextlib.suppress(DeviceError):  # then the next test says what is wrong
            match (await printer.where()).position:
                case CardPosition.INSIDE | CardPosition.JAMMED:
                    await printer.reject(next(intents))
                case CardPosition.EXIT:
                    await printer.retract(next(intents))
    await printer.stop()
