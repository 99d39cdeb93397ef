"""The options --hw and --hw-hands themselves: devices on the network that happen to be simulated, and a scripted person
at the terminal who does and says what the suite asks."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.devices.simulated import Simulated, WorldHands
from tests.devices.trial import Deed

ROOT = Path(__file__).parents[2]
PROMPT = re.compile(rb">>> (\w+): (.*?): $", re.DOTALL)
COUNT = re.compile(r"did (\d)(?: to (\d))? whole")
LIMIT = 100.0

pytestmark = pytest.mark.wall


def profile(folder: Path, **transports: str) -> Path:
    """laptop-sim with these devices and no others; `driver transport` by slot."""
    whole = (ROOT / "hw_profiles" / "laptop-sim.toml").read_text()
    slots = ""
    for slot, text in transports.items():
        driver, transport = text.split()
        slots += f'[slots.{slot}]\ndriver = "{driver}"\ntransport = "{transport}"\n'
    file = folder / "bench.toml"
    file.write_text(re.sub(r"\[slots\..*?(?=\n\[(?!slots)|\Z)", "", whole, flags=re.DOTALL) + "\n" + slots)
    return file


class Person:
    """Answers the questions of a suite that runs in a process of its own."""

    def __init__(self, **bench: Simulated) -> None:
        self._bench = bench
        self._hands = {slot: WorldHands(one) for slot, one in bench.items()}
        self.asked: list[str] = []

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Exit status and output of pytest on tests/devices."""
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
        suite = await asyncio.create_subprocess_exec(
            *command, "tests/devices", *arguments,
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert suite.stdin is not None
        assert suite.stdout is not None
        output, answered = b"", 0
        async with asyncio.timeout(LIMIT):
            while more := await suite.stdout.read(4096):
                output += more
                if prompt := PROMPT.search(output, answered):
                    answered = len(output)
                    suite.stdin.write((await self._answer(prompt[1].decode(), prompt[2].decode())).encode() + b"\n")
            return await suite.wait(), output.decode()

    async def _answer(self, slot: str, text: str) -> str:
        self.asked.append(text)
        hands = self._hands[slot]
        if bounds := COUNT.search(text):
            try:
                await hands.came_out(int(bounds[1]), int(bounds[2] or bounds[1]))
            except AssertionError:
                return "n"
            return "y"
        [deed] = [deed for deed in Deed if deed in text]
        await (hands.during(deed, after=3.0) if "as soon as it moves" in text else hands.do(deed))
        return ""


@asynccontextmanager
async def networked(folder: Path) -> AsyncIterator[tuple[Person, Path]]:
    printer, slips = Simulated("card_printer/evolis", "tcp"), Simulated("thermal_printer/escpos", "tcp")
    async with printer.reached() as card_link, slips.reached() as slip_link:
        file = profile(folder, card_printer=f"evolis {card_link()}", thermal_printer=f"escpos {slip_link()}")
        yield Person(card_printer=printer, thermal_printer=slips), file


async def test_with_a_person_beside_it_the_whole_suite_runs_on_the_devices_of_a_profile(tmp_path: Path) -> None:
    async with networked(tmp_path) as (person, file):
        status, said = await person.run("--hw", str(file), "--hw-hands")
    assert status == 0, said
    assert {deed for deed in Deed if any(deed in asked for asked in person.asked)} >= {
        Deed.OPEN, Deed.CLOSE, Deed.UNPLUG, Deed.PLUG, Deed.EMPTY, Deed.FILL, Deed.TAKE,
    }  # fmt: skip
    assert "run with --hw-hands" not in said
    assert "has no ticket_dispenser" in said


async def test_without_a_person_only_what_the_devices_do_alone_is_asked(tmp_path: Path) -> None:
    async with networked(tmp_path) as (person, file):
        status, said = await person.run("--hw", str(file))
    assert status == 0, said
    assert person.asked == []
    assert "somebody has to open its cover; run with --hw-hands" in said
    assert re.search(r"1\d passed", said), said


async def test_a_device_that_is_not_well_fails(tmp_path: Path) -> None:
    async with networked(tmp_path) as (person, file):
        person._bench["thermal_printer"].faults.fail_repeatedly("head-hot")
        status, said = await person.run("--hw", str(file), "-k", "well_device or printed_once")
    assert status == 1
    assert "head_hot" in said
