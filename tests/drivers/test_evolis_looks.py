"""How often the printer is asked: two readings before anything is believed, and nothing that is known already."""

import pytest

from drivers.card_printer.evolis import Driver
from drivers.contract.card_printer import CardPosition, Station
from drivers.contract.device import IntentId
from drivers.contract.words import DeviceCause
from sim.card_printer.evolis import Simulator
from sim.seam.pipe import DeviceSide, PipeConnector
from sim.world import World


class Overheard:
    """A printer on a wire on which somebody listens."""

    def __init__(self) -> None:
        self.world = World()
        self.world.load_blanks(20)
        self.printer = Simulator(self.world, seed=3)
        self.heard = b""
        self.driver = Driver(PipeConnector(self._serve))

    async def _serve(self, stream: DeviceSide) -> None:
        await self.printer.serve(_Tap(self, stream))

    async def questions(self, *commands: str) -> list[int]:
        """How often each was asked in one poll."""
        self.heard = b""
        await self.driver.poll()
        return [self.heard.count(f"\x1b{command}\r".encode()) for command in commands]


class _Tap:
    def __init__(self, ears: Overheard, inner: DeviceSide) -> None:
        self._ears, self._inner = ears, inner

    async def read(self, limit: int = 4096) -> bytes:
        data = await self._inner.read(limit)
        self._ears.heard += data
        return data

    async def write(self, data: bytes) -> None:
        await self._inner.write(data)

    async def close(self) -> None:
        await self._inner.close()


async def test_the_counters_are_asked_again_once_something_has_happened_and_not_before() -> None:
    one = Overheard()
    assert await one.questions("Rco;card", "Rco;clean", "Rr") == [1, 1, 1], "the first poll knows nothing yet"
    assert await one.questions("Rco;card", "Rco;clean", "Rr") == [0, 0, 0]
    await one.driver.feed(IntentId("feed"), Station.CONTACTLESS)
    assert one.driver.status.detail["cards_fed"] == "0", "as of the last poll"
    assert await one.questions("Rco;card", "Rco;clean", "Rr") == [1, 1, 1]
    assert one.driver.status.detail["cards_fed"] == "1"
    assert await one.questions("Rco;card") == [0]


async def test_a_poll_that_finds_everything_as_it_was_reads_the_status_once() -> None:
    one = Overheard()
    assert await one.questions("Rpst") == [2]
    assert await one.questions("Rpst") == [1]
    one.printer.faults.fail_repeatedly("cover-open")
    assert await one.questions("Rpst") == [2], "what is new is read a second time before it is believed"
    assert one.driver.status.causes == (DeviceCause.COVER_OPEN,)


@pytest.mark.parametrize("seed", range(12))
async def test_a_flipped_bit_in_the_one_reading_is_not_believed(seed: int) -> None:
    one = Overheard()
    one.printer = Simulator(one.world, seed=seed)
    await one.driver.poll()
    known = one.driver.status
    one.printer.faults.fail_next("corrupt")
    await one.driver.poll()
    assert one.driver.status == known
    assert (await one.driver.where()).position is CardPosition.NONE


async def test_after_silence_nothing_is_taken_as_known() -> None:
    one = Overheard()
    await one.driver.poll()
    one.printer.faults.fail_repeatedly("silence")
    await one.driver.poll()
    assert DeviceCause.NO_ANSWER in one.driver.status.causes
    one.printer.faults.clear()
    assert await one.questions("Rpst", "Rco;card", "Rsn") == [2, 1, 1]
    assert not one.driver.status.causes
