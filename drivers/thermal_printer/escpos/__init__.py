"""Receipt printers that speak ESC/POS (Epson TM-T20II and T82/T88 families, and the many that follow them).

80 mm paper, 576 dots, 48 columns. python-escpos makes the bytes; what comes back is read here, because that library
reads neither automatic status nor the queued sensor answer, and takes silence for "paper adequate".
"""

from drivers.thermal_printer.escpos import library  # first: whatever else is imported here imports python-escpos
from drivers.thermal_printer.escpos.driver import Driver, Options
from drivers.transport.base import Connector
from drivers.transport.link import stream as link


def link_over(stream: Connector) -> Connector:
    """A byte-stream device: what it is reached over is the link itself."""
    return stream


__all__ = ["Driver", "Options", "library", "link", "link_over"]
