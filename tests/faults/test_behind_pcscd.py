"""The same cases behind a real pcscd, in its own time. Waiting is what takes it, so several processes share the cases,
each with a pcscd of its own (one process can know only one); nothing in a case is measured against a clock."""

import asyncio
import json
import sys

import pytest

from tests.contract.pcscd import private_pcscd
from tests.faults.playing import play
from tests.faults.table import REAL_TIME, TABLE

PROCESSES = 8
CASES = [case for case in TABLE if case.seam in REAL_TIME]


@pytest.mark.long
@pytest.mark.wall
@pytest.mark.timeout(600)
async def test_every_fault_behind_pcscd() -> None:
    with private_pcscd():
        pass  # it can be run here, or this test is skipped
    ends = await asyncio.gather(*(share(number) for number in range(PROCESSES)))
    told: dict[str, str] = {case: end for one in ends for case, end in one.items()}
    assert told.keys() == {str(case) for case in CASES}
    wrong = {case: end for case, end in told.items() if end}
    assert not wrong, json.dumps(wrong, indent=1)


async def share(number: int) -> dict[str, str]:
    """By case, in what it ended; "" if as it must."""
    one = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(number), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert one.stdout is not None
        said = await one.stdout.read()
        assert await one.wait() == 0
    finally:
        if one.returncode is None:
            one.kill()
    return dict(json.loads(line) for line in said.splitlines())


async def _play(number: int) -> None:
    for case in CASES[number::PROCESSES]:
        end = ""
        try:
            await play(case)
        except Exception as error:  # noqa: BLE001 - whatever a case ends in, the others are played too
            end = f"{type(error).__name__}: {error}"
        print(json.dumps((str(case), end)), flush=True)


if __name__ == "__main__":
    asyncio.run(_play(int(sys.argv[1])))
