"""A technician with `kiosk printer` at a card printer on the network, which happens to be simulated."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.clock import SystemChance, WallClock
from kiosk.journal.database import Journal
from kiosk.station.daemon import JOURNAL
from sim.world import Place
from tests.devices.simulated import Simulated
from tests.devices.test_option import profile

pytestmark = pytest.mark.wall


class Bench:
    def __init__(self, folder: Path, printer: Simulated, file: Path) -> None:
        self.folder, self.printer, self._file = folder, printer, file

    async def typed(self, command: str) -> tuple[int, list[str], str]:
        """Exit status, the lines shown, and what was complained of (by `kiosk` as one line, with status 2)."""
        words = ("printer", command, "--profile", str(self._file), "--state", str(self.folder))
        done = await asyncio.to_thread(CliRunner().invoke, app, words)
        complaint = "" if done.exception is None or isinstance(done.exception, SystemExit) else str(done.exception)
        return done.exit_code, done.stdout.splitlines(), complaint

    def acts(self) -> list[tuple[str, str]]:
        with sqlite3.connect(self.folder / JOURNAL) as journal:
            return journal.execute("SELECT kind, outcome FROM act").fetchall()


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    printer = Simulated("card_printer/evolis", "tcp")
    async with printer.reached() as link:
        yield Bench(folder, printer, profile(folder, card_printer=f"evolis {link()}"))


async def test_a_technician_looks_cleans_and_restarts(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        mechanics = one.printer.simulator.mechanics
        mechanics.printed_since_cleaning = 1200
        card = one.printer.world.at(Place.HOPPER)[0]

        status, shown, _ = await one.typed("status")
        assert status == 1, "cleaning is due"
        assert shown[0] == "state: online; in the way: cleaning_due"
        assert "card: none" in shown
        assert "serial_number: SPECIMEN0001" in shown

        assert await one.typed("clean") == (0, ["cleaned"], "")
        assert mechanics.printed_since_cleaning == 0
        assert await one.typed("counters") == (0, ["cards_fed: 0", "cleaning: 0", "ribbon: ymcko"], "")

        one.printer.world.move(card, Place.CONTACTLESS)
        assert await one.typed("reset") == (0, ["restarted; card: inside, at the contactless station"], "")
        status, _, complaint = await one.typed("clean")
        assert (status, complaint) == (1, "hardware: clean: a card is in the path (inside)")
        assert card.place is Place.CONTACTLESS
        assert one.acts() == [("clean", "done"), ("reset", "done"), ("clean", "failed")]


async def test_what_cannot_be_done_is_one_clear_line(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        kioskd = Journal(tmp_path / JOURNAL, WallClock(), SystemChance(), threaded=False)
        assert await one.typed("reset") == (
            1,
            [],
            "kioskd runs and holds the card printer; stop it first: systemctl stop kioskd",
        )
        kioskd.close()

        one.printer.faults.fail_repeatedly("unplug")
        await asyncio.sleep(0.2)
        status, shown, complaint = await one.typed("clean")
        assert (status, shown) == (1, [])
        assert complaint.startswith("card printer: no_device: tcp:127.0.0.1:")
        assert one.acts() == []
