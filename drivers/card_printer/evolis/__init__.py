"""Evolis card printers (Primacy 2, Zenius, KC and KM kiosk lines): one command language, over USB and TCP.

Read `driver.py`, `card.py` and `steps.py` for what it does; `protocol.py`, `raster.py`, `panels.py` and `job.py` for
the bytes.
May import: drivers.contract and drivers.transport.

| Not yet proven on hardware | Where |
|---|---|
| the `Pcem` letters that keep the card inside after `Se` and put it out on `Sce` | `Options.hold_tray`, `exit_tray` |
| the meaning of INFO "card in the feeder" and the layout of `Rco` | `Options.feeder_bit`, `fed_counter` |
| the `Pcim` letter that takes a card from the bezel and from nowhere else | `Options.bezel_tray` |
| half-panel ribbons: the layout of `Dbp` is unpublished, so whole panels go with ink in one half only | `job.py` |
| that packed 5, 6 and 7 bit levels follow one another without gaps | `panels.py` |
| when exactly a move is answered (both ways work: only the sensors count) | `wire.py`, `steps.py` |
"""

from drivers.card_printer.evolis.driver import Driver
from drivers.card_printer.evolis.options import Options
from drivers.transport import link as links
from drivers.transport.base import Connector


def link(text: str) -> Connector:
    """`usb:VVVV:PPPP`, `tcp:HOST:PORT` (one connection per command unless `?per_command=no`), `sim:DEVICE`.

    LinkError for anything else."""
    kind, _, options = links.split(text)
    if kind == "tcp" and "per_command" not in options:
        text += ("&" if options else "?") + "per_command=yes"
    return links.stream(text)


def link_over(stream: Connector) -> Connector:
    """The printer speaks over any byte stream."""
    return stream


__all__ = ["Driver", "Options", "link", "link_over"]
