"""Which devices the tests of this folder run on: see the folder's docstring."""

from functools import partial

import pytest

from kiosk.devices.loading import load
from kiosk.devices.profile import Slots
from tests.devices.hardware import Ask, hardware
from tests.devices.simulated import in_real_time, offers, places, simulated
from tests.devices.trial import Needs, Opened

SLOTS = tuple(Slots.model_fields)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`device` is every device there is; a fixture named like a device class is every device of that class."""
    for wanted in ("device", *SLOTS):
        if wanted in metafunc.fixturenames:
            if metafunc.config.getoption("--hw"):
                slots = SLOTS if wanted == "device" else (wanted,)
                found = [pytest.param(slot, id=slot, marks=pytest.mark.wall) for slot in slots]
            else:
                found = [
                    pytest.param(place, id=" ".join(place), marks=[pytest.mark.wall] if in_real_time(place[1]) else [])
                    for place in places()
                    if (wanted == "device" or place[0].startswith(f"{wanted}/"))
                    and offers(place, getattr(metafunc.function, "needs", Needs()))
                ]
            metafunc.parametrize(wanted, found, indirect=True)


@pytest.fixture
def device(request: pytest.FixtureRequest) -> Opened:
    name = request.config.getoption("--hw")
    if name is None:
        return partial(simulated, *request.param)
    return partial(hardware, load(name), request.param, _ask(request.config))


card_printer = card_encoder = thermal_printer = fingerprint_scanner = ticket_dispenser = device


def _ask(config: pytest.Config) -> Ask | None:
    """Questions at the terminal, around pytest's capturing."""
    if not config.getoption("--hw-hands"):
        return None
    capture = config.pluginmanager.getplugin("capturemanager")

    def ask(text: str) -> str:
        capture.suspend(in_=True)
        try:
            print(f"\n>>> {text}: ", end="", flush=True)
            return input()
        finally:
            capture.resume()

    return ask
