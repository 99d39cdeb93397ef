"""Pipes over sockets: TCP to a network printer, and the Unix socket on which the simulated world answers."""

import asyncio
import os
from pathlib import Path

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause
from drivers.transport.base import ByteStream, Connector, gone

CONNECT_TIMEOUT = 3.0


class SocketStream:
    """A ByteStream over asyncio's own stream pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        self._reader = reader
        self._writer = writer
        self._name = name

    async def read(self, limit: int = 4096) -> bytes:
        try:
            return await self._reader.read(limit)
        except OSError as error:
            raise gone(f"{self._name}: {error}") from error

    def quiet(self) -> bool:
        return False

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise gone(f"{self._name}: {error}") from error

    async def half_close(self) -> None:
        if self._writer.can_write_eof():
            try:
                self._writer.write_eof()
            except OSError as error:
                raise gone(f"{self._name}: {error}") from error

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass  # the other side was faster; closed is closed


class TcpConnector(Connector):
    """`tcp:HOST:PORT`."""

    def __init__(self, host: str, port: int, *, per_command: bool = False) -> None:
        self.host = host
        self.port = port
        self.per_command = per_command

    async def connect(self) -> ByteStream:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                reader, writer = await asyncio.open_connection(self.host, self.port)
        except TimeoutError as error:
            raise TransportError(
                DeviceCause.NO_DEVICE, f"{self}: no connection within {CONNECT_TIMEOUT:.0f} s"
            ) from error
        except OSError as error:
            raise gone(f"{self}: {error}") from error
        return SocketStream(reader, writer, str(self))

    def __str__(self) -> str:
        return f"tcp:{self.host}:{self.port}"


def run_folder() -> Path:
    """Where the sockets of this kiosk, and of its simulated world, lie: $ANJUNGAN_RUN."""
    return Path(os.environ.get("ANJUNGAN_RUN", "/run/anjungan"))


def world_socket() -> Path:
    """Where the simulated world listens."""
    return run_folder() / "world.sock"


class SimConnector(Connector):
    """`sim:DEVICE`: a device of the simulated world, reached over its Unix socket.

    The first line sent is the device's name; everything after it is the device's own wire protocol.
    """

    simulated = True

    def __init__(self, device: str, path: Path | None = None) -> None:
        self.device = device
        self.path = path or world_socket()

    async def connect(self) -> ByteStream:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                reader, writer = await asyncio.open_unix_connection(str(self.path))
                writer.write(self.device.encode("ascii") + b"\n")
                await writer.drain()
        except (OSError, TimeoutError) as error:
            raise gone(f"{self}: {str(error) or 'no answer'}") from error
        return SocketStream(reader, writer, str(self))

    def __str__(self) -> str:
        return f"sim:{self.device}"
