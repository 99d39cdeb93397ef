"""A resident without a body: looks at the workbench's API, touches, waits for what should come, or fails.

Everything waits for a condition of the kiosk, never for a time; only a picture may be taken a little later.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx

STEP_WITHIN = 60.0
"""Seconds for one step on a slow machine at full pace; a real card takes forty."""
REDRAW_WITHIN = 1.0

Snapshot = dict[str, Any]


class DemoFailed(Exception):
    """Something did not go as it should; the text says what was on the screen."""


class Hand:
    """One resident at one kiosk. `latest` is the newest snapshot of the workbench."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._changed = asyncio.Condition()
        self._gone = False
        self.latest: Snapshot = {}

    @property
    def screen(self) -> str:
        """Which screen is shown; empty while there is none."""
        model = self.latest.get("screen", {}).get("model")
        return model["screen"] if model else ""

    @property
    def offered(self) -> list[str]:
        model = self.latest.get("screen", {}).get("model")
        return [action["id"] for action in model["actions"]] if model else []

    async def look(self) -> None:
        """Follows the workbench until it ends; then nobody waits for it any longer."""
        try:
            async with self._http.stream("GET", "/api/events", timeout=httpx.Timeout(5.0, read=60.0)) as answer:
                async for line in answer.aiter_lines():
                    if line.startswith("data:"):
                        self.latest = json.loads(line[5:])
                        await self._notify()
        except httpx.HTTPError:
            pass  # told below, to whoever waits
        self._gone = True
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, what: str, so: Callable[[Snapshot], bool], within: float = STEP_WITHIN) -> None:
        """Waits until the snapshot is `so`. DemoFailed with `what` was waited for and what was there instead."""
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(lambda: self._gone or (bool(self.latest) and so(self.latest)))
        except TimeoutError:
            raise DemoFailed(f"waited {within:.0f} s for {what}; {self._seen()}") from None
        if self._gone:
            raise DemoFailed(f"the workbench went away while waiting for {what}; {self._seen()}")

    async def shown(self, *screens: str) -> str:
        """Waits for one of these screens; which it is. Others on the way are passed over."""
        await self.until(f"screen {' or '.join(screens)}", lambda _: self.screen in screens)
        return self.screen

    async def redrawn(self) -> None:
        """Gives the screen the time to show what kioskd has just told it and us; it may have done so already."""
        frame = self.latest["screen"]["frame"]
        with contextlib.suppress(DemoFailed):
            await self.until("a new frame", lambda now: now["screen"]["frame"] > frame, within=REDRAW_WITHIN)

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """One act. DemoFailed if the workbench refuses it."""
        answer = await self._http.post(f"/api/{path}", json=body or None)
        if answer.is_error:
            raise DemoFailed(f"{path} {body}: {answer.json().get('detail')}; {self._seen()}")
        said: dict[str, Any] = answer.json()
        return said

    async def touch(self, action: str) -> None:
        """Waits until the screen offers this action, and touches it."""
        await self.until(f"the button {action!r}", lambda _: action in self.offered)
        await self.post("touch", action=action)

    async def picture(self, path: str) -> bytes:
        """A picture of the workbench, PNG."""
        answer = await self._http.get(path)
        if answer.is_error:
            raise DemoFailed(f"no picture at {path}: {answer.text}; {self._seen()}")
        return answer.content

    def _seen(self) -> str:
        kioskd = self.latest.get("kioskd")
        doing = kioskd.get("collection") if kioskd else None
        return (
            f"on the screen: {self.screen or 'nothing'}, buttons: {', '.join(self.offered) or 'none'}; "
            f"kioskd: {'not running' if kioskd is None else doing or 'no collection'}"
        )


@contextlib.asynccontextmanager
async def resident(address: str) -> AsyncIterator[Hand]:
    """Somebody steps up to the kiosk whose workbench is at `address`."""
    async with httpx.AsyncClient(base_url=address, timeout=30.0) as http:
        hand = Hand(http)
        looking = asyncio.create_task(hand.look())
        try:
            yield hand
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
