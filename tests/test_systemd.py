"""The units as systemd itself reads them, and the rules that are ours."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.cli import app

ROOT = Path(__file__).parents[1]
UNITS = ROOT / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
LONGEST_LINE = 160

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")


def verified(units: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "tools/verify-units", units], capture_output=True, text=True, check=False)


def settings(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units() -> None:
    done = verified(UNITS)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_systemd
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("TimeoutStopSec=30", "TimeoutStopSeconds=30"),  # an unknown key
        ("/opt/anjungan/bin/kiosk", "/opt/anjungan/bin/kiosc"),  # a program that is not there
        ("ProtectSystem=strict", "ProtectSystem=stricter"),  # a value that means nothing
        ("CapabilityBoundingSet=\n", "CapabilityBoundingSet=CAP_SYS_ADMIN\nUser=root\n"),  # too much power
    ],
)
def test_a_mistake_in_a_unit_does_not_pass(tmp_path: Path, right: str, wrong: str) -> None:
    copy = tmp_path / "units"
    shutil.copytree(UNITS, copy)
    unit = copy / "kioskd.service"
    assert right in unit.read_text()
    unit.write_text(unit.read_text().replace(right, wrong))
    assert verified(copy).returncode != 0


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_every_service_comes_back_is_bounded_and_is_not_root(unit: Path) -> None:
    says = settings(unit)
    assert says["Restart"] == ["always"]
    assert "MemoryMax" in says
    assert "TimeoutStopSec" in says
    assert says.get("DynamicUser") == ["yes"] or says["User"][0] in ("anjungan", "kiosk-screen")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_every_service_starts_a_command_that_exists_with_options_that_it_knows(unit: Path) -> None:
    program, command, *words = shlex.split(settings(unit)["ExecStart"][0])
    assert program == "/opt/anjungan/bin/kiosk"
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0
    for word in words:
        assert not word.startswith("-") or word in shown.output


def test_a_kioskd_whose_loop_is_stuck_is_missed_and_started_again() -> None:
    says = settings(UNITS / "kioskd.service")
    assert says["Type"] == ["notify"], "tests/kiosk/station/test_daemon.py hears what it says"
    assert says["WatchdogSec"] == ["30"]
    assert "NotifyAccess" not in says, "its main process alone is believed"


def test_the_console_needs_neither_kioskd_nor_the_screen() -> None:
    says = settings(UNITS / "kiosk-diag@.service")
    needed = " ".join(says.get("Requires", []) + says.get("Wants", []) + says["BindsTo"] + says["After"])
    assert "kiosk" not in needed
    assert says["PrivateNetwork"] == ["yes"]


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="systemd is not installed here")
def test_the_users_and_folders_that_the_units_name_are_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    made = ["systemd-sysusers", f"--root={tmp_path}", str(UNITS / "anjungan.sysusers")]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    users = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0] for line in (tmp_path / "etc/group").read_text().splitlines()}
    for unit in SERVICES:
        says = settings(unit)
        assert set(says.get("User", [])) <= users
        assert {group for line in says.get("SupplementaryGroups", []) for group in line.split()} <= groups
    for line in (UNITS / "anjungan.tmpfiles").read_text().splitlines():
        if not line.startswith("#"):
            assert re.fullmatch(r"d /(run|etc)/anjungan\S* +0\d{3} (anjungan|root) +(anjungan|root) +-", line)


def test_each_udev_rule_is_a_list_of_matches_and_assignments() -> None:
    term = r'[A-Z]+(\{[A-Za-z_]+\})?(==|!=|\+=|=)"[^"]*"'
    rules = [line for line in (UNITS / "70-anjungan.rules").read_text().splitlines() if line and line[0] != "#"]
    assert rules
    for rule in rules:
        assert re.fullmatch(rf"{term}(, {term})*", rule)
        assert "==" in rule  # a rule without a match would hit every device
        assert len(rule) <= LONGEST_LINE
