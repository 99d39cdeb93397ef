"""A card that was inside before: printed on only when somebody who has recognised it by its chip says so."""

import pytest
from PIL import Image

from drivers.card_printer.evolis import Driver
from drivers.contract.card_printer import FACE_SIZE, CardPosition, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause, JobOutcome
from sim.card_printer.evolis import Simulator
from sim.seam.pipe import PipeConnector
from sim.world import Place, World

FACE = Image.new("RGB", FACE_SIZE, (120, 200, 240))


async def fed(*, power: bool) -> tuple[World, Simulator, Driver]:
    """A card at the station, fed by a program that is gone; with `power`, the printer has restarted as well."""
    world = World()
    world.load_blanks(3)
    simulator = Simulator(world, seed=3)
    cable = PipeConnector(simulator.serve)
    first = Driver(cable)
    await first.start()
    await first.feed(IntentId("feed"), Station.CONTACTLESS)
    if power:
        simulator.power_cut()
        simulator.power_on()
    await first.stop()
    later = Driver(cable)
    await later.start()
    return world, simulator, later


@pytest.mark.parametrize("power", [False, True])
async def test_the_card_that_was_recognised_is_printed_and_no_other_is_fed(power: bool) -> None:
    world, _, printer = await fed(power=power)
    with pytest.raises(DeviceError):
        await printer.print_front(IntentId("too early"), FACE)

    await printer.adopt(Station.CONTACTLESS)
    await printer.print_front(IntentId("print"), FACE)
    await printer.present(IntentId("present"))

    [card] = world.at(Place.BEZEL)
    assert (card.serial, card.prints) == ("SPECIMEN-000001", 1)
    assert len(world.at(Place.HOPPER)) == 2
    assert (await printer.where()).restarted is False, "from its adoption on nothing but a hand has moved it"


async def test_a_card_that_is_not_at_the_station_is_not_adopted() -> None:
    world, _, printer = await fed(power=True)
    with pytest.raises(DeviceError) as other:
        await printer.adopt(Station.CONTACT)
    assert other.value.completion is Completion.SEQUENCE_ERROR
    world.move(world.cards[0], Place.BOX)
    with pytest.raises(DeviceError) as gone:
        await printer.adopt(Station.CONTACTLESS)
    assert gone.value.cause is DeviceCause.CARD_LOST
    with pytest.raises(DeviceError):
        await printer.print_front(IntentId("print"), FACE)
    assert all(card.prints == 0 for card in world.cards)


async def test_a_printer_that_feeds_another_card_to_print_on_does_not_pass() -> None:
    """What a printer that forgot its card over a restart might do: its count of cards tells."""
    world, simulator, printer = await fed(power=True)
    await printer.adopt(Station.CONTACTLESS)

    def forgets(event: object) -> None:
        if world.cards[0].prints and simulator.mechanics.fed == 1:
            simulator.mechanics.fed += 1

    world.watch(forgets)
    with pytest.raises(DeviceError) as caught:
        await printer.print_front(IntentId("print"), FACE)
    assert caught.value.outcome is JobOutcome.UNKNOWN
    assert (await printer.where()).position is CardPosition.INSIDE
