"""The way of one card: hopper, encoder's station, print, exit and hand, or the reject bin.

Order (programming guide A5013): `Pem;2`, `Sic` or `Sis`, [the encoder works], `Ss` ... `Se` on the same card, `Sce`.
"""

import asyncio
from dataclasses import dataclass

from PIL.Image import Image

from drivers.card_printer.evolis import job, meaning
from drivers.card_printer.evolis.protocol import Config, StatusWords
from drivers.card_printer.evolis.refusals import not_begun, not_ready, sequence, unknown
from drivers.card_printer.evolis.steps import LOST_LOOKS, Steps
from drivers.contract.card_printer import CardPosition, Station, unsupported
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause, JobOutcome

COUNTS_AGREE = 2
"""Further answers that must give the same count before a card is said to have been fed in secret."""
PRINT_RESTS = 2
"""A side takes a quarter of a minute, nearly all of it with the card in one place: half as many looks will do."""
_MOVES = {Station.CONTACT: "Sis", Station.CONTACTLESS: "Sic"}


@dataclass(frozen=True, slots=True)
class _Held:
    """The card that this driver fed and that an encoder may have written."""

    station: Station
    fed_count: int | None


class CardPath:
    """The acts on a card. Whoever calls one holds the device's lock, but for `wait_taken`, which takes it for each
    look."""

    def __init__(self, steps: Steps, lock: asyncio.Lock) -> None:
        self._steps = steps
        self._sensors = steps.sensors
        self._options = steps.options
        self._lock = lock
        self._held: _Held | None = None

    def forget(self) -> None:
        """The card inside, if any, is not to be printed on any more."""
        self._held = None

    async def feed(self, station: Station) -> None:
        steps = self._steps
        with not_begun():
            words = await steps.at_rest()
            where = self._sensors.position(words)
            if where is not CardPosition.NONE:
                raise sequence(f"feed: a card is already in the path ({where})")
            self.forget()
            if words.error or meaning.just_reset(words):
                await steps.order("Scs")  # errors of an earlier act stay until somebody clears them
                words = await steps.look()
            for cause in meaning.causes(words):
                raise not_ready(cause, f"feed: not begun, {words.raw()}")
            self._sensors.forget_restart(words)
            before = await self._sensors.fed_count()
            await steps.host_in_charge()
            await steps.order(f"Pcim;{self._options.input_tray}")
        try:
            await steps.move(_MOVES[station], lambda seen: meaning.station(seen) is station, self._options.feed_timeout)
        except DeviceError as error:
            if error.cause in (DeviceCause.BLANKS_OUT, DeviceCause.COVER_OPEN):
                # From here on only the live sensors speak: the error word would stay after somebody has helped.
                await steps.order_if_possible("Scs")
            raise
        count = await self._sensors.fed_count()
        if before is not None and count is not None and count > before + 1:
            raise DeviceError(
                DeviceCause.JAM, f"feed: the hopper gave {count - before} cards", outcome=JobOutcome.UNKNOWN
            )
        self._held = _Held(station, count)

    async def adopt(self, station: Station) -> None:
        """From here on the card at the station counts as fed by this program; a restart before this is forgotten. That
        a printer which has restarted prints on the card inside, and takes none from the hopper, is unconfirmed: so
        `print` counts afterwards."""
        steps = self._steps
        with not_begun():
            words = await steps.at_rest()
            if self._sensors.position(words) is CardPosition.INSIDE and meaning.just_reset(words):
                await steps.order("Scs")
                words = await steps.look()
            if self._sensors.position(words) is not CardPosition.INSIDE or meaning.station(words) is not station:
                raise sequence(f"adopt: no card at the {station} station, {words.raw()}", DeviceCause.CARD_LOST)
            await steps.host_in_charge()
            await steps.order(f"Pcim;{self._options.input_tray}")
            self._sensors.forget_restart(words)
            self._held = _Held(station, await self._sensors.fed_count())

    async def print(self, front: Image, back: Image | None) -> None:
        commands = job.sequence(self._options, front, back)
        with not_begun():
            held = self._held
            words = await self._only_the_encoded_card()
            if back is not None and not words.config & Config.FLIP:
                raise unsupported("print on both sides")
            for command in job.preparation(self._options):
                await self._steps.send(command)
        self.forget()  # whatever happens from here on, this card is not printed a second time
        command = next(commands)
        for following in commands:
            await self._steps.send(command)
            command = following
        words = await self._steps.move(
            command,  # the last one, which prints
            lambda seen: meaning.station(seen) is None and self._sensors.position(seen) is not CardPosition.UNKNOWN,
            self._options.print_timeout * (1 if back is None else 2),
            rests=PRINT_RESTS,
        )
        where = self._sensors.position(words)
        if where is not CardPosition.INSIDE:
            raise DeviceError(
                DeviceCause.CARD_LOST if where is CardPosition.NONE else DeviceCause.HARDWARE,
                f"print: the card did not stay inside ({where}); is hold_tray {self._options.hold_tray!r} right?",
                outcome=JobOutcome.UNKNOWN,
            )
        count = await self._sensors.fed_count()
        if held is not None and held.fed_count is not None and count != held.fed_count:
            # A bit that flips in every answer can flip the same way twice; no check sum guards a count.
            if any([await self._sensors.fed_count() != count for _ in range(COUNTS_AGREE)]):
                detail = "print: the count of fed cards changes from one answer to the next"
                raise DeviceError(DeviceCause.PROTOCOL, detail, outcome=JobOutcome.UNKNOWN)
            raise DeviceError(DeviceCause.JAM, "print: the hopper gave a card meanwhile", outcome=JobOutcome.UNKNOWN)

    async def _only_the_encoded_card(self) -> StatusWords:
        """The guard against cards without a chip: print only on the card that was fed, still where it was encoded."""
        held = self._held
        if held is None:
            raise sequence("print: this program has fed no card to print on")
        words = await self._steps.at_rest()
        if self._sensors.restarted:
            raise DeviceError(DeviceCause.POWER, "print: not begun, the printer has restarted since the card was fed")
        if meaning.station(words) is not held.station:
            raise sequence(f"print: no card at the {held.station} station, {words.raw()}", DeviceCause.CARD_LOST)
        count = await self._sensors.fed_count()
        if held.fed_count is not None and count != held.fed_count:
            raise sequence("print: another card has been fed since", DeviceCause.CARD_LOST)
        in_the_way = [c for c in meaning.causes(words) if c not in (DeviceCause.BLANKS_OUT, DeviceCause.REJECT_FULL)]
        if in_the_way:
            raise not_ready(in_the_way[0], f"print: not begun, {words.raw()}")
        return words

    async def present(self) -> None:
        steps = self._steps
        with not_begun():
            words = await steps.at_rest_and_cleared()
            where = self._sensors.position(words)
            if where is not CardPosition.INSIDE:
                raise sequence(f"present: no card inside ({where})", meaning.act_fault(words) or DeviceCause.NO_CARD)
            await steps.host_in_charge()
            await steps.order(f"Pcem;{self._options.exit_tray}")
        self.forget()
        # Seen at the exit it is presented, also while the rollers still turn: a quick hand has it before they stand,
        # and at rest no sensor would ever have told of it.
        await steps.move("Sce", steps.at(CardPosition.EXIT), self._options.move_timeout, at_rest=False)

    async def wait_taken(self, timeout: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        restarted = self._sensors.restarted
        lost, words = 0, None
        while True:
            try:
                async with self._lock:
                    words = await self._steps.look(words)
                lost = 0
            except DeviceError as error:
                lost, words = lost + 1, None
                if lost >= LOST_LOOKS:
                    raise unknown(error, "while the card was at the exit") from error
            else:
                if self._sensors.restarted and not restarted:
                    raise DeviceError(
                        DeviceCause.POWER, "restarted with a card at the exit", outcome=JobOutcome.UNKNOWN
                    )
                where = self._sensors.position(words)
                still = not meaning.moving(words)
                if where is CardPosition.NONE and still:
                    return True  # while rollers turn, a card between two sensors looks like one that is gone
                if where is CardPosition.EXIT and loop.time() >= end:
                    return False
                fault = meaning.act_fault(words)
                if where is not CardPosition.EXIT and (loop.time() >= end or (fault and still)):
                    raise DeviceError(
                        fault or DeviceCause.SENSOR,
                        f"the presented card is neither at the exit nor gone, {words.raw()}",
                        outcome=JobOutcome.UNKNOWN,
                    )
            await asyncio.sleep(max(0.01, min(self._options.poll_interval, end - loop.time())))

    async def retract(self) -> None:
        steps = self._steps
        with not_begun():
            words = await steps.at_rest_and_cleared()
            where = self._sensors.position(words)
            if where is CardPosition.NONE:
                raise DeviceError(DeviceCause.CARD_LOST, "retract: no card at the exit", outcome=JobOutcome.UNKNOWN)
            if where is not CardPosition.EXIT:
                raise sequence(f"retract: the card is not at the exit ({where})")
            await steps.host_in_charge()
            # From the bezel and from nowhere else: with "both", `Si` would take a blank if the card is gone.
            await steps.order(f"Pcim;{self._options.bezel_tray}")
        try:
            await steps.move("Si", steps.at(CardPosition.INSIDE), self._options.move_timeout)
        except DeviceError as error:
            if error.cause is DeviceCause.NO_CARD or error.completion is Completion.TIMED_OUT:
                raise DeviceError(
                    DeviceCause.CARD_LOST, f"retract: gone on the way, {error.detail}", outcome=JobOutcome.UNKNOWN
                ) from error
            raise
        finally:
            await steps.order_if_possible(f"Pcim;{self._options.input_tray}")
        await self._to_the_bin()

    async def reject(self) -> None:
        steps = self._steps
        with not_begun():
            await steps.at_rest()
            self.forget()
            await steps.order("Scs")  # clears a jam, an earlier error, and a print sequence that was broken off
            words = await steps.look()
            where = self._sensors.position(words)
            if where is CardPosition.NONE:
                raise sequence(
                    "reject: the sensors see no card inside", DeviceCause.NO_CARD, outcome=JobOutcome.UNKNOWN
                )
            if where is CardPosition.EXIT:
                raise sequence("reject: the card is at the exit; it has to be retracted")
            for cause in meaning.causes(words):
                if cause in (DeviceCause.COVER_OPEN, DeviceCause.REJECT_FULL, DeviceCause.JAM):
                    raise not_ready(cause, f"reject: not begun, {words.raw()}")
            await steps.host_in_charge()
        await self._to_the_bin()

    async def _to_the_bin(self) -> None:
        await self._steps.move(self._options.reject_with, self._steps.at(CardPosition.NONE), self._options.move_timeout)
