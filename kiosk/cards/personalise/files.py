"""All files of one person's chip, in the order of writing, with the signature over them from whoever may sign."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kiosk.cards import mrz
from kiosk.cards.lds import EF_COM, ChipFiles, com
from kiosk.cards.personalise.groups import OF_THE_CARD, SOURCES, Budget, Person, card_access
from kiosk.cards.personalise.layout import Layout
from kiosk.cards.record import CardRecord
from kiosk.cards.tlv import tlv

EF_CARD_ACCESS, EF_SOD, EF_ACCESS_KEY = 0x011C, 0x011D, 0xFF01
"""Doc 9303-10, table 38; the last is no file but where the chip takes the MRZ information for BAC and PACE from."""


class ChipTooSmall(ValueError):
    """The files do not fit the chip that the layout speaks of."""


class SigningError(Exception):
    """The document signer did not sign, or signed something else. Says why; holds nothing personal."""


@dataclass(frozen=True, slots=True)
class Signed:
    """`sod`: EF.SOD over exactly these whole data groups, by number."""

    groups: Mapping[int, bytes] = field(repr=False)
    sod: bytes = field(repr=False)


class DocumentSigner(Protocol):
    """The one who may sign chips. It is at the centre, never at a kiosk."""

    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> Signed:
        """Signs data groups for the chip with this UID; without DG15 where it had to sign before the card was there.
        SigningError if it will not."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written for one person: everything but the signature, and what depends on the card's own key."""

    layout: Layout
    size: str
    record: CardRecord = field(repr=False)
    _built: dict[str, bytes | None] = field(default_factory=dict, init=False, repr=False, compare=False)
    """By source, what is the same on every card of this person: a photo takes many tries to fit."""

    def groups(self, point: bytes | None) -> dict[int, bytes]:
        """The data groups by number, in the order of writing. ValueError if the record has no place on a chip."""
        limits = self.layout.sizes[self.size]
        budget = Budget(limits.face, limits.signature, limits.fingers)
        person = Person(self.record, point)
        built = {}
        for group in self.layout.groups:
            if group.source in OF_THE_CARD:
                content = SOURCES[group.source](person, budget)
            else:
                if group.source not in self._built:
                    self._built[group.source] = SOURCES[group.source](person, budget)
                content = self._built[group.source]
            if content is not None:
                built[group.number] = tlv(group.tag, content)
        return built

    def files(self, signed: Signed) -> ChipFiles:
        """Every file in the order of writing. ChipTooSmall if they do not fit."""
        known = {group.number: group for group in self.layout.groups}
        contents = {known[number].file: content for number, content in signed.groups.items()}
        contents[EF_CARD_ACCESS] = card_access()
        contents[EF_SOD] = signed.sod
        contents[EF_COM] = com(*(known[number].tag for number in sorted(signed.groups)))
        total = sum(map(len, contents.values()))
        capacity = self.layout.sizes[self.size].capacity
        if total > capacity:
            raise ChipTooSmall(f"{total} bytes do not fit a chip of {capacity} ({self.layout.name}, size {self.size})")
        return ChipFiles(contents)

    def access_key(self) -> bytes:
        """MRZ information (Doc 9303-11, 4.3.2): document number, birth date, expiry, each with its check digit."""
        upper, middle, _ = mrz.lines(mrz.zone_of(self.record))
        return (upper[5:15] + middle[0:7] + middle[8:15]).encode("ascii")
