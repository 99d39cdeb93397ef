"""The vocabulary of device status, borrowed from XFS4IoT (CEN CWA 17852) so a field engineer knows them."""

from enum import StrEnum


class DeviceState(StrEnum):
    """Common.Status `device` of XFS4IoT."""

    ONLINE = "online"
    OFFLINE = "offline"
    POWER_OFF = "power_off"
    NO_DEVICE = "no_device"
    HARDWARE_ERROR = "hardware_error"
    USER_ERROR = "user_error"
    BUSY = "busy"
    FRAUD_ATTEMPT = "fraud_attempt"
    POTENTIAL_FRAUD = "potential_fraud"


class Media(StrEnum):
    """CardReader.Status / Printer.Status `media` of XFS4IoT."""

    NOT_SUPPORTED = "not_supported"
    UNKNOWN = "unknown"
    PRESENT = "present"
    NOT_PRESENT = "not_present"
    JAMMED = "jammed"
    ENTERING = "entering"
    LATCHED = "latched"
    RETRACTED = "retracted"


class Supply(StrEnum):
    """Printer.Status `paper` / `toner` of XFS4IoT, used for paper, ribbon, blanks and tickets alike."""

    NOT_SUPPORTED = "not_supported"
    UNKNOWN = "unknown"
    FULL = "full"
    LOW = "low"
    OUT = "out"
    JAMMED = "jammed"


class Completion(StrEnum):
    """Completion codes of XFS4IoT commands."""

    SUCCESS = "success"
    CANCELED = "canceled"
    TIMED_OUT = "timed_out"
    DEVICE_NOT_READY = "device_not_ready"
    HARDWARE_ERROR = "hardware_error"
    USER_ERROR = "user_error"
    UNSUPPORTED_COMMAND = "unsupported_command"
    INVALID_DATA = "invalid_data"
    SEQUENCE_ERROR = "sequence_error"
    INTERNAL_ERROR = "internal_error"


class JobOutcome(StrEnum):
    """How a physical act ended. UNKNOWN: power or link was lost in the middle, and nobody may guess."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class DeviceCause(StrEnum):
    """Why a device cannot work, by what a person would have to do about it.

    Each has three texts (resident, clerk, log) in the screen's catalogue, `kiosk/screen/catalogue`, and a test holds
    the catalogue complete.
    """

    NO_ANSWER = "no_answer"
    """The link is open but the device is silent."""
    NO_DEVICE = "no_device"
    """The port, the USB device or the reader is not there."""
    PROTOCOL = "protocol"
    """The device answers bytes that mean nothing."""
    COVER_OPEN = "cover_open"
    JAM = "jam"
    PAPER_OUT = "paper_out"
    BLANKS_OUT = "blanks_out"
    RIBBON_OUT = "ribbon_out"
    RIBBON_WRONG = "ribbon_wrong"
    TICKETS_OUT = "tickets_out"
    REJECT_FULL = "reject_full"
    CUTTER = "cutter"
    HEAD_HOT = "head_hot"
    CLEANING_DUE = "cleaning_due"
    CARD_NOT_TAKEN = "card_not_taken"
    NO_CARD = "no_card"
    """The encoder sees no chip where the printer says a card is."""
    CARD_LOST = "card_lost"
    """The chip stopped answering in the middle of a session; its state is unknown."""
    SERVICE_DOWN = "service_down"
    """The resource manager (pcscd) does not run."""
    SENSOR = "sensor"
    """A sensor contradicts itself (stuck notch, unplugged line, failed fingerprint sensor)."""
    PASSWORD = "password"  # noqa: S105 - a cause's name, not a secret
    """The module refuses its configured password."""
    HARDWARE = "hardware"
    """The device reports an internal fault it does not explain."""
    POWER = "power"
    """The device restarted by itself while an act was under way."""
