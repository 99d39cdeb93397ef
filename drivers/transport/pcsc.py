"""Smart-card readers by pyscard: one worker thread per reader owns context, session and every call.

Only `smartcard.scard`, the plain C interface, is used: pyscard's CardMonitor and CardRequest start threads that die
when pcscd restarts (pyscard issues 64, 82, 162, 220, 228). pyscard is imported in the worker, so nothing here needs it
until a reader is really used. Lists of int become bytes here and nowhere else.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause, JobOutcome
from drivers.transport.worker import Worker

T = TypeVar("T")

VIRTUAL = "Virtual PCD"
"""How vsmartcard's vpcd names its readers. Anyone on the network can put a card in one."""

# PC/SC return codes, pcsclite.h
NO_SMARTCARD, SHARING_VIOLATION, NOT_TRANSACTED = 0x8010000C, 0x8010000B, 0x80100016
UNRESPONSIVE, UNPOWERED, RESET, REMOVED = 0x80100066, 0x80100067, 0x80100068, 0x80100069
_SERVICE = {0x80100003, 0x8010001D, 0x8010001E, 0x80100001, 0x80100014}
"""Invalid handle (pcscd was restarted), no service, service stopped, internal errors of the client library."""
_READER = {0x80100009, 0x80100017, 0x8010002E}
"""Unknown reader, reader unavailable, no readers available."""


class ChipReader(ABC):
    """A reader and the one chip that may be at it.

    Failures are ProtocolErrors, or TransportErrors with cause NO_DEVICE (no reader), NO_CARD, CARD_LOST, POWER (reset
    by somebody else), SERVICE_DOWN, or NO_ANSWER (the link is open but silent).
    """

    simulated: bool = False
    """Reached through a simulated device's pipe."""
    name: str
    timeout: float
    """Seconds for one exchange."""

    @abstractmethod
    async def check(self) -> bytes:
        """The ATR of the chip now at the reader, b"" if there is none. Does not disturb a session."""

    @abstractmethod
    async def connect(self) -> bytes:
        """Opens an exclusive session with the chip; returns its ATR. NO_CARD if there is none."""

    @abstractmethod
    async def transmit(self, apdu: bytes) -> bytes:
        """One exchange within the session."""

    @abstractmethod
    async def reset(self) -> bytes:
        """Cold reset, opening the session again if it was lost; returns the ATR."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Ends the session and powers the chip down; never raises."""

    @abstractmethod
    async def close(self) -> None:
        """Lets go of the reader; never raises. `check` and `connect` open it again."""

    @abstractmethod
    def __str__(self) -> str:
        """As a technician would write it in a profile."""


class PcscReader(ChipReader):
    """`pcsc:READER NAME`: the reader whose name is or begins with this (pcscd appends numbers to names)."""

    def __init__(self, name: str, *, timeout: float = 5.0) -> None:
        self.name = name
        self.timeout = timeout
        self.allow_virtual = False
        self._worker = Worker(f"pcsc {name}")
        self._session = _Session(self)

    @property
    def virtual(self) -> bool:
        """The profile names a reader that is software."""
        return VIRTUAL.lower() in self.name.lower()

    async def check(self) -> bytes:
        return await self._call(_Session.check)

    async def connect(self) -> bytes:
        return await self._call(_Session.connect)

    async def transmit(self, apdu: bytes) -> bytes:
        return await self._call(lambda session: session.transmit(apdu))

    async def reset(self) -> bytes:
        return await self._call(_Session.reset)

    async def disconnect(self) -> None:
        try:
            await self._call(_Session.disconnect)
        except TransportError:
            pass  # gone is gone

    async def close(self) -> None:
        if self._session.is_open:
            try:
                await self._call(_Session.release)
            except TransportError:
                pass
        self._worker.stop()

    def __str__(self) -> str:
        return f"pcsc:{self.name}"

    async def _call(self, job: "Callable[[_Session], T]") -> T:
        """A thread that is left behind lets go of its session when pcscd lets go of it: held exclusively, the reader
        could not be opened by anybody else until this process ended."""
        session = self._session
        try:
            return await self._worker.call(lambda: job(session), self.timeout, left_behind=session.release)
        except TimeoutError as error:
            self._session = _Session(self)
            cause = DeviceCause.CARD_LOST if session.has_card else DeviceCause.NO_ANSWER
            raise TransportError(cause, f"{self}: no answer within {self.timeout:.1f} s") from error


class _Session:
    """The context with pcscd and the card, in the thread of the worker that opened them and in no other."""

    def __init__(self, reader: PcscReader) -> None:
        self._reader = reader
        self._context: Any = None
        self._found = ""
        self._card: Any = None
        self._protocol = 0

    @property
    def is_open(self) -> bool:
        return self._context is not None

    @property
    def has_card(self) -> bool:
        return self._card is not None

    def __str__(self) -> str:
        return str(self._reader)

    def _scard(self) -> Any:
        try:
            from smartcard import scard
        except ImportError as error:
            raise TransportError(
                DeviceCause.SERVICE_DOWN, f"{self}: pyscard is not installed (install anjungan[pcsc])"
            ) from error
        return scard

    def _open(self) -> Any:
        scard = self._scard()
        if self._context is None:
            code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
            self._expect(code, "establish context")
            self._context = context
            self._found = ""
        if not self._found:
            code, readers = scard.SCardListReaders(self._context, [])
            self._expect(code, "list readers")
            self._found = self._pick(readers)
        return scard

    def _pick(self, readers: list[str]) -> str:
        matching = [reader for reader in readers if reader == self._reader.name] or [
            reader for reader in readers if reader.startswith(self._reader.name)
        ]
        if not matching:
            raise TransportError(DeviceCause.NO_DEVICE, f"{self}: not among the readers {readers}")
        if VIRTUAL.lower() in matching[0].lower() and not self._reader.allow_virtual:
            raise TransportError(
                DeviceCause.NO_DEVICE, f"{self}: {matching[0]!r} is software; refused without option simulator = true"
            )
        return matching[0]

    def check(self) -> bytes:
        scard = self._open()
        code, states = scard.SCardGetStatusChange(self._context, 0, [(self._found, scard.SCARD_STATE_UNAWARE)])
        self._expect(code, "get status")
        _, event, atr = states[0]
        if event & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
            self._found = ""
            raise TransportError(DeviceCause.NO_DEVICE, f"{self}: the reader is gone")
        return bytes(atr) if event & scard.SCARD_STATE_PRESENT else b""

    def connect(self) -> bytes:
        scard = self._open()
        self.disconnect()
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, card, protocol = scard.SCardConnect(self._context, self._found, scard.SCARD_SHARE_EXCLUSIVE, protocols)
        self._expect(code, "connect")
        self._card, self._protocol = card, protocol
        return self._atr(scard)

    def _atr(self, scard: Any) -> bytes:
        code, _, _, _, atr = scard.SCardStatus(self._card)
        self._expect(code, "status", session=True)
        return bytes(atr)

    def transmit(self, apdu: bytes) -> bytes:
        if self._card is None:
            raise TransportError(DeviceCause.CARD_LOST, f"{self}: no session")
        scard = self._scard()
        pci = scard.SCARD_PCI_T0 if self._protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        code, answer = scard.SCardTransmit(self._card, pci, list(apdu))
        self._expect(code, "transmit", session=True)
        if not answer:  # how pcscd 1.9.9 tells of a card torn from the field in the middle of an APDU
            raise TransportError(DeviceCause.CARD_LOST, f"{self}: transmit: the chip stopped answering")
        return bytes(answer)

    def reset(self) -> bytes:
        if self._card is None:
            return self.connect()
        scard = self._open()
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, protocol = scard.SCardReconnect(
            self._card, scard.SCARD_SHARE_EXCLUSIVE, protocols, scard.SCARD_UNPOWER_CARD
        )
        if _plain(code) != 0:  # the card was changed or pcscd restarted: the old session cannot be mended
            self.disconnect()
            return self.connect()
        self._protocol = protocol
        return self._atr(scard)

    def disconnect(self) -> None:
        if self._card is not None:
            scard = self._scard()
            card, self._card = self._card, None
            scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)

    def release(self) -> None:
        self.disconnect()
        if self._context is not None:
            context, self._context = self._context, None
            self._scard().SCardReleaseContext(context)

    def _expect(self, code: int, what: str, *, session: bool = False) -> None:
        """Turns a return code into one of our causes; the code itself goes into the detail only."""
        code = _plain(code)
        if code == 0:
            return
        if code in _SERVICE:
            self._context = self._card = None
            cause = DeviceCause.SERVICE_DOWN
        elif code in _READER:
            self._found = ""
            cause = DeviceCause.NO_DEVICE
        elif code == RESET:
            cause = DeviceCause.POWER
        elif session:
            cause = DeviceCause.CARD_LOST
        elif code in (NO_SMARTCARD, REMOVED, UNRESPONSIVE, UNPOWERED):
            cause = DeviceCause.NO_CARD
        else:
            cause = DeviceCause.NO_DEVICE
        held = "; another program holds it" if code == SHARING_VIOLATION else ""
        outcome = JobOutcome.UNKNOWN if session else JobOutcome.FAILED
        raise TransportError(cause, f"{self}: {what}: 0x{code:08X}{held}", outcome=outcome)


def _plain(code: int) -> int:
    """pyscard gives the C type's sign on some machines."""
    return code & 0xFFFFFFFF
