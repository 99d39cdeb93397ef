"""Invented slips, and their pictures as the simulated printer puts them out."""

import hashlib
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from PIL import Image

from drivers.contract.device import IntentId
from drivers.contract.thermal_printer import Block
from drivers.thermal_printer.escpos import Driver
from kiosk.api.messages import Label
from kiosk.slips import (
    CardCount,
    DayClose,
    LetterSlip,
    Receipt,
    ServiceCount,
    closing_blocks,
    letter_blocks,
    receipt_blocks,
)
from sim.seam.pipe import PipeConnector
from sim.thermal_printer.escpos import Simulator
from sim.world import World

OFFICE = Label(id="Dinas Kependudukan dan Pencatatan Sipil Kota Contoh", en="Civil Registry Office of Contoh City")
JAKARTA = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 11, 23, 5, 12, tzinfo=UTC)

RECEIPT = Receipt(
    number="PRR-000417",
    document=Label(id="KTP-el", en="Electronic identity card"),
    handed_over_at=NOON,
    kiosk="KIOSK-CONTOH-01",
)
LETTER = LetterSlip(
    register="470/0123/XI/2026",
    nik="3171234567890001",
    registered_at=NOON,
    valid_until=date(2027, 5, 23),
    reason=Label(id="blangko KTP-el habis", en="no blank cards in stock"),
    token="ANJ1-SUKETSPECIMEN001",
)
CARDS = CardCount(at_opening=180, loaded=100, taken=131, rejected=2, captured=1, unknown=0, at_close=146)
CLOSE = DayClose(
    kiosk="KIOSK-CONTOH-01",
    closed_at=datetime(2026, 11, 23, 9, 5, tzinfo=UTC),
    services=(
        ServiceCount("A", Label(id="Perekaman KTP-el", en="Enrolment"), 88, 88),
        ServiceCount("B", Label(id="Pengambilan KTP-el", en="Collection"), 131, 131),
        ServiceCount("C", Label(id="Akta Kelahiran", en="Birth certificate"), 47, 45),
    ),
    cards=CARDS,
    preprinted_used=3,
    audit_rows=2914,
    audit_digest=hashlib.sha256(b"specimen").hexdigest(),
)

SLIPS: dict[str, tuple[Block, ...]] = {
    "receipt": receipt_blocks(RECEIPT, OFFICE, simulated=True, timezone=JAKARTA),
    "letter": letter_blocks(LETTER, OFFICE, simulated=True, timezone=JAKARTA),
    "close": closing_blocks(CLOSE, OFFICE, simulated=True, timezone=JAKARTA),
}


async def paper(blocks: tuple[Block, ...]) -> tuple[Image.Image, str]:
    """The slip that falls out of the printer: driver, bytes, interpreter, cutter."""
    world = World()
    driver = Driver(PipeConnector(Simulator(world).serve))
    await driver.print_slip(IntentId("slip"), blocks)
    await driver.stop()
    [picture], [text] = world.slips, world.slip_texts
    return picture, text
