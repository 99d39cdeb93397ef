"""The card printer's own count of cards fed, which no officer can set back."""

import logging

from drivers.contract.card_printer import CardPrinter
from drivers.contract.errors import DeviceError

log = logging.getLogger(__name__)


async def fed_count(printer: CardPrinter | None) -> int | None:
    """Asked now; None if there is no printer, or it does not answer or count."""
    if printer is None:
        return None
    try:
        return (await printer.where()).fed_count
    except DeviceError as error:
        log.warning("the books go without the printer's count: %s", error)
        return None
