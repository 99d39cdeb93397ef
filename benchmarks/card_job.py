"""The card printer's figures: artwork to the bytes of a job, and those bytes through the USB seam."""

import asyncio
import statistics
import subprocess
import sys
import time

from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table

from benchmarks.rival import ROUNDS, Duel, fought
from drivers.card_printer.evolis.job import preparation, render_job
from drivers.card_printer.evolis.options import Options
from drivers.contract.card_printer import FACE_SIZE
from drivers.transport.usb import PIECE, UsbConnector
from sim.seam.pipe import DeviceSide
from sim.seam.usb_backend import OUT, UsbBackend

JOB_MS = 60
"""Most that a whole job may take, and the least that it must be faster than the rival."""
JOB_RATIO = 5
PANEL = 658_368
USB_MB_S = 100
USB_OVERHEAD = 1.5
USB_ROUNDS = 61
MEMORY = 3
"""Most times its own bytes that a job may take at its peak."""
MEASURE = """
import ctypes
from PIL import Image
from drivers.card_printer.evolis.job import render_job

def now(what):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(what)) * 1024

face = Image.linear_gradient("L").resize((1016, 648)).convert("RGB")
render_job(face)  # code and tables are in memory; what this job took is given back
ctypes.CDLL(None).malloc_trim(0)
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew: proc(5)
before = now("VmRSS")
job = render_job(face)
print(len(job), now("VmHWM") - before)
"""


def run() -> None:
    """Prints one row for each figure, with what was asked of it."""
    table = Table("figure", "asked", "what", title=f"card printer, median of {ROUNDS} rounds", box=None, pad_edge=False)
    face = example_face()
    duel = Duel("card job", lambda: render_job(face), "every dot by itself", lambda: plain_job(face))
    ours, rival = fought(duel)
    table.add_row(f"{ours.median:.1f} ms", f"<= {JOB_MS} ms", "artwork to the 2.14 MB of the job")
    if rival is not None:
        table.add_row(f"{rival.median:.0f} ms", "", "  rival: every dot by itself, the same bytes")
        table.add_row(f"{rival.median / ours.median:.1f}x", f">= {JOB_RATIO}x", "  faster than the rival")
    for bits in (7, 6, 5):
        options = Options.model_validate({"colour_bits": bits, "compressed": True})
        packed, _ = fought(Duel("packed", lambda options=options: render_job(face, options), "", None))  # type: ignore[misc]  # a lambda's default has no type
        table.add_row(f"{packed.median:.1f} ms", "", f"the same, {bits} bits per dot, black and varnish compressed")
    wall, overhead = asyncio.run(_usb())
    table.add_row(f"{PANEL / wall / 1e6:.0f} MB/s", f">= {USB_MB_S} MB/s", "one colour panel through driver and pyusb")
    table.add_row(f"{overhead:.2f}x", f"<= {USB_OVERHEAD}x", "  processor time over that of the bare back-end")
    size, more = memory()
    table.add_row(f"{more / size:.1f}x", f"<= {MEMORY}x", f"memory of a job over its {size:,} bytes, at its peak")
    Console().print(table)


def example_face() -> Image.Image:
    """Colours everywhere, black text-like bars, white paper: every branch of the separation."""
    face = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * turn).resize(FACE_SIZE) for turn in range(3)])
    draw = ImageDraw.Draw(face)
    for top in range(60, 560, 40):
        draw.rectangle((60, top, 700, top + 14), fill="black")
        draw.rectangle((720, top, 980, top + 30), fill="white")
    return face


def plain_job(face: Image.Image) -> bytes:
    """The rule of the panels, said once for each dot: lines along the card, the first dot at the bottom edge."""
    width, height = face.size
    pixels = face.tobytes()
    yellow, magenta, cyan, black = bytearray(), bytearray(), bytearray(), bytearray()
    for x in range(width):
        bits = 0
        for y in range(height - 1, -1, -1):
            at = 3 * (y * width + x)
            red, green, blue = pixels[at : at + 3]
            ink = red == green == blue == 0
            yellow.append(0 if ink else 255 - blue)
            magenta.append(0 if ink else 255 - green)
            cyan.append(0 if ink else 255 - red)
            bits = bits << 1 | ink
        black += bits.to_bytes(height // 8, "big")
    job = b"".join(preparation(Options())) + b"\x1bSs\r\x00\x1bSr\r\x00"
    varnish = b"\xff" * len(black)
    for head, panel in (("y;256", yellow), ("m;256", magenta), ("c;256", cyan), ("k;2", black), ("o;2", varnish)):
        job += b"\x1bDb;" + head.encode() + b";" + bytes(panel) + b"\r\x00"
    return job + b"\x1bSe\r\x00"


async def _usb() -> tuple[float, float]:
    """Seconds of wall clock for one panel through the driver's stream and pyusb, and its processor time over that of
    the bare back-end (the best of each, as two threads hand each other the work); both sides in turns."""

    async def swallow(side: DeviceSide) -> None:
        while await side.read(PANEL):
            pass

    bare, behind = UsbBackend(swallow), UsbBackend(swallow)
    panel = bytes(PANEL)
    handle = await asyncio.to_thread(bare.open_device, None)
    stream = await UsbConnector.from_address("0f49:0a00", backend=behind).connect()

    def send() -> None:
        at = 0
        while at < PANEL:
            at += bare.bulk_write(handle, OUT, 0, panel[at : at + PIECE], 5000)

    walls, raw, through = [], [], []
    for _ in range(USB_ROUNDS):
        start = time.process_time()
        await asyncio.to_thread(send)
        raw.append(time.process_time() - start)
        start, began = time.process_time(), time.perf_counter()
        await stream.write(panel)
        through.append(time.process_time() - start)
        walls.append(time.perf_counter() - began)
    await stream.close()
    await asyncio.to_thread(bare.close_device, handle)
    return statistics.median(walls), min(through) / min(raw)


def memory() -> tuple[int, int]:
    """Bytes of a job, and by how many its making raised the memory of a process of its own at the peak."""
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own text
    size, more = map(int, done.stdout.split())
    return size, more
