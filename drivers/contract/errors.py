"""One family of errors for all devices. A caller decides by `completion` and `cause`, never by the text."""

from drivers.contract.words import Completion, DeviceCause, JobOutcome


class DeviceError(Exception):
    """A command did not succeed.

    `outcome` says what is known of the physical world: FAILED (the act certainly did not complete) or UNKNOWN
    (link or power was lost in the middle; ask the hardware before anything else). `detail` is for the log: it names
    the device's own words (status bits, confirmation code) and never holds personal data.
    """

    def __init__(
        self,
        cause: DeviceCause,
        detail: str = "",
        *,
        completion: Completion = Completion.HARDWARE_ERROR,
        outcome: JobOutcome = JobOutcome.FAILED,
    ) -> None:
        super().__init__(f"{cause}: {detail}" if detail else str(cause))
        self.cause = cause
        self.detail = detail
        self.completion = completion
        self.outcome = outcome


class ProtocolError(DeviceError):
    """The device sent bytes that its protocol does not allow. Every decoder ends in a value or in this."""

    def __init__(self, detail: str, *, outcome: JobOutcome = JobOutcome.UNKNOWN) -> None:
        super().__init__(DeviceCause.PROTOCOL, detail, completion=Completion.HARDWARE_ERROR, outcome=outcome)


class TransportError(DeviceError):
    """The pipe to the device is missing or broke. A broken pipe in the middle of an act leaves its outcome unknown."""

    def __init__(
        self,
        cause: DeviceCause,
        detail: str,
        *,
        completion: Completion = Completion.DEVICE_NOT_READY,
        outcome: JobOutcome = JobOutcome.UNKNOWN,
    ) -> None:
        super().__init__(cause, detail, completion=completion, outcome=outcome)


class DispenseError(DeviceError):
    """A ticket dispenser stopped early; `dispensed` tickets passed the sensor before it did."""

    def __init__(
        self, cause: DeviceCause, detail: str, *, dispensed: int, outcome: JobOutcome = JobOutcome.FAILED
    ) -> None:
        super().__init__(cause, detail, outcome=outcome)
        self.dispensed = dispensed
