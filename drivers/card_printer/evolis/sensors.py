"""Asking the printer: settled status words, identity, counters, and whether it restarted behind our back."""

from collections.abc import Mapping

from drivers.card_printer.evolis.meaning import just_reset, position
from drivers.card_printer.evolis.options import Options
from drivers.card_printer.evolis.protocol import StatusWords, decode_count, decode_status, frame
from drivers.card_printer.evolis.wire import Wire
from drivers.contract.card_printer import CardPosition
from drivers.contract.errors import ProtocolError

AGREE_WITHIN = 6
"""Readings among which two in a row must be equal: a flipped bit in a status digit is still a digit, and no check sum
guards it."""


_STATUS = frame("Rpst")
_IDENTITY = {"firmware": "Rfv", "serial_number": "Rsn", "model": "Rtp", "print_head": "Rkn", "zone": "Rzp"}
_COUNTERS = {"cleaning": "Rco;clean", "ribbon": "Rr"}
DETAIL_MAX = 60


class Sensors:
    def __init__(self, wire: Wire, options: Options) -> None:
        self._wire = wire
        self._options = options
        self._reset_stuck = False
        self.restarted = False
        """The printer said "just reset" since `forget_restart`. Kept here, because the printer's own bit may go off
        when it has been read."""

    async def look(self, before: StatusWords | None = None) -> StatusWords:
        """The status words once two readings in a row agree; the last reading if the printer changes all the time.
        `before`: what the look before this one saw, if it was of the same wait or a poll like this one: the first
        reading may agree with it."""
        words = await self._read() if before is None else before
        for _ in range(AGREE_WITHIN - 1):
            again = await self._read()
            if again == words:
                break
            words = again
        if just_reset(words) and not self._reset_stuck:
            self.restarted = True
        return words

    def position(self, words: StatusWords) -> CardPosition:
        return position(words, feeder_is_path=self._options.feeder_bit == "path")

    @property
    def restart_known(self) -> bool | None:
        """For `Evidence.restarted`; None if the printer's bit does not go off and so tells nothing."""
        return None if self._reset_stuck else self.restarted

    def forget_restart(self, words: StatusWords) -> None:
        """Called when a new card's story begins; `words` were read after `Scs` should have put the bit out."""
        self.restarted = False
        self._reset_stuck = just_reset(words)

    async def fed_count(self) -> int | None:
        return decode_count(await self._wire.ask(frame(f"Rco;{self._options.fed_counter}")))

    async def identity(self) -> dict[str, str]:
        """What does not change while it is plugged in, for the diagnostics page."""
        return await self._answers(_IDENTITY)

    async def counters(self) -> dict[str, str]:
        """What wears and runs down: lifetime count of cards, cleaning, ribbon. Text as the printer gives it, because
        the layouts of `Rco` and `Rr` are unpublished."""
        return await self._answers({"cards_fed": f"Rco;{self._options.fed_counter}", **_COUNTERS})

    async def _answers(self, questions: Mapping[str, str]) -> dict[str, str]:
        """Without those that this printer does not know."""
        answers = {name: await self._wire.ask(frame(command)) for name, command in questions.items()}
        return {name: answer[:DETAIL_MAX] for name, answer in answers.items() if not answer.startswith("NACK")}

    async def _read(self) -> StatusWords:
        try:
            return decode_status(await self._wire.ask(_STATUS))
        except ProtocolError:
            # An answer that is text but no status: a lost digit, or the answer to something older. Start in step.
            await self._wire.close()
            return decode_status(await self._wire.ask(_STATUS))
