"""Every driver x every seam x every fault x every moment: the status tells the truth, every wait ends, the world is as
reported. In virtual time, from a seed."""

import pytest

from drivers.contract.words import JobOutcome
from tests.devices.simulated import places
from tests.faults.playing import play, ready
from tests.faults.stories import STORIES, story
from tests.faults.table import IMPOSSIBLE, REAL_TIME, TABLE, Case, faults_of
from tests.faults.truth import MAY_NAME


def test_the_table_is_large_enough_and_knows_every_fault() -> None:
    assert len(set(TABLE)) >= 200
    assert {case.fault for case in TABLE} <= MAY_NAME.keys()
    assert {case.model.split("/")[0] for case in TABLE} == STORIES.keys()


async def test_what_is_left_out_is_what_cannot_be() -> None:
    """Armed for good, it changes nothing that one could see or report, and there is no cable to pull."""
    for fault, seam in IMPOSSIBLE:
        models = [model for model, its_seam in places() if its_seam == seam and fault in faults_of(model)]
        assert models, (fault, seam)
        for model in models:
            async with ready(model, seam) as (driver, one):
                assert one.plug is None
                one.faults.fail_next(fault)
                tale = story(driver, one, "")
                said = await tale.act()
                assert (said.outcome, one.faults.armed) == (JobOutcome.DONE, (fault,)), (fault, seam)
                tale.matches(said)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=str(case), marks=pytest.mark.xdist_group(f"faults {case.seam}"))
        for case in TABLE
        if case.seam not in REAL_TIME
    ],
)
async def test_fault(case: Case) -> None:
    await play(case)
