"""The whole canvas, 1080 x 1920: header, content, actions, footer. `show` draws a ScreenModel and nothing else."""

from collections.abc import Callable
from typing import Any

from kivy.uix.floatlayout import FloatLayout
from kivy.uix.scatter import Scatter
from kivy.uix.widget import Widget

from kiosk.screen.layout import LANGUAGE, Plan, Rect, plan
from kiosk.screen.pictures import picture
from kiosk.screen.present.model import Action, Picture, ScreenModel
from kiosk.screen.theme import BANNER, FONT, FOOTER, HEADER, HEIGHT, MARGIN, WIDTH
from kiosk.screen.view.content import content
from kiosk.screen.view.targets import target
from kiosk.screen.view.widgets import Bar, Say, Target, drawn, said

KEPT = 120
"""Targets kept ready, so that a touch does not have to wait for text to be drawn. They hold nothing personal."""


class Stage(FloatLayout):
    """Draws one ScreenModel at a time and calls `on_action(id)` when an enabled action is touched."""

    def __init__(self, on_action: Callable[[str], None], **kwargs: Any) -> None:
        super().__init__(size_hint=(None, None), size=(WIDTH, HEIGHT), **kwargs)
        self.model: ScreenModel | None = None
        self.plan: Plan | None = None
        self._on_action = on_action
        self._enabled: set[str] = set()
        self._kept: dict[tuple[Action, Rect], Target] = {}
        self.layers = [FloatLayout(size=(WIDTH, HEIGHT), size_hint=(None, None)) for _ in range(3)]
        for layer in (self._paper(), *self.layers):
            self.add_widget(layer)

    def show(self, model: ScreenModel) -> None:
        """Draws `model`. What did not change keeps its widgets, so that a finger already down loses nothing."""
        if model == self.model:
            return
        before, self.model, self.plan = self.model, model, plan(model)
        frame, said_layer, touched = self.layers
        if before is None or _frame_of(before) != _frame_of(model):
            frame.clear_widgets()
            for widget, x, top in self._frame(model):
                _put(frame, widget, x, top)
        said_layer.clear_widgets()
        for one in content(model, self.plan.content):
            _put(said_layer, one.widget, one.x, one.top)
        self._show_actions(touched, model, self.plan)

    def warm(self, model: ScreenModel) -> None:
        """Prepares the targets of a screen that will be needed later."""
        for action, at in zip(model.actions, plan(model).targets, strict=True):
            self._target(action, at)

    def _show_actions(self, layer: FloatLayout, model: ScreenModel, places: Plan) -> None:
        wanted = [self._target(action, at) for action, at in zip(model.actions, places.targets, strict=True)]
        if layer.children[::-1] != wanted:  # in the actions' order: it is the order of focus and of speech
            layer.clear_widgets()
            for box, at in zip(wanted, places.targets, strict=True):
                _put(layer, box, at.x, at.y)
        self._enabled = {action.id for action in model.actions if action.enabled}

    def _target(self, action: Action, at: Rect) -> Target:
        kept = self._kept.get((action, at))
        if kept is None:
            if len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            kept = self._kept[action, at] = target(action, at)
            kept.bind(on_release=self._released)
        return kept

    def _released(self, box: Target) -> None:
        if box.parent is not None and box.action in self._enabled:
            self._on_action(box.action)

    def _paper(self) -> Bar:
        return Bar(ground="paper", size_hint=(None, None), size=(WIDTH, HEIGHT))

    def _frame(self, model: ScreenModel) -> list[tuple[Widget, float, float]]:
        """Header, SIMULATED banner and footer."""
        parts: list[tuple[Widget, float, float]] = [(_bar("header", HEADER), 0, 0)]
        pill_width = 0.0
        if model.free:
            pill, word = _pill(model.free)
            pill_width = pill.width + 32
            parts += [(pill, WIDTH - MARGIN - pill.width, 22), (word, WIDTH - MARGIN - pill.width, 22)]
        office = Say(text=model.office, ink="on_header", strong=True, size_hint=(None, None))
        office.fit(WIDTH - 2 * MARGIN - pill_width, HEADER - 8, 48)
        office.height = office.texture_size[1]
        parts.append((office, MARGIN, (HEADER - office.height) / 2))
        if model.simulated:
            parts.append((_bar("warn", BANNER), 0, HEADER))
            word = said(model.simulated, WIDTH, "banner", ink="on_warn", strong=True, centre=True)
            parts.append((word, 0, HEADER + (BANNER - word.height) / 2))
        if model.status:
            parts += self._footer(model)
        return parts

    def _footer(self, model: ScreenModel) -> list[tuple[Widget, float, float]]:
        top = HEIGHT - FOOTER
        mark = drawn(picture(Picture.CHECK, 72))
        text = Say(text=model.status or "", ink="good", strong=True, size_hint=(None, None))
        text.fit(WIDTH - 2 * MARGIN - LANGUAGE[0] - 120, FOOTER - 16, FONT["small"])
        text.height = text.texture_size[1]
        return [(mark, MARGIN, top + (FOOTER - 72) / 2), (text, MARGIN + 92, top + (FOOTER - text.height) / 2)]


def fitted(stage: Stage, width: float, height: float) -> Scatter:
    """The canvas scaled to a window of another size, centred; touches are mapped back by the same matrix."""
    frame = Scatter(
        do_rotation=False, do_scale=False, do_translation=False, size=(WIDTH, HEIGHT), size_hint=(None, None)
    )
    frame.add_widget(stage)
    frame.scale = min(width / WIDTH, height / HEIGHT)
    frame.pos = ((width - WIDTH * frame.scale) / 2, (height - HEIGHT * frame.scale) / 2)
    return frame


def _frame_of(model: ScreenModel) -> tuple[object, ...]:
    return model.office, model.free, model.status, model.simulated


def _bar(ground: str, height: float) -> Bar:
    return Bar(ground=ground, size_hint=(None, None), size=(WIDTH, height))


def _pill(text: str) -> tuple[Target, Say]:
    word = Say(text=text, strong=True, size_hint=(None, None))
    word.fit(400, 68, 42)
    word.wrap(word.longest_word() + 64, 42)
    word.halign = "center"
    word.height = 68
    return Target(("card", "card", "card"), size_hint=(None, None), size=(word.width, 68), round=34), word


def _put(layer: FloatLayout, widget: Widget, x: float, top: float) -> None:
    """Places a widget by its upper left corner, y from the top of the canvas."""
    widget.pos = (round(x), round(HEIGHT - top - widget.height))
    layer.add_widget(widget)
