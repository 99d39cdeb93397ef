"""The leased line between office and centre: a TCP relay that can be cut.

While it is cut nobody listens, so new connections are refused; those that were open are hung up, and what was still
under way is lost.
"""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Line:
    """Relays `host:port` to `target_host:target_port`. Port 0 takes a free one, and keeps it over cuts."""

    def __init__(self, target_host: str, target_port: int, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self._target = (target_host, target_port)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._turning = asyncio.Lock()

    @property
    def up(self) -> bool:
        return self._server is not None

    async def __aenter__(self) -> Self:
        await self.set_up(True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.set_up(False)

    async def set_up(self, up: bool) -> None:
        """Cuts the line or mends it; when this returns, it is so. OSError if its port was taken meanwhile."""
        async with self._turning:
            if up and self._server is None:
                self._server = await asyncio.start_server(self._relay, self.host, self.port)
                self.port = self._server.sockets[0].getsockname()[1]
            elif not up and self._server is not None:
                server, self._server = self._server, None
                server.close()
                for writer in tuple(self._open):
                    writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection(*self._target)
            self._open.add(far)
            await asyncio.gather(_pour(reader, far), _pour(far_reader, writer))
        except OSError:
            pass  # the line was cut, or the centre is not there: both ends are hung up below
        finally:
            for end in (writer, far):
                if end is not None:
                    self._open.discard(end)
                    end.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
