"""A number on a pre-printed ticket, and what the kiosk remembers of the dispenser that gave it."""

from pathlib import Path

import pytest

from drivers.ticket_dispenser.notch import Driver, link_over
from kiosk.api.messages import Label, TicketMedium
from kiosk.journal.database import Journal
from kiosk.queueing.delivery import PERIOD_FACT, Roll, TicketDesk
from kiosk.queueing.numbers import Queue, Series
from sim.clock import OfficeClock, SeededChance
from sim.seam.pipe import PipeConnector
from sim.ticket_dispenser.notch import Simulator
from sim.world import World

OFFICE = Label(id="Kantor Contoh", en="Contoh Office")
SERIES = Series("akta", "A", Label(id="Akta", en="Certificates"), 5.0, 2)


def desk(journal: Journal, driver: Driver) -> TicketDesk:
    queue = Queue((SERIES,), "Asia/Jakarta")
    return TicketDesk(journal, queue, OFFICE, "Asia/Jakarta", Roll("N", 100, 4), None, driver, simulated=True)


async def test_what_the_dispenser_showed_of_its_pace_outlives_a_restart(tmp_path: Path) -> None:
    simulator = Simulator(World(), pace=2.0)
    path = tmp_path / "journal.sqlite"
    journal = Journal(path, OfficeClock(), SeededChance(1), threaded=False)
    driver = Driver(link_over(PipeConnector(simulator.serve)))
    await driver.start()
    for number in range(8):
        ticket = await desk(journal, driver).give("akta", f"early-{number}")
        assert (ticket.medium, ticket.preprinted_number) == (TicketMedium.PREPRINTED, f"N{100 + number:04d}")
    assert driver.period == pytest.approx(0.24, abs=0.02), "learned from single tickets"
    assert await journal.write(lambda tx: tx.fact(PERIOD_FACT)) == f"{driver.period:.6f}"
    await driver.stop()
    journal.close()

    journal = Journal(path, OfficeClock(), SeededChance(2), threaded=False)
    restarted = Driver(link_over(PipeConnector(simulator.serve)))
    assert restarted.period == 0.12
    await restarted.start()
    ticket = await desk(journal, restarted).give("akta", "request-2")
    assert ticket.preprinted_number == "N0108"
    assert restarted.period == pytest.approx(0.24, abs=0.02)
    await restarted.stop()
    journal.close()
