"""The way to the centre without sockets: for tests that put kiosk and centre into one process and virtual time."""

import httpx

from sim.centre.app import create_app
from sim.centre.registry import Centre
from sim.issuing import MasterKeys


class CentreTransport(httpx.AsyncBaseTransport):
    """An httpx transport that ends in this centre; with the outage `link` it fails like a dead line."""

    def __init__(self, centre: Centre, master: MasterKeys | None = None) -> None:
        self._centre = centre
        self._inner = httpx.ASGITransport(create_app(centre, master))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._centre.outage == "link":
            raise httpx.ConnectError("the line to the centre is down", request=request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
