"""A smart-card encoder: a reader that a card is moved to by somebody else (the printer, a person)."""

from abc import abstractmethod
from typing import Protocol

from drivers.contract.device import Device


class CardChannel(Protocol):
    """An exclusive session with the chip now at the reader. Every failure is a DeviceError with cause NO_DEVICE,
    NO_CARD, CARD_LOST, POWER (reset by somebody else), SERVICE_DOWN or PROTOCOL (an answer that is no APDU), and leaves
    the chip's state unknown."""

    @property
    def atr(self) -> bytes:
        """Answer to reset, ISO 7816-3."""

    async def transmit(self, apdu: bytes) -> bytes:
        """One command APDU (ISO 7816-4, short or extended), one response APDU: body and the two status bytes."""

    async def reset(self) -> bytes:
        """Cold reset: power off and on. Returns the ATR. The selected application and every session are gone."""

    async def close(self) -> None:
        """Ends the session and powers the card down. May be called twice."""


class CardEncoder(Device):
    @abstractmethod
    async def open(self, timeout: float = 5.0) -> CardChannel:
        """Waits up to `timeout` s for a chip and opens it exclusively. NO_CARD if there is none by then."""
