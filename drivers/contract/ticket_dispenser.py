"""A dispenser of pre-printed, numbered tickets from a roll: the paper fallback of the queue."""

from abc import abstractmethod

from drivers.contract.device import Device, IntentId


class TicketDispenser(Device):
    @property
    def period(self) -> float | None:
        """Seconds that one ticket takes, as this dispenser has shown; None for one that does not learn it."""
        return None

    def recall(self, period: float) -> None:
        """What `period` was before a restart. Values that cannot be are ignored."""

    @abstractmethod
    async def dispense(self, intent: IntentId, count: int = 1) -> int:
        """Runs `count` (1..20) tickets out and returns how many certainly passed the sensor, over-run included.

        Raises DeviceError (TICKETS_OUT, JAM, SENSOR) whose `dispensed` attribute says how many passed before it.
        The motor is off when this returns, however it returns.
        """
