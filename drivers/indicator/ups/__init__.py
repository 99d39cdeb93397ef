"""A UPS with a power-fail contact: one line to a pin of the header.

Most small UPS boards and cabinets have it as an open collector or a relay ("AC fail", "on battery"): closed to ground
while the mains are gone, with our pull-up. A relay that opens instead is `active_low = false`. The board's manual says
which; the level at which it was wired is the only fact about it that a driver needs.
"""

from drivers.indicator.ups.driver import Driver, Options
from drivers.transport.base import Connector, LinkError
from drivers.transport.gpio import LgpioLink, PinLink
from drivers.transport.link import split


def link(text: str) -> PinLink:
    """`gpio:lgpio` or `sim:DEVICE`. LinkError for anything else."""
    kind, address, options = split(text)
    if options:
        raise LinkError(f"transport {text!r}: pins take no options here; the pin's number is an option of the driver")
    if kind == "gpio" and address == "lgpio":
        return LgpioLink()
    if kind == "sim":
        from drivers.transport.sockets import SimConnector

        return link_over(SimConnector(address))
    raise LinkError(f"transport {text!r}: a power-fail line is at gpio:lgpio or sim:DEVICE")


def link_over(stream: Connector) -> PinLink:
    """The pin at the other end of a byte stream that carries pin lines."""
    from drivers.transport.remote_pins import RemotePins

    return RemotePins(stream)


__all__ = ["Driver", "Options", "link", "link_over"]
