"""A kioskd for the screen's own tests: HTTP and server-sent events by the book, its answers set by the test.

The journeys use the real one; this one can be slow, refuse, and disappear on command.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from kiosk.api import messages as m
from kiosk.screen import samples


class _Stream(httpx.AsyncByteStream):
    def __init__(self, fake: "FakeKioskd") -> None:
        self._fake = fake

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            changed = self._fake.changed
            yield f"data: {self._fake.garbage or self._fake.state.model_dump_json()}\n\n".encode()
            await changed.wait()
            if self._fake.gone:
                raise httpx.RemoteProtocolError("kioskd died")


class FakeKioskd(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.state = samples.state()
        self.gone = False
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.refuse: str | None = None
        self.garbage = ""
        """Sent in place of the state."""
        self.changed = asyncio.Event()

    def tell(self, **changes: Any) -> None:
        """Pushes a new state."""
        self.state = self.state.model_copy(update=changes | {"revision": self.state.revision + 1})
        self._ring()

    def die(self) -> None:
        self.gone = True
        self._ring()

    def come_back(self) -> None:
        self.gone = False

    def _ring(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.gone:
            raise httpx.ConnectError("no such socket")
        if request.url.path == "/v1/events":
            return httpx.Response(200, stream=_Stream(self))
        body: dict[str, Any] = {}
        content = await request.aread()
        if content:
            body = json.loads(content)
        self.requests.append((request.url.path, body))
        if self.refuse:
            return httpx.Response(409, text=m.Problem(cause=self.refuse).model_dump_json())
        return httpx.Response(200, text=self._answer(request.url.path).model_dump_json())

    def _answer(self, path: str) -> m.Message:
        if path == "/v1/tickets":
            return samples.ticket()
        if path == "/v1/collections":
            return samples.finger()
        if path.endswith("/staff"):
            return samples.collection(m.Stage.STAFF, ticket=samples.ticket())
        return samples.collection(m.Stage.CANNOT, cause=m.Cause.CANCELLED)
