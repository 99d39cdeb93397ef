"""The helper process: libfprint under the system's Python, driven over standard input and output.

Run as `/usr/bin/python3 -E -s helper.py MODE [SOCKET]`, because `gi` (Debian: python3-gi, gir1.2-fprint-2.0) belongs to
the system's Python and because a fault in libfprint then ends this process and not the kiosk. It imports nothing of
ours. MODE:

- `reader`: real readers only. The variables that make libfprint offer virtual ones are cleared first.
- `virtual SOCKET`: simulation. libfprint's own virtual_image device, which listens on SOCKET.
- `extract`: no reader at all. Images come from the kiosk, go through a virtual_image device on a private socket, and
  their minutiae go back.

Each message either way: "FPH1", two 32-bit big-endian lengths, a JSON object, and the bytes that belong to it. Requests
{"id", "ask"}: `open` ("driver": name or "any"), `poll`, `capture`, `cancel`, `minutiae` ("width", "height", and the
pixels as body). Every request gets one answer with its id: {"ok": true, ...}, {"retry": REASON}, {"cancelled": true}
or {"error": CODE, "text"}. The answer to `capture` comes when the finger has left the glass: that is how libfprint's
image devices end a capture.

The minutiae come out of the serialised form of a scanned print, which libfprint does not document: "FP3" and a GVariant
(libfprint 1.94, fp-print.c). So the form is checked on every use, and the places are compared with those that libfprint
itself reports for the same image; at the first difference nothing more is extracted.
"""

import json
import os
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

VIRTUAL: Final = ("FP_VIRTUAL_IMAGE", "FP_VIRTUAL_DEVICE", "FP_VIRTUAL_DEVICE_STORAGE")
MAGIC: Final = b"FPH1"
HEAD: Final = struct.Struct(">4sII")
LONGEST: Final = 8 << 20
PRINT_MAGIC: Final = b"FP3"
PRINT_TYPE: Final = "(issbymsmsia{sv}v)"
NBIS_TYPE: Final = "(a(aiaiai))"
NBIS: Final = 2
"""FpiPrintType: 0 undefined, 1 raw, 2 NBIS minutiae."""
NO_DATE: Final = -(2**31)
SIDES: Final = range(32, 2001)
"""Pixels per side that are given to the detector; it aborts the process on a 10x10 image."""

try:
    import gi

    gi.require_version("FPrint", "2.0")
    from gi.repository import FPrint, Gio, GLib
except (ImportError, ValueError) as missing:
    MISSING: str | None = str(missing)
else:
    MISSING = None


class Refused(Exception):
    """`code` is for the driver, the text for the log."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def main() -> None:
    for name in VIRTUAL:
        os.environ.pop(name, None)
    mode = sys.argv[1]
    if MISSING is not None:
        deaf()
    elif mode == "extract":
        with tempfile.TemporaryDirectory(prefix="anjungan-") as private:  # only this user may enter it
            os.environ["FP_VIRTUAL_IMAGE"] = private + "/image"
            Helper(Extractor(Path(private) / "image")).run()
    else:
        if mode == "virtual":
            os.environ["FP_VIRTUAL_IMAGE"] = sys.argv[2]
        Helper(Reader(virtual=mode == "virtual")).run()


def deaf() -> None:
    """Answers every request with what is not installed."""
    while head := sys.stdin.buffer.read(HEAD.size):
        _, size, more = HEAD.unpack(head)
        asked = json.loads(sys.stdin.buffer.read(size))
        sys.stdin.buffer.read(more)
        text = f"install gir1.2-fprint-2.0 and python3-gi: {MISSING}"
        send({"id": asked["id"], "error": "library", "text": text})


def send(answer: dict[str, Any], body: bytes = b"") -> None:
    text = json.dumps(answer).encode()
    try:
        sys.stdout.buffer.write(HEAD.pack(MAGIC, len(text), len(body)) + text + body)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        pass  # the kiosk has gone; the end of our input says so too


Answer = Callable[..., None]


class Helper:
    """Reads requests and sends answers, in libfprint's own main loop."""

    def __init__(self, device: "Reader | Extractor") -> None:
        self._device = device
        self._loop = GLib.MainLoop()
        self._heard = bytearray()

    def run(self) -> None:
        os.set_blocking(0, False)
        GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, self._on_input)
        self._loop.run()
        self._device.close()

    def _on_input(self, *_: object) -> bool:
        try:
            data = os.read(0, 1 << 16)
        except BlockingIOError:
            return True
        self._heard += data
        try:
            while len(self._heard) >= HEAD.size:
                magic, size, more = HEAD.unpack_from(self._heard)
                if magic != MAGIC or size + more > LONGEST:
                    raise Refused("bad_request", "no message of this protocol")
                if len(self._heard) < HEAD.size + size + more:
                    break
                asked = json.loads(self._heard[HEAD.size : HEAD.size + size])
                body = bytes(self._heard[HEAD.size + size : HEAD.size + size + more])
                self._heard[: HEAD.size + size + more] = bytes(HEAD.size + size + more)  # it may be a finger
                del self._heard[: HEAD.size + size + more]
                self._obey(asked, body)
        except (Refused, ValueError, KeyError):
            data = b""
        if not data:
            self._loop.quit()  # the kiosk has gone, or does not speak this protocol
        return bool(data)

    def _obey(self, asked: dict[str, Any], body: bytes) -> None:
        number = asked["id"]

        def answer(said: dict[str, Any], data: bytes = b"") -> None:
            send({"id": number, **said}, data)

        try:
            act = self._device.acts.get(asked["ask"])
            if act is None:
                raise Refused("bad_request", "no such request")
            act(asked, body, answer)
        except Refused as no:
            answer({"error": no.code, "text": str(no)})
        except GLib.Error as error:
            answer(told(error))


def told(error: Any) -> dict[str, Any]:
    """libfprint's error as an answer."""
    if error.matches(FPrint.device_retry_quark(), error.code):
        names = {
            FPrint.DeviceRetry.TOO_SHORT: "too_short",
            FPrint.DeviceRetry.CENTER_FINGER: "center_finger",
            FPrint.DeviceRetry.REMOVE_FINGER: "remove_finger",
        }
        return {"retry": names.get(error.code, "general")}
    if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED):
        return {"cancelled": True}
    if error.matches(FPrint.device_error_quark(), FPrint.DeviceError.REMOVED):
        return {"error": "no_device", "text": error.message}
    return {"error": "device", "text": error.message}


class Reader:
    """One image reader: opened, asked for images, let go when it is unplugged."""

    def __init__(self, *, virtual: bool) -> None:
        self._virtual = virtual
        self._context: Any = None
        self._device: Any = None
        self._gone = False
        self._capture: Any = None
        self.acts: dict[str, Callable[[dict[str, Any], bytes, Answer], None]] = {
            "open": self.open,
            "poll": self.poll,
            "capture": self.capture,
            "cancel": self.cancel,
        }

    def open(self, asked: dict[str, Any], _: bytes, answer: Answer) -> None:
        """Finds the reader and opens it: the driver asked for, or the only one that fits."""
        if self._capture is not None:
            raise Refused("busy", "a capture is under way")
        if self._device is None or self._gone:
            self._device, self._gone = None, False
            self._context = FPrint.Context()
            self._device = self._chosen(asked["driver"])
            self._device.connect("removed", self._removed)
            self._device.open_sync(None)
        answer({"ok": True, "reader": self._described()})

    def _removed(self, _: object) -> None:
        self._gone = True

    def _chosen(self, wanted: str) -> Any:
        found = self._context.get_devices()
        unreal = [one for one in found if one.get_driver().startswith("virtual")]
        if unreal and not self._virtual:
            raise Refused("virtual", f"{unreal[0].get_driver()}: a virtual reader outside simulation")
        there = unreal if self._virtual else [one for one in found if wanted in ("any", one.get_driver())]
        if not there:
            raise Refused("no_device", "libfprint sees no such reader")
        images = [one for one in there if one.has_feature(FPrint.DeviceFeature.CAPTURE)]
        if not images:
            names = ", ".join(one.get_driver() for one in there)
            raise Refused("match_on_chip", f"{names}: compares on its own chip and gives no image")
        return images[0]

    def _described(self) -> dict[str, str]:
        device = self._device
        return {"driver": device.get_driver(), "name": device.get_name(), "device": device.get_device_id()}

    def _opened(self) -> Any:
        if self._device is None or self._gone:
            raise Refused("no_device", "no reader is open")
        return self._device

    def poll(self, _: dict[str, Any], __: bytes, answer: Answer) -> None:
        answer({"ok": True, "finger": self._finger()})

    def _finger(self) -> bool:
        return bool(self._opened().get_finger_status() & FPrint.FingerStatusFlags.PRESENT)

    def capture(self, _: dict[str, Any], __: bytes, answer: Answer) -> None:
        if self._capture is not None:
            raise Refused("busy", "a capture is under way")

        def done(device: Any, result: Any, *_: object) -> None:
            self._capture = None
            try:
                image = device.capture_finish(result)
            except GLib.Error as error:
                answer(told(error))
            else:
                said = {"width": image.get_width(), "height": image.get_height(), "ppmm": image.get_ppmm()}
                answer({"ok": True, **said}, image.get_data())

        device = self._opened()
        self._capture = Gio.Cancellable()
        device.capture(True, self._capture, done)

    def close(self) -> None:
        """Lets the reader go, so that its lamp goes out. The kiosk kills a helper that hangs here."""
        while self._capture is not None:
            self._capture.cancel()
            GLib.MainContext.default().iteration(True)
        if self._device is not None and not self._gone:
            self._device.close_sync(None)

    def cancel(self, _: dict[str, Any], __: bytes, answer: Answer) -> None:
        if self._capture is not None:
            self._capture.cancel()
        answer({"ok": True})


class Extractor:
    """Images in, minutiae out: libfprint's detector (mindtct of NBIS), through a scan that nobody compares."""

    def __init__(self, listening: Path) -> None:
        self._path = listening
        self._device: Any = None
        self._dummy: Any = None
        self._broken = ""
        self._context: Any = None
        self._busy = False
        self.acts: dict[str, Callable[[dict[str, Any], bytes, Answer], None]] = {
            "open": self.open,
            "minutiae": self.minutiae,
        }

    def open(self, _: dict[str, Any], __: bytes, answer: Answer) -> None:
        if self._device is None:
            self._context = FPrint.Context()
            found = [one for one in self._context.get_devices() if one.get_driver() == "virtual_image"]
            if not found:
                raise Refused("bridge", "this libfprint has no virtual_image device")
            self._device = found[0]
            self._device.open_sync(None)
            try:
                self._dummy = FPrint.Print.deserialize(dummy(self._device))
            except GLib.Error as error:
                self._broken = f"a print of one minutia is not understood: {error.message}"
        self._check()
        answer({"ok": True})

    def _check(self) -> None:
        if self._broken:
            raise Refused("bridge", self._broken)

    def minutiae(self, asked: dict[str, Any], pixels: bytes, answer: Answer) -> None:
        self._check()
        width, height = asked["width"], asked["height"]
        if self._device is None or self._busy:
            raise Refused("busy", "not open, or another image is in work")
        if width not in SIDES or height not in SIDES or len(pixels) != width * height:
            raise Refused("size", f"an image of {width}x{height} in {len(pixels)} bytes")
        self._busy = True
        feed = socket.socket(socket.AF_UNIX)
        left = memoryview(struct.pack("=ii", width, height) + pixels)

        def more(*_: object) -> bool:
            nonlocal left
            left = left[feed.send(left) :]
            return bool(left)

        def done(device: Any, result: Any, *_: object) -> None:
            self._busy = False
            feed.close()
            try:
                _, scanned = device.verify_finish(result)
                answer({"ok": True, "minutiae": self._read(scanned, width, height)})
            except GLib.Error as error:
                answer(told(error))
            except Refused as no:
                self._broken = str(no)
                answer({"error": no.code, "text": str(no)})

        self._device.verify(self._dummy, None, None, (), done)
        feed.connect(str(self._path))
        feed.setblocking(False)
        GLib.io_add_watch(feed, GLib.PRIORITY_DEFAULT, GLib.IOCondition.OUT, more)

    def close(self) -> None:
        if self._device is not None and not self._busy:
            self._device.close_sync(None)

    def _read(self, scanned: Any, width: int, height: int) -> list[list[int]]:
        """[x, y from the top, angle as in ISO/IEC 19794-2], each within the image; Refused if the form is another."""
        found = minutiae_of(scanned.serialize(), height)
        image = scanned.get_image()
        own = image.get_minutiae() if image is not None else None
        if own is None or sorted(one.get_coords() for one in own) != sorted((x, y) for x, y, _ in found):
            raise Refused("bridge", "the scanned print and libfprint's own detection differ")
        if any(not (0 <= x < width and 0 <= y < height) for x, y, _ in found):
            raise Refused("bridge", "minutiae outside the image")
        return [list(one) for one in found]


def dummy(device: Any) -> bytes:
    """A print with one minutia, which the scanned finger is compared with for nothing."""
    minutia = GLib.Variant(NBIS_TYPE, ([([1], [1], [1])],))
    fields: Any = (NBIS, device.get_driver(), device.get_device_id(), False, 0, None, None, NO_DATE, {}, minutia)
    serialised: bytes = PRINT_MAGIC + GLib.Variant(PRINT_TYPE, fields).get_data_as_bytes().get_data()
    return serialised


def minutiae_of(serialised: bytes, height: int) -> list[tuple[int, int, int]]:
    """The minutiae in a serialised print. NIST counts y from the bottom and lets angles point the other way along the
    ridge, in degrees; ISO/IEC 19794-2 counts from the top and in 256ths of a turn."""
    if not serialised.startswith(PRINT_MAGIC):
        raise Refused("bridge", "a print that does not begin with FP3")
    content = GLib.Bytes.new(serialised[len(PRINT_MAGIC) :])
    whole = GLib.Variant.new_from_bytes(GLib.VariantType(PRINT_TYPE), content, False)
    if not whole.is_normal_form() or whole.get_child_value(0).get_int32() != NBIS:
        raise Refused("bridge", "a print that holds no NBIS minutiae")
    inner = whole.get_child_value(9).get_variant()
    if inner.get_type_string() != NBIS_TYPE:
        raise Refused("bridge", f"NBIS minutiae of the unknown type {inner.get_type_string()}")
    views = inner.unpack()[0]
    if len(views) != 1 or len({len(part) for part in views[0]}) != 1:
        raise Refused("bridge", "not one view of equally many x, y and angles")
    return [(x, height - y, round((theta - 180) * 256 / 360) % 256) for x, y, theta in zip(*views[0], strict=True)]


if __name__ == "__main__":
    main()
