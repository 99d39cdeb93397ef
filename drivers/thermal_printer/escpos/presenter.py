"""The presenter of Custom's kiosk printers: a slip that is cut is held at the mouth, handed out, and pulled back.

Sources: KPM210/216 manual, GS e n [m] (1D 65): 2 retracts, 3 hands out by m steps of 0.625 mm; KPM300 manual, full
status DLE EOT 20 (10 04 14): 10 0F and four bytes, for paper, user, recoverable and unrecoverable. What GS e n
means differs between Custom's families (TPTCM: 4 retracts, a step is 22 mm): the printer's own manual decides.
"""

from dataclasses import dataclass

from drivers.contract.errors import ProtocolError

ASK = b"\x10\x04\x14"
RETRACT = b"\x1d\x65\x02"
STEP_MM = 0.625
MOST_STEPS = 255
MOST_MM = int(MOST_STEPS * STEP_MM)


@dataclass(frozen=True, slots=True)
class Mouth:
    """What the sensors at the exit say."""

    ticket: bool
    jam: bool


def handed_out(length_mm: int) -> bytes:
    """GS e 3 m: so many millimetres of the slip stand out of the mouth. 1 to MOST_MM."""
    return b"\x1d\x65\x03" + bytes((min(max(round(length_mm / STEP_MM), 1), MOST_STEPS),))


def mouth(full_status: bytes) -> Mouth:
    """The four bytes after 10 0F. ProtocolError if a reserved bit is set (4 of paper and user, 7 of recoverable)."""
    if len(full_status) != 4 or full_status[0] & 0x10 or full_status[1] & 0x10 or full_status[2] & 0x80:
        raise ProtocolError(f"full status {full_status[:8].hex(' ')}: not four bytes of the KPM300 manual's form")
    return Mouth(ticket=bool(full_status[0] & 0x20), jam=bool(full_status[2] & 0x40))
