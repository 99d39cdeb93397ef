"""One step of the printer: a setting it accepts, or a movement it is watched through.

A movement is over when the sensors say so, never because an answer came, and its order is given once.
"""

import asyncio
from collections.abc import Callable

from drivers.card_printer.evolis import meaning
from drivers.card_printer.evolis.options import Options
from drivers.card_printer.evolis.protocol import OK, Error, StatusWords, frame
from drivers.card_printer.evolis.refusals import not_ready, sequence, unknown
from drivers.card_printer.evolis.sensors import Sensors
from drivers.card_printer.evolis.wire import Wire
from drivers.contract.card_printer import CardPosition
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause, JobOutcome

LOST_LOOKS = 3
"""Looks in a row that may fail while an act is under way: a hiccup of the link is not yet an unknown outcome."""
REFUSALS = ("NACK", "ERR", "NO ")
"""How a refusal begins: NACK and a code, or the texts of old models (programming guide A5013)."""
SETTLE = 20.0
"""Seconds a printer may take to come to rest (power-on, an act of an earlier program) before a new act."""

Done = Callable[[StatusWords], bool]


class Steps:
    """`seen` hears of every status that was read, so that it is published."""

    def __init__(self, wire: Wire, sensors: Sensors, options: Options, seen: Callable[[StatusWords], None]) -> None:
        self.options = options
        self.sensors = sensors
        self._wire = wire
        self._seen = seen

    async def look(self, before: StatusWords | None = None) -> StatusWords:
        """`before`: Sensors.look."""
        words = await self.sensors.look(before)
        self._seen(words)
        return words

    def at(self, wanted: CardPosition) -> Done:
        """Whether the card is where a movement should bring it."""
        return lambda words: self.sensors.position(words) is wanted

    async def move(
        self, command: str | bytes, done: Done, timeout: float, *, at_rest: bool = True, rests: int = 1
    ) -> StatusWords:
        """Orders one movement and looks until the sensors confirm it and, if `at_rest`, the motors stand; between two
        looks it rests `rests` times the poll interval.

        DeviceError: a cause the printer names; POWER if it restarted; NO_ANSWER or NO_DEVICE with outcome UNKNOWN if it
        cannot be asked any more; TIMED_OUT with outcome UNKNOWN if it rests without having got there."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        framed = frame(command) if isinstance(command, str) else command
        name = framed[1:4].decode("ascii").rstrip("\r")
        restarted = self.sensors.restarted
        refused = await self.begin(framed)
        lost, words = 0, None
        while True:
            try:
                words = await self.look(words)
                lost = 0
            except DeviceError as error:
                lost, words = lost + 1, None
                if lost >= LOST_LOOKS:
                    raise unknown(error, f"during {name}") from error
            else:
                moving = meaning.moving(words)
                if self.sensors.restarted and not restarted:
                    raise DeviceError(DeviceCause.POWER, f"{name}: restarted in the middle", outcome=JobOutcome.UNKNOWN)
                fault = meaning.act_fault(words)
                if fault is not None and (not moving or loop.time() >= end):
                    raise DeviceError(fault, f"{name}: {words.raw()}")  # while motors run, nothing is decided yet
                if refused:
                    raise DeviceError(DeviceCause.PROTOCOL, f"{name}: refused with {refused[:40]!r}, {words.raw()}")
                if done(words) and not (moving and at_rest):
                    return words
                if loop.time() >= end:
                    raise DeviceError(
                        DeviceCause.SENSOR,
                        f"{name}: not confirmed within {timeout:g} s, {words.raw()}",
                        completion=Completion.TIMED_OUT,
                        outcome=JobOutcome.UNKNOWN,
                    )
            await asyncio.sleep(rests * self.options.poll_interval)

    async def begin(self, framed: bytes) -> str:
        """Gives an order once and returns its refusal, "" for none. An answer that was lost, or is no word of a
        printer's (an OK with a flipped bit), is no refusal: only what is seen afterwards counts. Raises if the order
        certainly never arrived."""
        try:
            answer = await self._wire.order(framed)
        except DeviceError as error:
            if error.outcome is JobOutcome.FAILED:
                raise
            return ""
        return answer if answer.startswith(REFUSALS) else ""

    async def at_rest(self) -> StatusWords:
        """The settled status words once nothing moves; BUSY causes a sequence error after SETTLE seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + SETTLE
        while True:
            words = await self.look()
            if not meaning.moving(words):
                return words
            if loop.time() >= end:
                raise sequence(f"the printer is still busy after {SETTLE:.0f} s, {words.raw()}")
            await asyncio.sleep(self.options.poll_interval)

    async def at_rest_and_cleared(self) -> StatusWords:
        """At rest, with the error of an act that is over cleared once its reason is: somebody closed the cover, so go
        on. A jam is not cleared here: with `Scs` the printer would believe its path free; that is `reject`'s business.
        """
        words = await self.at_rest()
        if not words.error or words.error & Error.MECHANICAL:
            return words
        if DeviceCause.COVER_OPEN in meaning.live(words):
            raise not_ready(DeviceCause.COVER_OPEN, f"not begun, {words.raw()}")
        await self.order("Scs")
        return await self.look()

    async def host_in_charge(self) -> None:
        """Host error management, set before every act, so that the printer does not go on by itself when somebody
        closes the cover or fills the hopper."""
        await self.order("Pem;2")
        answer = await self._wire.ask(frame("Rem"))
        if answer != "2":
            raise sequence(f"the printer keeps error management to itself (Rem says {answer[:20]!r})")

    async def order(self, command: str) -> None:
        """A setting; nothing moves."""
        framed = frame(command)
        _accepted(framed, await self._wire.set(framed))

    async def send(self, framed: bytes) -> None:
        """A part of a job."""
        _accepted(framed, await self._wire.order(framed))

    async def order_if_possible(self, command: str) -> None:
        try:
            await self.order(command)
        except DeviceError:
            pass  # the next act sets it again; the error that matters is already on its way


def _accepted(framed: bytes, answer: str) -> None:
    if answer != OK:
        name = framed[1:16].split(b"\r")[0].decode("ascii", "replace")
        raise DeviceError(DeviceCause.PROTOCOL, f"{name}: refused with {answer[:40]!r}")
