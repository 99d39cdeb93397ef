"""Tells apart what an ESC/POS printer sends: its answers carry no header, only bit patterns.

DLE EOT answers are 0xx1xx10; an automatic status (ASB) is 0xx1xx00 and three bytes 0xx0xxxx; GS r answers 0xx0xxxx;
XON 11 and XOFF 13 may stand anywhere, also inside a group; the answer to CLEAR is 37 25 00. Printers with a presenter
answer DLE EOT 20 with 10 0F and four bytes; elsewhere these would begin an automatic status with impossible errors.
"""

from dataclasses import dataclass

CLEARED = b"\x37\x25\x00"
FULL = b"\x10\x0f"
XON, XOFF = 0x11, 0x13


@dataclass(frozen=True, slots=True)
class Answer:
    """To a DLE EOT; which of the four it answers, only the order tells."""

    byte: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """An automatic status: four bytes."""

    group: bytes


@dataclass(frozen=True, slots=True)
class Sensor:
    """To a GS r, that is: everything sent before that GS r has been processed."""

    byte: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """Buffers thrown away; every answer before this one belongs to a question of the past."""


@dataclass(frozen=True, slots=True)
class FullStatus:
    """To a DLE EOT 20: its four bytes after 10 0F."""

    group: bytes


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that belong to nothing."""

    data: bytes


Event = Answer | Pushed | Sensor | Cleared | FullStatus | Noise


class Reader:
    """Total: any bytes become events, at most one event per byte, and at most five bytes are held back."""

    def __init__(self, *, full_status: bool = False) -> None:
        self._full_status = full_status
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        for byte in data:
            if byte not in (XON, XOFF):  # flow control is the port's business
                self._take(byte, events)
        return events

    def quiet(self) -> list[Event]:
        """The line paused: the bytes of a group come back to back, so a group begun is a group damaged."""
        held, self._held = bytes(self._held), bytearray()
        return [Noise(held)] if held else []

    def _take(self, byte: int, events: list[Event]) -> None:
        if self._held:
            if self._continues(byte):
                self._held.append(byte)
                self._finish(events)
                return
            events.extend(self.quiet())
        if byte == CLEARED[0] or byte & 0x93 == 0x10:
            self._held.append(byte)
        elif byte & 0x93 == 0x12:
            events.append(Answer(byte))
        elif byte & 0x90 == 0:
            events.append(Sensor(byte))
        else:
            events.append(Noise(bytes((byte,))))

    def _continues(self, byte: int) -> bool:
        if self._is_full():
            return True
        if self._held[0] == CLEARED[0]:
            return byte == CLEARED[len(self._held)]
        return byte & 0x90 == 0

    def _is_full(self) -> bool:
        return self._full_status and self._held[:2] == FULL

    def _finish(self, events: list[Event]) -> None:
        if self._is_full():
            if len(self._held) < 6:
                return
            events.append(FullStatus(bytes(self._held[2:])))
        elif self._held == CLEARED:
            events.append(Cleared())
        elif len(self._held) == 4:
            events.append(Pushed(bytes(self._held)))
        else:
            return
        self._held.clear()
