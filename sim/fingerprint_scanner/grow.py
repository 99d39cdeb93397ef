"""A ZFM-20 or R503 module: an optical or capacitive sensor, one image buffer, a UART.

Answers every instruction of the manuals' tables with their confirmation codes. Image, flash settings, password,
notepad, library and timing are real; a match is never faked: character files are computed from the image
(sim.fingerprint_scanner.ridges).
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from sim.faults import FaultBoard
from sim.fingerprint_scanner.automatic import AUTOMATIC, Step
from sim.fingerprint_scanner.automatic import run as run_steps
from sim.fingerprint_scanner.glass import pressed
from sim.fingerprint_scanner.library import Library, character_file
from sim.fingerprint_scanner.wire import ACK, COMMAND, DATA, END, Command, Receiver, packet, transfer
from sim.seam.pipe import DeviceSide
from sim.world import World

BOOT: Final = 0.5
"""Seconds from power to the first answer."""
LOOK: Final = 0.15
"""Seconds for one look at the sensor."""
BUFFERED: Final = 4096
"""Bytes of an image that reach the host in one piece while the line is sound: as much as its terminal layer holds."""
LATE: Final = 2.0
COLOURS: Final = {1: "red", 2: "blue", 3: "purple", 4: "green", 5: "yellow", 6: "cyan", 7: "white"}
MODES: Final = {1: "breathing", 2: "flashing", 3: "on", 4: "off", 5: "fading on", 6: "fading off"}

OK, BAD_PACKET, NO_FINGER, LOOK_FAILED = 0x00, 0x01, 0x02, 0x03
TOO_FEW, OUT_OF_RANGE, NO_TEMPLATE_UP, CANNOT_RECEIVE = 0x07, 0x0B, 0x0D, 0x0E
WRONG_PASSWORD, NO_IMAGE, WRONG_REGISTER, VERIFY_FIRST, SENSOR_FAULT = 0x13, 0x15, 0x1A, 0x21, 0x29


@dataclass(frozen=True)
class Model:
    """What differs between the modules."""

    name: str
    width: int
    height: int
    dpi: int
    capacity: int
    ready_byte: bool
    """Sends 0x55 when it is ready after power-on."""


MODELS: Final = {
    "zfm20": Model("ZFM-20", 256, 288, 500, 1000, ready_byte=False),
    "r503": Model("R503", 192, 192, 508, 200, ready_byte=True),
}


@dataclass
class Flash:
    """What the module keeps without power."""

    password: int = 0
    address: int = 0xFFFFFFFF
    baud: int = 6
    """In units of 9600 bit/s."""
    security: int = 3
    packet_code: int = 2
    """32 << code bytes per data packet."""
    notepad: list[bytes] = field(default_factory=lambda: [bytes(32)] * 16)
    pages: dict[int, bytes] = field(default_factory=dict)
    """The library: templates by page number."""


@dataclass
class Incoming:
    """Data packets that the host was allowed to send."""

    put: Callable[[bytes], None]
    most: int
    data: bytearray = field(default_factory=bytearray)


class Simulator:
    """One module on one serial line. `pace` multiplies wire time, the look at the sensor and the boot."""

    DEVICE = "fingerprint-scanner"
    FAULTS: ClassVar[frozenset[str]] = frozenset(
        {
            "silence", "garbage", "unplug", "delay", "drop", "corrupt", "short-read", "noise",
            "power-loss", "wrong-password", "poor-finger", "sensor-failed",
        }
    )  # fmt: skip

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0, model: str = "zfm20") -> None:
        self.world = world
        self.pace = pace
        self.model = MODELS[model]
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self.flash = Flash()
        self._chance = random.Random(seed)
        self._lines: set[DeviceSide] = set()
        self._image: bytes | None = None
        self.library = Library(self.flash.pages, self.model.capacity)
        self._incoming: Incoming | None = None
        self._automatic: asyncio.Task[None] | None = None
        self._verified = False
        self._poor_touch = False
        """The finger now on the glass cannot be read, however often it is looked at."""
        self._powered = True
        self._boots = 0
        self._arriving = 0.0
        """Seconds for which what the host has sent is still on the wire."""
        self._booting: asyncio.Task[None] | None = None

    # -- power ---------------------------------------------------------------------------------------------------
    def power_cut(self) -> None:
        """The image and the shown password are gone; a transfer under way stops where it is."""
        self._powered = False
        self._boots += 1
        self._image = None
        self.library.forget()
        self._incoming = None
        self._verified = False
        self._call_off()
        if self._booting is not None:
            self._booting.cancel()
        self.world.set_light("off")

    def power_on(self) -> None:
        """Answers again after BOOT seconds."""
        self._booting = asyncio.get_running_loop().create_task(self._boot())

    async def _boot(self) -> None:
        await asyncio.sleep(BOOT * self.pace)
        self._powered = True
        if self.model.ready_byte:
            for line in tuple(self._lines):
                await line.write(b"\x55")

    # -- the line ------------------------------------------------------------------------------------------------
    async def serve(self, stream: DeviceSide) -> None:
        receiver = Receiver()
        self._lines.add(stream)
        try:
            while data := await stream.read():
                self._arriving += self._on_the_wire(len(data))
                for command in receiver.take(data):
                    if not self._powered or command.address != self.flash.address:
                        continue
                    if command.pid == COMMAND:
                        await self._obey(stream, command)
                    elif command.pid in (DATA, END):
                        self._receive(command)
        finally:
            self._lines.discard(stream)
            self._call_off()

    def _on_the_wire(self, size: int) -> float:
        """Seconds, at 8N1: ten bits per byte."""
        return size * 10 / (9600 * self.flash.baud) * self.pace

    async def _pass(self, seconds: float) -> None:
        """So many, after those that the question took to arrive."""
        arriving, self._arriving = self._arriving, 0.0
        await asyncio.sleep(arriving + seconds)

    async def _send(self, stream: DeviceSide, whole: bytes) -> None:
        """One packet to the host, with whatever goes wrong on the way."""
        if not self.faults.armed:
            await self._pass(self._on_the_wire(len(whole)))
            await stream.write(whole)
            return
        if self.faults.active("silence"):
            self.faults.take("silence")
            return
        if self.faults.take("delay"):
            await asyncio.sleep(LATE)
        if self.faults.take("garbage"):
            whole = self._chance.randbytes(len(whole))
        if self.faults.take("drop"):
            lost = self._chance.randrange(len(whole))
            whole = whole[:lost] + whole[lost + 1 :]
        if self.faults.take("corrupt"):
            bit = self._chance.randrange(len(whole) * 8)
            whole = bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(whole))
        if self.faults.take("noise"):
            whole = bytes(self._chance.choices(range(0xEF), k=self._chance.randint(1, 16))) + whole
        await self._pass(self._on_the_wire(len(whole)))
        if self.faults.take("short-read"):
            for byte in whole:
                await stream.write(bytes((byte,)))
                await asyncio.sleep(0)
        else:
            await stream.write(whole)

    async def _obey(self, stream: DeviceSide, command: Command) -> None:
        boots = self._boots
        self._incoming = None
        self._call_off()
        if self._begins(stream, command):
            return
        code, data, image = await self._done(command)
        if boots != self._boots:
            return
        address = self.flash.address
        await self._send(stream, packet(address, ACK, bytes((code,)) + data))
        if command.body[:1] == b"\x3d" and code == OK:
            self.power_cut()
            self.power_on()
        if image is not None:
            await self._send_image(stream, transfer(address, image, 32 << self.flash.packet_code))

    def _begins(self, stream: DeviceSide, command: Command) -> bool:
        """Whether this is an instruction that the R503 carries out by itself, telling each step; the next command, such
        as Cancel, calls it off."""
        body, address = command.body, self.flash.address
        sound = command.intact and len(body) == 6 and (self._verified or not self.flash.password)
        if not (sound and self.model.ready_byte and body[0] in AUTOMATIC):
            return False
        given = body[1:]

        async def tell(step: Step) -> None:
            if step[0] != OK:
                self.world.set_light("on red")
            await self._send(stream, packet(address, ACK, bytes((step[0],)) + step[1]))

        async def steps() -> None:
            await run_steps(AUTOMATIC[body[0]](self, given), tell, every=bool(given[3]))

        self._automatic = asyncio.get_running_loop().create_task(steps())
        return True

    def _call_off(self) -> None:
        task, self._automatic = self._automatic, None
        if task is not None:
            task.cancel()

    async def _send_image(self, stream: DeviceSide, packets: Sequence[bytes]) -> None:
        boots = self._boots
        if not self.faults.armed:  # nothing strikes within a packet: they run together, as in a UART's buffer
            together = BUFFERED // len(packets[0])
            packets = [b"".join(packets[at : at + together]) for at in range(0, len(packets), together)]
        for number, whole in enumerate(packets):
            if number == len(packets) // 2 and self.faults.take("power-loss"):
                self.power_cut()
                self.power_on()
            if boots != self._boots:
                return
            await self._send(stream, whole)

    def _receive(self, piece: Command) -> None:
        """A piece of what the host sends down; one that is damaged or too much spoils the whole, which is dropped."""
        if self._incoming is None:
            return
        self._incoming.data += piece.body
        if not piece.intact or len(self._incoming.data) > self._incoming.most:
            self._incoming = None
        elif piece.pid == END:
            whole, self._incoming = self._incoming, None
            whole.put(bytes(whole.data))

    # -- instructions --------------------------------------------------------------------------------------------
    async def _done(self, command: Command) -> tuple[int, bytes, bytes | None]:
        """(confirmation code, data in the acknowledgement, data packets to follow)."""
        if not command.intact or not command.body:
            return BAD_PACKET, b"", None
        instruction, given = command.body[0], command.body[1:]
        if instruction == 0x13:
            return self._verify_password(given), b"", None
        if self.faults.active("wrong-password") or (self.flash.password and not self._verified):
            return VERIFY_FIRST, b"", None
        if instruction in (0x01, 0x28):
            return await self.look(extended=instruction == 0x28), b"", None
        if instruction == 0x0A:
            return (NO_IMAGE, b"", None) if self._image is None else (OK, b"", self._image)
        if instruction == 0x08 and len(given) == 1:
            file = self.library.buffers.get(given[0])
            return (NO_TEMPLATE_UP, b"", None) if file is None else (OK, b"", file)
        table = _R503 if self.model.ready_byte else _OLDER
        if instruction not in table:
            return BAD_PACKET, b"", None
        size, act = table[instruction]
        if len(given) != size:
            return BAD_PACKET, b"", None
        code, data = act(self, given)
        return code, data, None

    async def look(self, *, extended: bool) -> int:
        await self._pass(LOOK * self.pace)
        if self.faults.take("sensor-failed"):
            return LOOK_FAILED
        if self.world.finger is None:
            self._poor_touch = False
            return NO_FINGER
        self._poor_touch = self.faults.take("poor-finger") or self._poor_touch
        if self._poor_touch:
            return TOO_FEW if extended else LOOK_FAILED
        self._image = pressed(self.world.finger, self.model.width, self.model.height, self.model.dpi)
        return OK

    def _verify_password(self, given: bytes) -> int:
        if len(given) != 4:
            return BAD_PACKET
        wrong = self.faults.take("wrong-password")
        self._verified = not wrong and int.from_bytes(given, "big") == self.flash.password
        return OK if self._verified else WRONG_PASSWORD

    def system(self, _: bytes) -> tuple[int, bytes]:
        status = (4 if self._verified else 0) | (8 if self._image is not None else 0)
        flash = self.flash
        words = (status, 9, self.model.capacity, flash.security)
        tail = (flash.packet_code, flash.baud)
        data = b"".join(word.to_bytes(2, "big") for word in words) + flash.address.to_bytes(4, "big")
        return OK, data + b"".join(word.to_bytes(2, "big") for word in tail)

    def set_system(self, given: bytes) -> tuple[int, bytes]:
        register, value = given
        if register == 4 and 1 <= value <= 12:
            self.flash.baud = value
        elif register == 5 and 1 <= value <= 5:
            self.flash.security = value
        elif register == 6 and value <= 3:
            self.flash.packet_code = value
        else:
            return WRONG_REGISTER, b""
        return OK, b""

    def set_password(self, given: bytes) -> tuple[int, bytes]:
        self.flash.password = int.from_bytes(given, "big")
        return OK, b""

    def set_address(self, given: bytes) -> tuple[int, bytes]:
        self.flash.address = int.from_bytes(given, "big")
        return OK, b""

    def chance(self, _: bytes) -> tuple[int, bytes]:
        return OK, self._chance.randbytes(4)

    def write_notepad(self, given: bytes) -> tuple[int, bytes]:
        if given[0] > 15:
            return OUT_OF_RANGE, b""
        self.flash.notepad[given[0]] = given[1:]
        return OK, b""

    def read_notepad(self, given: bytes) -> tuple[int, bytes]:
        return (OUT_OF_RANGE, b"") if given[0] > 15 else (OK, self.flash.notepad[given[0]])

    def features(self, given: bytes) -> tuple[int, bytes]:
        if self._image is None:
            return NO_IMAGE, b""
        return self.library.extract(given[0], self._image, self.model.width, self.model.height), b""

    def character_file(self) -> bytes | None:
        """What the module makes of the image in its buffer."""
        return None if self._image is None else character_file(self._image, self.model.width, self.model.height)

    def down_file(self, given: bytes) -> tuple[int, bytes]:
        """DownChar: the host may now send a character file or template for this buffer."""
        if given[0] not in (1, 2):
            return CANNOT_RECEIVE, b""
        self._incoming = Incoming(lambda file: self.library.buffers.update({given[0]: file}), self.library.largest)
        return OK, b""

    def down_image(self, _: bytes) -> tuple[int, bytes]:
        """DownImage: the host may now send an image, which must be of the sensor's size."""
        size = self.model.width * self.model.height // 2

        def put(image: bytes) -> None:
            if len(image) == size:
                self._image = image

        self._incoming = Incoming(put, size)
        return OK, b""

    def check_sensor(self, _: bytes) -> tuple[int, bytes]:
        return (SENSOR_FAULT if self.faults.active("sensor-failed") else OK), b""

    def aura(self, given: bytes) -> tuple[int, bytes]:
        mode, _, colour, _ = given
        if mode not in MODES or (mode != 4 and colour not in COLOURS):
            return BAD_PACKET, b""
        self.world.set_light("off" if mode == 4 else f"{MODES[mode]} {COLOURS[colour]}")
        return OK, b""

    def lamp(self, lit: str) -> tuple[int, bytes]:
        self.world.set_light(lit)
        return OK, b""

    def product(self, _: bytes) -> tuple[int, bytes]:
        model = self.model
        texts = (model.name.encode().ljust(16, b"\0"), b"SIM1", b"SPECIMEN", b"\x01\x00", b"CAPACIT\0")
        numbers = (model.width, model.height, self.library.largest, model.capacity)
        return OK, b"".join(texts) + b"".join(number.to_bytes(2, "big") for number in numbers)


_Act = Callable[[Simulator, bytes], tuple[int, bytes]]


def _always(code: int, data: bytes = b"") -> _Act:
    return lambda _module, _given: (code, data)


def _library(act: Callable[[Library, bytes], tuple[int, bytes]]) -> _Act:
    return lambda module, given: act(module.library, given)


# Instruction: (bytes of parameters, what it does).
_COMMON: Final[dict[int, tuple[int, _Act]]] = {
    0x02: (1, Simulator.features),
    0x03: (0, _library(Library.match)),
    0x04: (5, _library(Library.search)),
    0x05: (0, _library(Library.merge)),
    0x06: (3, _library(Library.store)),
    0x07: (3, _library(Library.load)),
    0x09: (1, Simulator.down_file),
    0x0B: (0, Simulator.down_image),
    0x0C: (4, _library(Library.delete)),
    0x0D: (0, _library(Library.empty)),
    0x0E: (2, Simulator.set_system),
    0x0F: (0, Simulator.system),
    0x12: (4, Simulator.set_password),
    0x14: (0, Simulator.chance),
    0x15: (4, Simulator.set_address),
    0x18: (33, Simulator.write_notepad),
    0x19: (1, Simulator.read_notepad),
    0x1B: (5, _library(Library.search)),
    0x1D: (0, _library(Library.count)),
    0x1F: (1, _library(Library.index_table)),
}
_OLDER: Final[dict[int, tuple[int, _Act]]] = _COMMON | {
    0x50: (0, lambda module, _: module.lamp("on")),
    0x51: (0, lambda module, _: module.lamp("off")),
    0x53: (0, _always(0x55)),
}
_R503: Final[dict[int, tuple[int, _Act]]] = _COMMON | {
    0x30: (0, _always(OK)),
    0x35: (4, Simulator.aura),
    0x36: (0, Simulator.check_sensor),
    0x39: (0, _always(OK, b"SIMULATED ALGORITHM".ljust(32, b"\0"))),
    0x3A: (0, _always(OK, b"SIMULATED FIRMWARE 1.0".ljust(32, b"\0"))),
    0x3C: (0, Simulator.product),
    0x3D: (0, _always(OK)),
    0x40: (0, _always(OK)),
}
