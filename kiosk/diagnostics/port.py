"""A serial port that comes and goes, by pyserial; the loop watches its descriptor, so no thread is needed."""

import asyncio
import os
import termios

import serial

WRITE_STALL = 1.0
"""Seconds without one byte taken, after which output is dropped: nobody reads, and a console must never block."""


class PortGone(Exception):
    """The port is not there, or hung up; the text says which port and why. Open it again later."""


class Port:
    """One opening of the port. 8N1; on a USB gadget the speed means nothing."""

    def __init__(self, path: str, baud: int = 115_200) -> None:
        """Opens `path` exclusively. PortGone if that cannot be done."""
        self._name = path
        try:
            self._serial = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
            self._fd = self._serial.fileno()
            os.set_blocking(self._fd, False)
            _as_a_console(self._fd)
        except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
            raise PortGone(f"{path}: {error}") from error

    async def read(self) -> bytes:
        """At least one byte. PortGone when the other side hung up or the cable was pulled."""
        while True:
            try:
                data = os.read(self._fd, 1024)
            except BlockingIOError:
                await self._ready(writing=False)
                continue
            except OSError as error:
                raise PortGone(f"{self._name}: {error}") from error
            if not data:
                raise PortGone(f"{self._name}: the port hung up")
            return data

    async def write(self, data: bytes) -> bool:
        """Writes all of `data`; False if nobody took it for WRITE_STALL seconds and the rest was dropped."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                try:
                    async with asyncio.timeout(WRITE_STALL):
                        await self._ready(writing=True)
                except TimeoutError:
                    return False
            except OSError as error:
                raise PortGone(f"{self._name}: {error}") from error
        return True

    def close(self) -> None:
        if self._serial.is_open:
            self._serial.close()

    async def _ready(self, *, writing: bool) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
        add(self._fd, ready.set)
        try:
            await ready.wait()
        finally:
            remove(self._fd)


def _as_a_console(fd: int) -> None:
    """Two settings that pyserial leaves otherwise.

    VMIN=1: with pyserial's 0 an empty line reads as "no bytes", which is also how a hang-up reads (termios(3)).
    HUPCL off: closing the port must not drop DTR, which restarts some boards at the other end.
    """
    settings = termios.tcgetattr(fd)
    settings[2] &= ~termios.HUPCL
    settings[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, settings)
