"""The cases: where the chip's power goes, where kioskd dies, what the card is and who is there afterwards."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from sim.card_encoder.memory import Cut

FIELD, MAINS = "field", "mains"
SIDES = ("before", "after")
CARDS = ("foreign", "other keys", "locked", "dead", "mute", "worn", "small")
"""What can lie in the hopper instead of a blank: a document of somebody else, a card of another issuer, one that has
locked itself, one that no reader sees, one that is seen and never answers, one whose memory fails, a small one."""
AFTERWARDS = ("other", "away", "stolen", "swapped")


@dataclass(frozen=True)
class Case:
    """`write`: the chip's power goes at this write of the card's life (1..; 0: never), in the way of `cut`; with
    `power` MAINS kioskd goes with it, with FIELD only the card is lost from the reader's field. `again`: so many more
    times, each at the first write to a file of the next run.

    `commit`: kioskd dies at this write to its journal (1..; 0: never), `side` of it; counted in its first life, or,
    with MAINS, in its second. `card`: what lies in the hopper first. `then`: after the first death the holder
    `returns`, or an `other` resident comes first, or he stays `away` for the time that a card is held, or in the dark
    the card was `stolen` or `swapped` for another. `size`: files "short", or all of an "S" chip.
    """

    write: int = 0
    cut: Cut = Cut.BEFORE
    power: str = FIELD
    again: int = 0
    commit: int = 0
    side: str = "before"
    card: str = "blank"
    then: str = "returns"
    size: str = "short"


def cases(writes: int, commits: int, whole: int, *, thin: int = 1) -> Iterator[Case]:
    """Every case. `writes`: memory writes of a personalisation with short files; `commits`: journal writes of a whole
    job; `whole`: memory writes of a personalisation with all files. `thin`: of the crossings whose first interruption
    is a power cut of the whole kiosk, and of the chips with all files, only every so many-th."""
    deaths = [(commit, side) for commit in range(1, commits + 1) for side in SIDES]
    tears = list(product(range(1, writes + 1), Cut))
    for power, (write, cut) in product((FIELD, MAINS), tears):
        yield Case(write, cut, power)
    for (write, cut), (commit, side) in product(tears, deaths):
        yield Case(write, cut, FIELD, commit=commit, side=side)
    for number, (write, cut) in enumerate(tears):
        for commit, side in deaths[number % thin :: thin]:
            yield Case(write, cut, MAINS, commit=commit, side=side)
    for card in ("blank", *CARDS):
        yield Case(card=card)
        for commit, side in deaths:
            yield Case(commit=commit, side=side, card=card)
    for write, then in product(range(1, writes + 1), AFTERWARDS):
        yield Case(write, Cut.MIX, MAINS, then=then)
    for write, again in product(range(1, writes + 1), (1, 2)):
        yield Case(write, Cut.MIX, FIELD, again=again)
    for power, write, cut in list(product((FIELD, MAINS), range(1, whole + 1), Cut))[::thin]:
        yield Case(write, cut, power, size="S")


def as_words(case: Case) -> dict[str, Any]:
    """Only what differs from a plain case, for a line that replays it."""
    plain = asdict(Case())
    return {name: value for name, value in asdict(case).items() if value != plain[name]}


def from_words(words: dict[str, Any]) -> Case:
    return Case(**(words | ({"cut": Cut(words["cut"])} if "cut" in words else {})))
