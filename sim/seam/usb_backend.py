"""A pyusb back-end behind which a simulator answers: programs that use pyusb find it as a USB printer.

The host calls from its own threads and blocks, as with libusb; the simulator lives on an asyncio loop, and the loop's
clock is the time-outs' too. Between them stand one lock and one condition, and `loop.call_soon_threadsafe`. Use:
`usb.core.find(backend=...)`, or `UsbConnector(vendor, product, backend=...)`.
"""

import array
import asyncio
import errno
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

from sim.seam.pipe import DeviceSide

OUT, IN = 0x01, 0x82
PACKET = 512
ROOM = 256 * 1024
"""Bytes the device buffers before a bulk write has to wait, as a printer's FIFO makes it wait."""
_STRINGS = {1: "Anjungan", 2: "Simulated printer", 3: "SPECIMEN"}


class _Wait:
    """A host's thread that waits for the device. `over` is set by whoever ends the wait, not by the thread as it wakes:
    from then on the host is at work again."""

    def __init__(self, ready: Callable[[], bool]) -> None:
        self.ready = ready
        self.over = False


class _Wire:
    """The DeviceSide of one open device, and the buffers between the threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.changed = threading.Condition()
        self.to_device = bytearray()
        self.to_host = bytearray()
        self.open = True
        self.waits: list[_Wait] = []
        self._ready = asyncio.Event()

    # the host's side, in its threads, with the lock held
    def wait_for(self, ready: Callable[[], bool], seconds: float | None) -> bool:
        """Waits until `ready`, at most so many seconds of the loop's clock (None: for ever); whether it is."""
        if not ready():
            wait = _Wait(ready)
            self.waits.append(wait)
            if seconds is not None:
                self.loop.call_soon_threadsafe(self._limit, wait, seconds)
            while not wait.over:
                self.changed.wait()
        return ready()

    def _limit(self, wait: _Wait, seconds: float) -> None:
        with self.changed:  # the thread lets go of it only once it waits
            if not wait.over:
                self.loop.call_later(seconds, self._expire, wait)

    def _expire(self, wait: _Wait) -> None:
        with self.changed:
            self._end(wait)

    def _end(self, wait: _Wait) -> None:
        if not wait.over:
            wait.over = True
            self.waits.remove(wait)
            self.changed.notify_all()

    def _look(self) -> None:
        """Something changed; the lock is held."""
        for wait in tuple(self.waits):
            if wait.ready():
                self._end(wait)

    # the simulator's side, on the loop
    async def read(self, limit: int = 4096) -> bytes:
        while True:
            with self.changed:
                if self.to_device:
                    taken = bytes(self.to_device[:limit])
                    del self.to_device[:limit]
                    self._look()
                    return taken
                if not self.open:
                    return b""
                self._ready.clear()
            await self._ready.wait()

    async def write(self, data: bytes) -> None:
        with self.changed:
            if self.open:
                self.to_host += data
                self._look()

    async def close(self) -> None:
        self.hang_up()

    # either side
    def hang_up(self) -> None:
        with self.changed:
            self.open = False
            self._look()
        self.wake()

    def wake(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._ready.set)


class UsbBackend(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """One virtual printer (class 7, bulk 0x01 out and 0x82 in). Make it on the loop on which `serve` shall run.

    `short_writes`: at most so many bytes are taken per bulk write, as real devices do now and then; 0: no limit.
    """

    def __init__(
        self,
        serve: Callable[[DeviceSide], Awaitable[None]],
        *,
        vendor: int = 0x0F49,
        product: int = 0x0A00,
        short_writes: int = 0,
    ) -> None:
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._vendor = vendor
        self._product = product
        self._wire: _Wire | None = None
        self._plugged = True
        self._tasks: set[asyncio.Task[None]] = set()
        self.short_writes = short_writes

    def unplug(self) -> None:
        """Pulls the cable: every call fails with ENODEV, and nothing is found, until `replug`."""
        self._plugged = False
        if self._wire is not None:
            self._wire.hang_up()

    def replug(self) -> None:
        self._plugged = True

    @property
    def waiting(self) -> int:
        """How many of the host's threads wait for the device; the others are at work, or idle."""
        return len(self._wire.waits) if self._wire is not None else 0

    # -- enumeration ---------------------------------------------------------------------------------------------
    def enumerate_devices(self) -> Any:
        return iter([self] if self._plugged else [])

    def get_device_descriptor(self, dev: Any) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=self._vendor, idProduct=self._product, bcdDevice=0x0100, iManufacturer=1,
            iProduct=2, iSerialNumber=3, bNumConfigurations=1, address=1, bus=1, port_number=1, port_numbers=(1,),
            speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: Any, config: int) -> Any:
        if config:
            raise IndexError("one configuration only")
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0xC0, bMaxPower=50, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: Any, intf: int, alt: int, config: int) -> Any:
        if intf or alt or config:
            raise IndexError("one interface only")
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2, bInterfaceClass=7,
            bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: Any, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(OUT, IN)[ep], bmAttributes=2, wMaxPacketSize=PACKET,
            bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    # -- opening -------------------------------------------------------------------------------------------------
    def open_device(self, dev: Any) -> _Wire:
        self._there()
        wire = self._wire = _Wire(self._loop)
        self._loop.call_soon_threadsafe(self._begin, wire)
        return wire

    def _begin(self, wire: _Wire) -> None:
        async def served() -> None:
            await self._serve(wire)
            wire.hang_up()

        task = self._loop.create_task(served())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close_device(self, dev_handle: _Wire) -> None:
        dev_handle.hang_up()

    def get_configuration(self, dev_handle: _Wire) -> int:
        return 1

    def set_configuration(self, dev_handle: _Wire, config_value: int) -> None:
        self._there()

    def set_interface_altsetting(self, dev_handle: _Wire, intf: int, altsetting: int) -> None:
        self._there()

    def claim_interface(self, dev_handle: _Wire, intf: int) -> None:
        self._there()

    def release_interface(self, dev_handle: _Wire, intf: int) -> None:
        pass

    def is_kernel_driver_active(self, dev_handle: _Wire, intf: int) -> bool:
        return False

    def clear_halt(self, dev_handle: _Wire, ep: int) -> None:
        self._there()

    def reset_device(self, dev_handle: _Wire) -> None:
        self._there()

    # -- transfers -----------------------------------------------------------------------------------------------
    def bulk_write(self, dev_handle: _Wire, ep: int, intf: int, data: Any, timeout: int) -> int:
        wire = dev_handle
        with wire.changed:
            if not wire.wait_for(lambda: not wire.open or len(wire.to_device) < ROOM, _seconds(timeout)):
                raise usb.core.USBTimeoutError("Operation timed out", error_code=-7, errno=errno.ETIMEDOUT)
            self._there(wire)
            taken = bytes(data)[: self.short_writes or None]
            wire.to_device += taken
        wire.wake()
        return len(taken)

    def bulk_read(self, dev_handle: _Wire, ep: int, intf: int, buff: "array.array[int]", timeout: int) -> int:
        wire = dev_handle
        with wire.changed:
            if not wire.wait_for(lambda: bool(wire.to_host) or not wire.open, _seconds(timeout)):
                raise usb.core.USBTimeoutError("Operation timed out", error_code=-7, errno=errno.ETIMEDOUT)
            if not wire.to_host:
                self._there(wire)
            taken = bytes(wire.to_host[: len(buff)])
            del wire.to_host[: len(taken)]
        buff[: len(taken)] = array.array("B", taken)
        return len(taken)

    def ctrl_transfer(
        self, dev_handle: _Wire, bmRequestType: int, bRequest: int, wValue: int, wIndex: int, data: Any, timeout: int
    ) -> int:
        """Strings, and the printer class's GET_DEVICE_ID and GET_PORT_STATUS (USB printer class 1.1, section 4.2)."""
        self._there(dev_handle)
        if (bmRequestType, bRequest) == (0x80, 6) and wValue >> 8 == 3:
            index = wValue & 0xFF
            body = b"\x09\x04" if index == 0 else _STRINGS[index].encode("utf-16-le")
            answer = bytes((len(body) + 2, 3)) + body
        elif (bmRequestType, bRequest) == (0xA1, 0):
            text = b"MFG:Anjungan;MDL:Simulated printer;CLS:PRINTER;"
            answer = (len(text) + 2).to_bytes(2, "big") + text
        elif (bmRequestType, bRequest) == (0xA1, 1):
            answer = b"\x18"  # selected, no error
        else:
            raise usb.core.USBError("Pipe error", error_code=-9, errno=errno.EPIPE)
        taken = answer[: len(data)]
        data[: len(taken)] = array.array("B", taken)
        return len(taken)

    def _there(self, wire: _Wire | None = None) -> None:
        if not self._plugged or (wire is not None and not wire.open):
            raise usb.core.USBError("No such device (it may have been disconnected)", error_code=-4, errno=errno.ENODEV)


def _seconds(milliseconds: int) -> float | None:
    return milliseconds / 1000 if milliseconds else None
