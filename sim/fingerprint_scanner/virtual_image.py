"""The World's finger on libfprint's own virtual_image device, which listens on the socket named by FP_VIRTUAL_IMAGE.

Pairs of 32-bit integers in the machine's byte order (libfprint 1.94, virtual-image.c): width, height and the pixels;
-1 and a retry code; -2 and an error code; -3 and 0: fingers are told, not guessed; -4 and 1 or 0: finger on or off;
-5: unplugged.
"""

import asyncio
import struct
from pathlib import Path
from typing import Final

from sim.fingerprint_scanner.libfprint import LOOK, Simulator

RETRY, FAILED, AUTOMATIC, FINGER, UNPLUGGED = -1, -2, -3, -4, -5
GENERAL: Final = 0
"""FP_DEVICE_RETRY_GENERAL and FP_DEVICE_ERROR_GENERAL."""


def pair(first: int, second: int = 0) -> bytes:
    return struct.pack("=ii", first, second)


async def feed(simulator: Simulator, path: Path) -> None:
    """Until cancelled: each touch of the World's glass is a touch of the device at `path`; armed faults strike there.

    A touch has to begin while libfprint waits for one: what is sent at other times it takes for the next touch.
    """
    while True:
        if simulator.faults.active("unplug"):
            await _send(path, pair(UNPLUGGED))
            while simulator.faults.active("unplug"):
                await asyncio.sleep(LOOK)
        if simulator.world.finger is not None:
            await _touch(simulator, path)
        await asyncio.sleep(LOOK)


async def _send(path: Path, message: bytes) -> None:
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return  # nobody has opened the reader
    writer.write(message)
    await _closed(writer)


async def _touch(simulator: Simulator, path: Path) -> None:
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return
    try:
        writer.write(_landing(simulator))
        await writer.drain()
        while simulator.world.finger is not None and not simulator.faults.active("unplug"):
            await asyncio.sleep(LOOK)
        writer.write(pair(UNPLUGGED) if simulator.faults.active("unplug") else pair(FINGER, 0))
    except OSError:
        pass  # the reader was closed meanwhile
    finally:
        await _closed(writer)


def _landing(simulator: Simulator) -> bytes:
    if simulator.faults.take("sensor-failed"):
        return pair(FAILED, GENERAL)
    if simulator.faults.take("poor-finger"):
        return pair(RETRY, GENERAL)
    image = simulator.image()
    assert image is not None
    return pair(AUTOMATIC, 0) + pair(FINGER, 1) + pair(image.width, image.height) + image.tobytes()


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        pass
