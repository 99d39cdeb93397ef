"""Any card printer with a CUPS driver, through IPP (RFC 8010, RFC 8011): Magicard, Zebra, Fargo and others.

CUPS moves no card to an encoder and shows no sensor: `can_encode` is False, `print_front` takes a blank, prints it and
puts it out, and what a station, an exit or a bin would be needed for is UNSUPPORTED_COMMAND. How the printer prints
(ribbon, varnish, orientation) is set on the queue (`lpadmin -p QUEUE -o name=value`), where its own driver knows it.

Read `driver.py` for what it does. `ipp.py` guards pyipp, which reads and writes the messages; h11 speaks HTTP over our
own pipes, so that the driver runs over any of them. May import: drivers.contract and drivers.transport.
"""

from drivers.card_printer.cups.driver import Driver
from drivers.card_printer.cups.options import Options
from drivers.transport import link as links
from drivers.transport.base import Connector


def link(text: str) -> Connector:
    """`tcp:localhost:631`, or `sim:DEVICE`. The queue is an option. LinkError for anything else."""
    return links.stream(text)


def link_over(stream: Connector) -> Connector:
    """HTTP goes over any byte stream."""
    return stream


__all__ = ["Driver", "Options", "link", "link_over"]
