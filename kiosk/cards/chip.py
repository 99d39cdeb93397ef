"""Writing a person's files to the chip, and proving that they are there.

SIMULATED CARD PROFILE "nid-td1": application A0000002471001, plain ISO/IEC 7816-4 commands, a one-way commit. It is not
the e-KTP: that application's files and keys are not public and need the ministry's SAM, which would be another module
beside this one. There are no access keys and no secure channel yet, so this is fit for simulated cards only.

Rules held here:
- Before the commit the card refuses every read, so a card torn from the field is useless, never half right.
- Every exception leaves the chip's state unknown: ask `inspect` again, never guess.
- `write` may be repeated: offset 0 truncates, and a chip that already holds these files is left alone.
- A refused commit is never repeated, because the chip counts refusals and locks.

Commands (ISO/IEC 7816-4; life-cycle values of GlobalPlatform card specification 2.3.1, 11.1.1):
SELECT 00 A4, UPDATE BINARY 00 D6, READ BINARY 00 B0, GET DATA 00 CA FF20 (status) and FF21 (the chip's digest),
SET STATUS 80 F0 40 0F with the digest as data. GET UID FF CA 00 00 is answered by the reader (PC/SC part 3, 3.2.2).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from drivers.contract.card_encoder import CardChannel
from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.words import DeviceCause
from kiosk.cards import lds
from kiosk.cards.lds import ChipFiles
from kiosk.cards.record import CardRecord
from kiosk.cards.tlv import objects, only

AID = bytes.fromhex("A0000002471001")
CHUNK = 235
"""Data bytes per UPDATE BINARY: what still fits a short APDU once a secure channel wraps it (239 less 4)."""
READ_MAX = 256
COLD_TRIES = 3
"""Cold starts given to a chip that does not make sense, before it is called dead."""

OK, NOT_FOUND, WRONG_OFFSET = 0x9000, 0x6A82, 0x6B00
_BROKEN = (0x64, 0x65, 0x6F)
"""SW1 of memory failures and of "no precise diagnosis"."""


class ChipState(StrEnum):
    BLANK = "blank"
    """Our application, never written to."""
    PARTIAL = "partial"
    """Writing was begun and not committed. Its files cannot be read; writing again is right."""
    COMMITTED = "committed"
    """Personalised; never to be written again. `ChipReport.digest` says with what."""
    LOCKED = "locked"
    """The chip refused too often and locked itself."""
    FOREIGN = "foreign"
    """Another card: our application is missing or speaks of itself in words that are not ours."""
    DEAD = "dead"
    """Memory failure, or mute after three cold starts."""


@dataclass(frozen=True, slots=True)
class ChipReport:
    """`digest`: of the committed files, b"" unless COMMITTED. `attempts`: sessions that wrote something, 0..255."""

    state: ChipState
    digest: bytes = field(default=b"", repr=False)
    attempts: int = 0


class ChipReason(StrEnum):
    RECORD = "record"
    """The record cannot be brought onto a chip (its photo is none, a date is none); nothing was sent."""
    OTHER_CARD = "other_card"
    """Committed with other files, or not our application."""
    LOCKED = "locked"
    MEMORY = "memory"
    """The chip reports that its memory failed (65 81 and the like)."""
    REFUSED = "refused"
    """The chip answered a command with an error we have no other word for."""
    AUTHENTICATION = "authentication"
    """The chip does not hold the keys it should, or the channel to it was disturbed. Never tried twice: it counts."""
    READ_BACK = "read_back"
    """The chip's own digest differs from ours before the commit."""
    MISMATCH = "mismatch"
    """Read as a stranger would, the chip shows something else than was meant."""


class ChipError(Exception):
    """The chip answered, and the answer is no. `detail` names field, or command and status word, never content."""

    def __init__(self, reason: ChipReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def files_for(record: CardRecord) -> ChipFiles:
    """The files for one person. ChipError RECORD if the record cannot be brought onto a chip."""
    try:
        return lds.build(record)
    except ValueError as error:
        raise ChipError(ChipReason.RECORD, str(error)) from error


async def read_uid(channel: CardChannel) -> bytes:
    """The chip's 4, 7 or 10 byte identifier, from the reader."""
    status, uid = await send(channel, b"\xff\xca\x00\x00\x00")
    expect(status, "GET UID")
    if len(uid) not in (4, 7, 10):
        raise ProtocolError(f"a UID of {len(uid)} bytes")
    return uid


async def inspect(channel: CardChannel) -> ChipReport:
    """What the chip says of itself. Writes nothing. A chip that makes no sense gets up to three cold starts.

    DeviceError if no chip, reader or service is there; that is no verdict on the chip.
    """
    for attempt in range(COLD_TRIES):
        if attempt:
            await channel.reset()
        try:
            status, _ = await send(channel, select_application())
            if status == OK:
                status, answer = await send(channel, b"\x00\xca\xff\x20\x00")
                if status == OK:
                    return decode_status(answer)
        except ProtocolError:
            if attempt == COLD_TRIES - 1:
                return ChipReport(ChipState.FOREIGN)
            continue
        except DeviceError as error:
            if error.cause is not DeviceCause.CARD_LOST:
                raise
            continue
        if status >> 8 not in _BROKEN:
            return ChipReport(ChipState.FOREIGN)
    return ChipReport(ChipState.DEAD)


def decode_status(answer: bytes) -> ChipReport:
    """Object FF20: 80 state (1 byte), 81 committed digest (0 or 32), 82 attempts (1). ProtocolError for all else."""
    found = list(objects(only(answer, 0xFF20)))
    if [tag for tag, _ in found] != [0x80, 0x81, 0x82]:
        raise ProtocolError("the status object's parts are not ours")
    state, digest, attempts = (value for _, value in found)
    if len(state) != 1 or len(attempts) != 1 or len(digest) not in (0, 32):
        raise ProtocolError("the status object's parts have lengths that are not ours")
    match state[0]:
        case 0x03 | 0x07:
            begun = ChipState.PARTIAL if attempts[0] else ChipState.BLANK
            return ChipReport(begun, attempts=attempts[0])
        case 0x0F if digest:
            return ChipReport(ChipState.COMMITTED, digest, attempts[0])
        case 0x83:
            return ChipReport(ChipState.LOCKED, attempts=attempts[0])
    raise ProtocolError(f"life-cycle state {state[0]:02X} is not ours")


async def write(channel: CardChannel, files: ChipFiles) -> None:
    """Writes all files, compares the chip's own digest with ours, commits.

    Done already with the same files: does nothing. ChipError if the chip says no; after that, and after a DeviceError,
    only `inspect` knows where the chip stands.
    """
    report = await inspect(channel)
    match report.state:
        case ChipState.COMMITTED if report.digest == files.digest:
            return
        case ChipState.COMMITTED | ChipState.FOREIGN:
            raise ChipError(ChipReason.OTHER_CARD, f"the chip is {report.state}, and not with these files")
        case ChipState.LOCKED:
            raise ChipError(ChipReason.LOCKED, "the chip has locked itself")
        case ChipState.DEAD:
            raise ChipError(ChipReason.MEMORY, "the chip is dead")
    for file, content in files.contents.items():
        await _select_file(channel, file)
        for offset in range(0, len(content), CHUNK):
            piece = content[offset : offset + CHUNK]
            head = b"\x00\xd6" + offset.to_bytes(2, "big") + bytes([len(piece)])
            status, _ = await send(channel, head + piece)
            expect(status, f"UPDATE BINARY {file:04X} at {offset}")
    status, answer = await send(channel, b"\x00\xca\xff\x21\x00")
    expect(status, "GET DATA FF21")
    if only(only(answer, 0xFF21), 0x81) != files.digest:
        raise ChipError(ChipReason.READ_BACK, "the chip's digest over its files is not ours; not committed")
    status, _ = await send(channel, b"\x80\xf0\x40\x0f\x20" + files.digest)
    expect(status, "SET STATUS PERSONALIZED")


async def verify(channel: CardChannel, files: ChipFiles) -> None:
    """Cold reset, then reads every file as a stranger would and compares byte for byte. ChipError MISMATCH if not."""
    await channel.reset()
    status, _ = await send(channel, select_application())
    expect(status, "SELECT application")
    status, answer = await send(channel, b"\x00\xca\xff\x20\x00")
    expect(status, "GET DATA FF20")
    report = decode_status(answer)
    if report.state is not ChipState.COMMITTED or report.digest != files.digest:
        raise ChipError(ChipReason.MISMATCH, f"the chip is {report.state}, or committed with another digest")
    for file, content in files.contents.items():
        await _select_file(channel, file)
        if await _read(channel, file, len(content)) != content:
            raise ChipError(ChipReason.MISMATCH, f"file {file:04X} reads back differently")


async def _read(channel: CardChannel, file: int, size: int) -> bytes:
    """`size` bytes of the selected file, which must end there."""
    content = bytearray()
    while len(content) < size:
        wanted = min(READ_MAX, size - len(content))
        status, piece = await send(channel, b"\x00\xb0" + len(content).to_bytes(2, "big") + bytes([wanted & 0xFF]))
        expect(status, f"READ BINARY {file:04X} at {len(content)}")
        if not 0 < len(piece) <= wanted:
            raise ChipError(ChipReason.MISMATCH, f"file {file:04X} gave {len(piece)} bytes for {wanted}")
        content += piece
    status, _ = await send(channel, b"\x00\xb0" + size.to_bytes(2, "big") + b"\x01")
    if status != WRONG_OFFSET:
        raise ChipError(ChipReason.MISMATCH, f"file {file:04X} goes on after its {size} bytes ({status:04X})")
    return bytes(content)


def select_application() -> bytes:
    """SELECT by name, ISO/IEC 7816-4, 7.1.1."""
    return b"\x00\xa4\x04\x0c" + bytes([len(AID)]) + AID


async def _select_file(channel: CardChannel, file: int) -> None:
    status, _ = await send(channel, b"\x00\xa4\x02\x0c\x02" + file.to_bytes(2, "big"))
    expect(status, f"SELECT {file:04X}")


async def send(channel: CardChannel, apdu: bytes) -> tuple[int, bytes]:
    """(status word, data) of one command."""
    answer = await channel.transmit(apdu)
    if len(answer) < 2:
        raise ProtocolError(f"a response APDU of {len(answer)} bytes")
    return int.from_bytes(answer[-2:], "big"), answer[:-2]


def expect(status: int, what: str) -> None:
    """ChipError unless the status word is 9000; `what` names the command."""
    if status == OK:
        return
    if status >> 8 in _BROKEN:
        raise ChipError(ChipReason.MEMORY, f"{what}: {status:04X}")
    raise ChipError(ChipReason.REFUSED, f"{what}: {status:04X}")


__all__ = [
    "ChipError",
    "ChipFiles",
    "ChipReason",
    "ChipReport",
    "ChipState",
    "decode_status",
    "files_for",
    "inspect",
    "read_uid",
    "verify",
    "write",
]
