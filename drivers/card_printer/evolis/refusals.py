"""The errors of this driver's acts, by what they say about the card."""

from collections.abc import Iterator
from contextlib import contextmanager

from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.words import Completion, DeviceCause, JobOutcome


@contextmanager
def not_begun() -> Iterator[None]:
    """Around what comes before the first movement: if the link fails here, the act certainly did not happen."""
    try:
        yield
    except (TransportError, ProtocolError) as error:
        raise DeviceError(
            error.cause, f"not begun: {error.detail}", completion=error.completion, outcome=JobOutcome.FAILED
        ) from error


def not_ready(cause: DeviceCause, detail: str) -> DeviceError:
    """Something stands in the way; nothing has moved."""
    return DeviceError(cause, detail, completion=Completion.DEVICE_NOT_READY)


def sequence(
    detail: str, cause: DeviceCause = DeviceCause.HARDWARE, outcome: JobOutcome = JobOutcome.FAILED
) -> DeviceError:
    """The act does not fit where the card is; nothing has moved."""
    return DeviceError(cause, detail, completion=Completion.SEQUENCE_ERROR, outcome=outcome)


def unknown(error: DeviceError, when: str) -> DeviceError:
    """The printer cannot be asked any more, and something may have moved."""
    return DeviceError(error.cause, f"{error.detail} ({when})", outcome=JobOutcome.UNKNOWN)
