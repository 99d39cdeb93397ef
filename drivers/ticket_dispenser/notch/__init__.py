"""A four-wire ticket dispenser: 12 V, ground, MOTOR in, NOTCH out (Deltronic DL-1275, Entropy, Benchmark).

High on MOTOR runs it; NOTCH is an open collector, low while the notch between two tickets passes the optic, and low for
as long as no ticket is in the optic. `counter` turns edges into tickets; `driver` runs the motor.
"""

from drivers.ticket_dispenser.notch.driver import Driver
from drivers.ticket_dispenser.notch.options import Options
from drivers.transport.base import Connector, LinkError
from drivers.transport.gpio import LgpioLink, PinLink
from drivers.transport.link import split


def link(text: str) -> PinLink:
    """`gpio:lgpio` or `sim:DEVICE`. LinkError for anything else."""
    kind, address, options = split(text)
    if options:
        raise LinkError(f"transport {text!r}: pins take no options here; pin numbers are options of the driver")
    if kind == "gpio" and address == "lgpio":
        return LgpioLink()
    if kind == "sim":
        from drivers.transport.sockets import SimConnector

        return link_over(SimConnector(address))
    raise LinkError(f"transport {text!r}: a ticket dispenser is at gpio:lgpio or sim:DEVICE")


def link_over(stream: Connector) -> PinLink:
    """Pins at the other end of a byte stream that carries pin lines."""
    from drivers.transport.remote_pins import RemotePins

    return RemotePins(stream)


__all__ = ["Driver", "Options", "link", "link_over"]
