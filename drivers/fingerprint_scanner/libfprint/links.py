"""How the helper process is reached: `libfprint:DRIVER` starts one, `sim:fingerprint-scanner` finds the simulated."""

import os
from pathlib import Path
from typing import Final

from drivers.transport.base import Connector, LinkError
from drivers.transport.link import split, stream
from drivers.transport.process import ProcessConnector
from drivers.transport.sockets import run_folder

SYSTEM_PYTHON: Final = "/usr/bin/python3"
"""Debian's own, which sees python3-gi; a virtual environment's does not."""
HELPER: Final = Path(__file__).with_name("helper.py")
KEPT: Final = ("PATH", "HOME", "LANG", "TMPDIR", "RUNTIME_DIRECTORY")
"""All that a helper is told of our environment: above all no FP_VIRTUAL_*, which would let a file play the finger."""
FORGETS: Final = {"MALLOC_PERTURB_": "165"}
"""Makes the C library overwrite whatever is released (mallopt(3), M_PERTURB): libfprint itself wipes no image."""


class Helper(ProcessConnector):
    """Starts helper.py in one of its modes. `wanted` is libfprint's name of the reader's driver, or `any`."""

    def __init__(self, name: str, *mode: str, wanted: str = "any") -> None:
        environment = {key: os.environ[key] for key in KEPT if key in os.environ} | FORGETS
        super().__init__(name, (SYSTEM_PYTHON, "-E", "-s", str(HELPER), *mode), environment)
        self.wanted = wanted
        self.simulated = mode[0] == "virtual"


def extracting() -> Helper:
    """A helper without a reader, for images that come from elsewhere."""
    return Helper("libfprint extractor", "extract")


def link(text: str) -> Connector:
    """`libfprint:any`, `libfprint:uru4000`; in simulation `libfprint:virtual_image?socket=PATH` or what carries the
    helper's bytes (`sim:fingerprint-scanner`). A PATH without a leading / lies in the run folder. LinkError for
    anything else."""
    kind, wanted, options = split(text)
    if kind != "libfprint":
        return stream(text)
    path = options.pop("socket", None)
    if options or (path is None) == wanted.startswith("virtual"):
        raise LinkError(
            f"transport {text!r}: expected libfprint:any, libfprint:DRIVER such as libfprint:uru4000, or in "
            "simulation libfprint:virtual_image?socket=PATH"
        )
    if path is None:
        return Helper(text, "reader", wanted=wanted)
    return Helper(text, "virtual", str(run_folder() / path), wanted=wanted)
