"""What the simulated module does on its own: every instruction of the manuals, and those that it carries out by itself,
AutoEnroll (31) and AutoIdentify (32), step by step on the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.fingerprint_scanner.grow.packets import Instruction, named
from sim.data import finger_image
from sim.fingerprint_scanner.grow import Simulator
from sim.seam.pipe import PipeConnector
from sim.world import World

SIX = [(2 * touch + half, 0x00) for touch in range(6) for half in (1, 2)]
"""Steps 01 to 0C, all well: image and features, six times."""


class Host:
    """Sends commands as the manual prints them, and reads (confirmation code, the rest) of each answer."""

    def __init__(self, model: str) -> None:
        self.world = World()
        self.module = Simulator(self.world, pace=0.01, model=model)
        self._link = PipeConnector(self.module.serve)
        self._heard = b""

    async def connect(self) -> None:
        self._stream = await self._link.connect()

    async def send(self, *body: int) -> None:
        counted = bytes((0x01, 0x00, len(body) + 2, *body))
        await self._stream.write(bytes.fromhex("EF01 FFFFFFFF") + counted + sum(counted).to_bytes(2, "big"))

    async def answer(self) -> tuple[int, bytes]:
        while len(self._heard) < 9 or len(self._heard) < 9 + self._heard[8]:
            self._heard += await self._stream.read()
        whole, self._heard = self._heard[: 9 + self._heard[8]], self._heard[9 + self._heard[8] :]
        assert whole.startswith(bytes.fromhex("EF01 FFFFFFFF 07 00"))
        return whole[9], whole[10:-2]

    async def steps(self, last: int) -> list[tuple[int, int]]:
        """(step, code) of each answer up to step `last` or one that failed."""
        told: list[tuple[int, int]] = []
        while not told or (told[-1][0] != last and told[-1][1] == 0):
            code, rest = await self.answer()
            told.append((rest[0], code))
        return told

    async def touches(self, *touches: tuple[str, int]) -> None:
        """Lays fingers down, one after the other, two seconds each."""
        for finger, impression in touches:
            self.world.place_finger(finger_image(finger, impression))
            await asyncio.sleep(2)
            self.world.place_finger(None)
            await asyncio.sleep(2)


@asynccontextmanager
async def host(model: str = "r503") -> AsyncIterator[Host]:
    one = Host(model)
    await one.connect()
    yield one


async def enrolled(one: Host, finger: str, page: int, *config: int) -> list[tuple[int, int]]:
    await one.send(0x31, page, *config)
    coming = asyncio.create_task(one.touches(*[(finger, 1 + touch % 2) for touch in range(6)]))
    told = await one.steps(0x0F)
    await coming
    return told


async def test_six_touches_are_a_template_and_it_is_found_again() -> None:
    async with host() as one:
        assert await enrolled(one, "101", 7, 0, 0, 1, 1) == [*SIX, (0x0D, 0), (0x0E, 0), (0x0F, 0)]
        assert one.world.light == "on green"
        await one.send(0x32, 3, 0, 199, 1, 1)
        coming = asyncio.create_task(one.touches(("101", 3)))
        assert await one.answer() == (0, bytes((1, 0, 0, 0, 0)))
        assert await one.answer() == (0, bytes((2, 0, 0, 0, 0)))
        code, rest = await one.answer()
        assert (code, rest[:3]) == (0, bytes((3, 0, 7)))
        assert int.from_bytes(rest[3:], "big") >= 65
        await coming


async def test_only_the_last_step_is_told_if_that_is_asked_and_the_module_picks_a_page() -> None:
    async with host() as one:
        assert await enrolled(one, "101", 0xC8, 0, 0, 0, 1) == [(0x0F, 0)]
        assert list(one.module.flash.pages) == [0]


async def test_a_known_finger_and_an_occupied_page_exist_already() -> None:
    async with host() as one:
        await enrolled(one, "101", 7, 0, 0, 1, 1)
        assert (await enrolled(one, "101", 8, 0, 0, 1, 1))[-1] == (0x0D, 0x27)
        await one.send(0x31, 7, 0, 0, 1, 1)
        assert await one.steps(0x0F) == [(0x01, 0x27)]
        await one.send(0x31, 199, 0, 0, 1, 1)
        await one.send(0x30)
        assert await one.answer() == (0, b""), "called off"


async def test_two_fingers_make_no_template() -> None:
    async with host() as one:
        await one.send(0x31, 7, 0, 1, 1, 1)
        coming = asyncio.create_task(one.touches(*[("101", 1)] * 5, ("105", 1)))
        assert (await one.steps(0x0F))[-1] == (0x0E, 0x0A)
        await coming
        assert not one.module.flash.pages


async def test_nobody_comes_and_the_module_gives_up_after_ten_seconds() -> None:
    async with host() as one:
        for instruction, parameters in ((0x31, (7, 0, 0, 1, 1)), (0x32, (3, 0, 199, 1, 1))):
            begun = asyncio.get_running_loop().time()
            await one.send(instruction, *parameters)
            assert await one.steps(0x0F) == [(0x01, 0x26)]
            assert 10 <= asyncio.get_running_loop().time() - begun < 11
            assert one.world.light == "on red"


async def test_a_stranger_is_not_found_in_as_many_tries_as_are_asked() -> None:
    async with host() as one:
        await enrolled(one, "101", 7, 0, 0, 1, 1)
        await one.send(0x32, 3, 0, 199, 0, 2)
        coming = asyncio.create_task(one.touches(("112", 1), ("112", 2)))
        assert await one.answer() == (0x09, bytes((3, 0, 0, 0, 0)))
        await coming


async def test_a_module_without_them_refuses_them() -> None:
    async with host("zfm20") as one:
        await one.send(0x31, 7, 0, 0, 1, 1)
        assert (await one.answer())[0] == 0x01


TABLE = {
    0x01: "", 0x02: "01", 0x03: "", 0x04: "01 0000 00C8", 0x05: "", 0x06: "01 0001", 0x07: "01 0001", 0x08: "01",
    0x09: "01", 0x0A: "", 0x0B: "", 0x0C: "0001 0001", 0x0D: "", 0x0E: "05 03", 0x0F: "", 0x12: "00000000",
    0x13: "00000000", 0x14: "", 0x15: "FFFFFFFF", 0x18: "00" * 33, 0x19: "00", 0x1B: "01 0000 00C8", 0x1D: "",
    0x1F: "00", 0x28: "", 0x30: "", 0x31: "07 00 00 00 00", 0x32: "03 00 C7 00 01", 0x35: "01 64 02 00", 0x36: "",
    0x39: "", 0x3A: "", 0x3C: "", 0x3D: "", 0x40: "", 0x50: "", 0x51: "", 0x53: "",
}  # fmt: skip
"""Every instruction of the two manuals' tables with parameters that make sense."""


async def test_every_instruction_of_the_manuals_is_carried_out_by_the_module_that_has_it() -> None:
    assert set(TABLE) == set(Instruction), "the driver has a name for each"
    for instruction, parameters in TABLE.items():
        async with host("zfm20" if instruction >= 0x50 else "r503") as one:
            await one.send(instruction, *bytes.fromhex(parameters))
            code, _ = await one.answer()
            assert code != 0x01, f"{instruction:02X}"
            assert "unknown" not in named(code) or instruction == 0x53


async def test_what_is_no_instruction_is_refused() -> None:
    for instruction in set(range(256)) - set(TABLE):
        async with host() as one:
            await one.send(instruction)
            assert await one.answer() == (0x01, b"")
