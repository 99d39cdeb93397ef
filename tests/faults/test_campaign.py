"""Every driver x every seam x every fault x every moment: the status tells the truth, every wait ends, the world is as
reported. In virtual time, from a seed."""

import pytest

from tests.faults.playing import play
from tests.faults.stories import STORIES
from tests.faults.table import IMPOSSIBLE, TABLE, Case
from tests.faults.truth import MAY_NAME


def test_the_table_is_large_enough_and_knows_every_fault() -> None:
    assert len(set(TABLE)) >= 200
    assert {case.fault for case in TABLE} <= MAY_NAME.keys()
    assert {case.model.split("/")[0] for case in TABLE} == STORIES.keys()


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=str(case), marks=pytest.mark.xdist_group(f"faults {case.seam}"))
        for case in TABLE
        if case.seam != "pcscd"
    ],
)
async def test_fault(case: Case) -> None:
    await play(case)
