"""`kiosk` as a person types it: real processes, real exit statuses, one clear line for each mistake."""

import asyncio
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from kiosk.api.client import ApiError, Client
from kiosk.clock import SystemChance, WallClock
from kiosk.journal import audit
from kiosk.journal.checkpoint import checkpoint_text
from kiosk.journal.database import Journal, Transaction
from kiosk.journal.identity import KioskKey
from kiosk.station.daemon import JOURNAL
from tests.kiosk.diagnostics import kioskd

KIOSK = [sys.executable, "-m", "kiosk.cli"]


def kiosk(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*KIOSK, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


async def typed(*words: str | Path) -> tuple[int, str, str]:
    """Like `kiosk`, while something else runs in this process."""
    process = await asyncio.create_subprocess_exec(
        *KIOSK, *map(str, words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def refused(*words: str | Path) -> str:
    """The one line of a refusal; never a traceback."""
    done = kiosk(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("kiosk: ")
    return done.stderr


def test_help_names_every_command() -> None:
    shown = kiosk("--help").stdout
    named = ("run", "daemon", "screen", "diag", "status", "profile", "journal", "card", "printer", "staff", "storage")
    for command in named:
        assert command in shown


def test_the_effective_profile_is_toml_with_every_default() -> None:
    effective = tomllib.loads(kiosk("profile", "show", "laptop-sim").stdout)
    assert effective["limits"]["finger_attempts"] == 3
    assert effective["slots"]["card_printer"]["transport"] == "sim:card-printer"


def test_the_changes_of_a_profile_are_only_what_its_base_does_not_say() -> None:
    changes = tomllib.loads(kiosk("profile", "show", "pi5-primacy2", "--changes").stdout)
    assert changes["base"] == "pi4-primacy2"
    assert "office" not in changes


def test_good_profiles_are_called_good_without_any_device() -> None:
    done = kiosk("profile", "check", "laptop-sim", "pi4-primacy2", "pi5-primacy2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": good (card_printer=evolis") == 3


def test_a_profile_that_is_not_there_is_one_line() -> None:
    assert "did you mean 'laptop-sim'?" in refused("profile", "show", "laptop-sam")


def test_a_kiosk_that_is_not_running_is_one_line(tmp_path: Path) -> None:
    assert "is kioskd running?" in refused("status", "--run", tmp_path)


def test_a_printer_that_is_held_by_a_running_kiosk_is_one_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL, WallClock(), SystemChance(), threaded=False)
    assert "systemctl stop kioskd" in refused("printer", "reset", "--profile", "laptop-sim", "--state", tmp_path)
    journal.close()


def test_a_journal_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    assert "there is no journal here" in refused("journal", "verify", "--state", tmp_path, "--run", tmp_path)


def test_the_journal_is_verified_while_kioskd_is_dead(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL, WallClock(), SystemChance(), threaded=False)
    asyncio.run(journal.write(lambda tx: audit.append(tx, audit.Event.KIOSK_STARTED, "kiosk", version="0")))
    journal.close()
    done = kiosk("journal", "verify", "--state", tmp_path, "--run", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 records, head ")
    assert ": the chain holds\n" in done.stdout


def test_an_auditor_exports_the_journal_of_a_dead_kiosk_and_checks_it_elsewhere(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL, WallClock(), SystemChance(), threaded=False)
    key = KioskKey.kept(tmp_path, "SPC01-K1", SystemChance())

    def work(tx: Transaction) -> str:
        audit.append(tx, audit.Event.KIOSK_KEY_MADE, "kiosk", key=key.public)
        audit.append(tx, audit.Event.TICKET_ISSUED, "resident", number="A-001")
        return checkpoint_text(tx, key)

    slip = journal.write_now(work)
    journal.close()
    here, file = ("--state", tmp_path, "--run", tmp_path), tmp_path / "audit.jsonl"
    done = kiosk("journal", "export", "--out", file, *here)
    assert done.returncode == 0, done.stderr
    done = kiosk("journal", "verify", "--export", file, "--key", key.public)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 records" in done.stdout

    assert kiosk("journal", "verify", "--checkpoint", slip, *here).returncode == 0
    torn = slip.replace("SPC01-K1/2/", "SPC01-K1/3/")
    done = kiosk("journal", "verify", "--checkpoint", torn, *here)
    assert done.returncode == 1
    assert "checkpoint given (1): this checkpoint was not signed by this kiosk" in done.stdout

    file.write_text(file.read_text().replace("A-001", "A-002"))
    done = kiosk("journal", "verify", "--export", file, "--key", key.public)
    assert done.returncode == 1
    assert "record 2: was altered" in done.stdout
    assert "--export needs --key" in refused("journal", "verify", "--export", file)
    assert "expected base64" in refused("journal", "verify", "--export", file, "--key", "no key")


@pytest.mark.wall
async def test_status_shows_the_running_kiosk_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    async with kioskd.listening(tmp_path / "kioskd.sock"):
        status, shown, complaint = await typed("status", "--run", tmp_path)
    assert (status, complaint) == (0, "")
    for word in ("SIMULATED", "card_printer", "link_down", "blanks_out", "10 received", "0 vault"):
        assert word in shown


def test_the_bytes_of_a_card_are_written_and_the_same_artwork_gives_the_same_bytes(tmp_path: Path) -> None:
    art = tmp_path / "front.png"
    Image.linear_gradient("L").resize((1016, 648)).convert("RGB").save(art)
    for name in ("a", "b"):
        done = kiosk("card", "render", "--front", art, "--model", "evolis-primacy2", "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").stat().st_size > 2_000_000


def test_artwork_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    small, text = tmp_path / "small.png", tmp_path / "text.png"
    Image.new("RGB", (640, 480)).save(small)
    text.write_text("hello")
    out = tmp_path / "out"
    assert "640x480 pixels; a card face is 1016x648" in refused("card", "render", "--front", small, "--out", out)
    assert "is no picture" in refused("card", "render", "--front", text, "--out", out)
    assert "No such file" in refused("card", "render", "--front", tmp_path / "none.png", "--out", out)
    assert "there is: evolis-primacy2" in refused("card", "render", "--front", small, "--model", "x", "--out", out)
    assert not out.exists()


def test_the_screen_of_a_production_machine_is_mirrored_to_nobody(tmp_path: Path) -> None:
    words = ("screen", "--profile", "pi4-primacy2", "--run", tmp_path, "--mirror", tmp_path / "mirror.sock")
    assert "production profile" in refused(*words)


@pytest.mark.wall
async def test_run_starts_both_processes_and_ends_both_when_told_to(tmp_path: Path) -> None:
    words = ("run", "--profile", "laptop-sim", "--state", tmp_path / "state", "--run", tmp_path / "run", "--headless")
    running = await asyncio.create_subprocess_exec(*KIOSK, *map(str, words), stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(60), Client(tmp_path / "run" / "kioskd.sock") as client:
            while True:
                try:
                    version = await client.version()
                    break
                except ApiError:  # not there yet
                    await asyncio.sleep(0.1)
        assert version.kiosk == "SPC01-K1"
    finally:
        running.terminate()
        _, said = await running.communicate()
    assert running.returncode == 0, said.decode()
    assert "kioskd SPC01-K1: laptop-sim" in said.decode()
    assert not (tmp_path / "run" / "kioskd.sock").exists()
