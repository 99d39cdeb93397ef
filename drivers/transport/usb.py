"""USB printers by pyusb: the bulk pair of a printer-class interface as a byte stream.

pyusb blocks, so all calls of one device run in one worker thread of its own. Endpoints are read from the descriptors,
never assumed. Every call has a timeout: pyusb's 0 would wait for ever. Writes go in pieces and go on after a short
count, which pyusb passes on to its caller.
"""

import asyncio
import errno
import re
import threading
from functools import partial
from typing import Any

import usb.core
import usb.util

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause
from drivers.transport.base import ByteStream, Connector, LinkError, gone
from drivers.transport.worker import Worker

PRINTER_CLASS = 7
PIECE = 64 * 1024
"""Bytes per bulk write: small enough that a cancelled write ends soon."""
SLOWEST = 50_000
"""Bytes per second below which a write that goes on and on is left behind."""
WRITE_STALL_MS = 5_000
READ_SLICE_MS = 100
"""How long the worker sits in one read; a write waits at most this long behind it."""
DRAIN_MS = 20
DRAIN_MAX = 64 * 1024
HUNG = 15.0
"""Seconds after which a call that should have timed out by itself is left behind with its thread."""


class UsbStream:
    """An open bulk pair. A read that was given up keeps its bytes for the next one."""

    def __init__(self, device: Any, out_pipe: Any, in_pipe: Any, worker: Worker, name: str) -> None:
        self._device = device
        self._out = out_pipe
        self._in = in_pipe
        self._worker = worker
        self._name = name
        self._reading: asyncio.Task[bytes] | None = None
        self._left = b""
        self._closed = False

    async def read(self, limit: int = 4096) -> bytes:
        while not self._left:
            if self._closed:
                return b""
            if self._reading is None:
                call = self._worker.call(self._read_slice, HUNG)
                self._reading = asyncio.get_running_loop().create_task(call)
            # Not cancelled with its caller: if the caller's patience ends, what the thread is reading now is not lost.
            await asyncio.wait({self._reading})
            done, self._reading = self._reading, None
            self._left = done.result()
        taken, self._left = self._left[:limit], self._left[limit:]
        return taken

    def quiet(self) -> bool:
        return False

    async def write(self, data: bytes) -> None:
        """All pieces in one visit to the worker thread; a caller that gives up is heard between two of them."""
        if self._closed:
            raise gone(f"{self._name}: closed")
        given_up = threading.Event()
        try:
            await self._worker.call(partial(self._write_pieces, data, given_up), HUNG + len(data) / SLOWEST)
        finally:
            given_up.set()

    async def half_close(self) -> None:
        """USB has no such notion."""

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            await self._worker.call(partial(_let_go, self._device), HUNG)
        except TimeoutError:
            pass  # the library hangs; its thread is left behind with the handle
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
        self._worker.stop()

    def _read_slice(self) -> bytes:
        try:
            return bytes(self._in.read(self._in.wMaxPacketSize * 8, READ_SLICE_MS))
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError as error:
            raise self._broken(error) from error

    def _write_pieces(self, data: bytes, given_up: threading.Event) -> None:
        at = 0
        while at < len(data) and not given_up.is_set():
            if self._closed:
                raise gone(f"{self._name}: closed")
            count = self._write_piece(data[at : at + PIECE])
            if not count:
                raise TransportError(DeviceCause.NO_ANSWER, f"{self._name}: takes no more bytes")
            at += count

    def _write_piece(self, piece: bytes) -> int:
        try:
            return int(self._out.write(piece, WRITE_STALL_MS))
        except usb.core.USBTimeoutError as error:
            raise TransportError(
                DeviceCause.NO_ANSWER, f"{self._name}: took no byte for {WRITE_STALL_MS // 1000} s"
            ) from error
        except usb.core.USBError as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> TransportError:
        number = getattr(error, "errno", None)
        what = "unplugged" if number in (errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN) else str(error)
        return gone(f"{self._name}: {what}")


class UsbConnector(Connector):
    """`usb:VVVV:PPPP`, the first device with these ids. `backend`: a pyusb back-end, for a device made of software."""

    def __init__(self, vendor: int, product: int, *, backend: Any = None) -> None:
        self.vendor = vendor
        self.product = product
        self._backend = backend
        self.simulated = backend is not None

    @classmethod
    def from_address(cls, address: str, *, backend: Any = None) -> "UsbConnector":
        """`0f49:0a00`. LinkError for anything but two numbers of four hexadecimal digits."""
        found = re.fullmatch(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})", address)
        if not found:
            raise LinkError(f"usb address {address!r}: expected VENDOR:PRODUCT in hexadecimal, such as 0f49:0a00")
        return cls(int(found[1], 16), int(found[2], 16), backend=backend)

    async def connect(self) -> ByteStream:
        worker = Worker(str(self))
        try:
            device, out_pipe, in_pipe = await worker.call(self._open, HUNG)
        except TimeoutError as error:
            raise TransportError(DeviceCause.NO_ANSWER, f"{self}: did not open within {HUNG:.0f} s") from error
        except BaseException:
            worker.stop()
            raise
        return UsbStream(device, out_pipe, in_pipe, worker, str(self))

    def _open(self) -> tuple[Any, Any, Any]:
        try:
            device = usb.core.find(idVendor=self.vendor, idProduct=self.product, backend=self._backend)
        except usb.core.NoBackendError as error:
            raise gone(f"{self}: libusb is not installed (Debian package libusb-1.0-0)") from error
        except usb.core.USBError as error:
            raise gone(f"{self}: {error}") from error
        if device is None:
            raise gone(f"{self}: not plugged in")
        try:
            return device, *self._claim(device)
        except usb.core.USBError as error:
            _let_go(device)
            raise gone(f"{self}: {error}{_advice(error)}") from error
        except TransportError:
            _let_go(device)
            raise

    def _claim(self, device: Any) -> tuple[Any, Any]:
        """The bulk pair of the first printer-class interface, with the kernel's usblp out of the way and old answers
        read off the wire."""
        for interface in _active(device):
            if interface.bInterfaceClass != PRINTER_CLASS:
                continue
            number = interface.bInterfaceNumber
            try:
                if device.is_kernel_driver_active(number):
                    device.detach_kernel_driver(number)
            except NotImplementedError:
                pass  # a back-end without kernel drivers
            usb.util.claim_interface(device, number)
            pipes = {usb.util.endpoint_direction(end.bEndpointAddress): end for end in interface if _bulk(end)}
            if len(pipes) == 2:
                in_pipe = pipes[usb.util.ENDPOINT_IN]
                _drain(in_pipe)
                return pipes[usb.util.ENDPOINT_OUT], in_pipe
            usb.util.release_interface(device, number)
        raise gone(f"{self}: has no printer interface with a bulk pair")

    def __str__(self) -> str:
        return f"usb:{self.vendor:04x}:{self.product:04x}"


def _active(device: Any) -> Any:
    try:
        return device.get_active_configuration()
    except usb.core.USBError:
        device.set_configuration()  # it had none yet
        return device.get_active_configuration()


def _bulk(endpoint: Any) -> bool:
    return bool(usb.util.endpoint_type(endpoint.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK)


def _drain(in_pipe: Any) -> None:
    """Reads off what an earlier program left unread, so that the first answer is ours."""
    for _ in range(DRAIN_MAX // in_pipe.wMaxPacketSize):
        try:
            in_pipe.read(in_pipe.wMaxPacketSize, DRAIN_MS)
        except usb.core.USBTimeoutError:
            return


def _let_go(device: Any) -> None:
    try:
        usb.util.dispose_resources(device)
    except usb.core.USBError:
        pass  # unplugged: nothing left to let go of


def _advice(error: Exception) -> str:
    if getattr(error, "errno", None) == errno.EACCES:
        return " (may the kiosk's user open it? see systemd/udev rules)"
    if getattr(error, "errno", None) == errno.EBUSY:
        return " (another program holds it)"
    return ""
