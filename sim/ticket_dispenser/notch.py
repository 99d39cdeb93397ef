"""A four-wire ticket dispenser at a Raspberry Pi's header, reached over a byte stream of pin lines.

`pin <bcm> <0|1>` both ways: each side sends what it drives when it changes; our lines end in a time stamp in
nanoseconds. `sync <number>` from the host is answered with the levels of NOTCH and LOW and then the same line.
"""

import asyncio
import random
from collections.abc import Callable

from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide
from sim.ticket_dispenser.mechanics import Mechanics
from sim.world import World

MOTOR, NOTCH, LOW = 17, 27, 22
"""How the simulated machine is wired, BCM numbers."""
FASTEST = 0.5
"""A ticket in less than 60 ms is more than any dispenser does, and more than a notch filter can see."""
LINE_MAX = 64


class Simulator:
    DEVICE = "ticket-dispenser"
    FAULTS = frozenset(
        {
            "silence", "garbage", "unplug", "tickets-out", "jam", "double-notch", "glitch", "over-run", "stuck-notch",
            "motor-dead", "sensor-unplugged", "power-loss",
        }
    )  # fmt: skip

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0) -> None:
        self.world = world
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self._random = random.Random(seed)
        self._watchers: list[Callable[[int, int], None]] = []
        self._mechanics = Mechanics(world, self.faults, pace=max(pace, FASTEST), changed=self._notch_changed)

    def power_cut(self) -> None:
        """The 12 V go. The roll stays where it is."""
        self._mechanics.power(False)

    def power_on(self) -> None:
        self._mechanics.power(True)

    async def pull(self) -> None:
        """A person pulls the next ticket out by hand, as staff do after clearing a jam."""
        await self._mechanics.pull()

    # -- the four wires ------------------------------------------------------------------------------------------
    def drive(self, pin: int, level: int) -> None:
        """The host drives `pin`. Pins that lead nowhere are ignored, as on a real header."""
        if pin == MOTOR:
            self._mechanics.motor(bool(level))
        self._mechanics.show()

    def levels(self) -> tuple[tuple[int, int], ...]:
        """What the dispenser drives now: (pin, level)."""
        self._mechanics.show()
        return (NOTCH, self._mechanics.notch), (LOW, self._mechanics.low)

    def watch(self, watcher: Callable[[int, int], None]) -> Callable[[], None]:
        """Calls `watcher(pin, level)` at each change. Returns the call that ends the watch."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _notch_changed(self, level: int) -> None:
        for watcher in tuple(self._watchers):
            watcher(NOTCH, level)

    # -- the byte stream -----------------------------------------------------------------------------------------
    async def serve(self, stream: DeviceSide) -> None:
        """One host. When it goes, nobody drives MOTOR any more and its pull-down stops the motor."""
        out: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def say(line: bytes) -> None:
            if self.faults.take("silence"):
                return
            if self.faults.take("garbage"):
                line = b"\x00" + self._random.randbytes(12)
            out.put_nowait(line + b"\n")

        def send(pin: int, level: int) -> None:
            say(b"pin %d %d %d" % (pin, level, round(loop.time() * 1e9)))

        async def forward() -> None:
            while True:
                await stream.write(await out.get())

        writer = loop.create_task(forward())
        end = self.watch(send)
        held = bytearray()
        try:
            while data := await stream.read():
                held += data
                while (at := held.find(b"\n")) >= 0:
                    line = bytes(held[:at])
                    del held[: at + 1]
                    if line.startswith(b"sync "):
                        for pin, level in self.levels():
                            send(pin, level)
                        say(line)
                    else:
                        self._host_line(line)
                del held[:-LINE_MAX]
        finally:
            end()
            writer.cancel()
            self._mechanics.motor(False)

    def _host_line(self, line: bytes) -> None:
        words = line.split()
        if len(words) == 3 and words[0] == b"pin" and words[1].isdigit() and words[2] in (b"0", b"1"):
            self.drive(int(words[1]), int(words[2]))
