"""The option --hw itself, tried on a network printer that happens to be simulated."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_suite(*arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/hardware/test_devices.py"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    return done.stdout + done.stderr


def test_without_hardware_everything_is_skipped() -> None:
    assert re.search(r"^14 skipped in", run_suite(), re.MULTILINE)


@pytest.mark.parametrize("extra", [(), ("--fault", "paper-out")])
def test_a_profile_names_the_devices_that_are_there(tmp_path: Path, extra: tuple[str, ...]) -> None:
    whole = (ROOT / "hw_profiles" / "laptop-sim.toml").read_text()
    simulator = [sys.executable, "-m", "sim", "thermal-printer", "--tcp", "127.0.0.1:0", *extra]
    with subprocess.Popen(simulator, cwd=ROOT, stdout=subprocess.PIPE, text=True) as printer:
        assert printer.stdout is not None
        address = printer.stdout.readline().split()[-1]
        slot = f'[slots.thermal_printer]\ndriver = "escpos"\ntransport = "tcp:{address}"\n'
        profile = tmp_path / "bench.toml"
        profile.write_text(re.sub(r"\[slots\..*?(?=\n\[(?!slots)|\Z)", "", whole, flags=re.DOTALL) + "\n" + slot)
        said = run_suite("--hw", str(profile))
        printer.terminate()
    assert ("3 failed, 11 skipped" if extra else "3 passed, 11 skipped") in said
