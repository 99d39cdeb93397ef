"""Where the touch targets are: pure arithmetic on the 1080 x 1920 canvas, y counted from the top.

Everything to be touched lies in the lower 60 %, within reach from a wheelchair, and is at least 110 px (30 mm) high.
"""

from dataclasses import dataclass

from kiosk.screen.present.model import Action, Kind, ScreenModel
from kiosk.screen.theme import BANNER, FOOTER, GAP, HEADER, HEIGHT, MARGIN, WIDTH

LOWEST = HEIGHT - 48
REACH = round(HEIGHT * 0.4)
"""No target begins above this line."""
TILE, BUTTON, KEY, LANGUAGE = 440, 148, 176, (456, 112)
CHOICE_MIN, CHOICE_MAX = 132, 200


@dataclass(frozen=True)
class Rect:
    """Pixels; x, y is the upper left corner."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class Plan:
    targets: tuple[Rect, ...]
    """One per action, in the actions' order."""
    content: Rect
    """What is left for title, text and picture."""


def plan(model: ScreenModel) -> Plan:
    """Places the actions from the bottom up by their kinds, and gives the rest to the content."""
    bottom = HEIGHT - FOOTER if _of(model, Kind.QUIET) else LOWEST
    placed: dict[str, Rect] = {}
    buttons = _of(model, Kind.PRIMARY, Kind.SECONDARY)
    keys, choices, tiles = _of(model, Kind.KEY), _of(model, Kind.CHOICE), _of(model, Kind.TILE)
    bottom = _buttons(placed, buttons, bottom, beside=bool(keys))
    bottom = _grid(placed, keys, bottom, columns=3, height=KEY, gap=16)
    columns = 2 if len(choices) > 6 else 1
    rows = max(1, -(-len(choices) // columns))
    height = min(CHOICE_MAX, max(CHOICE_MIN, (bottom - REACH + 16) // rows - 16))
    bottom = _grid(placed, choices, bottom, columns=columns, height=height, gap=16)
    bottom = _grid(placed, tiles, bottom, columns=1, height=TILE, gap=36)
    for action in _of(model, Kind.QUIET):
        wide, high = LANGUAGE
        placed[action.id] = Rect(WIDTH - MARGIN - wide, HEIGHT - FOOTER + (FOOTER - high) // 2, wide, high)
    top = HEADER + BANNER + 32
    content = Rect(MARGIN, top, WIDTH - 2 * MARGIN, bottom - top - 8)
    return Plan(tuple(placed[action.id] for action in model.actions), content)


def _of(model: ScreenModel, *kinds: Kind) -> list[Action]:
    return [action for action in model.actions if action.kind in kinds]


def _buttons(placed: dict[str, Rect], actions: list[Action], bottom: int, *, beside: bool) -> int:
    if beside and len(actions) == 2:
        return _grid(placed, actions, bottom, columns=2, height=BUTTON, gap=GAP)
    return _grid(placed, actions, bottom, columns=1, height=BUTTON, gap=GAP)


def _grid(placed: dict[str, Rect], actions: list[Action], bottom: int, *, columns: int, height: int, gap: int) -> int:
    """Fills rows from the top of the block; gives the y of the block's top, less a gap."""
    if not actions:
        return bottom
    rows = -(-len(actions) // columns)
    top = bottom - rows * height - (rows - 1) * gap
    wide = (WIDTH - 2 * MARGIN - (columns - 1) * gap) // columns
    for place, action in enumerate(actions):
        row, column = divmod(place, columns)
        placed[action.id] = Rect(MARGIN + column * (wide + gap), top + row * (height + gap), wide, height)
    return top - GAP
