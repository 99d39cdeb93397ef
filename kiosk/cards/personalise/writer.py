"""The order of writes: nothing can be read before one byte is written at the very end, and what is torn is begun again.

1. Ask the chip where it stands. 2. Open SCP03; a blank first gets its own keys (opening.py). 3. Let the chip make its
own key. 4. Have the data groups signed. 5. Write the groups, then EF.CardAccess, EF.SOD, EF.COM, then what opens the
chip to readers. 6. Compare the chip's own digest with ours. 7. Commit: one byte, and the chip compares the digest once
more. Reading it back as a stranger (kiosk.cards.stranger) and `secure` come after.

Here is one run. What was torn is run again from the start: offset 0 begins each file anew, so a run may follow any
other. Who may run again, and how often, is counted by whoever keeps the job (kiosk.cards.encoding).

Commands, all inside the channel: STORE DATA 80 E2 (GlobalPlatform Card Specification 2.3.1, 11.11; data: file
identifier, offset, content), SET STATUS 80 F0 (11.10), GENERATE ASYMMETRIC KEY PAIR 00 46 (ISO/IEC 7816-8, 5.1), GET
DATA 00 CA.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from drivers.contract.card_encoder import CardChannel
from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.words import DeviceCause
from kiosk.cards.chip import ChipError, ChipReason, ChipState, expect, inspect, read_uid
from kiosk.cards.lds import ChipFiles
from kiosk.cards.personalise.custody import CardSession, Errand, KeyCustody, Purpose
from kiosk.cards.personalise.files import EF_ACCESS_KEY, ChipTooSmall, DocumentSigner, Plan
from kiosk.cards.personalise.opening import open_session
from kiosk.cards.personalise.scp03 import ChannelError
from kiosk.cards.tlv import objects, only

PIECE = 231
"""Bytes of a file per STORE DATA: with identifier, offset, padding and MAC a short APDU is full."""
RUNS = 3
"""A chip torn before its commit is begun again twice."""
LAST_BLOCK = 0x80
GENERATE_KEY = bytes.fromhex("0046800000")
READ_BACK = bytes.fromhex("00CAFF2100")
PERSONALIZED, SECURED = bytes.fromhex("80F0400F20"), bytes.fromhex("80F0800F")
CARD_STATE = bytes.fromhex("80F28002024F0000")
"""GET STATUS of the card as a whole (11.4): object E3 with name 4F and life-cycle state 9F70."""
SECURED_STATE = b"\x0f"
FINAL = frozenset(
    {
        ChipReason.RECORD,
        ChipReason.OTHER_CARD,
        ChipReason.LOCKED,
        ChipReason.DEAD,
        ChipReason.TOO_SMALL,
        ChipReason.AUTHENTICATION,
    }
)
"""What another run would not change, or make worse. All other reasons are those of a disturbance."""

Promise = Callable[[bytes], Awaitable[None]]
"""Told the digest before the commit is sent, so that it is durable when the answer is lost."""


@dataclass(frozen=True, slots=True)
class Job:
    """One chip to be written. `uid`: of the chip that the job is for; another chip is refused before the first write.
    `promised`: digests that earlier runs of this very job may have committed. `approval`: the id of the centre's
    approval, which whoever holds the keys may want to see."""

    plan: Plan
    uid: bytes
    promised: tuple[bytes, ...] = field(default=(), repr=False)
    approval: str = ""


class Writer:
    def __init__(self, custody: KeyCustody, signer: DocumentSigner, promise: Promise) -> None:
        self._custody = custody
        self._signer = signer
        self._promise = promise

    async def write(self, channel: CardChannel, job: Job) -> bytes:
        """Writes and commits; the digest of what the chip now holds. A chip that this job has committed already is left
        alone.

        ChipError if the chip says no; DeviceError if it is gone; SigningError if the signer will not. After each of
        them only the chip itself knows how far it came: `worth_another_run` tells whether asking it again may help.
        """
        if await read_uid(channel) != job.uid:
            raise ChipError(ChipReason.OTHER_CARD, "the job is for another chip")
        report = await inspect(channel)
        match report.state:
            case ChipState.COMMITTED if report.digest in job.promised:
                return report.digest
            case ChipState.COMMITTED | ChipState.FOREIGN:
                raise ChipError(ChipReason.OTHER_CARD, f"the chip is {report.state}, and not by this job")
            case ChipState.LOCKED:
                raise ChipError(ChipReason.LOCKED, "the chip has locked itself")
            case ChipState.DEAD:
                raise ChipError(ChipReason.DEAD, "no sense from it after three cold starts")
        return await self._once(channel, job)

    @staticmethod
    async def secure(custody: KeyCustody, channel: CardChannel, job: Job) -> None:
        """Ends the card's production: its life cycle goes to SECURED. Only after it was read back and found good. A
        card whose answer to this was lost is there already, and would refuse it a second time."""
        session = await _open(custody, channel, job, Purpose.FINISH)
        [answer] = await _run(channel, session, [CARD_STATE], ["GET STATUS"])
        state = dict(objects(only(answer, 0xE3))).get(0x9F70)
        if state != SECURED_STATE:
            await _run(channel, session, [SECURED], ["SET STATUS SECURED"])

    async def _once(self, channel: CardChannel, job: Job) -> bytes:
        session = await _open(self._custody, channel, job, Purpose.WRITE)
        [answer] = await _run(channel, session, [GENERATE_KEY], ["GENERATE ASYMMETRIC KEY PAIR"])
        groups = job.plan.groups(only(only(answer, 0x7F49), 0x86))
        try:
            files = job.plan.files(await self._signer.sign(groups, job.uid))
        except ChipTooSmall as error:
            raise ChipError(ChipReason.TOO_SMALL, str(error)) from error
        commands, names = zip(*_stores(files, job.plan.access_key()), strict=True)
        await _run(channel, session, commands, names)
        [answer] = await _run(channel, session, [READ_BACK], ["GET DATA FF21"])
        if only(only(answer, 0xFF21), 0x81) != files.digest:
            raise ChipError(ChipReason.READ_BACK, "the chip's digest over its files is not ours; not committed")
        await self._promise(files.digest)
        await _run(channel, session, [PERSONALIZED + files.digest], ["SET STATUS PERSONALIZED"])
        return files.digest


def worth_another_run(error: Exception) -> bool:
    """Whether what ended a run may be otherwise in the next one. A station at which no chip is seen stays empty."""
    if isinstance(error, ChipError):
        return error.reason not in FINAL
    return isinstance(error, DeviceError) and error.cause is not DeviceCause.NO_CARD


async def _open(custody: KeyCustody, channel: CardChannel, job: Job, purpose: Purpose) -> CardSession:
    errand = Errand(job.uid, purpose, job.approval, job.plan.record.nik)
    return await open_session(custody, channel, errand, job.plan.layout)


def _stores(files: ChipFiles, access_key: bytes) -> Iterator[tuple[bytes, str]]:
    """STORE DATA commands with what each is called in an error. Offset 0 begins a file anew."""
    for file, content in (*files.contents.items(), (EF_ACCESS_KEY, access_key)):
        for block, offset in enumerate(range(0, len(content), PIECE)):
            piece = content[offset : offset + PIECE]
            last = LAST_BLOCK if offset + PIECE >= len(content) else 0
            data = file.to_bytes(2, "big") + offset.to_bytes(2, "big") + piece
            head = bytes([0x80, 0xE2, last, block & 0xFF, len(data)])
            yield head + data, f"STORE DATA {file:04X} at {offset}"


async def _run(
    channel: CardChannel, session: CardSession, commands: Sequence[bytes], names: Sequence[str]
) -> list[bytes]:
    """Sends a script through the channel; the data of its answers. The first refusal ends it."""
    answers = []
    try:
        for wrapped, name in zip(await session.wrap(commands), names, strict=True):
            answer = await channel.transmit(wrapped)
            if len(answer) < 2:
                raise ProtocolError(f"a response APDU of {len(answer)} bytes")
            expect(int.from_bytes(answer[-2:], "big"), name)
            answers.append(answer)
        return [plain[:-2] for plain in await session.unwrap(answers)]
    except ChannelError as error:
        raise ChipError(ChipReason.AUTHENTICATION, f"{names[0]}: {error}") from error
