"""The two things the program may not make up itself: the time of day and chance. Both are injected.

Waiting is done through the running asyncio loop, never through these.
"""

import secrets  # noqa: TID251 - this module is where chance comes from
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day, aware, in UTC."""


class Chance(Protocol):
    def token(self, size: int) -> bytes:
        """`size` bytes that nobody can predict (in production) or that replay from a seed (in simulation)."""


class WallClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 - and where the time of day comes from


class SystemChance:
    """The kernel's random numbers."""

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)
