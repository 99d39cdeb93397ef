"""Runs the motor until the tickets asked for have passed the optic, and no longer."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, DispenseError
from drivers.contract.status import Status
from drivers.contract.ticket_dispenser import TicketDispenser
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from drivers.ticket_dispenser.notch.counter import HAIR, NEVER, PERIOD_MAX, PERIOD_MIN, Counter, Verdict
from drivers.ticket_dispenser.notch.options import Options
from drivers.transport.base import gone
from drivers.transport.deadman import Deadman
from drivers.transport.gpio import PinLink

COUNT_MAX = 20
IDLE_EDGES = 64
GRACE = 0.015
"""Seconds by which the loop may be late before the deadman stops the motor: empty is off within 270 ms in any case."""

_CAUSE = {
    Verdict.EMPTY: DeviceCause.TICKETS_OUT,
    Verdict.JAM: DeviceCause.JAM,
    Verdict.CHATTER: DeviceCause.SENSOR,
}
_WORDS = {
    Verdict.EMPTY: "the optic sees no ticket",
    Verdict.JAM: "the motor runs and nothing passes the optic: jammed ticket, dead motor or unplugged sensor",
    Verdict.CHATTER: "the notch line chatters",
}
_STATE = {DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE, DeviceCause.PROTOCOL: DeviceState.HARDWARE_ERROR}


@dataclass(frozen=True, slots=True)
class _Pins:
    """gpiozero devices: an OutputDevice and two InputDevices."""

    factory: Any
    motor: Any
    notch: Any
    low: Any | None
    on_edge: Callable[[float, int], None]
    """Kept here because gpiozero holds its callback only weakly."""
    deadman: Deadman | None


class Driver(TicketDispenser):
    answers = False

    def __init__(self, link: PinLink, options: Options | None = None) -> None:
        super().__init__()
        self.options = options or Options()
        self._link = link
        self._pins: _Pins | None = None
        self._gone = False
        self._edges: deque[tuple[float, bool]] = deque(maxlen=IDLE_EDGES * 16)
        self._wake = asyncio.Event()
        self._latched: DeviceCause | None = None
        self._why = ""
        self._known = True
        self._broken_off = False
        """The last run ended where nobody looked: a notch may rest in the optic, and looks like an empty roll."""
        self._period = self.options.period
        self._pulled = 0
        self._over_runs = 0

    @property
    def period(self) -> float:
        return self._period

    def recall(self, period: float) -> None:
        if PERIOD_MIN <= period <= PERIOD_MAX:
            self._period = period

    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        async with self.lock:
            await self._let_go()

    async def poll(self) -> Status:
        async with self.lock:
            try:
                return await self._look()
            except DeviceError as error:
                await self._let_go()
                return self._publish(
                    _STATE.get(error.cause, DeviceState.OFFLINE), (error.cause,), Supply.UNKNOWN, error=error.detail
                )

    async def dispense(self, intent: IntentId, count: int = 1) -> int:
        if not 1 <= count <= COUNT_MAX:
            raise DeviceError(
                DeviceCause.HARDWARE, f"{count} tickets: 1 to {COUNT_MAX}", completion=Completion.INVALID_DATA
            )
        return await self.once(intent, lambda: self._dispense(count))

    # -- asking --------------------------------------------------------------------------------------------------
    async def _look(self) -> Status:
        pins = await self._ready()
        await self._idle()
        empty = bool(pins.notch.is_active)
        if empty:  # a notch just now, or nothing at all?
            await asyncio.sleep(self.options.empty_after)
            await self._link.refresh()
            empty = bool(pins.notch.is_active)
        supply = Supply.OUT if empty else self._left(pins)
        if empty and self._broken_off:
            empty, supply = False, Supply.UNKNOWN  # the next run tells: a resting notch passes at once
        causes = [DeviceCause.TICKETS_OUT] if empty else []
        if self._latched is not None and self._latched not in causes:
            causes.append(self._latched)
        state = DeviceState.ONLINE
        if self._latched is not None:
            state = DeviceState.HARDWARE_ERROR
        elif empty:
            state = DeviceState.USER_ERROR
        return self._publish(state, tuple(causes), supply, error=self._why)

    def _left(self, pins: _Pins) -> Supply:
        if pins.low is None:
            return Supply.UNKNOWN  # a ticket is in the optic; how many stand behind it, nobody can say
        return Supply.LOW if pins.low.is_active else Supply.FULL

    async def _idle(self) -> None:
        """Edges that came while the motor stood: somebody pulled tickets or put in new ones, which also ends a jam."""
        if not self._edges:
            return
        await asyncio.sleep(self.options.filter)  # the newest edge has lasted long enough, or another has come
        before = not self._edges[0][1]
        counter = Counter(self.options, active=before, at=-NEVER, known=False, period=self._period)
        while self._edges:
            counter.edge(*self._edges.popleft())
        counter.settle(asyncio.get_running_loop().time())
        self._pulled += counter.tickets
        if counter.moves:
            self._latched, self._why, self._broken_off = None, "", False

    # -- dispensing ----------------------------------------------------------------------------------------------
    async def _dispense(self, count: int) -> int:
        async with self.lock:
            loop = asyncio.get_running_loop()
            done = 0
            try:
                pins = await self._ready()
                await self._idle()
                counter = Counter(
                    self.options,
                    active=bool(pins.notch.is_active),
                    at=loop.time(),
                    known=self._known,
                    period=self._period,
                )
                self._publish(DeviceState.BUSY, (), self._left(pins))
                try:
                    await self._run(pins, counter, count)
                    self._broken_off = False
                except DispenseError:
                    self._broken_off = False
                    raise
                except BaseException:
                    self._known, self._broken_off = False, True
                    raise
                finally:
                    done, self._period = counter.tickets, counter.period
            except DispenseError as error:
                self._known = False
                self._latch(error)
                raise
            except DeviceError as error:  # the pins went out of reach; what ran out after that, nobody saw
                self._known = False
                await self._let_go()
                state = _STATE.get(error.cause, DeviceState.OFFLINE)
                self._publish(state, (error.cause,), Supply.UNKNOWN, error=error.detail)
                raise DispenseError(error.cause, error.detail, dispensed=done, outcome=JobOutcome.UNKNOWN) from error
            self._known = True
            self._latched, self._why = None, ""
            self._over_runs += done - count
            empty = counter.active
            self._publish(
                DeviceState.USER_ERROR if empty else DeviceState.ONLINE,
                (DeviceCause.TICKETS_OUT,) if empty else (),
                Supply.OUT if empty else self._left(pins),
            )
            return done

    async def _run(self, pins: _Pins, counter: Counter, count: int) -> None:
        """Motor on until `count` tickets have passed; a jam is given some rests. The motor is off afterwards."""
        verdict = await self._turn(pins, counter, count)
        for _ in range(self.options.retries):
            if verdict is not Verdict.JAM:
                break
            await self._link.refresh()  # pins out of reach show no edge either: then that is the cause
            await asyncio.sleep(self.options.rest)
            verdict = await self._turn(pins, counter, count)
        if verdict is None:
            return await self._over_run(pins, counter)
        await self._link.refresh()
        # A sensor that has come off looks like a jam, and tickets may have run out unseen.
        outcome = JobOutcome.FAILED if verdict is Verdict.EMPTY else JobOutcome.UNKNOWN
        raise DispenseError(_CAUSE[verdict], _WORDS[verdict], dispensed=counter.tickets, outcome=outcome)

    async def _turn(self, pins: _Pins, counter: Counter, count: int) -> Verdict | None:
        """Motor on until `count` tickets have passed (None) or it is plain that they will not."""
        loop = asyncio.get_running_loop()
        self._take(counter, loop.time())  # what moved during a rest; a notch that came to rest is no empty roll
        counter.start(loop.time())
        guard = pins.deadman
        if guard is not None:
            guard.arm(counter.wake_at() + GRACE)
        pins.motor.on()
        try:
            while True:
                if guard is not None and guard.fired:
                    raise DispenseError(
                        DeviceCause.HARDWARE,
                        "this program stood still; the deadman stopped the motor",
                        dispensed=counter.tickets,
                        outcome=JobOutcome.UNKNOWN,
                    )
                self._take(counter, loop.time())
                if counter.tickets >= count:
                    return None
                verdict = counter.verdict(loop.time())
                if verdict is not None:
                    return verdict
                if guard is not None:
                    guard.alive(counter.wake_at() + GRACE)
                await self._until(counter.wake_at())
        finally:
            pins.motor.off()
            if guard is not None:
                guard.disarm()

    async def _over_run(self, pins: _Pins, counter: Counter) -> None:
        """Tickets that still pass although the motor is off are counted too; a notch begun is waited for."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.options.over_run_watch
        while True:
            self._take(counter, loop.time())
            limit = end + self.options.empty_after if pins.notch.is_active else end
            if loop.time() + HAIR >= limit:
                return
            await self._until(min(limit, max(counter.wake_at(), loop.time() + self.options.filter)))

    def _take(self, counter: Counter, now: float) -> None:
        while self._edges:
            counter.edge(*self._edges.popleft())
        counter.settle(now)

    async def _until(self, when: float) -> None:
        """Waits for the next edge, but not longer than until `when`. Raises if the pins went out of reach."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(max(when, loop.time())):
                await self._wake.wait()
        self._wake.clear()
        if self._gone:
            await self._link.refresh()
            raise gone(f"{self._link}: lost")

    def _latch(self, error: DispenseError) -> None:
        """A jam or a bad sensor stays until a ticket passes again; an empty stack is seen anew at each poll."""
        empty = error.cause is DeviceCause.TICKETS_OUT
        if not empty:
            self._latched, self._why = error.cause, error.detail
        self._publish(
            DeviceState.USER_ERROR if empty else DeviceState.HARDWARE_ERROR,
            (error.cause,),
            Supply.OUT if empty else Supply.JAMMED if error.cause is DeviceCause.JAM else Supply.UNKNOWN,
            error=error.detail,
        )

    # -- pins ----------------------------------------------------------------------------------------------------
    async def _ready(self) -> _Pins:
        """The pins, with levels of now. Takes them if need be, the motor's first, and off."""
        if self._gone:
            await self._let_go()
        if self._pins is None:
            self._gone = False
            self._pins = self._take_pins(await self._link.open(self._lost))
            self._latched, self._why = None, ""
            await self._link.refresh()
            self._edges.clear()  # finding out where the line stands is no edge
        else:
            await self._link.refresh()
        return self._pins

    def _take_pins(self, factory: Any) -> _Pins:
        from gpiozero import InputDevice, OutputDevice

        options, loop = self.options, asyncio.get_running_loop()
        motor = OutputDevice(
            options.motor_pin, active_high=options.motor_active_high, initial_value=False, pin_factory=factory
        )
        notch = InputDevice(options.notch_pin, pull_up=options.notch_active_low, pin_factory=factory)
        low = None
        if options.low_pin is not None:
            low = InputDevice(options.low_pin, pull_up=options.low_active_low, pin_factory=factory)

        guard = self._link.deadman(motor.off, loop.time)

        def on_edge(ticks: float, level: int) -> None:
            """In gpiozero's own thread on hardware. Ticks are the kernel's stamp of the edge; where its clock is not
            ours (kernels before 5.7), the edge is taken to be of now."""
            now = loop.time()
            age = factory.ticks_diff(factory.ticks(), ticks)
            at = now - age if 0 <= age < 1 else now
            active = bool(level) != options.notch_active_low
            self._edges.append((at, active))
            if guard is not None and active:
                guard.no_later(at + options.empty_after + GRACE)
            loop.call_soon_threadsafe(self._wake.set)

        notch.pin.edges = "both"
        notch.pin.when_changed = on_edge
        return _Pins(factory, motor, notch, low, on_edge, guard)

    def _lost(self) -> None:
        self._gone = True
        self._wake.set()

    async def _let_go(self) -> None:
        if self._pins is not None:
            pins, self._pins = self._pins, None
            if pins.deadman is not None:
                pins.deadman.end()
            pins.motor.off()
            for device in (pins.motor, pins.notch, pins.low):
                if device is not None:
                    device.close()
        await self._link.close()

    def _publish(
        self, state: DeviceState, causes: tuple[DeviceCause, ...], tickets: Supply, *, error: str = ""
    ) -> Status:
        detail = {
            "pulled_by_hand": str(self._pulled),
            "over_runs": str(self._over_runs),
            "period_ms": f"{self._period * 1000:.0f}",
        }
        if error:
            detail["error"] = error
        return self.board.publish(
            Status(
                state=state,
                media=Media.NOT_SUPPORTED,
                supplies=MappingProxyType({"tickets": tickets}),
                causes=causes,
                detail=MappingProxyType(detail),
            )
        )
