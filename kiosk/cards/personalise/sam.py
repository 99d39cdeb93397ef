"""K1: a SAM in a second reader holds the keys. It derives each card's own, opens the session and wraps every command;
the kiosk carries bytes between two chips and holds no key.

The registry's SAM and its commands are not public. These commands are a stand-in with the duties that makers publish of
theirs (NXP, P5DF081 MIFARE SAM AV2, product short data sheet rev. 3.2, section 2: key entries that are used and never
read, diversification inside, key usage counters, T=1); docs/card-chip-simulator.md lists them byte by byte. Another SAM
is another module of this size.

SELECT 00 A4, VERIFY 00 20, GET CHALLENGE 00 84 and GET DATA 00 CA as in ISO/IEC 7816-4; of the SAM's own: OPEN SESSION
80 50, WRAP 80 5A, UNWRAP 80 5C, NEW KEYS 80 5E, CHECK KEYS 80 60.
"""

from collections.abc import Callable, Sequence

from drivers.contract.card_encoder import CardChannel, CardEncoder
from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.words import DeviceCause
from kiosk.cards.chip import OK, send
from kiosk.cards.personalise.custody import CardSession, Errand, KeysAway, Purpose
from kiosk.cards.personalise.scp03 import CHALLENGE, ChannelError
from kiosk.cards.tlv import objects, only

AID = bytes.fromhex("F0414E4A2D53414D")
"""F0: of no registered provider (ISO/IEC 7816-4, 8.2.1.2); then "ANJ-SAM"."""
PIN_REFERENCE = 0x01
TRIES_LEFT_ALONE = 1
"""The last try of the PIN is left to a technician, who knows whether it is the right one."""
PURPOSES = {Purpose.KEYS: 0x01, Purpose.WRITE: 0x02, Purpose.FINISH: 0x03}
DATA_MAX = 255
"""One command or answer of the card in one short APDU to the SAM."""
OTHER_KEYS, BROKEN_ANSWER, USED_UP = 0x6300, 0x6988, 0x6985


class SamKeys:
    """KeyCustody in the SAM at `reader`. A SAM that cannot be asked is KeysAway with the reader's own cause.

    `pin`: gives the PIN whenever the SAM wants it, so that it is not kept here.
    """

    def __init__(self, reader: CardEncoder, pin: Callable[[], str]) -> None:
        self._reader = reader
        self._pin = pin
        self._sam: CardChannel | None = None
        self._barred = ""
        """Why the SAM is not asked any more: whatever it is, trying again would cost the PIN's last tries."""

    def __repr__(self) -> str:
        return "SamKeys()"

    async def host_challenge(self) -> bytes:
        """The SAM's own; it remembers the last one it gave."""
        await self._ready()
        status, challenge = await self._ask(bytes.fromhex("0084000008"))
        if status != OK or len(challenge) != CHALLENGE:
            raise KeysAway(DeviceCause.PROTOCOL, f"SAM: GET CHALLENGE: {status:04X}")
        return challenge

    async def open_session(self, errand: Errand, challenge: bytes, card_answer: bytes) -> CardSession:
        del challenge  # the SAM knows which one it gave, and takes no other
        data = bytes([len(errand.uid)]) + errand.uid + card_answer
        command = bytes([0x80, 0x50, PURPOSES[errand.purpose], 0x00, len(data)]) + data + b"\x00"
        status, authenticate = await self._ask(command)
        if status == OTHER_KEYS:
            raise ChannelError("the card's cryptogram is wrong: the card holds other keys")
        if status == USED_UP:
            raise KeysAway(DeviceCause.HARDWARE, "SAM: it opens no more sessions; it must be renewed")
        if status != OK:
            raise KeysAway(DeviceCause.HARDWARE, f"SAM: OPEN SESSION: {status:04X}")
        return _SamSession(self, authenticate)

    async def ask(self, ins: int, p1: int, data: bytes) -> bytes:
        """One command of an open session. ChannelError if the card's answer is wrong."""
        if len(data) > DATA_MAX:
            raise ValueError(f"{len(data)} bytes do not fit a short APDU to the SAM")
        body = bytes([len(data)]) + data if data else b""
        status, answer = await self._ask(bytes([0x80, ins, p1, 0x00]) + body + b"\x00")
        if status == BROKEN_ANSWER:
            raise ChannelError("the SAM says that the card's answer was changed on its way")
        if status != OK:
            raise KeysAway(DeviceCause.HARDWARE, f"SAM: command {ins:02X}: {status:04X}")
        return answer

    async def close(self) -> None:
        if self._sam is not None:
            await self._sam.close()
            self._sam = None
        await self._reader.stop()

    async def _ready(self) -> None:
        """Opens the SAM, if it is not open, and shows it the PIN once."""
        if self._barred:
            raise KeysAway(DeviceCause.PASSWORD, self._barred)
        if self._sam is not None:
            return
        try:
            self._sam = await self._reader.open()
        except DeviceError as error:
            raise KeysAway(error.cause, f"SAM: {error.detail}") from error
        status, _ = await self._ask(b"\x00\xa4\x04\x0c" + bytes([len(AID)]) + AID)
        if status != OK:
            raise await self._not_usable(DeviceCause.NO_DEVICE, "the chip in the SAM's reader is no such SAM")
        tries = await self._tries()
        if tries <= TRIES_LEFT_ALONE:
            raise await self._bar(f"SAM: {tries} tries of its PIN are left; a technician must see to it")
        try:
            pin = self._pin().encode("ascii", "replace")
        except OSError as error:
            raise await self._not_usable(DeviceCause.PASSWORD, f"SAM: its PIN cannot be read: {error}") from error
        status, _ = await self._ask(bytes([0x00, 0x20, 0x00, PIN_REFERENCE, len(pin)]) + pin)
        if status != OK:
            raise await self._bar(f"SAM: it refuses its PIN ({status:04X}); not tried again before a restart")

    async def _tries(self) -> int:
        status, answer = await self._ask(bytes.fromhex("00CAFF3000"))
        try:
            found = dict(objects(only(answer, 0xFF30)))
        except ProtocolError:
            found = {}
        if status != OK or len(found.get(0x81, b"")) != 1:
            raise await self._not_usable(DeviceCause.PROTOCOL, "its status object is not ours")
        return found[0x81][0]

    async def _bar(self, why: str) -> KeysAway:
        self._barred = why
        return await self._not_usable(DeviceCause.PASSWORD, why)

    async def _not_usable(self, cause: DeviceCause, why: str) -> KeysAway:
        if self._sam is not None:
            sam, self._sam = self._sam, None
            await sam.close()
        return KeysAway(cause, why)

    async def _ask(self, apdu: bytes) -> tuple[int, bytes]:
        if self._sam is None:
            raise KeysAway(DeviceCause.CARD_LOST, "SAM: its session is over")
        try:
            return await send(self._sam, apdu)
        except DeviceError as error:
            # Opened anew for the next card; the session to this one is lost with the SAM's memory.
            raise await self._not_usable(error.cause, f"SAM: {error.detail}") from error


class _SamSession:
    def __init__(self, sam: SamKeys, authenticate: bytes) -> None:
        self._sam = sam
        self.authenticate = authenticate

    async def wrap(self, commands: Sequence[bytes]) -> list[bytes]:
        return [await self._sam.ask(0x5A, 0x00, command) for command in commands]

    async def unwrap(self, responses: Sequence[bytes]) -> list[bytes]:
        return [await self._sam.ask(0x5C, 0x00, response) for response in responses]

    async def new_keys(self, version: int) -> bytes:
        return await self._sam.ask(0x5E, version, b"")

    async def check_keys(self, response: bytes) -> None:
        await self._sam.ask(0x60, 0x00, response)
