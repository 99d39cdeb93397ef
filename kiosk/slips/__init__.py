"""What the office prints besides the queue ticket (`kiosk.queueing.slip`): receipt, temporary letter, day's close.

A slip is facts in, blocks out: no clock, no journal, no printer. Indonesian first, English below. No name of a resident
and no whole NIK is ever printed. May import: drivers.contract, kiosk.api.
"""

from kiosk.slips.closing import closing_blocks
from kiosk.slips.letter import LetterSlip, letter_blocks, masked
from kiosk.slips.receipt import Receipt, receipt_blocks

__all__ = [
    "LetterSlip",
    "Receipt",
    "closing_blocks",
    "letter_blocks",
    "masked",
    "receipt_blocks",
]
