"""The ZFM-20 / R303-R307 / AS608 / R503 family on a UART: the module delivers the image, the kiosk host compares.

Its own template search is not used: it takes no ISO/IEC 19794-2 record, which is what the registry holds.
"""

from drivers.fingerprint_scanner.grow.driver import Driver
from drivers.fingerprint_scanner.grow.options import Options
from drivers.transport.base import Connector
from drivers.transport.link import split, stream

FACTORY_BAUD = 57600


def link(text: str) -> Connector:
    """As drivers.transport.link.stream; a serial line without `baud` gets the module's factory rate of 57600."""
    kind, _, options = split(text)
    if kind == "serial" and "baud" not in options:
        text += f"{'&' if '?' in text else '?'}baud={FACTORY_BAUD}"
    return stream(text)


def link_over(connector: Connector) -> Connector:
    """The device takes any byte stream."""
    return connector


__all__ = ["Driver", "Options", "link", "link_over"]
