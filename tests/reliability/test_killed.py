"""No system call is a bad one to die at."""

from pathlib import Path

import pytest

from tests.reliability import killed

KILLS = 100
"""The 300 of docs/reliability.md are played by `make soak`: here each call comes up, most of them twice."""


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(not killed.may_trace(), reason="strace is missing, or this system forbids it to look")
def test_sigkill_at_the_nth_system_call_loses_no_acknowledged_record(tmp_path: Path) -> None:
    deaths = killed.campaign(KILLS, tmp_path)

    print(f"{deaths.kills} kills at {dict(deaths.at)}, {deaths.acknowledged} records acknowledged, {deaths.lost} wrong")
    assert deaths.lost == []
    assert deaths.kills == KILLS
    assert all(deaths.at[call] for call in killed.CALLS)
    assert deaths.acknowledged > KILLS
