"""A thermal printer for tickets and slips. It knows lines, pictures and QR codes, not what they mean."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from PIL.Image import Image

from drivers.contract.device import Device, IntentId
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "center"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Text:
    """One line. `size` 1..8 multiplies width and height. Control characters are removed; what the code page cannot
    show becomes its plain letter or `?`. A line too long for the paper is wrapped between words."""

    text: str
    size: int = 1
    bold: bool = False
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class Columns:
    """One line with `left` and `right` pushed apart."""

    left: str
    right: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code, centred. `module` is the dot size of one module, 1..16."""

    data: str
    module: int = 8


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, centred, at most the paper's width. Greys become a pattern of dots; black and white stay as is."""

    image: Image


@dataclass(frozen=True, slots=True)
class Feed:
    lines: int = 1


Block = Text | Columns | Rule | Qr | Picture | Feed


class ThermalPrinter(Device):
    width_dots: int
    """Printable width."""
    columns: int
    """Characters in a line at size 1."""
    can_present: bool = False
    """A printed slip is held at the mouth: `wait_taken` sees it go, `retract` pulls it back. Status.media tells it."""

    @abstractmethod
    async def print_slip(self, intent: IntentId, blocks: tuple[Block, ...]) -> None:
        """Prints the blocks and cuts. Returns when the printer proved that it processed all of it with paper left.

        PAPER_OUT with outcome FAILED if there was no paper before the first byte; UNKNOWN if paper, power or link went
        away in the middle: part of the slip may hang out of the printer.
        """

    async def wait_taken(self, timeout: float) -> bool:
        """True once no slip is at the mouth; False if one still is after `timeout` s."""
        raise _no_presenter()

    async def retract(self, intent: IntentId) -> bool:
        """Pulls a slip that nobody took back into the printer; True if it did, False if none was at the mouth.

        JAM or HARDWARE with outcome UNKNOWN if the sensors do not confirm it.
        """
        raise _no_presenter()


def _no_presenter() -> DeviceError:
    return DeviceError(DeviceCause.HARDWARE, "this printer has no presenter", completion=Completion.UNSUPPORTED_COMMAND)
