"""Everything about a chip that whoever makes a card needs: plan it, write it, prove it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cryptography import x509

from drivers.contract.card_encoder import CardChannel
from kiosk.cards import mrz
from kiosk.cards.chip import ChipError, ChipReason
from kiosk.cards.personalise.custody import KeyCustody
from kiosk.cards.personalise.files import DocumentSigner, Plan, Signed, SigningError
from kiosk.cards.personalise.layout import Layout
from kiosk.cards.personalise.writer import Job, Promise, Writer
from kiosk.cards.record import CardRecord
from kiosk.cards.stranger import passive, reader
from kiosk.cards.stranger.passive import NotGenuine
from kiosk.cards.stranger.reader import Access, Content
from kiosk.clock import Chance, Clock

Lines = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ChipDesk:
    """`signer`: who signs the chip of an approval (by its id). `country`: whose signatures count; None: nobody's."""

    custody: KeyCustody
    signer: Callable[[str], DocumentSigner]
    country: x509.Certificate | None
    layout: Layout
    size: str
    clock: Clock
    chance: Chance

    def plan(self, record: CardRecord) -> Plan:
        """What is to be written for this person. ChipError RECORD if the record cannot be brought onto a chip."""
        plan = Plan(self.layout, self.size, record)
        try:
            plan.groups(None)
        except ValueError as error:
            raise ChipError(ChipReason.RECORD, str(error)) from error
        return plan

    async def write(self, channel: CardChannel, approval: str, job: Job, promise: Promise) -> bytes:
        """Writes and commits (see Writer.write), with a signature that is checked before the first byte is written."""
        order = replace(job, approval=approval)
        return await Writer(self.custody, _Checked(self, self.signer(approval)), promise).write(channel, order)

    async def prove(self, channel: CardChannel, job: Job) -> None:
        """Reads the chip as a stranger with the printed lines would, then ends its production, for which the custody
        may want to see `job.approval`. ChipError MISMATCH."""
        try:
            await self.read(channel, mrz.lines(mrz.zone_of(job.plan.record)), Access.BAC)
        except NotGenuine as error:
            raise ChipError(ChipReason.MISMATCH, str(error)) from error
        await Writer.secure(self.custody, channel, job)

    async def read(self, channel: CardChannel, lines: Lines, access: Access) -> Content:
        """Everything that a stranger may read. NotGenuine if it does not hold."""
        return await reader.read(channel, lines, self._believed(), self.clock.now(), self.chance, access=access)

    async def close(self) -> None:
        """Lets go of whatever holds the keys."""
        await self.custody.close()

    def check(self, signed: Signed) -> Signed:
        """`signed` if the country's signature covers exactly these groups; SigningError if not."""
        try:
            passive.verify(signed.sod, self._believed(), self.clock.now()).check(signed.groups)
        except NotGenuine as error:
            raise SigningError(f"what was signed is not what was asked: {error}") from error
        return signed

    def _believed(self) -> x509.Certificate:
        if self.country is None:
            raise NotGenuine("the profile names no chip.country, so nobody's signature is believed")
        return self.country


@dataclass(frozen=True, slots=True)
class _Checked:
    desk: ChipDesk
    inner: DocumentSigner

    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> Signed:
        return self.desk.check(await self.inner.sign(groups, card_id))
