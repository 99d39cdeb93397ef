"""Virtual time: waits cost nothing, order replays from a seed, a deadlock is told."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from sim.clock import Deadlock, run
from tests.sim.clock_story import DIGEST, digest


def test_a_day_of_waiting_takes_no_time() -> None:
    async def day() -> float:
        for _ in range(24):
            await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run(day()) == pytest.approx(86_400)


def test_a_timeout_strikes_in_virtual_time() -> None:
    async def impatient() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(31)
        return asyncio.get_running_loop().time()

    assert run(impatient()) == pytest.approx(30)


def order(seed: int) -> list[int]:
    seen: list[int] = []

    async def racer(number: int) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
            seen.append(number)

    async def race() -> None:
        await asyncio.gather(*(racer(n) for n in range(6)))

    run(race(), seed=seed)
    return seen


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(5)}) > 1


def test_a_deadlock_is_told_instead_of_hanging() -> None:
    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run(stuck())


def test_the_same_seed_gives_the_same_digest_on_this_python() -> None:
    assert digest() == DIGEST


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_same_seed_gives_the_same_digest_on_another_python(version: str) -> None:
    for python in _pythons(version):
        told = subprocess.run([python, "-m", "tests.sim.clock_story"], capture_output=True, text=True, check=False)
        assert told.stdout.strip() == DIGEST, f"{python}: {told.stderr}"


def _pythons(version: str) -> list[str]:
    """Interpreters of this version here: on the path, or kept by pyenv. Skips if there is none."""
    known = [f"python{version}", *map(str, (Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))]
    found = [one for one in known if shutil.which(one)]
    works = [one for one in found if not subprocess.run([one, "-c", ""], capture_output=True, check=False).returncode]
    if not works:
        pytest.skip(f"there is no Python {version} here")
    return works
