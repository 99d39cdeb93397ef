"""The way to the centre without sockets: for tests that put kiosk and centre into one process and virtual time."""

from urllib.parse import unquote

import httpx
from starlette.types import ASGIApp, Message

from sim.centre.app import create_app
from sim.centre.registry import Centre
from sim.issuing import MasterKeys


class CentreTransport(httpx.AsyncBaseTransport):
    """An httpx transport that ends in this centre; with the outage `link` it fails like a dead line.

    Request and answer are whole in memory, so the application is simply called (ASGI 3.0, section HTTP); what it
    raises, it raises here.
    """

    def __init__(self, centre: Centre, master: MasterKeys | None = None) -> None:
        self._centre = centre
        self._app: ASGIApp = create_app(centre, master)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._centre.outage == "link":
            raise httpx.ConnectError("the line to the centre is down", request=request)
        url, body = request.url, await request.aread()
        path, _, query = url.raw_path.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 123),
        }
        answer: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, send)
        start, *parts = answer
        content = b"".join(part.get("body", b"") for part in parts)
        return httpx.Response(start["status"], headers=start["headers"], content=content, request=request)
