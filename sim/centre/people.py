"""The people of the simulated registry. All are invented; region 99 exists nowhere, every name says SPECIMEN.

A record has the fields that the kiosk knows as kiosk.cards.record.CardRecord, but is built here as plain JSON: the
centre is another institution, and shares with the kiosk nothing but the interface.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from pydantic_core import to_json

from sim import data
from sim.centre.portraits import Look, portrait, signature

OFFICE = "SPC01"
"""The office whose kiosks this centre serves."""

Record = dict[str, Any]


@dataclass(eq=False)
class Person:
    """Somebody who applied for a card. `fingers` names his fingerprint in sim.data by ISO finger position."""

    record: Record = field(repr=False)
    fingers: dict[str, str]
    slip: str = ""
    """The pick-up code now valid for him: what the QR on his slip says."""
    approval: str = "missing"
    """The kind of approval the centre has given last."""
    collected: bool = False
    """A kiosk has told that this person took the card."""

    @property
    def nik(self) -> str:
        return str(self.record["nik"])

    @property
    def name(self) -> str:
        return str(self.record["name"])


@dataclass(frozen=True, slots=True)
class _Sketch:
    """What differs from person to person; everything else is the same invented village."""

    name: str
    born: date
    male: bool
    blood: str
    religion: str
    marital: str
    occupation: str
    street: str
    look: Look
    worn: bool = False
    """His fingers were too worn to be enrolled; staff must help him."""


_SKETCHES = (
    _Sketch("BUDI SPECIMEN SANTOSO", date(1985, 3, 12), True, "O", "ISLAM", "KAWIN", "KARYAWAN SWASTA",
            "JL. CONTOH MELATI NO. 1", Look((232, 190, 152), "short", (38, 28, 24), (60, 110, 90), birth_year=1985)),
    _Sketch("SITI SPECIMEN RAHAYU", date(1992, 8, 27), False, "A", "ISLAM", "KAWIN", "GURU",
            "JL. CONTOH KENANGA NO. 22", Look((214, 166, 126), "veil", (126, 84, 150), (90, 60, 110),
                                              birth_year=1992)),
    _Sketch("KETUT SPECIMEN WIJAYA", date(1961, 11, 5), True, "B", "HINDU", "KAWIN", "PETANI/PEKEBUN",
            "DUSUN CONTOH CEMPAKA", Look((190, 140, 102), "cap", (24, 24, 28), (150, 110, 60), moustache=True,
                                         birth_year=1961)),
    _Sketch("MARIA SPECIMEN LESTARI", date(1998, 1, 30), False, "AB", "KATOLIK", "BELUM KAWIN", "PERAWAT",
            "JL. CONTOH ANGGREK GG. III/4", Look((240, 202, 170), "long", (52, 34, 26), (190, 80, 100), glasses=True,
                                                 birth_year=1998)),
    _Sketch("YOHANES SPECIMEN TARIGAN", date(1954, 6, 17), True, "-", "KRISTEN", "CERAI MATI", "PENSIUNAN",
            "JL. CONTOH FLAMBOYAN NO. 108", Look((170, 122, 88), "bald", (120, 116, 112), (70, 90, 140), glasses=True,
                                                 moustache=True, birth_year=1954)),
    _Sketch("AGUS SPECIMEN PRATAMA", date(2004, 12, 9), True, "O", "BUDDHA", "BELUM KAWIN", "BURUH HARIAN LEPAS",
            "JL. CONTOH TERATAI NO. 7B", Look((222, 178, 140), "short", (60, 40, 28), (200, 150, 60),
                                              birth_year=2004), worn=True),
)  # fmt: skip


def _nik(sketch: _Sketch, serial: int) -> str:
    """Region 990101, birth date with 40 added to a woman's day, serial."""
    day = sketch.born.day + (0 if sketch.male else 40)
    return f"990101{day:02d}{sketch.born.month:02d}{sketch.born.year % 100:02d}{serial:04d}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _record(sketch: _Sketch, serial: int, fingers: dict[str, str]) -> Record:
    return {
        "nik": _nik(sketch, serial),
        "name": sketch.name,
        "birth_place": "KOTA CONTOH",
        "birth_date": sketch.born.isoformat(),
        "sex": "LAKI-LAKI" if sketch.male else "PEREMPUAN",
        "blood": sketch.blood,
        "address": sketch.street,
        "rt_rw": f"{serial:03d}/007",
        "village": "DESA CONTOH",
        "district": "KECAMATAN CONTOH",
        "regency": "KOTA CONTOH",
        "province": "PROVINSI SPECIMEN",
        "religion": sketch.religion,
        "marital": sketch.marital,
        "occupation": sketch.occupation,
        "citizenship": "WNI",
        "valid_until": "SEUMUR HIDUP",
        "issue_place": "KOTA CONTOH",
        "issue_date": "2026-01-05",
        "document_number": f"SPC{serial:06d}",
        "photo": _base64(portrait(sketch.look)),
        "signature": _base64(signature(sketch.name)),
        "fingers": [
            {"position": position, "template": _base64(data.finger_template(name))}
            for position, name in fingers.items()
        ],
    }


@cache
def _drawn() -> tuple[tuple[str, dict[str, str]], ...]:
    """Everybody's record as JSON text and his fingers, drawn once per process."""
    names = data.finger_names()
    made = []
    for place, sketch in enumerate(_SKETCHES):
        fingers = {} if sketch.worn else {"right_index": names[place]}
        made.append((json.dumps(_record(sketch, place + 1, fingers)), fingers))
    return tuple(made)


def specimen_people() -> list[Person]:
    """Six people, always the same, with records that may be changed without changing anybody else's."""
    return [Person(record=json.loads(text), fingers=dict(fingers)) for text, fingers in _drawn()]


def record_digest(record: Record) -> str:
    """SHA-256 in hex over the record as JSON with sorted keys, no spaces, UTF-8: what an approval signs."""
    ordered = {name: record[name] for name in sorted(record)}
    ordered["fingers"] = [dict(sorted(finger.items())) for finger in record["fingers"]]
    return hashlib.sha256(to_json(ordered)).hexdigest()  # a photo in it costs `json` several times as much
