"""The newest log lines, kept in memory for the serial console and the diagnostics page."""

import logging
from collections import deque
from datetime import UTC, datetime

from kiosk.api.messages import LogLine

KEPT = 1_000


class LogRing(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(
            LogLine(
                at=datetime.fromtimestamp(record.created, UTC),
                level=record.levelname,
                logger=record.name,
                text=record.getMessage(),
            )
        )

    def tail(self, count: int) -> list[LogLine]:
        """The newest `count` lines, oldest first."""
        return list(self._lines)[-count:] if count > 0 else []
