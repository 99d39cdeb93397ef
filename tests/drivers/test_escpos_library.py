"""python-escpos is imported with the table of printers that it would have read by itself, and leaves nothing behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drivers.thermal_printer.escpos.library import FOLDER

TELL = """
import importlib, json
importlib.import_module("drivers.thermal_printer.escpos")
from escpos import capabilities
print(json.dumps([capabilities.full_load, capabilities.CAPABILITIES]))
"""


def imported(environment: dict[str, str]) -> Any:
    """(the library had to read its YAML, its table) of a fresh process."""
    told = [sys.executable, "-c", TELL]
    return json.loads(subprocess.run(told, env=os.environ | environment, capture_output=True, check=True).stdout)


@pytest.mark.wall
def test_the_table_is_the_one_that_the_library_reads_as_yaml(tmp_path: Path) -> None:
    own, kept = tmp_path / "own", tmp_path / "kept"
    own.mkdir()
    kept.mkdir()
    assert imported({"TMPDIR": str(own)})[0] is False, "python-escpos did not find the pickle, and read its YAML"
    assert list(own.iterdir()) == []

    full_load, by_itself = imported({"TMPDIR": str(own), FOLDER: str(kept)})
    assert full_load
    assert imported({"TMPDIR": str(own)})[1] == by_itself
