"""What the centre sends of a person so that a card can be made: the record, and how its digest is taken."""

import hashlib
from datetime import date
from typing import Any

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field
from pydantic_core import to_json

PHOTO_MAX = 400_000
TEMPLATE_MAX = 400_000


class Finger(BaseModel):
    """One enrolled finger. `position` as in ISO/IEC 19794-2 (`right_index`, `left_thumb`, ...)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: str = Field(pattern=r"^(right|left)_(thumb|index|middle|ring|little)$|^unknown$")
    template: Base64Bytes = Field(max_length=TEMPLATE_MAX, repr=False)
    """ISO/IEC 19794-2 finger minutiae record, of 2005 or 2011, or ISO/IEC 19794-4:2005 finger image record."""


class CardRecord(BaseModel):
    """The printed fields of UU 24/2013 article 64, the picture, the signature and the fingers.

    `repr` shows nothing personal, so that a record in a traceback or a log line leaks nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    nik: str = Field(pattern=r"^\d{16}$")
    name: str = Field(min_length=1, max_length=120)
    birth_place: str = Field(max_length=60)
    birth_date: date
    sex: str = Field(pattern=r"^(LAKI-LAKI|PEREMPUAN)$")
    blood: str = Field(max_length=3)
    address: str = Field(max_length=120)
    rt_rw: str = Field(max_length=12)
    village: str = Field(max_length=60)
    district: str = Field(max_length=60)
    regency: str = Field(max_length=60)
    province: str = Field(max_length=60)
    religion: str = Field(max_length=40)
    marital: str = Field(max_length=40)
    occupation: str = Field(max_length=60)
    citizenship: str = Field(max_length=3)
    valid_until: str = Field(max_length=20)
    """`SEUMUR HIDUP` for citizens, else DD-MM-YYYY."""
    issue_place: str = Field(max_length=60)
    issue_date: date
    document_number: str = Field(pattern=r"^[A-Z0-9]{9}$")
    """For the machine readable zone, ICAO Doc 9303-5."""
    photo: Base64Bytes = Field(max_length=PHOTO_MAX, repr=False)
    """JPEG."""
    signature: Base64Bytes | None = Field(default=None, max_length=PHOTO_MAX, repr=False)
    """PNG, black on white."""
    fingers: tuple[Finger, ...] = Field(max_length=10)

    def __repr__(self) -> str:
        return "CardRecord(...)"

    __str__ = __repr__


def digest(record: dict[str, Any]) -> str:
    """SHA-256, hex, of the record as the centre sent it: JSON, keys sorted, no spaces, UTF-8. It is signed."""
    # pydantic's writer: json's takes ten times as long for the long strings of pictures.
    return hashlib.sha256(to_json(_sorted(record))).hexdigest()


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def masked_name(name: str) -> str:
    """`BUDI SANTOSO` to `B*** S******`: enough for its owner, too little for a bystander."""
    return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())
