"""AutoEnroll (31) and AutoIdentify (32): the R503 asks for the finger by itself and tells each step.

R503 user manual V1.2.2, "automatic registration template" and "automatic fingerprint verification". Six touches make a
template. An answer holds the step and the page, two bytes (the manual's table prints one; clients that run on real
modules read two), and for a search the score. The manual writes the steps 0A to 0C as 10 to 12, in decimal. Not in the
manual, so a guess: an occupied page that may not be overwritten is answered as a finger that exists already.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

from sim.fingerprint_scanner.library import NOT_FOUND, OUT_OF_RANGE, TOO_FEW, Library
from sim.world import World

OK, NO_FINGER, CANNOT_MERGE = 0x00, 0x02, 0x0A
LIBRARY_FULL, LIBRARY_EMPTY, TIMED_OUT, EXISTS = 0x1F, 0x24, 0x26, 0x27
TOUCHES: Final = 6
CHECK, MERGE, STORE = 0x0D, 0x0E, 0x0F
COLLECT, FEATURES, SEARCH = 0x01, 0x02, 0x03
PATIENCE: Final = 10.0
"""Seconds without a finger after which the module gives up."""
PAUSE: Final = 0.05
ANY_PAGE: Final = 0xC8
"""From this page number on the module takes the first free one."""

Step = tuple[int, bytes]
"""Confirmation code, and what follows it."""


class Sensor(Protocol):
    """What this needs of the module."""

    world: World
    library: Library

    async def look(self, *, extended: bool) -> int: ...
    def character_file(self) -> bytes | None: ...


async def enrol(sensor: Sensor, given: bytes) -> AsyncIterator[Step]:
    """Each step as it is done, ending with STORE or with the first one that failed."""
    page, overwrite, duplicates, _, leave = given
    pages = sensor.library.pages
    if page >= ANY_PAGE:
        free = [number for number in range(sensor.library.capacity) if number not in pages]
        if not free:
            yield LIBRARY_FULL, bytes((STORE, 0, 0))
            return
        page = free[0]
    if page >= sensor.library.capacity or (page in pages and not overwrite):
        yield (EXISTS if page in pages else OUT_OF_RANGE), bytes((COLLECT, 0, page))
        return
    files: list[bytes] = []
    for touch in range(TOUCHES):
        sensor.world.set_light("flashing blue")
        code = await _until(sensor, lambda seen: seen != NO_FINGER)
        yield code, bytes((2 * touch + 1, 0, page))
        file = sensor.character_file() if code == OK else None
        if code == OK:
            yield (TOO_FEW if file is None else OK), bytes((2 * touch + 2, 0, page))
        if file is None:
            return
        files.append(file)
        if leave and touch + 1 < TOUCHES:
            sensor.world.set_light("flashing white")
            if await _until(sensor, lambda seen: seen == NO_FINGER) == TIMED_OUT:
                yield TIMED_OUT, bytes((2 * touch + 3, 0, page))
                return
    twice = sensor.library.best(files[-1], [number for number in pages if number != page])
    known = twice is not None and not duplicates
    yield (EXISTS if known else OK), bytes((CHECK, 0, page))
    if not known:
        template = sensor.library.template(files)
        yield (CANNOT_MERGE if template is None else OK), bytes((MERGE, 0, page))
        if template is not None:
            pages[page] = template
            sensor.world.set_light("on green")
            yield OK, bytes((STORE, 0, page))


async def identify(sensor: Sensor, given: bytes) -> AsyncIterator[Step]:
    """Each step as it is done, ending with a finger that was found, or with none after the last try."""
    _, start, count, _, tries = given
    nothing = bytes(4)
    for left in range(max(tries, 1), 0, -1):
        sensor.world.set_light("breathing white")
        code = await _until(sensor, lambda seen: seen != NO_FINGER)
        yield code, bytes((COLLECT,)) + nothing
        if code == TIMED_OUT:
            return
        file = sensor.character_file() if code == OK else None
        yield (TOO_FEW if file is None else OK), bytes((FEATURES,)) + nothing
        found = None
        if file is not None:
            found = sensor.library.best(file, [number for number in range(start, start + count + 1)])
        if found is not None:
            page, score = found
            sensor.world.set_light("on green")
            yield OK, bytes((SEARCH,)) + page.to_bytes(2, "big") + score.to_bytes(2, "big")
            return
        yield (NOT_FOUND if sensor.library.pages else LIBRARY_EMPTY), bytes((SEARCH,)) + nothing
        if left > 1 and await _until(sensor, lambda seen: seen == NO_FINGER) == TIMED_OUT:
            return


async def _until(sensor: Sensor, wanted: Callable[[int], bool]) -> int:
    """Looks until what is seen is `wanted`; TIMED_OUT after PATIENCE."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not wanted(seen := await sensor.look(extended=True)):
                await asyncio.sleep(PAUSE)
            return seen
    except TimeoutError:
        return TIMED_OUT


AUTOMATIC: Final[dict[int, Callable[[Sensor, bytes], AsyncIterator[Step]]]] = {0x31: enrol, 0x32: identify}


async def run(steps: AsyncIterator[Step], tell: Callable[[Step], Awaitable[None]], *, every: bool) -> None:
    """Tells every step, or only the last one."""
    last: Step | None = None
    async for step in steps:
        if every:
            await tell(step)
        last = step
    if not every and last is not None:
        await tell(last)
