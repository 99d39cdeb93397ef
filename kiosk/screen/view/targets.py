"""Draws each kind of action as a touch target."""

from kivy.uix.image import Image

from kiosk.screen.layout import Rect
from kiosk.screen.pictures import picture
from kiosk.screen.present.model import Action, Kind, Picture
from kiosk.screen.theme import FONT
from kiosk.screen.view.widgets import Say, Target, drawn

Look = tuple[str, str, str, str, int]
"""Ground, ground while pressed, edge, text, width of the edge."""

LOOKS: dict[Kind, Look] = {
    Kind.TILE: ("primary", "primary_down", "primary", "on_primary", 0),
    Kind.CHOICE: ("card", "tint", "line", "ink", 3),
    Kind.PRIMARY: ("primary", "primary_down", "primary", "on_primary", 0),
    Kind.SECONDARY: ("card", "tint", "primary", "primary", 5),
    Kind.KEY: ("card", "tint", "line", "ink", 3),
    Kind.QUIET: ("card", "tint", "primary", "primary", 4),
}
SECOND_TILE: Look = ("second", "second_down", "second", "on_primary", 0)
DISABLED: Look = ("disabled", "disabled", "disabled", "on_disabled", 0)
PAD = 36
TILE_PICTURE = 232


def target(action: Action, at: Rect) -> Target:
    """The widget for `action`, of the size of `at`; the caller places it."""
    look = _look(action)
    box = Target((look[0], look[1], look[2]), action=action.id, size_hint=(None, None), size=(at.w, at.h))
    box.line, box.round = look[4], 40 if action.kind is Kind.TILE else 28
    match action.kind:
        case Kind.TILE:
            _tile(box, action, look[3])
        case Kind.CHOICE:
            _two_lines(box, action, look[3], left=PAD, style="choice", note="choice_note")
        case _:
            style = {Kind.QUIET: "small", Kind.KEY: "key" if len(action.label) == 1 else "key_word"}
            label = _label(action.label, look[3], at.w - 2 * PAD, at.h - 24, FONT[style.get(action.kind, "label")])
            label.halign = "center"
            _place(box, label, PAD, (at.h - label.height) / 2)
    return box


def _look(action: Action) -> Look:
    if action.muted or not action.enabled:
        return DISABLED
    return SECOND_TILE if action.kind is Kind.TILE and action.picture is Picture.CARD else LOOKS[action.kind]


def _tile(box: Target, action: Action, ink: str) -> None:
    if action.picture is None:
        _two_lines(box, action, ink, left=PAD, style="tile", note="body")
        return
    art: Image = drawn(picture(action.picture, TILE_PICTURE, inverse=not action.muted and action.enabled))
    _place(box, art, 52, (box.height - TILE_PICTURE) / 2)
    _two_lines(box, action, ink, left=52 + TILE_PICTURE + 44, style="tile", note="note")


def _two_lines(box: Target, action: Action, ink: str, *, left: float, style: str, note: str) -> None:
    """The label with its note below, together centred in height."""
    wide, high = box.width - left - PAD, box.height - 12
    below = _label(action.note, ink, wide, high * 0.45, FONT[note], strong=False) if action.note else None
    gap = 2 if below else 0
    above = _label(action.label, ink, wide, high - gap - (below.height if below else 0), FONT[style])
    total = above.height + gap + (below.height if below else 0)
    top = (box.height - total) / 2 - 3  # a line of Noto Sans has more air above than below
    _place(box, above, left, top)
    if below:
        _place(box, below, left, top + above.height + gap)


def _label(text: str, ink: str, width: float, height: float, size: int, *, strong: bool = True) -> Say:
    label = Say(text=text, ink=ink, strong=strong, size_hint=(None, None))
    label.fit(width, height, size)
    label.height = label.texture_size[1]
    return label


def _place(box: Target, widget: Say | Image, left: float, top: float) -> None:
    """Puts `widget` into the box, by distances from the box's upper left corner, and keeps it there when it moves."""

    def follow(*_: object) -> None:
        widget.pos = (round(box.x + left), round(box.top - top - widget.height))

    box.add_widget(widget)
    box.bind(pos=follow, size=follow)
    follow()
