"""A story of many tasks in virtual time, as one digest: it must be the same on each version of Python.

Needs nothing but the standard library and sim/clock.py, so that any interpreter can play it:
`python3.13 -m tests.sim.clock_story`.
"""

import asyncio
import hashlib
import random
import sys

from sim.clock import run

TASKS, STEPS = 40, 60
DIGEST = "99851fa48e1d7b6e7300ec9822d8b277d0c74e292dbfc4414d1a50953cfe8ff3"
"""What it gave on 3.11.7, 3.12.1 and 3.13.0."""


async def _story(seed: int) -> str:
    told = hashlib.sha256()
    queue: asyncio.Queue[int] = asyncio.Queue(3)
    lock, gate = asyncio.Lock(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(*what: object) -> None:
        told.update(f"{loop.time():.9f} {what}\n".encode())

    async def walker(number: int) -> None:
        chance = random.Random(f"{seed}/{number}")
        for step in range(STEPS):
            match chance.randrange(6):
                case 0:
                    await asyncio.sleep(0)
                case 1:
                    await asyncio.sleep(chance.choice((0.001, 0.5, 2.0, 3600.0)))
                case 2:
                    async with lock:
                        await asyncio.sleep(chance.random())
                case 3:
                    try:
                        async with asyncio.timeout(chance.random() * 3):
                            await queue.put(number)
                    except TimeoutError:
                        tell(number, "gives up")
                case 4:
                    try:
                        async with asyncio.timeout(1.0):
                            tell(number, "takes", await queue.get())
                    except TimeoutError:
                        gate.set()
                case _:
                    try:
                        async with asyncio.timeout(chance.random()):
                            await gate.wait()
                        gate.clear()
                    except TimeoutError:
                        tell(number, "saw no gate")
            tell(number, step)

    async with asyncio.TaskGroup() as group:
        for number in range(TASKS):
            group.create_task(walker(number))
    return told.hexdigest()


def digest() -> str:
    """Over the stories of three seeds."""
    return hashlib.sha256("".join(run(_story(seed), seed=seed) for seed in range(3)).encode()).hexdigest()


if __name__ == "__main__":
    print(digest())
    sys.exit(digest() != DIGEST)
