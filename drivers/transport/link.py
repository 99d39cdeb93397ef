"""Turns the text of a profile (`serial:/dev/ttyUSB0?baud=57600`) into the connector that a driver is built with."""

from urllib.parse import parse_qsl

from drivers.transport.base import Connector, LinkError

KINDS = "serial:PATH?baud=N, tcp:HOST:PORT, usb:VENDOR:PRODUCT, gpio:lgpio, pcsc:READER NAME, sim:DEVICE"


def split(text: str) -> tuple[str, str, dict[str, str]]:
    """`kind:address?a=b` to its three parts. LinkError if there is no kind or an option has no value."""
    kind, colon, rest = text.partition(":")
    address, _, query = rest.partition("?")
    if not colon or not address:
        raise LinkError(f"transport {text!r}: expected one of {KINDS}")
    try:
        options = dict(parse_qsl(query, strict_parsing=True)) if query else {}
    except ValueError as error:
        raise LinkError(f"transport {text!r}: options are written ?name=value&name=value") from error
    return kind, address, options


def stream(text: str) -> Connector:
    """The connector for a byte-stream device. LinkError for what is not one."""
    kind, address, options = split(text)
    connector = _connector(text, kind, address, options)
    if options:
        raise LinkError(f"transport {text!r}: {kind} knows no option {', '.join(sorted(options))}; expected {KINDS}")
    return connector


def _connector(text: str, kind: str, address: str, options: dict[str, str]) -> Connector:
    """Takes out of `options` what this kind of pipe understands."""
    match kind:
        case "serial":
            from drivers.transport.serial import SerialConnector

            baud = options.pop("baud", "9600")
            if not baud.isascii() or not baud.isdigit():
                raise LinkError(f"transport {text!r}: baud is a number, such as 57600")
            return SerialConnector(address, baud=int(baud))
        case "tcp":
            from drivers.transport.sockets import TcpConnector

            host, _, port = address.rpartition(":")
            if not host or not port.isdigit():
                raise LinkError(f"transport {text!r}: expected tcp:HOST:PORT")
            per_command = options.pop("per_command", "no") == "yes"
            return TcpConnector(host, int(port), per_command=per_command)
        case "usb":
            from drivers.transport.usb import UsbConnector

            return UsbConnector.from_address(address)
        case "sim":
            from drivers.transport.sockets import SimConnector

            return SimConnector(address)
    raise LinkError(f"transport {text!r}: {kind!r} carries no byte stream; expected one of {KINDS}")
