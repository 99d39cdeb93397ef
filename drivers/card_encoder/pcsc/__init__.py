"""Any PC/SC reader as the kiosk's card encoder (PC/SC parts 1 and 3; ISO/IEC 7816-4).

`protocol` knows ATR, status words and vpcd frames; `framed` is a reader at the end of a byte stream (simulation);
`drivers.transport.pcsc` is a reader of pcscd; `driver` is the same over both.
"""

from drivers.card_encoder.pcsc.driver import Driver, Options
from drivers.card_encoder.pcsc.framed import FramedReader
from drivers.transport.base import Connector, LinkError
from drivers.transport.link import split
from drivers.transport.pcsc import ChipReader, PcscReader


def link(text: str) -> ChipReader:
    """`pcsc:READER NAME` or `sim:DEVICE`. LinkError for anything else."""
    kind, address, options = split(text)
    if options:
        raise LinkError(f"transport {text!r}: a reader takes no options here")
    if kind == "pcsc":
        return PcscReader(address)
    if kind == "sim":
        from drivers.transport.sockets import SimConnector

        return link_over(SimConnector(address))
    raise LinkError(f"transport {text!r}: a card encoder is pcsc:READER NAME or sim:DEVICE")


def link_over(stream: Connector) -> ChipReader:
    """A reader at the other end of a byte stream that carries vpcd frames."""
    return FramedReader(stream)


__all__ = ["Driver", "FramedReader", "Options", "link", "link_over"]
