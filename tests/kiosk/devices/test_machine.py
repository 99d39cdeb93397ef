"""Supervision in virtual time: devices come and go, and the machine's view of them stays true."""

import asyncio
from pathlib import Path

import pytest

from drivers.contract.device import IntentId
from drivers.contract.status import Status
from drivers.transport.sockets import TcpConnector
from kiosk.devices.loading import load
from kiosk.devices.machine import POLL_LIMIT, POLL_SECONDS, Machine, build
from kiosk.devices.profile import Profile, ProfileError
from sim.seam.pipe import DeviceSide, PipeConnector
from tests.kiosk.devices import toy
from tests.kiosk.devices.test_profile import GOOD, written


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    toy.install(monkeypatch, "kiosk.devices.loading.driver_module")
    toy.install(monkeypatch, "kiosk.devices.machine.driver_module")
    return load(written(tmp_path, GOOD))


def printer(machine: Machine) -> toy.Driver:
    assert isinstance(machine.thermal_printer, toy.Driver)
    return machine.thermal_printer


def causes(machine: Machine) -> list[str]:
    return machine.views()[0].causes


async def test_the_slots_of_the_profile_are_filled_and_the_others_are_none(profile: Profile) -> None:
    machine = build(profile)
    assert isinstance(printer(machine).link, TcpConnector)
    assert machine.card_printer is None
    assert machine.ticket_dispenser is None
    assert not machine.simulated
    view = machine.views()[0]
    assert (view.slot, view.driver, view.transport) == ("thermal_printer", "toy", "tcp:127.0.0.1:9100")
    assert view.state == "offline"  # not asked yet: nobody may call it fine


async def test_a_printer_pulled_and_put_back_is_seen_both_times_without_being_asked_for(profile: Profile) -> None:
    machine = build(profile)
    heard: list[tuple[str, Status]] = []
    machine.watch(lambda slot, status: heard.append((slot, status)))
    await machine.start()
    assert machine.views()[0].state == "online"
    printer(machine).mood = "unplugged"
    await asyncio.sleep(POLL_SECONDS * 1.5)
    assert causes(machine) == ["no_device"]
    printer(machine).mood = "well"
    await asyncio.sleep(POLL_SECONDS)
    assert causes(machine) == []
    assert [(slot, status.state.value) for slot, status in heard] == [
        ("thermal_printer", "online"),
        ("thermal_printer", "no_device"),
        ("thermal_printer", "online"),
    ]
    await machine.stop()


async def test_a_printer_at_work_is_not_disturbed(profile: Profile) -> None:
    machine = build(profile)
    await machine.start()
    working = asyncio.create_task(printer(machine).print_slip(IntentId("i"), ()))
    await asyncio.sleep(0.1)
    before = printer(machine).polls
    await asyncio.sleep(20)
    await machine.refresh()
    assert printer(machine).polls == before
    await working
    await asyncio.sleep(POLL_SECONDS * 2)
    assert printer(machine).polls > before
    await machine.stop()


@pytest.mark.parametrize(
    ("mood", "state", "cause"),
    [("broken promise", "hardware_error", "hardware"), ("hangs", "offline", "no_answer")],
)
async def test_a_driver_with_a_fault_of_its_own_is_out_of_order_and_recovers(
    profile: Profile, mood: str, state: str, cause: str
) -> None:
    machine = build(profile)
    await machine.start()
    printer(machine).mood = mood
    await asyncio.sleep(POLL_SECONDS + POLL_LIMIT + 1)
    assert (machine.views()[0].state, causes(machine)) == (state, [cause])
    printer(machine).mood = "well"
    await asyncio.sleep(POLL_SECONDS + POLL_LIMIT + 1)
    assert (machine.views()[0].state, causes(machine)) == ("online", [])
    await machine.stop()


async def test_after_stop_nothing_is_asked_and_nothing_is_told(profile: Profile) -> None:
    machine = build(profile)
    heard: list[str] = []
    machine.watch(lambda slot, status: heard.append(slot))
    await machine.start()
    await machine.stop()
    await machine.stop()
    asked, told = printer(machine).polls, len(heard)
    printer(machine).mood = "unplugged"
    await asyncio.sleep(60)
    await printer(machine).poll()
    assert printer(machine).polls == asked + 1
    assert len(heard) == told
    assert printer(machine).stopped == 2


async def test_a_test_can_put_a_simulator_in_the_place_of_a_transport(profile: Profile) -> None:
    async def nobody(stream: DeviceSide) -> None:
        await stream.read()

    pipe = PipeConnector(nobody)
    machine = build(profile, {"thermal_printer": pipe})
    assert printer(machine).link is pipe


async def test_a_driver_of_another_class_does_not_fit_the_slot(profile: Profile) -> None:
    slots = profile.slots.model_copy(update={"card_printer": profile.slots.thermal_printer})
    with pytest.raises(ProfileError, match=r"slots\.card_printer\.driver: 'toy' is no CardPrinter"):
        build(profile.model_copy(update={"slots": slots}))


async def test_a_transport_that_the_driver_cannot_use_is_named_with_its_place(profile: Profile) -> None:
    assert profile.slots.thermal_printer is not None
    slot = profile.slots.thermal_printer.model_copy(update={"transport": "gpio:lgpio"})
    slots = profile.slots.model_copy(update={"thermal_printer": slot})
    with pytest.raises(ProfileError, match=r"slots\.thermal_printer\.transport: transport 'gpio:lgpio'"):
        build(profile.model_copy(update={"slots": slots}))
