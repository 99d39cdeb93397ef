"""A centre that stands still in time."""

from datetime import UTC, datetime

import pytest

from sim.centre import Centre

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@pytest.fixture
def centre() -> Centre:
    return Centre(lambda: NOON)
