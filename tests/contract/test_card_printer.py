"""A card printer as the kiosk meets it: a card's way from the hopper to a hand, and everything that happens instead."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from drivers.card_printer.evolis import Driver, Options
from drivers.contract.card_printer import FACE_SIZE, CardPosition, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from sim.card_printer.evolis import Simulator
from sim.seam.pipe import PipeConnector
from sim.world import Place, World


def artwork() -> Image.Image:
    face = Image.new("RGB", FACE_SIZE, (120, 200, 240))
    draw = ImageDraw.Draw(face)
    draw.rectangle((40, 40, 500, 90), fill=(0, 0, 0))
    draw.rectangle((700, 300, 900, 600), fill=(180, 20, 30))
    return face


@dataclass
class Bench:
    world: World
    simulator: Simulator
    cable: PipeConnector
    printer: Driver
    acts: int = 0

    def intent(self) -> IntentId:
        self.acts += 1
        return IntentId(f"act-{self.acts}")

    async def feed(self, station: Station = Station.CONTACTLESS) -> None:
        await self.printer.feed(self.intent(), station)

    async def print(self) -> None:
        await self.printer.print_front(self.intent(), artwork())

    async def present(self) -> None:
        await self.printer.present(self.intent())

    async def reject(self) -> None:
        await self.printer.reject(self.intent())

    async def retract(self) -> None:
        await self.printer.retract(self.intent())

    async def position(self) -> CardPosition:
        return (await self.printer.where()).position

    def count(self, place: Place) -> int:
        return len(self.world.at(place))


async def bench(blanks: int = 5, *, per_command: bool = False, answers: str = "accepted") -> Bench:
    world = World()
    world.load_blanks(blanks)
    simulator = Simulator(world, seed=3)
    simulator.answers = answers
    cable = PipeConnector(simulator.serve, per_command=per_command)
    printer = Driver(cable, Options())
    await printer.start()
    return Bench(world, simulator, cable, printer)


async def fails(act: Callable[[], Awaitable[None]]) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await act()
    return caught.value


# -- the way of a card -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("per_command", [False, True])
@pytest.mark.parametrize("answers", ["accepted", "done"])
async def test_a_blank_is_fed_printed_presented_and_taken(per_command: bool, answers: str) -> None:
    one = await bench(per_command=per_command, answers=answers)
    assert await one.position() is CardPosition.NONE

    await one.feed()
    evidence = await one.printer.where()
    assert (evidence.position, evidence.station) == (CardPosition.INSIDE, Station.CONTACTLESS)
    assert evidence.fed_count == 1
    assert evidence.restarted is False
    assert not evidence.moving

    await one.print()
    assert await one.position() is CardPosition.INSIDE, "printed, and still inside"
    card = one.world.in_path()
    assert card is not None
    assert card.prints == 1
    assert card.front is not None
    assert card.front.tobytes() == artwork().tobytes(), "dot for dot what was sent"

    await one.present()
    assert card.place is Place.BEZEL
    assert await one.printer.wait_taken(3) is False
    one.world.take_card()
    assert await one.printer.wait_taken(3) is True
    assert await one.position() is CardPosition.NONE
    assert (one.count(Place.HOPPER), one.count(Place.HAND)) == (4, 1)


async def test_an_encoder_at_the_contact_station_is_served_too() -> None:
    one = await bench()
    await one.feed(Station.CONTACT)
    assert one.count(Place.CONTACT) == 1
    await one.print()
    assert one.count(Place.PRINT) == 1


async def test_a_card_taken_while_we_wait_is_noticed_at_once() -> None:
    one = await bench()
    await one.feed()
    await one.print()
    await one.present()
    loop = asyncio.get_running_loop()
    loop.call_later(7, one.world.take_card)
    began = loop.time()
    assert await one.printer.wait_taken(60)
    assert 7 <= loop.time() - began < 8


async def test_a_forgotten_card_is_pulled_back_and_rejected() -> None:
    one = await bench()
    await one.feed()
    await one.print()
    await one.present()
    assert await one.printer.wait_taken(20) is False
    await one.retract()
    assert one.count(Place.REJECT) == 1
    assert one.count(Place.HOPPER) == 4, "nothing was fed from the hopper meanwhile"
    await one.feed()
    assert one.count(Place.CONTACTLESS) == 1, "the next card comes from the hopper again"


async def test_a_hand_that_is_faster_than_the_retract_leaves_the_outcome_open() -> None:
    one = await bench()
    await one.feed()
    await one.print()
    await one.present()
    asyncio.get_running_loop().call_later(0.3, one.world.take_card)
    error = await fails(one.retract)
    assert (error.cause, error.outcome) == (DeviceCause.CARD_LOST, JobOutcome.UNKNOWN)
    assert (one.count(Place.HAND), one.count(Place.REJECT), one.count(Place.HOPPER)) == (1, 0, 4)


async def test_the_same_intent_twice_is_one_act() -> None:
    one = await bench()
    intent = IntentId("feed-1")
    await one.printer.feed(intent, Station.CONTACTLESS)
    await one.printer.feed(intent, Station.CONTACTLESS)
    assert (await one.printer.where()).fed_count == 1
    intent = IntentId("print-1")
    await one.printer.print_front(intent, artwork())
    await one.printer.print_front(intent, artwork())
    card = one.world.in_path()
    assert card is not None
    assert card.prints == 1


# -- what must never happen ------------------------------------------------------------------------------------------
async def test_nothing_is_printed_on_a_card_this_program_has_not_fed() -> None:
    one = await bench()
    await one.feed()
    later = Driver(one.cable)  # the program was killed and started again
    await later.start()
    with pytest.raises(DeviceError) as caught:
        await later.print_front(IntentId("p"), artwork())
    assert caught.value.completion is Completion.SEQUENCE_ERROR
    assert one.world.in_path() is not None
    assert all(card.prints == 0 for card in one.world.cards)


async def test_nothing_is_printed_if_the_encoded_card_has_left_its_station() -> None:
    one = await bench()
    await one.feed()
    card = one.world.in_path()
    assert card is not None
    one.world.move(card, Place.BOX)  # somebody opened the printer and took it out
    error = await fails(one.print)
    assert error.completion is Completion.SEQUENCE_ERROR
    assert one.count(Place.HOPPER) == 4, "and no fresh blank was fed for it"
    assert all(card.prints == 0 for card in one.world.cards)


async def test_nothing_is_printed_after_a_restart() -> None:
    one = await bench()
    await one.feed()
    one.simulator.power_cut()
    one.simulator.power_on()
    error = await fails(one.print)
    assert error.cause is DeviceCause.POWER
    assert all(card.prints == 0 for card in one.world.cards)
    assert (await one.printer.where()).restarted is True


async def test_a_card_is_never_printed_twice() -> None:
    one = await bench()
    await one.feed()
    await one.print()
    assert (await fails(one.print)).completion is Completion.SEQUENCE_ERROR
    assert one.world.in_path() is not None
    assert max(card.prints for card in one.world.cards) == 1


async def test_no_second_card_is_fed_behind_the_first() -> None:
    one = await bench()
    await one.feed()
    assert (await fails(one.feed)).completion is Completion.SEQUENCE_ERROR
    await one.print()
    await one.present()
    assert (await fails(one.feed)).completion is Completion.SEQUENCE_ERROR
    assert one.count(Place.HOPPER) == 4


async def test_acts_on_a_card_that_is_not_there_are_refused() -> None:
    one = await bench()
    assert (await fails(one.present)).completion is Completion.SEQUENCE_ERROR
    assert (await fails(one.reject)).completion is Completion.SEQUENCE_ERROR
    assert (await fails(one.retract)).outcome is JobOutcome.UNKNOWN


async def test_a_tray_letter_that_lets_the_card_out_is_reported_not_hidden() -> None:
    one = await bench()
    printer = Driver(one.cable, Options(hold_tray="D"))
    await printer.feed(IntentId("f"), Station.CONTACTLESS)
    with pytest.raises(DeviceError, match="hold_tray 'D'") as caught:
        await printer.print_front(IntentId("p"), artwork())
    assert caught.value.outcome is JobOutcome.UNKNOWN


# -- faults of the printer -------------------------------------------------------------------------------------------
async def test_a_jam_while_printing_scraps_the_blank_and_the_next_one_goes_through() -> None:
    one = await bench()
    await one.feed()
    one.simulator.faults.fail_next("jam")
    error = await fails(one.print)
    assert (error.cause, error.outcome) == (DeviceCause.JAM, JobOutcome.FAILED)
    assert await one.position() is CardPosition.JAMMED
    assert one.printer.status.media is Media.JAMMED
    await one.reject()
    assert one.count(Place.REJECT) == 1
    assert (await one.printer.poll()).causes == ()

    await one.feed()
    await one.print()
    await one.present()
    assert one.world.take_card() is not None
    assert (one.count(Place.HOPPER), one.count(Place.REJECT), one.count(Place.HAND)) == (3, 1, 1)


async def test_a_jam_in_the_feeder_leaves_a_card_to_reject() -> None:
    one = await bench()
    one.simulator.faults.fail_next("jam")
    assert (await fails(one.feed)).cause is DeviceCause.JAM
    await one.reject()
    assert (one.count(Place.HOPPER), one.count(Place.REJECT)) == (4, 1)


async def test_an_empty_hopper_is_named_and_forgotten_once_it_is_filled() -> None:
    one = await bench(blanks=0)
    status = await one.printer.poll()
    assert status.causes == (DeviceCause.BLANKS_OUT,)
    assert status.supplies["blanks"] is Supply.OUT
    assert (await fails(one.feed)).cause is DeviceCause.BLANKS_OUT
    one.world.load_blanks(50)
    status = await one.printer.poll()
    assert status.causes == ()
    assert status.supplies["blanks"] is Supply.FULL
    await one.feed()


async def test_the_last_blank_is_used_although_the_hopper_is_empty_behind_it() -> None:
    one = await bench(blanks=1)
    await one.feed()
    assert one.printer.status.causes == (DeviceCause.BLANKS_OUT,)
    await one.print()
    await one.present()
    assert one.world.take_card() is not None


async def test_few_blanks_are_announced_before_they_are_out() -> None:
    one = await bench(blanks=3)
    assert one.printer.status.supplies["blanks"] is Supply.LOW
    assert one.printer.status.ready


async def test_without_ribbon_no_blank_is_spent() -> None:
    one = await bench()
    one.simulator.faults.fail_repeatedly("ribbon-out")
    assert (await fails(one.feed)).cause is DeviceCause.RIBBON_OUT
    assert one.count(Place.HOPPER) == 5


async def test_an_open_cover_stops_a_print_and_says_so() -> None:
    one = await bench()
    await one.feed()
    asyncio.get_running_loop().call_later(5, lambda: one.simulator.faults.fail_repeatedly("cover-open"))
    assert (await fails(one.print)).cause is DeviceCause.COVER_OPEN
    assert one.printer.status.state is DeviceState.USER_ERROR
    assert (await fails(one.reject)).cause is DeviceCause.COVER_OPEN
    one.simulator.faults.clear()
    await one.reject()
    assert one.count(Place.REJECT) == 1


async def test_a_full_reject_bin_keeps_the_card_inside() -> None:
    one = await bench()
    await one.feed()
    one.simulator.faults.fail_repeatedly("reject-full")
    assert (await fails(one.reject)).cause is DeviceCause.REJECT_FULL
    assert await one.position() is CardPosition.INSIDE
    one.simulator.faults.clear()
    await one.reject()
    assert one.count(Place.REJECT) == 1


# -- power and link --------------------------------------------------------------------------------------------------
async def test_power_lost_in_the_middle_of_a_print_is_unknown_until_the_hardware_is_asked() -> None:
    one = await bench()
    await one.feed()
    one.simulator.faults.fail_next("power-loss")
    error = await fails(one.print)
    assert error.outcome is JobOutcome.UNKNOWN
    await asyncio.sleep(10)
    evidence = await one.printer.where()
    assert evidence.position is CardPosition.INSIDE
    assert evidence.restarted is True
    assert evidence.fed_count == 1, "the lifetime counter survives"
    await one.reject()
    assert one.count(Place.REJECT) == 1
    await one.feed()
    assert (await one.printer.where()).restarted is False


@pytest.mark.parametrize(("behaviour", "place"), [("eject", Place.BEZEL), ("reject", Place.REJECT)])
async def test_a_printer_that_clears_its_path_at_power_on_is_seen_through(behaviour: str, place: Place) -> None:
    one = await bench()
    one.simulator.power_on_behaviour = behaviour
    await one.feed()
    one.simulator.power_cut()
    assert (await one.printer.poll()).state is DeviceState.NO_DEVICE
    one.simulator.power_on()
    while (evidence := await one.printer.where()).moving:
        await asyncio.sleep(0.5)
    assert one.count(place) == 1
    assert evidence.restarted is True
    expected = CardPosition.EXIT if place is Place.BEZEL else CardPosition.NONE
    assert evidence.position is expected


async def test_a_card_at_the_exit_when_power_fails_is_not_called_taken() -> None:
    one = await bench()
    await one.feed()
    await one.print()
    await one.present()

    def outage() -> None:
        one.simulator.power_cut()
        one.world.take_card()
        asyncio.get_running_loop().call_later(0.3, one.simulator.power_on)

    asyncio.get_running_loop().call_later(2, outage)
    with pytest.raises(DeviceError) as caught:
        await one.printer.wait_taken(30)
    assert caught.value.outcome is JobOutcome.UNKNOWN


async def test_unplugged_in_the_middle_of_a_print_the_printer_goes_on_and_is_asked_again_later() -> None:
    one = await bench()
    await one.feed()
    printing = asyncio.create_task(one.print())
    await asyncio.sleep(6)
    await one.cable.unplug()
    with pytest.raises(DeviceError) as caught:
        await printing
    assert (caught.value.cause, caught.value.outcome) == (DeviceCause.NO_DEVICE, JobOutcome.UNKNOWN)
    assert (await one.printer.poll()).state is DeviceState.NO_DEVICE

    await asyncio.sleep(20)
    one.cable.replug()
    assert (await one.printer.poll()).state is DeviceState.ONLINE
    card = one.world.in_path()
    assert card is not None
    assert (card.place, card.prints) == (Place.PRINT, 1), "nothing was sent a second time"


async def test_a_hiccup_of_the_link_does_not_end_an_act() -> None:
    one = await bench()
    await one.feed()
    printing = asyncio.create_task(one.print())
    await asyncio.sleep(6)
    await one.cable.unplug()
    await asyncio.sleep(0.3)
    one.cable.replug()
    await printing
    assert one.count(Place.PRINT) == 1


async def test_a_feed_on_a_missing_printer_certainly_did_nothing() -> None:
    one = await bench()
    await one.cable.unplug()
    error = await fails(one.feed)
    assert (error.cause, error.outcome) == (DeviceCause.NO_DEVICE, JobOutcome.FAILED)


async def test_a_printer_that_falls_silent_in_an_act_leaves_it_unknown_and_is_found_again() -> None:
    one = await bench()
    asyncio.get_running_loop().call_later(1, lambda: one.simulator.faults.fail_repeatedly("silence"))
    error = await fails(one.feed)
    assert (error.cause, error.outcome) == (DeviceCause.NO_ANSWER, JobOutcome.UNKNOWN)
    assert (await one.printer.poll()).causes == (DeviceCause.NO_ANSWER,)
    one.simulator.faults.clear()
    assert (await one.printer.poll()).state is DeviceState.ONLINE
    assert await one.position() is CardPosition.INSIDE, "the blank was fed all the same, and is found"


@pytest.mark.parametrize("fault", ["garbage", "noise", "drop", "corrupt", "delay", "short-read", "stale-status"])
@pytest.mark.parametrize("at", range(0, 40, 3))
async def test_one_bad_answer_anywhere_never_costs_or_invents_a_card(fault: str, at: int) -> None:
    one = await bench()
    asyncio.get_running_loop().call_later(at * 0.7, lambda: one.simulator.faults.fail_next(fault))
    try:
        await one.feed()
        await one.print()
        await one.present()
        taken = await one.printer.wait_taken(2)
        assert taken is False
        one.world.take_card()
        assert await one.printer.wait_taken(5) is True
    except DeviceError:
        one.simulator.faults.clear()
        position = await one.position()
        assert position is (CardPosition.INSIDE if one.world.in_path() else CardPosition.NONE)
    assert max(card.prints for card in one.world.cards) <= 1
    assert one.count(Place.HOPPER) >= 4


@pytest.mark.parametrize("fault", ["short-read", "delay", "noise"])
async def test_a_slow_or_chopped_line_is_still_a_line(fault: str) -> None:
    one = await bench()
    if fault == "noise":
        one.simulator.faults.fail_next(fault)
    else:
        one.simulator.faults.fail_repeatedly(fault)
    await one.feed()
    assert one.count(Place.CONTACTLESS) == 1


# -- both sides, ribbons, cleaning, reset ------------------------------------------------------------------------------
def reverse() -> Image.Image:
    face = Image.new("RGB", FACE_SIZE, "white")
    ImageDraw.Draw(face).rectangle((100, 100, 900, 180), fill=(0, 0, 0))
    return face


async def with_options(one: Bench, options: Options) -> Driver:
    """The same printer with another profile."""
    await one.printer.stop()
    printer = Driver(one.cable, options)
    await printer.start()
    return printer


@pytest.mark.parametrize("options", [{}, {"ribbon": "ymckok"}, {"compressed": True, "colour_bits": 8}])
async def test_a_card_is_turned_over_and_printed_on_both_sides(options: dict[str, Any]) -> None:
    one = await bench()
    printer = await with_options(one, Options(**options))
    await printer.feed(IntentId("feed"), Station.CONTACTLESS)
    seen: list[str] = []
    one.world.watch(lambda event: seen.append(event.what) if event.kind == "card-moved" else None)
    await printer.print_faces(IntentId("print"), artwork(), reverse())
    assert seen == [Place.PRINT, Place.FLIP, Place.PRINT]
    card = one.world.in_path()
    assert card is not None
    assert card.prints == 1
    assert card.front is not None
    assert card.back is not None
    assert card.front.tobytes() == artwork().tobytes()
    assert card.back.tobytes() == reverse().tobytes()
    await printer.present(IntentId("present"))
    assert card.place is Place.BEZEL


@pytest.mark.parametrize("bits", [5, 6, 7])
async def test_an_old_head_shows_the_same_picture_in_fewer_shades(bits: int) -> None:
    one = await bench()
    printer = await with_options(one, Options.model_validate({"colour_bits": bits, "compressed": True}))
    await printer.feed(IntentId("feed"), Station.CONTACTLESS)
    await printer.print_front(IntentId("print"), artwork())
    card = one.world.in_path()
    assert card is not None
    assert card.front is not None
    furthest = [high for _, high in ImageChops.difference(card.front, artwork()).getextrema()]  # type: ignore[misc]  # a pair for each band
    assert max(furthest) <= 256 >> bits


async def test_a_black_ribbon_prints_black() -> None:
    one = await bench()
    one.simulator.mechanics.ribbon = "k"
    printer = await with_options(one, Options(ribbon="k"))
    await printer.feed(IntentId("feed"), Station.CONTACTLESS)
    await printer.print_front(IntentId("print"), reverse())
    card = one.world.in_path()
    assert card is not None
    assert card.front is not None
    assert card.front.tobytes() == reverse().tobytes()


async def test_a_job_for_another_ribbon_is_named_so_and_the_card_stays_to_be_rejected() -> None:
    one = await bench()
    one.simulator.mechanics.ribbon = "k"
    await one.feed()
    error = await fails(one.print)
    assert (error.cause, error.outcome) == (DeviceCause.RIBBON_WRONG, JobOutcome.FAILED)
    assert max(card.prints for card in one.world.cards) == 0
    await one.reject()
    assert one.count(Place.REJECT) == 1


async def test_artwork_that_cannot_be_printed_costs_no_card() -> None:
    one = await bench()
    await one.feed()
    with pytest.raises(DeviceError) as caught:
        await one.printer.print_front(one.intent(), Image.new("RGB", (640, 480)))
    assert caught.value.completion is Completion.INVALID_DATA
    await one.print()
    assert one.count(Place.PRINT) == 1


async def test_after_the_cover_is_closed_the_same_card_goes_on() -> None:
    one = await bench()
    await one.feed()
    await one.print()
    one.simulator.faults.fail_repeatedly("cover-open")
    assert (await fails(one.present)).cause is DeviceCause.COVER_OPEN
    assert (await fails(one.present)).outcome is JobOutcome.FAILED, "asked again with the cover still open"
    one.simulator.faults.clear()
    await one.present()
    assert one.count(Place.BEZEL) == 1
    assert one.count(Place.HOPPER) == 4
    assert (await one.printer.poll()).causes == ()


async def test_a_card_that_a_hand_took_is_never_replaced_by_a_blank() -> None:
    """With the input on "both", a real printer takes a card from the feeder if none is in the bezel."""
    one = await bench()
    await one.feed()
    await one.print()
    await one.present()
    one.world.take_card()
    assert (await fails(one.retract)).cause is DeviceCause.CARD_LOST
    assert one.count(Place.HOPPER) == 4


async def test_cleaning_is_asked_for_done_and_counted() -> None:
    one = await bench()
    one.simulator.mechanics.printed_since_cleaning = 1200
    status = await one.printer.poll()
    assert status.causes == (DeviceCause.CLEANING_DUE,)
    assert status.detail["cleaning"] == "1200"
    assert "cleaning_mandatory" in status.detail["information"]
    await one.printer.clean(one.intent())
    status = await one.printer.poll()
    assert status.causes == ()
    assert status.detail["cleaning"] == "0"


async def test_the_rollers_are_not_cleaned_with_a_residents_card_inside() -> None:
    one = await bench()
    await one.feed()
    with pytest.raises(DeviceError) as caught:
        await one.printer.clean(one.intent())
    assert caught.value.completion is Completion.SEQUENCE_ERROR


async def test_after_a_reset_the_card_is_where_it_was_and_is_not_printed_on() -> None:
    one = await bench()
    await one.feed()
    await one.printer.reset(one.intent())
    evidence = await one.printer.where()
    assert evidence.restarted is True
    assert evidence.position is CardPosition.INSIDE
    assert not evidence.moving
    assert (await fails(one.print)).completion is Completion.SEQUENCE_ERROR
    await one.reject()
    await one.feed()
    await one.print()


async def test_the_diagnostics_page_shows_who_the_printer_is_and_what_it_has_done() -> None:
    one = await bench()
    await one.feed()
    await one.print()
    detail = (await one.printer.poll()).detail
    assert detail["firmware"] == "SIM-1.0"
    assert detail["serial_number"] == "SPECIMEN0001"
    assert detail["model"] == "Evolis Primacy 2"
    assert detail["print_head"] == "SPECIMEN-HEAD"
    assert (detail["cards_fed"], detail["cleaning"], detail["ribbon"]) == ("1", "1", "ymcko")
    assert "contactless" in detail["built_in"]
    assert detail["information"] == "card_print"
    assert detail["extension_1"] == "feeder_near_empty"


async def test_blanks_are_taken_from_where_the_profile_says() -> None:
    one = await bench()
    printer = await with_options(one, Options(input_tray="I"))
    with pytest.raises(DeviceError) as caught:
        await printer.feed(IntentId("feed"), Station.CONTACTLESS)
    assert caught.value.cause is DeviceCause.NO_CARD, "nobody put one into the bezel"
    assert one.count(Place.HOPPER) == 5


async def test_a_printer_that_knows_no_holding_tray_keeps_the_card_by_its_other_setting() -> None:
    one = await bench()
    printer = await with_options(one, Options(hold_tray="D", no_eject=True))
    await printer.feed(IntentId("feed"), Station.CONTACTLESS)
    await printer.print_front(IntentId("print"), artwork())
    assert one.count(Place.PRINT) == 1
    await printer.present(IntentId("present"))
    assert one.count(Place.BEZEL) == 1
