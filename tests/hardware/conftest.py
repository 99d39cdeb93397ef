"""The devices of the profile named by --hw, each opened by its own driver over its own transport."""

import pytest

from drivers.contract.device import Device
from kiosk.devices.loading import driver_module, load
from kiosk.devices.profile import Profile, Slots

SLOTS = tuple(Slots.model_fields)


@pytest.fixture(scope="session")
def profile(request: pytest.FixtureRequest) -> Profile:
    name = request.config.getoption("--hw")
    if name is None:
        pytest.skip("no hardware: run with --hw PROFILE")
    return load(name)


class Bench:
    """Makes drivers; each test has its own."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def device(self, slot: str) -> Device:
        filled = self._profile.slots.filled()
        if slot not in filled:
            pytest.skip(f"{self._profile.name} has no {slot}")
        module = driver_module(slot, filled[slot].driver)
        options = module.Options.model_validate(filled[slot].options)
        driver: Device = module.Driver(module.link(filled[slot].transport), options=options)
        return driver


@pytest.fixture
def bench(profile: Profile) -> Bench:
    return Bench(profile)
