"""Something changed: whoever waits wakes up and looks."""

import asyncio


class Bell:
    """Counts its rings, so that nobody who remembers the count he last saw can miss one."""

    def __init__(self) -> None:
        self.count = 0
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self.count += 1
        self._rung.set()
        self._rung = asyncio.Event()

    async def after(self, count: int) -> int:
        """Waits until it has rung more than `count` times; the new count."""
        while self.count <= count:
            await self._rung.wait()
        return self.count
