"""The Evolis driver. An act is over when the sensors say so, never because an answer came.

Order of a card (programming guide A5013): `Pem;2`, `Sic` or `Sis`, [the encoder works],
`Ss` ... `Se` on the same card, `Sce`. Host error management (`Pem;2`) is set before every act, so that the printer does
not go on by itself when somebody closes the cover or fills the hopper.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from PIL.Image import Image

from drivers.card_printer.evolis import job, meaning
from drivers.card_printer.evolis.options import Options
from drivers.card_printer.evolis.protocol import OK, Config, Error, Info, StatusWords, frame
from drivers.card_printer.evolis.sensors import Sensors
from drivers.card_printer.evolis.wire import Wire
from drivers.contract.card_printer import CardPosition, CardPrinter, Evidence, Station, unsupported
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.status import Status
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from drivers.transport.base import Connector

LOST_LOOKS = 3
"""Looks in a row that may fail while an act is under way: a hiccup of the link is not yet an unknown outcome."""
SETTLE = 20.0
"""Seconds a printer may take to come to rest (power-on, an act of an earlier program) before a new act."""
_STATES = {DeviceCause.NO_DEVICE: DeviceState.NO_DEVICE, DeviceCause.PROTOCOL: DeviceState.HARDWARE_ERROR}
_NO_CLEANING = frozenset({DeviceCause.COVER_OPEN, DeviceCause.JAM, DeviceCause.HARDWARE, DeviceCause.POWER})
_MOVES = {Station.CONTACT: "Sis", Station.CONTACTLESS: "Sic"}


@dataclass(frozen=True, slots=True)
class _Held:
    """The card that this driver fed and that an encoder may have written."""

    station: Station
    fed_count: int | None


class Driver(CardPrinter):
    can_encode = True

    def __init__(self, link: Connector, options: Options | None = None) -> None:
        super().__init__()
        self.options = options or Options()
        self._wire = Wire(link, self.options.answer_timeout)
        self._sensors = Sensors(self._wire, self.options)
        self._identity: Mapping[str, str] | None = None
        self._counters: Mapping[str, str] = {}
        self._held: _Held | None = None

    # -- device --------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        await self.poll()

    async def stop(self) -> None:
        async with self.lock:
            await self._wire.close()

    async def poll(self) -> Status:
        if self.lock.locked():
            return self.status  # the act under way looks, and publishes what it sees
        async with self.lock:
            try:
                if self._identity is None:
                    self._identity = await self._sensors.identity()
                self._counters = await self._sensors.counters()
                await self._look()
            except DeviceError as error:
                self._identity = None
                self._publish_silence(error)
        return self.status

    async def where(self) -> Evidence:
        async with self.lock:
            words = await self._look()
            return Evidence(
                position=self._sensors.position(words),
                station=meaning.station(words),
                fed_count=await self._sensors.fed_count(),
                restarted=self._sensors.restart_known,
                moving=meaning.moving(words),
            )

    # -- acts ----------------------------------------------------------------------------------------------------
    async def feed(self, intent: IntentId, station: Station) -> None:
        await self._act(intent, lambda: self._feed(station))

    async def print_front(self, intent: IntentId, face: Image) -> None:
        await self._act(intent, lambda: self._print(face, None))

    async def print_faces(self, intent: IntentId, front: Image, back: Image) -> None:
        await self._act(intent, lambda: self._print(front, back))

    async def present(self, intent: IntentId) -> None:
        await self._act(intent, self._present)

    async def retract(self, intent: IntentId) -> None:
        await self._act(intent, self._retract)

    async def reject(self, intent: IntentId) -> None:
        await self._act(intent, self._reject)

    async def clean(self, intent: IntentId) -> None:
        await self._act(intent, self._clean)

    async def reset(self, intent: IntentId) -> None:
        await self._act(intent, self._reset)

    async def _act(self, intent: IntentId, act: Callable[[], Awaitable[None]]) -> None:
        async def alone() -> None:
            async with self.lock:
                await act()

        await self.once(intent, alone)

    async def _feed(self, station: Station) -> None:
        with _not_begun():
            words = await self._at_rest()
            where = self._sensors.position(words)
            if where is not CardPosition.NONE:
                raise _sequence(f"feed: a card is already in the path ({where})")
            self._held = None
            if words.error or words.info & Info.JUST_RESET:
                await self._order("Scs")  # errors of an earlier act stay until somebody clears them
                words = await self._look()
            for cause in meaning.causes(words):
                raise DeviceError(cause, f"feed: not begun, {words.raw()}", completion=Completion.DEVICE_NOT_READY)
            self._sensors.forget_restart(words)
            before = await self._sensors.fed_count()
            await self._host_in_charge()
            await self._order(f"Pcim;{self.options.input_tray}")
        try:
            await self._move(_MOVES[station], lambda seen: meaning.station(seen) is station, self.options.feed_timeout)
        except DeviceError as error:
            if error.cause in (DeviceCause.BLANKS_OUT, DeviceCause.COVER_OPEN):
                # From here on only the live sensors speak: the error word would stay after somebody has helped.
                await self._order_if_possible("Scs")
            raise
        count = await self._sensors.fed_count()
        if before is not None and count is not None and count > before + 1:
            raise DeviceError(
                DeviceCause.JAM, f"feed: the hopper gave {count - before} cards", outcome=JobOutcome.UNKNOWN
            )
        self._held = _Held(station, count)

    async def _print(self, front: Image, back: Image | None) -> None:
        commands = job.sequence(self.options, front, back)
        with _not_begun():
            words = await self._only_the_encoded_card()
            if back is not None and not words.config & Config.FLIP:
                raise unsupported("print on both sides")
            for command in job.preparation(self.options):
                await self._send(command)
        self._held = None  # whatever happens from here on, this card is not printed a second time
        command = next(commands)
        for following in commands:
            await self._send(command)
            command = following
        words = await self._move(
            command,  # the last one, which prints
            lambda seen: meaning.station(seen) is None and self._sensors.position(seen) is not CardPosition.UNKNOWN,
            self.options.print_timeout * (1 if back is None else 2),
        )
        where = self._sensors.position(words)
        if where is not CardPosition.INSIDE:
            raise DeviceError(
                DeviceCause.CARD_LOST if where is CardPosition.NONE else DeviceCause.HARDWARE,
                f"print: the card did not stay inside ({where}); is hold_tray {self.options.hold_tray!r} right?",
                outcome=JobOutcome.UNKNOWN,
            )

    async def _only_the_encoded_card(self) -> StatusWords:
        """The guard against cards without a chip: print only on the card that was fed, still where it was encoded."""
        held = self._held
        if held is None:
            raise _sequence("print: this program has fed no card to print on")
        words = await self._at_rest()
        if self._sensors.restarted:
            raise DeviceError(DeviceCause.POWER, "print: not begun, the printer has restarted since the card was fed")
        if meaning.station(words) is not held.station:
            raise _sequence(f"print: no card at the {held.station} station, {words.raw()}", DeviceCause.CARD_LOST)
        count = await self._sensors.fed_count()
        if held.fed_count is not None and count != held.fed_count:
            raise _sequence("print: another card has been fed since", DeviceCause.CARD_LOST)
        in_the_way = [c for c in meaning.causes(words) if c not in (DeviceCause.BLANKS_OUT, DeviceCause.REJECT_FULL)]
        if in_the_way:
            raise DeviceError(in_the_way[0], f"print: not begun, {words.raw()}", completion=Completion.DEVICE_NOT_READY)
        return words

    async def _present(self) -> None:
        with _not_begun():
            words = await self._over(await self._at_rest())
            where = self._sensors.position(words)
            if where is not CardPosition.INSIDE:
                raise _sequence(f"present: no card inside ({where})", meaning.act_fault(words) or DeviceCause.NO_CARD)
            await self._host_in_charge()
            await self._order(f"Pcem;{self.options.exit_tray}")
        self._held = None
        await self._move("Sce", self._is(CardPosition.EXIT), self.options.move_timeout)

    async def wait_taken(self, timeout: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        restarted = self._sensors.restarted
        lost = 0
        while True:
            try:
                async with self.lock:
                    words = await self._look()
                lost = 0
            except DeviceError as error:
                lost += 1
                if lost >= LOST_LOOKS:
                    raise _unknown(error, "while the card was at the exit") from error
            else:
                if self._sensors.restarted and not restarted:
                    raise DeviceError(
                        DeviceCause.POWER, "restarted with a card at the exit", outcome=JobOutcome.UNKNOWN
                    )
                where = self._sensors.position(words)
                if where is CardPosition.NONE:
                    return True
                if loop.time() >= end:
                    if where is CardPosition.EXIT:
                        return False
                    raise DeviceError(
                        meaning.act_fault(words) or DeviceCause.SENSOR,
                        f"the presented card is neither at the exit nor gone, {words.raw()}",
                        outcome=JobOutcome.UNKNOWN,
                    )
            await asyncio.sleep(max(0.01, min(self.options.poll_interval, end - loop.time())))

    async def _retract(self) -> None:
        with _not_begun():
            words = await self._over(await self._at_rest())
            where = self._sensors.position(words)
            if where is CardPosition.NONE:
                raise DeviceError(DeviceCause.CARD_LOST, "retract: no card at the exit", outcome=JobOutcome.UNKNOWN)
            if where is not CardPosition.EXIT:
                raise _sequence(f"retract: the card is not at the exit ({where})")
            await self._host_in_charge()
            # From the bezel and from nowhere else: with "both", `Si` would take a blank if the card is gone.
            await self._order(f"Pcim;{self.options.bezel_tray}")
        try:
            await self._move("Si", self._is(CardPosition.INSIDE), self.options.move_timeout)
        except DeviceError as error:
            if error.cause is DeviceCause.NO_CARD or error.completion is Completion.TIMED_OUT:
                raise DeviceError(
                    DeviceCause.CARD_LOST, f"retract: gone on the way, {error.detail}", outcome=JobOutcome.UNKNOWN
                ) from error
            raise
        finally:
            await self._order_if_possible(f"Pcim;{self.options.input_tray}")
        await self._move(self.options.reject_with, self._is(CardPosition.NONE), self.options.move_timeout)

    async def _reject(self) -> None:
        with _not_begun():
            words = await self._at_rest()
            self._held = None
            await self._order("Scs")  # clears a jam, an earlier error, and a print sequence that was broken off
            words = await self._look()
            where = self._sensors.position(words)
            if where is CardPosition.NONE:
                raise _sequence(
                    "reject: the sensors see no card inside", DeviceCause.NO_CARD, outcome=JobOutcome.UNKNOWN
                )
            if where is CardPosition.EXIT:
                raise _sequence("reject: the card is at the exit; it has to be retracted")
            for cause in meaning.causes(words):
                if cause in (DeviceCause.COVER_OPEN, DeviceCause.REJECT_FULL, DeviceCause.JAM):
                    raise DeviceError(
                        cause, f"reject: not begun, {words.raw()}", completion=Completion.DEVICE_NOT_READY
                    )
            await self._host_in_charge()
        await self._move(self.options.reject_with, self._is(CardPosition.NONE), self.options.move_timeout)

    async def _clean(self) -> None:
        with _not_begun():
            words = await self._over(await self._at_rest())
            where = self._sensors.position(words)
            if where is not CardPosition.NONE:
                raise _sequence(f"clean: a card is in the path ({where})")
            stopping = [cause for cause in meaning.causes(words) if cause in _NO_CLEANING]
            if stopping:
                raise DeviceError(stopping[0], f"clean: {words.raw()}", completion=Completion.DEVICE_NOT_READY)
            self._held = None
            await self._host_in_charge()
        await self._move("Scp", lambda _: True, self.options.clean_timeout)

    async def _reset(self) -> None:
        """The link may go down on the way, and the order's own answer with it: only what is seen afterwards counts."""
        self._held = None
        try:
            await self._wire.order(frame("Srs"))
        except DeviceError as error:
            if error.outcome is JobOutcome.FAILED:
                raise  # it certainly never arrived
        loop = asyncio.get_running_loop()
        end = loop.time() + self.options.reset_timeout
        while True:
            await asyncio.sleep(self.options.poll_interval)
            try:
                words = await self._look()
                if self._sensors.restart_known is not False and not meaning.moving(words):
                    return
            except DeviceError as error:
                if loop.time() >= end:
                    raise _unknown(error, "after a reset") from error
            if loop.time() >= end:
                raise DeviceError(
                    DeviceCause.SENSOR,
                    f"reset: not confirmed within {self.options.reset_timeout:g} s",
                    completion=Completion.TIMED_OUT,
                    outcome=JobOutcome.UNKNOWN,
                )

    # -- one step ------------------------------------------------------------------------------------------------
    async def _move(self, command: str | bytes, done: Callable[[StatusWords], bool], timeout: float) -> StatusWords:
        """Orders one movement and looks until the sensors confirm it. The order is given once, whatever its answer.

        DeviceError: a cause the printer names; POWER if it restarted; NO_ANSWER or NO_DEVICE with outcome UNKNOWN if it
        cannot be asked any more; TIMED_OUT with outcome UNKNOWN if it rests without having got there."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        framed = frame(command) if isinstance(command, str) else command
        name = framed[1:4].decode("ascii").rstrip("\r")
        restarted = self._sensors.restarted
        refused = ""
        try:
            answer = await self._wire.order(framed)
            refused = "" if answer == OK else answer
        except DeviceError as error:
            if error.outcome is JobOutcome.FAILED:
                raise  # it certainly never arrived
        lost = 0
        while True:
            try:
                words = await self._look()
                lost = 0
            except DeviceError as error:
                lost += 1
                if lost >= LOST_LOOKS:
                    raise _unknown(error, f"during {name}") from error
            else:
                if self._sensors.restarted and not restarted:
                    raise DeviceError(DeviceCause.POWER, f"{name}: restarted in the middle", outcome=JobOutcome.UNKNOWN)
                fault = meaning.act_fault(words)
                if fault is not None and (not meaning.moving(words) or loop.time() >= end):
                    raise DeviceError(fault, f"{name}: {words.raw()}")  # while motors run, nothing is decided yet
                if refused:
                    raise DeviceError(DeviceCause.PROTOCOL, f"{name}: refused with {refused[:40]!r}, {words.raw()}")
                if done(words) and not meaning.moving(words):
                    return words
                if loop.time() >= end:
                    raise DeviceError(
                        DeviceCause.SENSOR,
                        f"{name}: not confirmed within {timeout:g} s, {words.raw()}",
                        completion=Completion.TIMED_OUT,
                        outcome=JobOutcome.UNKNOWN,
                    )
            await asyncio.sleep(self.options.poll_interval)

    async def _at_rest(self) -> StatusWords:
        """The settled status words once nothing moves; BUSY causes a sequence error after SETTLE seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + SETTLE
        while True:
            words = await self._look()
            if not meaning.moving(words):
                return words
            if loop.time() >= end:
                raise _sequence(f"the printer is still busy after {SETTLE:.0f} s, {words.raw()}")
            await asyncio.sleep(self.options.poll_interval)

    async def _over(self, words: StatusWords) -> StatusWords:
        """Clears the error of an act that is over, once its reason is: somebody closed the cover, so go on. A jam is
        not cleared here: with `Scs` the printer would believe its path free; that is `reject`'s business."""
        if not words.error or words.error & Error.MECHANICAL:
            return words
        if DeviceCause.COVER_OPEN in meaning.live(words):
            raise DeviceError(
                DeviceCause.COVER_OPEN, f"not begun, {words.raw()}", completion=Completion.DEVICE_NOT_READY
            )
        await self._order("Scs")
        return await self._look()

    async def _host_in_charge(self) -> None:
        await self._order("Pem;2")
        answer = await self._wire.ask(frame("Rem"))
        if answer != "2":
            raise _sequence(f"the printer keeps error management to itself (Rem says {answer[:20]!r})")

    async def _order(self, command: str) -> None:
        """A setting; nothing moves."""
        framed = frame(command)
        _accepted(framed, await self._wire.set(framed))

    async def _send(self, framed: bytes) -> None:
        """A part of a job."""
        _accepted(framed, await self._wire.order(framed))

    async def _order_if_possible(self, command: str) -> None:
        try:
            await self._order(command)
        except DeviceError:
            pass  # the next act sets it again; the error that matters is already on its way

    async def _look(self) -> StatusWords:
        words = await self._sensors.look()
        path = self.options.feeder_bit == "path"
        self.board.publish(meaning.snapshot(words, {**(self._identity or {}), **self._counters}, feeder_is_path=path))
        return words

    def _is(self, wanted: CardPosition) -> Callable[[StatusWords], bool]:
        return lambda words: self._sensors.position(words) is wanted

    def _publish_silence(self, error: DeviceError) -> None:
        self.board.publish(
            Status(
                state=_STATES.get(error.cause, DeviceState.OFFLINE),
                media=Media.UNKNOWN,
                supplies={"blanks": Supply.UNKNOWN, "ribbon": Supply.UNKNOWN},
                causes=(error.cause,),
                detail={"error": error.detail},
            )
        )


@contextmanager
def _not_begun() -> Iterator[None]:
    """Around what comes before the first movement: if the link fails here, the act certainly did not happen."""
    try:
        yield
    except (TransportError, ProtocolError) as error:
        raise DeviceError(
            error.cause, f"not begun: {error.detail}", completion=error.completion, outcome=JobOutcome.FAILED
        ) from error


def _accepted(framed: bytes, answer: str) -> None:
    if answer != OK:
        name = framed[1:16].split(b"\r")[0].decode("ascii", "replace")
        raise DeviceError(DeviceCause.PROTOCOL, f"{name}: refused with {answer[:40]!r}")


def _sequence(
    detail: str, cause: DeviceCause = DeviceCause.HARDWARE, outcome: JobOutcome = JobOutcome.FAILED
) -> DeviceError:
    return DeviceError(cause, detail, completion=Completion.SEQUENCE_ERROR, outcome=outcome)


def _unknown(error: DeviceError, when: str) -> DeviceError:
    return DeviceError(error.cause, f"{error.detail} ({when})", outcome=JobOutcome.UNKNOWN)
