"""The table: every driver x every seam it has x every fault its simulator declares x the moment x once or lasting."""

import importlib
from dataclasses import dataclass

from drivers.contract.words import DeviceCause
from tests.devices.simulated import places
from tests.faults.stories import STORIES
from tests.faults.truth import may_name

MOMENTS = {"start": 0.02, "middle": 0.5, "near-end": 0.93}
"""Share of an undisturbed act after which the fault strikes."""
REAL_TIME = {"pcscd"}
"""Seams behind a program that waits by a clock of its own."""
FEWER = ("before", "middle", "status")
"""Moments there."""

_NO_STREAM = "local pins carry no bytes, so nothing can garble or break them; a wire that is off is sensor-unplugged"
IMPOSSIBLE: dict[tuple[str, str], str] = {
    ("silence", "pins"): _NO_STREAM,
    ("garbage", "pins"): _NO_STREAM,
    ("unplug", "pins"): _NO_STREAM,
}
"""(fault, seam) that cannot be played, and why."""


@dataclass(frozen=True)
class Case:
    model: str
    seam: str
    fault: str
    moment: str
    lasting: bool
    """The fault stays until it is cleared; otherwise it strikes once."""

    @property
    def may_name(self) -> set[DeviceCause]:
        return may_name(self.model.split("/")[0], self.seam, self.fault)

    def __str__(self) -> str:
        return f"{self.model}-{self.seam}-{self.fault}-{self.moment}-{'lasting' if self.lasting else 'once'}"


def faults_of(model: str) -> list[str]:
    return sorted(importlib.import_module(f"sim.{model.replace('/', '.')}").Simulator.FAULTS)


TABLE = [
    Case(model, seam, fault, moment, lasting)
    for model, seam in places()
    if model.split("/")[0] in STORIES  # the indicator's line has no act that a fault could strike
    for fault in faults_of(model)
    if (fault, seam) not in IMPOSSIBLE
    for moment in (FEWER if seam in REAL_TIME else ("before", *MOMENTS, "status"))
    for lasting in (False, True)
]
