"""A simulated serial device: a pseudo-terminal behind a symbolic link with a name that stays."""

import asyncio
import errno
import os
import tty
from collections.abc import Callable
from pathlib import Path

from sim.seam.served import Served, plugged_in, session

FULL = 1.0
"""Seconds for which a full line is waited for; a host that does not read loses bytes, as on a wire."""


async def serve(simulator: Served, link: Path, *, ready: Callable[[], None] | None = None) -> None:
    """Offers the device at `link` until cancelled; hosts may open and close it as they like. `ready` is called when
    it can be opened. OSError if `link` cannot be made, or is something other than a symbolic link already.

    While the fault `unplug` is active the port is hung up and the link is gone, as with a pulled USB adapter.
    """
    while True:
        await plugged_in(simulator)
        port = _Port(link)
        try:
            if ready is not None:
                ready()
            await session(simulator, port)
        finally:
            await port.close()


class _Port:
    """The device's end. Our own hold on the host's end keeps the line up while no host has it open."""

    def __init__(self, link: Path) -> None:
        if link.exists() and not link.is_symlink():
            raise FileExistsError(errno.EEXIST, "exists and is not a symbolic link", str(link))
        if not link.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(link.parent))
        self._device, self._host = os.openpty()
        self._link = link
        self._name = os.ttyname(self._host)
        try:
            tty.setraw(self._host)
            os.set_blocking(self._device, False)
            fresh = link.with_name(f".{link.name}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self._name)
            fresh.replace(link)
        except OSError:
            os.close(self._device)
            os.close(self._host)
            raise
        self._open = True

    async def read(self, limit: int = 4096) -> bytes:
        while self._open:
            try:
                return os.read(self._device, limit)
            except BlockingIOError:
                await self._ready(writing=False)
            except OSError:
                break
        return b""

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and self._open:
            try:
                view = view[os.write(self._device, view) :]
            except BlockingIOError:
                try:
                    async with asyncio.timeout(FULL):
                        await self._ready(writing=True)
                except TimeoutError:
                    return
            except OSError:
                return

    async def _ready(self, *, writing: bool) -> None:
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
        add(self._device, event.set)
        try:
            await event.wait()
        finally:
            remove(self._device)

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        if self._link.is_symlink() and os.readlink(self._link) == self._name:
            self._link.unlink()
        os.close(self._device)
        os.close(self._host)
