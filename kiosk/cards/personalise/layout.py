"""A chip's layout as data: which groups, in which files, within which budgets. One TOML file per country's card."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kiosk.cards.personalise import groups

FOLDER = Path(__file__).parent / "layouts"


class LayoutError(Exception):
    """There is no such layout, or its file is wrong; says which file and where in it."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Group(_Part):
    """A data group: its number (1..16), file identifier, outer tag, and the builder of its content."""

    number: int = Field(ge=1, le=16)
    file: int = Field(ge=0x0101, le=0x011F)
    tag: int = Field(ge=0x60, le=0x7F)
    source: str


class Size(_Part):
    """Budgets in bytes: all files together, and the largest content of one group of each kind."""

    capacity: int = Field(ge=4_096, le=65_535)
    face: int = Field(ge=1_000, le=60_000)
    signature: int = Field(ge=200, le=10_000)
    fingers: int = Field(ge=100, le=2_000)


class Layout(_Part):
    name: str
    application: str = Field(pattern=r"^[0-9A-F]{10,32}$")
    key_version: int = Field(ge=1, le=0x7F)
    """Of the keys that each card gets for itself."""
    transport_version: int = Field(ge=1, le=0x7F)
    """Of the keys with which a blank comes."""
    groups: tuple[Group, ...] = Field(min_length=1)
    sizes: dict[str, Size]

    @model_validator(mode="after")
    def _known(self) -> Self:
        for what in ("number", "file", "tag"):
            values = [getattr(group, what) for group in self.groups]
            if len(set(values)) != len(values):
                raise ValueError(f"groups: a {what} is used twice")
        if self.key_version == self.transport_version:
            raise ValueError("transport_version: a blank's keys need another version than a card's own")
        for group in self.groups:
            if group.source not in groups.SOURCES:
                raise ValueError(f"groups: source {group.source!r} is none of {', '.join(sorted(groups.SOURCES))}")
        return self

    @property
    def aid(self) -> bytes:
        return bytes.fromhex(self.application)


@cache
def load(name: str) -> Layout:
    """The layout in layouts/<name>.toml."""
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in FOLDER.glob("*.toml")))
        raise LayoutError(f"chip layout {name!r} is not known; there is: {known}")
    try:
        return Layout.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise LayoutError(f"{path}: {error}") from error
