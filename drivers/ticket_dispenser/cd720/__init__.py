"""A serial dispenser of cards and card-sized tickets, of the K720 kind: QUIO QU-CD-720M and QU-CD-820M on RS-232.

Source of every byte: the maker's manual QU-CD-720M/820M, version 3.19, section 3.5. The commands have to be switched on
there as the manual's DIP switches say. Each ticket is driven to the mouth and thrown out (FU).

| Not yet proven on hardware | Where |
|---|---|
| that the flag "card is taken away" is also set by a card that FU throws out | `driver.py`, `_one` |
| that a command whose ENQ never came is forgotten when the next one begins | `wire.py` |
"""

from drivers.ticket_dispenser.cd720.driver import Driver
from drivers.ticket_dispenser.cd720.options import Options
from drivers.transport import link as links
from drivers.transport.base import Connector


def link(text: str) -> Connector:
    """`serial:/dev/ttyUSB0` (9600 baud unless it says another), `tcp:HOST:PORT` for a serial server, `sim:DEVICE`.

    LinkError for anything else."""
    return links.stream(text)


def link_over(stream: Connector) -> Connector:
    """The dispenser speaks over any byte stream."""
    return stream


__all__ = ["Driver", "Options", "link", "link_over"]
