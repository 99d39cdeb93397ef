"""The chip's part of a card job: begun, torn, asked again, begun again, and at last whole or given up.

Each run starts with what the chip itself says, never with what the last run believed:

| the chip is | what is done |
|---|---|
| not committed, and it is this job's (UID) | the run begins from the start: every write may be done twice |
| committed with a digest that this job promised | nothing is written; it is read back as a stranger would |
| committed otherwise, or not our application | given up: a foreign card |
| another than the one the job was begun with | `AnotherCard`: ours has left without us |
| locked, or without the right keys | given up, never asked again: cards count |
| failing in its memory, or silent | cold start and another run; then given up as dead |

A run is an intent in the journal, so at most RUNS are made of one blank, whatever dies in between. Where not the card
but somebody else fails (the reader, pcscd, the centre with its keys), nothing is decided: `Postponed`.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from drivers.contract.card_encoder import CardEncoder
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import DeviceCause, JobOutcome
from kiosk.api.messages import Cause, Step
from kiosk.cards.chip import ChipError, read_uid
from kiosk.cards.jobs import Job, JobBook, JobState
from kiosk.cards.personalise.custody import KeysAway
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.files import Plan, SigningError
from kiosk.cards.personalise.package import PackageError
from kiosk.cards.personalise.writer import RUNS, worth_another_run
from kiosk.cards.personalise.writer import Job as Order

READER_AWAY = (DeviceCause.NO_DEVICE, DeviceCause.SERVICE_DOWN)
READER_BACK = 3.0
"""Seconds after which a restarted pcscd, or a reader plugged in again, can be asked once more."""


class GivenUp(Exception):
    """No further run of this blank. `reason` names why, for the journal; `cause` is what the resident is told."""

    def __init__(self, reason: str, cause: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause


class Postponed(Exception):
    """Nobody could be asked. The card is where it was, and its holder may come back to it. `cause`: who is missing."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class AnotherCard(Exception):
    """The chip at the station is not the one that this job was begun with. Nothing was sent to it."""


class Encoding:
    """`told`: which step is under way, and the cause of the run before it that failed, if one did. `job` is the job as
    it stands, also after an exception."""

    def __init__(
        self,
        book: JobBook,
        encoder: CardEncoder,
        chips: ChipDesk,
        job: Job,
        plan: Plan,
        told: Callable[[Step, str | None], None],
    ) -> None:
        self._book = book
        self._encoder = encoder
        self._chips = chips
        self._plan = plan
        self._told = told
        self._intent: IntentId | None = None
        self.job = job

    async def finish(self) -> Job:
        """Brings the chip to VERIFIED; the job as it then stands. GivenUp, Postponed, AnotherCard."""
        failed: str | None = None
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._run(failed)
            except (DeviceError, ChipError, SigningError, KeysAway, PackageError) as error:
                await self._end_act(error)
                last = attempt == RUNS or await self._book.runs(self.job) >= RUNS
                failed = await self._after(error, last=last)

    async def _run(self, failed: str | None) -> Job:
        self._told(Step.ENCODE, failed)
        channel = await self._encoder.open()
        try:
            promised = await self._book.promised(self.job)
            order = Order(self._plan, await read_uid(channel), promised, self.job.jti)
            uid = order.uid.hex()
            if self.job.uid not in (None, uid):
                raise AnotherCard
            self.job, self._intent = await self._book.intend(self.job, JobState.ENCODE_INTENT, uid=uid)
            await self._chips.write(channel, self.job.jti, order, partial(self._book.promise, self.job))
            self.job, self._intent = await self._book.done(self.job, self._intent, JobState.ENCODED), None
            self._told(Step.VERIFY, failed)
            await self._chips.prove(channel, order)
            self.job = await self._book.done(self.job, None, JobState.VERIFIED)
        finally:
            await channel.close()
        return self.job

    async def _end_act(self, error: Exception) -> None:
        intent, self._intent = self._intent, None
        if intent is not None:
            outcome = error.outcome if isinstance(error, DeviceError) else JobOutcome.FAILED
            await self._book.failed(intent, outcome)

    @staticmethod
    async def _after(error: Exception, *, last: bool) -> str:
        """The cause to be told during the next run; GivenUp or Postponed if there is none."""
        match error:
            case KeysAway():
                raise Postponed(error.cause) from error
            case PackageError():
                raise GivenUp(f"chip: package {error.fault}", error.cause) from error
            case DeviceError() if error.cause in READER_AWAY:
                if last:
                    raise Postponed(error.cause) from error
                await asyncio.sleep(READER_BACK)
                return error.cause
            case DeviceError():
                reason, cause = f"chip: {error.cause}", error.cause
            case ChipError():
                reason, cause = f"chip: {error.reason}", DeviceCause.HARDWARE
            case _:
                raise GivenUp("chip: not signed", Cause.CARD_FAILED) from error
        if last or not worth_another_run(error):
            raise GivenUp(reason, cause) from error
        return cause
