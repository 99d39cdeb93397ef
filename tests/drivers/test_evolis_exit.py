"""A card at the exit, told in golden status words by a printer that does nothing but tell them."""

from collections.abc import Iterator

import pytest

from drivers.card_printer.evolis import Driver
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import DeviceCause, JobOutcome
from sim.seam.pipe import DeviceSide, PipeConnector
from tests.drivers.test_evolis_protocol import rows

WORDS = {name: answer for name, answer, *_ in rows("status.txt")}
ANSWERS = {"Rem": "2", "Rco;card": "1"}


class Teller:
    """After `Sce` it tells each of `story` for two readings, which must agree, and the last one for ever."""

    def __init__(self, *story: str, answer: str = "OK") -> None:
        self._moved = answer
        self._story = iter([name for name in story for _ in range(2)])
        self._now: Iterator[str] = iter(())
        self._last = "at-print-head"

    async def serve(self, side: DeviceSide) -> None:
        heard = b""
        while got := await side.read():
            *commands, heard = (heard + got).split(b"\r\0")
            for command in commands:
                await side.write(self._answer(command.decode().lstrip("\x1b")).encode() + b"\0")

    def _answer(self, command: str) -> str:
        if command == "Sce":
            self._now = self._story
            return self._moved
        if command == "Rpst":
            self._last = next(self._now, self._last)
            return WORDS[self._last]
        return ANSWERS.get(command, "OK")


async def presented(*story: str, answer: str = "OK") -> Driver:
    driver = Driver(PipeConnector(Teller(*story, answer=answer).serve))
    await driver.start()
    await driver.present(IntentId("present"))
    return driver


@pytest.mark.parametrize("out", ["out-rollers-turn", "half-out-rollers"])
async def test_a_card_pulled_while_the_rollers_still_turn_was_presented_and_is_taken(out: str) -> None:
    driver = await presented("printing", out, "gone-rollers-turn", "idle")
    assert await driver.wait_taken(30) is True
    await driver.stop()


async def test_a_card_that_is_left_alone_is_not_taken() -> None:
    driver = await presented("out-rollers-turn", "card-on-eject")
    assert await driver.wait_taken(30) is False
    await driver.stop()


async def test_while_rollers_turn_a_card_between_two_sensors_is_not_called_taken() -> None:
    driver = await presented("out-rollers-turn", "gone-rollers-turn", "card-on-eject")
    assert await driver.wait_taken(30) is False
    await driver.stop()


async def test_a_card_that_no_sensor_saw_at_the_exit_was_not_presented() -> None:
    with pytest.raises(DeviceError) as caught:
        await presented("printing", "gone-rollers-turn", "idle")
    assert caught.value.outcome is JobOutcome.UNKNOWN


async def test_a_card_that_sticks_half_out_is_told_at_once() -> None:
    driver = await presented("half-out-rollers", "jam-half-out")
    with pytest.raises(DeviceError) as caught:
        await driver.wait_taken(1e6)
    assert (caught.value.cause, caught.value.outcome) == (DeviceCause.JAM, JobOutcome.UNKNOWN)
    await driver.stop()


@pytest.mark.parametrize("garbled", ["KK", "OC", "_K", "K"])
async def test_an_ok_with_a_flipped_bit_is_no_refusal(garbled: str) -> None:
    driver = await presented("printing", "card-on-eject", answer=garbled)
    assert await driver.wait_taken(1) is False
    await driver.stop()


@pytest.mark.parametrize("refusal", ["NACK 1", "ERR CARD", "NO CARD"])
async def test_a_refusal_is_one_and_nothing_has_moved(refusal: str) -> None:
    with pytest.raises(DeviceError, match=refusal) as caught:
        await presented("at-print-head", answer=refusal)
    assert caught.value.outcome is JobOutcome.FAILED
