"""Serial ports by pyserial. The loop watches the descriptor, so a read costs no thread."""

import asyncio
import errno
import os
import termios

import serial

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause
from drivers.transport.base import ByteStream, Connector, gone

WRITE_STALL = 10.0
"""Seconds without one byte taken, after which a writer gives up (flow control held, cable out)."""


class SerialStream:
    def __init__(self, port: serial.Serial, name: str) -> None:
        self._port = port
        self._name = name

    async def read(self, limit: int = 4096) -> bytes:
        while True:
            try:
                data = os.read(self._port.fileno(), limit)
            except BlockingIOError:
                await self._ready(writing=False)
                continue
            except (OSError, serial.SerialException, TypeError) as error:
                raise gone(f"{self._name}: {error}") from error
            if data:
                return data
            raise gone(f"{self._name}: the port hung up")

    def quiet(self) -> bool:
        try:
            return int(self._port.in_waiting) == 0
        except (OSError, serial.SerialException, TypeError):
            return False  # a read says what is wrong

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._port.fileno(), view) :]
            except BlockingIOError:
                try:
                    async with asyncio.timeout(WRITE_STALL):
                        await self._ready(writing=True)
                except TimeoutError as error:
                    raise TransportError(
                        DeviceCause.NO_ANSWER, f"{self._name}: took no byte for {WRITE_STALL:.0f} s"
                    ) from error
            except (OSError, serial.SerialException, TypeError) as error:
                raise gone(f"{self._name}: {error}") from error

    async def _ready(self, *, writing: bool) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        fd = self._port.fileno()
        add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)

        def now() -> None:
            if not ready.done():
                ready.set_result(None)

        add(fd, now)
        try:
            await ready
        finally:
            remove(fd)

    async def half_close(self) -> None:
        """A serial line has no such notion."""

    async def close(self) -> None:
        if self._port.is_open:
            self._port.close()


class SerialConnector(Connector):
    """`serial:PATH?baud=N`, 8N1, exclusive."""

    def __init__(self, path: str, *, baud: int) -> None:
        self.path = path
        self.baud = baud

    async def connect(self) -> ByteStream:
        try:
            port = serial.Serial(self.path, self.baud, timeout=0, write_timeout=0, exclusive=True)
        except (serial.SerialException, OSError) as error:
            if getattr(error, "errno", None) == errno.EBUSY:
                raise TransportError(DeviceCause.NO_DEVICE, f"{self}: another program holds the port") from error
            raise gone(f"{self}: {error}") from error
        os.set_blocking(port.fileno(), False)
        _tell_silence_from_hang_up(port.fileno())
        return SerialStream(port, str(self))

    def __str__(self) -> str:
        return f"serial:{self.path}?baud={self.baud}"


def _tell_silence_from_hang_up(fd: int) -> None:
    """VMIN=1: with pyserial's 0 a silent line reads as no bytes, which is also how a hang-up reads (termios(3))."""
    settings = termios.tcgetattr(fd)
    settings[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, settings)
