"""How tests run: an `async def` test runs in virtual time; with `@pytest.mark.wall`, on the real loop."""

import asyncio
import inspect
import os
from typing import Any

import pytest

from kiosk.devices.profile import Slots
from sim.clock import run

os.environ["ANJUNGAN_CACHE"] = ""
"""What a test sees was drawn by the programs that it tests (sim/office/artwork.py)."""
ON_HARDWARE = {"device", *Slots.model_fields}
"""Tests that ask for one of these fixtures (tests/devices) run on hardware too."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On two processes: a file stays together, so that its costly fixtures are made once, unless its tests name groups
    of their own; but each `long` test goes alone and first, so that nobody waits for it at the end. On hardware: only
    what asks nothing of a simulator."""
    if config.getoption("--hw"):
        for item in items:
            if not ON_HARDWARE & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.skip(reason="on simulators only: it asks for what no hand can do"))
    for item in items:
        alone = item.get_closest_marker("long") is not None
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid if alone else item.path.as_posix()))
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs coroutine tests; no plug-in needed for that."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in wanted if name in pyfuncitem.funcargs}
    story = pyfuncitem.obj(**arguments)
    if pyfuncitem.get_closest_marker("wall"):
        asyncio.run(story)
    else:
        run(story)
    return True


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hw", metavar="PROFILE", help="run tests/devices on the devices of this hardware profile")
    parser.addoption("--hw-hands", action="store_true", help="with --hw: somebody at this terminal does what is asked")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The fault campaign's count, if it ran."""
    cases = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if "test_campaign.py::test_fault[" in report.nodeid and report.when == "call"
    ]
    if cases:
        true = sum(report.passed for report in cases)
        spent = sum(report.duration for report in cases)
        what = "cases (driver x seam x fault x moment, once or lasting)"
        terminalreporter.write_line(f"fault campaign: {len(cases)} {what}, {true} true, {spent:.0f} s")
