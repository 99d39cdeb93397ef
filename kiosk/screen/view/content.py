"""Draws what a screen says: title, text, and the figure between them and the buttons."""

from dataclasses import dataclass

from kivy.uix.widget import Widget

from kiosk.screen.layout import Rect
from kiosk.screen.pictures import hand, picture, qr
from kiosk.screen.present.model import Picture, Progress, ScreenModel, Tone
from kiosk.screen.theme import FONT
from kiosk.screen.view.widgets import Say, Strip, Target, drawn, said

SCALES = (1.0, 0.92, 0.84, 0.76)
"""Long texts are set a little smaller, all alike, until they fit."""
PICTURE_MAX, PICTURE_MIN = 460, 180
ROW = 104
NOTICE = {
    Tone.PLAIN: ("tint", "ink"),
    Tone.WARN: ("warn", "on_warn"),
    Tone.WRONG: ("wrong", "on_wrong"),
}
"""Ground and ink of the notice strip."""


@dataclass(frozen=True)
class Placed:
    widget: Widget
    x: float
    top: float
    """From the top of the canvas."""


def content(model: ScreenModel, room: Rect) -> list[Placed]:
    """The widgets for everything but header, actions and footer, placed within `room`."""
    placed: list[Placed] = []
    for scale in SCALES:
        placed = []
        top = _texts(model, room, scale, placed)
        bottom = _notice(model, room, scale, placed)
        if bottom - top >= _needs(model):
            break
    _figures(model, Rect(room.x, round(top), room.w, round(bottom - top)), placed)
    return placed


def _texts(model: ScreenModel, room: Rect, scale: float, placed: list[Placed]) -> float:
    top = float(room.y)
    title = _line(model.title, room.w, "title", scale, strong=True)
    placed.append(Placed(title, room.x, top))
    top += title.height + 20
    for text in model.body:
        line = _line(text, room.w, "body", scale)
        placed.append(Placed(line, room.x, top))
        top += line.height + 14
    if model.code:
        code = _line(model.code, room.w, "small", 1.0, ink="muted")
        placed.append(Placed(code, room.x, top + 6))
        top += code.height + 20
    return top


def _line(text: str, width: float, style: str, scale: float, *, ink: str = "ink", strong: bool = False) -> Say:
    label = Say(text=text, ink=ink, strong=strong, size_hint=(None, None))
    label.wrap(width, round(FONT[style] * scale))
    return label


def _notice(model: ScreenModel, room: Rect, scale: float, placed: list[Placed]) -> float:
    """The strip at the foot of the content; gives the y of its top."""
    bottom = room.y + room.h
    if model.notice is None:
        return bottom
    strip = Strip(model.notice, room.w, round(FONT["body"] * scale), NOTICE[model.notice_tone])
    placed.append(Placed(strip, room.x, bottom - strip.height))
    return bottom - strip.height - 20


def _needs(model: ScreenModel) -> float:
    """The least height for the figures of this screen."""
    need = 0.0
    if model.boxes:
        need += 124
    if model.steps:
        need += ROW * len(model.steps) + 20
    if model.number:
        need += 320
    if model.qr:
        need += 300
    if (model.picture or model.finger) and not model.number:
        need += PICTURE_MIN
    return need


def _figures(model: ScreenModel, room: Rect, placed: list[Placed]) -> None:
    if model.boxes:
        _boxes(model, room, placed)
    elif model.steps:
        _steps(model, room, placed)
    elif model.number:
        _number(model, room, placed)
    elif model.finger:
        size = _picture_size(room)
        _centre(drawn(hand(model.finger, size)), room, placed)
    elif model.picture:
        size = _picture_size(room)
        _centre(drawn(picture(model.picture, size)), room, placed)


def _picture_size(room: Rect) -> int:
    """In steps of 20, so that few sizes are ever drawn."""
    return max(PICTURE_MIN, min(PICTURE_MAX, room.h - 40) // 20 * 20)


def _centre(widget: Widget, room: Rect, placed: list[Placed]) -> None:
    placed.append(Placed(widget, room.x + (room.w - widget.width) / 2, room.y + (room.h - widget.height) / 2))


def _number(model: ScreenModel, room: Rect, placed: list[Placed]) -> None:
    """The number on a white card; below it the QR code or the picture, if there is room."""
    art = None
    room_for_art = room.h - 400
    if model.qr:
        art = drawn(qr(model.qr, min(380, max(260, room_for_art))))
    elif model.picture in (Picture.TAKE_PAPER, Picture.TAKE_CARD) and room_for_art >= PICTURE_MIN:
        art = drawn(picture(model.picture, min(320, room_for_art) // 20 * 20))
    high = min(440, room.h - 24 - (art.height + 24 if art else 0))
    total = high + (art.height + 24 if art else 0)
    top = room.y + (room.h - total) / 2
    plate = Target(("card", "card", "line"), size_hint=(None, None), size=(room.w, high))
    plate.line, plate.round = 3, 40
    placed.append(Placed(plate, room.x, top))
    label = Say(text=model.number, strong=True, size_hint=(None, None))
    label.halign = "center"
    label.line_height = 1.0
    label.fit(room.w - 120, high * 1.25, FONT["number"])
    label.height = label.texture_size[1]
    # Noto Sans keeps more room above its capitals than below: the middle of a capital lies 0.03 em under the line's.
    lift = 0.03 * label.font_size
    placed.append(Placed(label, room.x + 60, top + (high - label.height) / 2 - lift))
    if art:
        placed.append(Placed(art, room.x + (room.w - art.width) / 2, top + high + 24))


def _boxes(model: ScreenModel, room: Rect, placed: list[Placed]) -> None:
    """16 boxes in fours."""
    between, within, high = 32, 6, 100
    wide = (room.w - 3 * between - 12 * within) / 16
    x = float(room.x)
    top = room.y + max(12, (room.h - high) * 0.4)
    for at, box in enumerate(model.boxes):
        ground, ink, edge = ("wrong", "on_wrong", "on_wrong") if box.wrong else ("card", "ink", "line")
        frame = Target((ground, ground, "primary" if box.next else edge), size_hint=(None, None), size=(wide, high))
        frame.line, frame.round = (5 if box.next else 3), 10
        placed.append(Placed(frame, x, top))
        if box.text:
            digit = Say(text=box.text, ink=ink, strong=True, size_hint=(None, None), halign="center")
            digit.fit(wide, high, FONT["box"])
            digit.halign = "center"
            digit.height = digit.texture_size[1]
            placed.append(Placed(digit, x, top + (high - digit.height) / 2))
        x += wide + (between if at % 4 == 3 else within)


def _steps(model: ScreenModel, room: Rect, placed: list[Placed]) -> None:
    """The step bar: one row a step, joined by a line; done, now and to come differ in shape as well as colour."""
    row = min(176, (room.h - 20) // len(model.steps))
    top = room.y + 20.0
    badge = 84
    for at, step in enumerate(model.steps):
        done, now = step.progress is Progress.DONE, step.progress is Progress.NOW
        if at + 1 < len(model.steps):
            rail = Target(("good" if done else "line",) * 3, size_hint=(None, None), size=(10, row))
            rail.round = 5
            placed.append(Placed(rail, room.x + badge / 2 - 5, top + row / 2))
        if now:
            band = Target(("tint",) * 3, size_hint=(None, None), size=(room.w - badge - 16, badge + 8))
            placed.append(Placed(band, room.x + badge + 16, top + (row - badge - 8) / 2))
        placed.append(Placed(_badge(at + 1, badge, done=done, now=now), room.x, top + (row - badge) / 2))
        ink = "primary" if now else "ink" if done else "muted"
        label = said(step.label, room.w - badge - 72, "step", ink=ink, strong=now)
        placed.append(Placed(label, room.x + badge + 44, top + (row - label.height) / 2))
        top += row


def _badge(number: int, size: int, *, done: bool, now: bool) -> Widget:
    if done:
        return drawn(picture(Picture.CHECK, size))
    look = ("primary", "primary", "primary") if now else ("card", "card", "line")
    disc = Target(look, size_hint=(None, None), size=(size, size))
    disc.line, disc.round = (0 if now else 5), size / 2
    label = Say(text=str(number), ink="on_primary" if now else "muted", strong=True, size_hint=(None, None))
    label.fit(size, size, 48)
    label.halign = "center"
    label.height = size

    def follow(*_: object) -> None:
        label.pos = disc.pos

    disc.add_widget(label)
    disc.bind(pos=follow)
    return disc
