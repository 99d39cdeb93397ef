"""The journeys in which a finger is laid down run with every driver of a fingerprint scanner; those that end with a
card or a scrapped blank also with the chip behind a real pcscd, in real time."""

from collections.abc import Iterator

import pytest

from sim.office.house import SCANNERS
from tests.contract.pcscd import private_pcscd
from tests.journeys.office import Fitted


@pytest.fixture(params=sorted(SCANNERS))
def each_scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(Fitted, "scanner", request.param)
    return str(request.param)


@pytest.fixture(params=["pipe", pytest.param("pcscd", marks=pytest.mark.wall)])
def each_encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "pipe":
        yield request.param
        return
    with private_pcscd() as daemon:
        monkeypatch.setattr(Fitted, "pcscd", daemon)
        yield request.param
