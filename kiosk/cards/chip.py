"""What a chip says of itself, and every word for why it says no. Writing is kiosk.cards.personalise, reading back
kiosk.cards.stranger.

SIMULATED CARD PROFILE "nid-td1": application A0000002471001. It is not the e-KTP: that application's files and keys are
not public and need the ministry's SAM, which would be another module beside this one.

Every exception leaves the chip's state unknown: ask `inspect` again, never guess.

Commands: SELECT 00 A4 (ISO/IEC 7816-4, 7.1.1), GET DATA 00 CA FF20 (7.4.2; life-cycle values of GlobalPlatform card
specification 2.3.1, 11.1.1). GET UID FF CA 00 00 is answered by the reader (PC/SC part 3, 3.2.2).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from drivers.contract.card_encoder import CardChannel
from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.words import DeviceCause
from kiosk.cards.tlv import objects, only

AID = bytes.fromhex("A0000002471001")
COLD_TRIES = 3
"""Cold starts given to a chip that does not make sense, before it is called dead."""

OK, FULL = 0x9000, 0x6A84
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
    DEAD = "dead"
    """Mute, or nothing but memory failures, after three cold starts."""
    TOO_SMALL = "too_small"
    """The files do not fit into the chip."""
    REFUSED = "refused"
    """The chip answered a command with an error we have no other word for."""
    AUTHENTICATION = "authentication"
    """The chip does not hold the keys it should, or the channel to it was disturbed. Not tried again: it counts."""
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


def select_application() -> bytes:
    """SELECT by name, ISO/IEC 7816-4, 7.1.1."""
    return b"\x00\xa4\x04\x0c" + bytes([len(AID)]) + AID


async def send(channel: CardChannel, apdu: bytes) -> tuple[int, bytes]:
    """(status word, data) of one command."""
    answer = await channel.transmit(apdu)
    if len(answer) < 2:
        raise ProtocolError(f"a response APDU of {len(answer)} bytes")
    return int.from_bytes(answer[-2:], "big"), answer[:-2]


def expect(status: int, what: str, *, otherwise: ChipReason = ChipReason.REFUSED) -> None:
    """ChipError unless the status word is 9000; `what` names the command, `otherwise` what a word without a meaning of
    its own is called."""
    if status == OK:
        return
    if status >> 8 in _BROKEN:
        raise ChipError(ChipReason.MEMORY, f"{what}: {status:04X}")
    if status == FULL:
        raise ChipError(ChipReason.TOO_SMALL, f"{what}: {status:04X}")
    raise ChipError(otherwise, f"{what}: {status:04X}")
