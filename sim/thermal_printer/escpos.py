"""A receipt printer of the Epson TM-T20II kind, byte for byte: hears at once, prints at 150 mm/s, runs out of paper."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide
from sim.thermal_printer import answers, ears
from sim.thermal_printer.interpreter import Act, Cut, Interpreter, Line, Present, Tell, Watch
from sim.thermal_printer.language import Stream
from sim.thermal_printer.panel import Panel, identity, watched
from sim.thermal_printer.paper import CUTTER_DOTS, DOTS_PER_MM, LONGEST, Strip
from sim.thermal_printer.presenter import Presenter
from sim.world import World

SPEED = 150.0 * DOTS_PER_MM
"""Dots per second."""
CUT_TIME = 0.3
STEP = 30
"""Dots between two looks at the sensors: a line of text."""
WAVE = 360
"""Dots, 0.3 s of printing, after which time is let pass. No answer in its turn, no cut and no slip at the mouth is
early by it: before each, what is owed is waited for. Only the sensors may see the paper's end so much sooner."""
LOOK = 0.1
"""Seconds between two looks at the sensors while nothing moves."""
START_TIME = 1.5
"""Seconds from power to the first answer; electronics, so `pace` does not shorten it."""
NEAR_END_MM = 4_000.0
"""Paper left on the roll when the near-end sensor sees its core."""
POWER_LOSS_AT = 120
PAPER_OUT_AT = 200
"""Dots of a slip after which the faults of these names strike."""


WELL = Panel()


class Simulator:
    DEVICE = "thermal-printer"
    FAULTS = frozenset(
        {
            *answers.FAULTS,
            *("unplug", "stale-status", "power-loss", "paper-out", "paper-out-mid", "paper-low", "cover-open"),
            *("cutter", "head-hot"),
        }
    )

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0, presenter: bool = False) -> None:
        """`presenter`: a Custom kiosk printer, which holds its slips; it can show the fault "jam" too."""
        self.world = world
        self.pace = pace
        self.look = LOOK
        """Seconds between two looks at its own state for the automatic status back."""
        self.faults = FaultBoard(self.DEVICE, self.FAULTS | {"jam"} if presenter else self.FAULTS)
        self._presenter = Presenter(world, self.faults, pace) if presenter else None
        self._powered = True
        self._strip = Strip()
        self._owed = 0
        """Dots that are on the paper, and whose time has not passed yet."""
        self._answers = answers.Answers(self.faults, seed=seed, pace=pace)
        self._interpreter = Interpreter()
        self._stream = Stream()
        self._ears = ears.Ears()
        self._arrived = asyncio.Event()
        self._mask = 0
        self._pushed = b""
        self._cutter_stuck = False
        self._said = [Panel().real_time(n) for n in range(5)]
        """The last answer to each DLE EOT n."""
        self._tasks: list[asyncio.Task[None]] = []
        self._printing: asyncio.Task[None] | None = None
        self._restart: asyncio.Task[None] | None = None

    # -- power ---------------------------------------------------------------------------------------------------

    def power_cut(self) -> None:
        """Everything volatile is gone; the paper stays as it is, with half a line on it maybe."""
        self._powered = False
        for task in (*self._tasks, self._printing):
            if task is not None:
                task.cancel()
        self._tasks, self._printing = [], None
        self._forget()
        self._answers.lost()
        self._interpreter.reset()
        self._ears = ears.Ears()
        self._mask, self._cutter_stuck = 0, False

    def power_on(self) -> None:
        self._powered = True
        self._run()

    def _run(self) -> None:
        """Starts what goes on inside, also without a host; in the first call that has a running loop."""
        if not self._powered or self._tasks:
            return
        loop = asyncio.get_running_loop()
        inside: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (self._answers.run, self._watch)
        self._tasks = [loop.create_task(work()) for work in inside]
        self._printing = loop.create_task(self._print())

    async def _lose_power(self) -> None:
        self.power_cut()
        await asyncio.sleep(START_TIME)
        self.power_on()

    # -- the host ------------------------------------------------------------------------------------------------

    async def serve(self, stream: DeviceSide) -> None:
        self._run()
        self._answers.connected(stream)
        try:
            while data := await stream.read():
                if self._powered:  # without power the bytes are lost
                    await self._hear(data)
        finally:
            self._answers.disconnected(stream)

    async def _hear(self, data: bytes) -> None:
        for piece, command in self._ears.feed(data):
            if piece != command or self._stream:  # between two commands, a real-time one is nothing to be stepped over
                self._stream.feed(piece)
            if command is not None and (answer := self._at_once(command)):
                await self._answers.send(answer)
        if self._stream:
            self._arrived.set()

    def _at_once(self, command: bytes) -> bytes:
        """Obeys a real-time command; its answer, if it has one."""
        panel = self._panel()
        if command == ears.CLEAR:
            self._abandon()
            return b"\x37\x25\x00"
        if command == ears.FULL_STATUS:
            return self._presenter.full_status(panel) if self._presenter is not None else b""
        n = command[2]
        if command[1] == 0x05:  # DLE ENQ 1 goes on where an error stopped it, 2 forgets the data; both free the cutter
            if self._cutter_stuck and n == 2:
                self._abandon()
            self._free_cutter()
            return b""
        if not self.faults.take("stale-status"):
            self._said[n] = panel.real_time(n)
        return bytes((self._said[n],))

    def _abandon(self) -> None:
        """Buffers are cleared, and whatever was being done is not done further."""
        self._forget()
        self._interpreter.forget_line()
        self._free_cutter()
        if self._printing is not None:
            self._printing.cancel()
            self._printing = asyncio.get_running_loop().create_task(self._print())

    def _forget(self) -> None:
        self._stream.clear()
        self._owed = 0
        self._arrived.clear()

    def _free_cutter(self) -> None:
        self._cutter_stuck = self._cutter_stuck and self.faults.active("cutter")

    # -- status --------------------------------------------------------------------------------------------------

    def _panel(self) -> Panel:
        if not (self.faults.armed or self._cutter_stuck) and self.world.paper_mm > NEAR_END_MM:
            return WELL
        active = self.faults.active
        return Panel(
            cover_open=active("cover-open"),
            paper_end=active("paper-out") or self.world.paper_mm <= 0,
            near_end=active("paper-low") or self.world.paper_mm <= NEAR_END_MM,
            cutter_stuck=self._cutter_stuck,
            head_hot=active("head-hot"),
        )

    async def _watch(self) -> None:
        """Automatic status back."""
        while True:
            await asyncio.sleep(self.look)
            status = self._panel().automatic()
            if self._mask and watched(self._mask, status) != watched(self._mask, self._pushed):
                await self._push()

    async def _push(self) -> None:
        self._pushed = self._panel().automatic()
        await self._answers.send(self._pushed)

    # -- printing ------------------------------------------------------------------------------------------------

    async def _print(self) -> None:
        """Obeys command after command; an off-line printer obeys none until it is on-line again."""
        while True:
            while (command := self._stream.next()) is None:
                self._arrived.clear()
                await self._rest()
                await self._arrived.wait()
            if self._panel().offline:
                await self._on_line()
            acts = self._interpreter.obey(command)
            while not acts and (command := self._stream.next()) is not None:  # no time went by: it is on-line still
                acts = self._interpreter.obey(command)
            for act in acts:
                await self._do(act)

    async def _on_line(self) -> None:
        while self._panel().offline:
            await asyncio.sleep(LOOK)

    async def _rest(self) -> None:
        """Lets the time pass that printing took so far."""
        if self._owed:
            dots, self._owed = self._owed, 0
            await asyncio.sleep(dots / SPEED * self.pace)

    async def _do(self, act: Act) -> None:
        match act:
            case Line():
                if act.text:
                    self._strip.say(act.text)
                await self._burn(act)
            case Cut(feed):
                if feed is not None:
                    await self._burn(Line(CUTTER_DOTS + feed))
                await self._cut()
            case Present(n):
                await self._rest()
                if self._presenter is not None:
                    await self._presenter.obey(n)
            case Watch(mask):
                self._mask = mask
                await self._rest()
                if mask:
                    await self._push()
            case Tell():
                await self._rest()
                await self._tell(act)

    async def _tell(self, question: Tell) -> None:
        match question:
            case Tell("sensor", argument):
                answer = self._panel().sensor(argument[0])
            case Tell("identity", argument):
                answer = identity(argument[0])
            case Tell(_, argument):
                answer = b"\x37\x22" + argument + b"\x00"
        if answer:
            await self._answers.send(answer)

    async def _burn(self, line: Line) -> None:
        """Moves the paper, STEP by STEP if there is anything to be seen; where the paper or the power ends, so does the
        line."""
        top = 0
        while top < line.height:
            panel = self._panel()
            if panel.offline:
                await self._on_line()
            rows = min(WAVE if panel is WELL else STEP, line.height - top)
            if line.draw is not None and top < line.inked:
                self._strip.burn(line.draw, top, min(rows, line.inked - top))
            self._strip.advance(rows)
            self.world.paper_mm = max(self.world.paper_mm - rows / DOTS_PER_MM, 0.0)
            self._owed += rows
            if self._owed >= WAVE:
                await self._rest()
            self._mishaps(rows)
            if self._strip.length > LONGEST:
                self._off()
            top += rows

    def _mishaps(self, rows: int) -> None:
        """Faults that strike within a slip, each asked once a slip."""
        now = self._strip.printed
        before = now - rows
        if before < PAPER_OUT_AT <= now and self.faults.take("paper-out-mid"):
            self.world.paper_mm = 0.0
        if before < POWER_LOSS_AT <= now and self.faults.take("power-loss"):
            self._restart = asyncio.get_running_loop().create_task(self._lose_power())

    async def _cut(self) -> None:
        if self.faults.take("cutter"):
            self._cutter_stuck = True
        await self._on_line()
        await self._rest()
        await asyncio.sleep(CUT_TIME * self.pace)
        self._off()

    def _off(self) -> None:
        slip = self._strip.cut()
        if slip is not None and self._presenter is not None:
            self._presenter.hold(slip)
        elif slip is not None:
            self.world.slip_out(slip)
