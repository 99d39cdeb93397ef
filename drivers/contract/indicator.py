"""The wires that tell how the kiosk itself is: today the UPS's word on the mains."""

from enum import StrEnum

from drivers.contract.device import Device


class Mains(StrEnum):
    UNKNOWN = "unknown"
    """The line cannot be read; nothing may be concluded from it."""
    PRESENT = "present"
    FAILED = "failed"
    """The UPS runs on its battery. It may end at any moment after its rated time."""


class Indicator(Device):
    """A change of `mains` is published at once, as a change of the status' detail: watch `board`."""

    @property
    def mains(self) -> Mains:
        """What the line says now, once it has said so for the driver's filter time."""
        return Mains(self.status.detail.get("mains", Mains.UNKNOWN))
