"""Queue numbers and the honest estimate of a wait."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.api.messages import Label
from kiosk.journal.database import Journal
from kiosk.queueing.numbers import LAST_NUMBER, Queue, Series, SeriesFull, estimate
from sim.clock import SeededChance

SERIES = (Series("akta", "D", Label(id="Akta", en="Certificates"), 15, 2),)


class SetClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def test_numbers_begin_anew_at_local_midnight_not_at_that_of_greenwich(tmp_path: Path) -> None:
    clock = SetClock()
    journal = Journal(tmp_path / "j.sqlite", clock, SeededChance(), threaded=False)
    queue = Queue(SERIES, "Asia/Jakarta")  # seven hours ahead

    def next_at(hour: int, day: int = 2) -> str:
        clock.time = datetime(2026, 3, day, hour, 0, tzinfo=UTC)
        return journal.write_now(lambda tx: queue.issue(tx, "akta", f"at-{day}-{hour}")[0].number)

    assert next_at(15) == "D-001"  # 22:00 in Jakarta
    assert next_at(16) == "D-002"
    assert next_at(17) == "D-001"  # midnight in Jakarta
    assert next_at(1, day=3) == "D-002"
    journal.close()


def test_the_thousandth_number_is_refused_and_none_is_doubled(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite", SetClock(), SeededChance(), threaded=False)
    queue = Queue(SERIES, "Asia/Jakarta")
    given = {
        journal.write_now(lambda tx, n=n: queue.issue(tx, "akta", f"request-{n}")[0].number)  # type: ignore[misc]
        for n in range(LAST_NUMBER)
    }
    assert len(given) == LAST_NUMBER
    with pytest.raises(SeriesFull):
        journal.write_now(lambda tx: queue.issue(tx, "akta", "one-too-many"))
    journal.close()


@pytest.mark.parametrize(
    ("waiting", "minutes", "counters", "low", "high"),
    [(0, 10, 1, 0, 5), (1, 10, 1, 5, 15), (6, 10, 2, 20, 45), (40, 12, 2, 180, 360)],
)
def test_a_wait_is_a_range_rounded_outwards(waiting: int, minutes: float, counters: int, low: int, high: int) -> None:
    load = estimate(waiting, minutes, counters)
    assert (load.wait_low, load.wait_high) == (low, high)
    assert load.wait_low <= waiting * minutes / counters <= load.wait_high
