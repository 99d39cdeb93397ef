"""Reads the template of the card's face, `face.toml`: what stands where. How it is drawn is in `face.py`."""

import tomllib
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from drivers.contract.card_printer import FACE_SIZE
from kiosk.cards.record import CardRecord

TEMPLATE = Path(__file__).with_name("face.toml")
PRINTED = frozenset(CardRecord.model_fields) - {"photo", "signature", "fingers"}
MADE = frozenset({"province_name", "regency_name", "blood_or_dash"})
"""Words for `text` that are made from fields of the record."""
WIDTH, HEIGHT = FACE_SIZE


class TemplateError(ValueError):
    """A template that cannot be used; the text names the file and the key."""


def _of_the_record(text: str) -> str:
    wrong = {name for _, name, _, _ in Formatter().parse(text) if name is not None} - PRINTED - MADE
    if wrong:
        raise ValueError(f"no such field: {', '.join(sorted(wrong))}; there are: {', '.join(sorted(PRINTED | MADE))}")
    return text


Text = Annotated[str, AfterValidator(_of_the_record)]
X = Annotated[int, Field(ge=0, le=WIDTH)]
Y = Annotated[int, Field(ge=0, le=HEIGHT)]
Size = Annotated[int, Field(ge=8, le=120)]


def _falling(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if list(sizes) != sorted(sizes, reverse=True):
        raise ValueError("the largest size comes first")
    return sizes


def _forward(ends: tuple[int, int]) -> tuple[int, int]:
    if ends[0] >= ends[1]:
        raise ValueError("the left end comes first")
    return ends


Sizes = Annotated[tuple[Size, Size], AfterValidator(_falling)]
Span = Annotated[tuple[X, X], AfterValidator(_forward)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Heading(Part):
    text: Text
    field: str
    size: Sizes
    top: Y


class Nik(Part):
    baseline: Y
    label_size: Size
    value_size: Size


class Row(Part):
    label: str
    text: Text
    field: str
    bold: bool = False
    beside: Text | None = None


class Rows(Part):
    top: Y
    bottom: Y
    label: Span
    value: Span
    sizes: Annotated[tuple[Size, ...], Field(min_length=1), AfterValidator(_falling)]
    shrink: int = Field(ge=0, le=40)
    smallest: Size
    lines: int = Field(ge=1, le=9)
    field: tuple[Row, ...] = Field(min_length=1)


class Photo(Part):
    box: tuple[X, Y, X, Y]


class Issue(Part):
    column: Span
    gap: int = Field(ge=0, le=200)
    place_size: Sizes
    place_lines: int = Field(ge=1, le=9)
    date_size: Sizes


class Layout(Part):
    """The whole template."""

    margin: int = Field(ge=0, le=200)
    header: tuple[Heading, ...]
    nik: Nik
    rows: Rows
    photo: Photo
    issue: Issue


@cache
def layout(path: Path = TEMPLATE) -> Layout:
    """The template in `path`. TemplateError for a key that is unknown, missing or out of its bounds."""
    try:
        return Layout.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise TemplateError(f"{path.name}: {place}: {first['msg']}") from error
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{path.name}: not TOML: {error}") from error


def filled(text: str, record: CardRecord) -> str:
    """`text` with the fields of `record` in the place of its braces."""
    words = {name: getattr(record, name) for name in PRINTED}
    words["province_name"] = record.province.upper().removeprefix("PROVINSI ")
    words["regency_name"] = record.regency.upper()
    words["blood_or_dash"] = record.blood or "-"
    return text.format_map(words)
