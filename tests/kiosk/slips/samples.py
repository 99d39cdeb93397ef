"""Invented slips, and their pictures as the simulated printer puts them out."""

import base64
import hashlib
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from drivers.contract.device import IntentId
from drivers.contract.thermal_printer import Block
from drivers.thermal_printer.escpos import Driver
from kiosk.api.blanks import (
    BlankCase,
    CaseKind,
    CasePlace,
    DayClosed,
    DayMoves,
    FedReckoned,
    Reckoned,
    ServiceDay,
)
from kiosk.api.messages import Label
from kiosk.journal.identity import KioskKey
from kiosk.slips import LetterSlip, Receipt, closing_blocks, letter_blocks, receipt_blocks
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
SPECIMEN = hashlib.sha256(b"specimen").digest()
HEAD = SPECIMEN.hex()
KIOSK = "SPC01-K1"
_SIGNED = "anjungan-1//audit-checkpoint//SPC01-K1/2914/2026-11-23T09:05:00.000+00:00/" + (
    base64.urlsafe_b64encode(SPECIMEN).rstrip(b"=").decode()
)
WITNESS = f"{_SIGNED}//{KioskKey(KIOSK, Ed25519PrivateKey.from_private_bytes(SPECIMEN)).sign(_SIGNED)}"
CLOSE = DayClosed(
    day="2026-11-23",
    at=datetime(2026, 11, 23, 9, 5, tzinfo=UTC),
    officers=("OFFICER-1", "OFFICER-2"),
    services=[
        ServiceDay(letter="A", name=Label(id="Perekaman KTP-el", en="Enrolment"), given=88, called=88),
        ServiceDay(letter="B", name=Label(id="Pengambilan KTP-el", en="Collection"), given=131, called=131),
        ServiceDay(letter="C", name=Label(id="Akta Kelahiran", en="Birth certificate"), given=47, called=45),
    ],
    moves=DayMoves(received=500, loaded=100, unloaded=0, taken=131, scrapped=2, captured=1, unknown=1, destroyed=0),
    counts=[
        Reckoned(place=CasePlace.HOPPER, booked=45, counted=44, difference=-1, case=3),
        Reckoned(place=CasePlace.BIN, booked=3, counted=4, difference=1),
        Reckoned(place=CasePlace.VAULT, booked=820, counted=820, difference=0),
    ],
    unknown=1,
    unknown_in_bin=1,
    fed=FedReckoned(before=18_204, now=18_339, booked=135, difference=0),
    cases=[
        BlankCase(
            case=3,
            kind=CaseKind.MISSING,
            place=CasePlace.HOPPER,
            quantity=1,
            open=1,
            reason="counted 44, booked 45",
            opened=datetime(2026, 11, 23, 9, 5, tzinfo=UTC),
        )
    ],
    preprinted_used=3,
    digest=["OFFICER-1: 1 override, 1 load", "OFFICER-2: 1 load, 1 resolve"],
    audit_records=2914,
    audit_head=HEAD,
    witness=WITNESS,
)

SLIPS: dict[str, tuple[Block, ...]] = {
    "receipt": receipt_blocks(RECEIPT, OFFICE, simulated=True, timezone=JAKARTA),
    "letter": letter_blocks(LETTER, OFFICE, simulated=True, timezone=JAKARTA),
    "close": closing_blocks(CLOSE, KIOSK, OFFICE, simulated=True, timezone=JAKARTA),
}


async def paper(blocks: tuple[Block, ...]) -> tuple[Image.Image, str]:
    """The slip that falls out of the printer: driver, bytes, interpreter, cutter."""
    world = World()
    driver = Driver(PipeConnector(Simulator(world).serve))
    await driver.print_slip(IntentId("slip"), blocks)
    await driver.stop()
    [slip] = world.slips
    return slip.picture, slip.text
