"""The journeys in which a finger is laid down run with every driver of a fingerprint scanner."""

import pytest

from sim.office.house import SCANNERS
from tests.journeys.office import Fitted


@pytest.fixture(params=sorted(SCANNERS))
def each_scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(Fitted, "scanner", request.param)
    return str(request.param)
