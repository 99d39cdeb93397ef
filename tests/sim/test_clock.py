"""Virtual time: waits cost nothing, order replays from a seed, a deadlock is told."""

import asyncio
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sim.clock import Deadlock, OfficeClock, Stalled, VirtualLoop, run
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


@pytest.mark.wall
async def test_in_real_time_the_offices_day_begins_with_the_program_however_long_the_machine_has_run() -> None:
    opened, now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC), OfficeClock().now()
    assert opened <= now < opened + timedelta(hours=6), "the longest test run ends before the office does"


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


def test_the_clock_stands_while_a_thread_owes_something() -> None:
    async def owing() -> list[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        happened: list[str] = []
        delivered, done = threading.Event(), asyncio.Event()
        loop.heed(lambda: not delivered.is_set())

        def deliver() -> None:
            happened.append("thread")
            done.set()
            delivered.set()

        threading.Timer(0.05, loop.call_soon_threadsafe, [deliver]).start()
        loop.call_later(3600, happened.append, "timer")
        await done.wait()
        await asyncio.sleep(3601)
        return happened

    assert run(owing()) == ["thread", "timer"]


def test_what_is_owed_and_never_comes_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def owing() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.heed(lambda: True)
        await asyncio.sleep(1)

    monkeypatch.setattr("sim.clock.PATIENCE", 0.01)
    with pytest.raises(Stalled):
        run(owing())


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
