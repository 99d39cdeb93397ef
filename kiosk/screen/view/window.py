"""The one window: shows models, and tells of touches and typed characters."""

from collections.abc import Callable
from typing import Any

from kivy.base import EventLoop, runTouchApp
from kivy.core.window import Window
from kivy.input.motionevent import MotionEvent
from PIL import Image

from kiosk.screen.present.model import ScreenModel
from kiosk.screen.theme import rgba
from kiosk.screen.view.frames import pixels
from kiosk.screen.view.stage import Stage, fitted

ENTER = (13, 271)


class Glass:
    """`on_action` gets the id of each action touched, `on_character` each typed character, Enter as a line feed."""

    def __init__(self, on_action: Callable[[str], None], on_character: Callable[[str], None]) -> None:
        self.stage = Stage(on_action)
        self._on_character = on_character
        self._watch: Callable[[Image.Image], None] | None = None
        Window.clearcolor = rgba("header")
        self._frame = fitted(self.stage, *Window.size)
        Window.add_widget(self._frame)
        Window.bind(on_textinput=self._typed, on_key_down=self._key, on_flip=self._flipped, on_resize=self._resized)
        runTouchApp(embedded=True)

    def show(self, model: ScreenModel) -> None:
        self.stage.show(model)

    def watch(self, frame: Callable[[Image.Image], None]) -> None:
        """Calls `frame` with every frame drawn from now on."""
        self._watch = frame
        Window.canvas.ask_update()

    def touch(self, x: float, y: float) -> None:
        """A tap at a place given as fractions of the window from its upper left corner."""
        tap = _Tap("mirror", id(self), {"x": x, "y": 1 - y})
        for kind in ("begin", "end"):
            EventLoop.post_dispatch_input(kind, tap)

    def layout(self) -> dict[str, Any]:
        """The mirror's description of what is shown."""
        model, placed = self.stage.model, self.stage.plan
        if model is None or placed is None:
            return {"screen": "", "lang": "", "actions": []}
        scale, left, foot = self._frame.scale, self._frame.x, self._frame.y
        wide, high = Window.size
        above = high - foot - self.stage.height * scale
        actions = [
            {
                "id": action.id,
                "label": action.label,
                "x": (left + at.x * scale) / wide,
                "y": (above + at.y * scale) / high,
                "w": at.w * scale / wide,
                "h": at.h * scale / high,
            }
            for action, at in zip(model.actions, placed.targets, strict=True)
            if action.enabled
        ]
        return {"screen": model.screen, "lang": model.language, "actions": actions}

    def _flipped(self, _window: object) -> None:
        if self._watch is not None:
            self._watch(pixels(*Window.size))

    def _resized(self, _window: object, width: float, height: float) -> None:
        Window.remove_widget(self._frame)
        self._frame.remove_widget(self.stage)
        self._frame = fitted(self.stage, width, height)
        Window.add_widget(self._frame)

    def _typed(self, _window: object, text: str) -> None:
        for character in text:
            self._on_character(character)

    def _key(self, _window: object, key: int, *_: object) -> bool:
        if key in ENTER:
            self._on_character("\n")
        return True


class _Tap(MotionEvent):
    """A touch that comes from the workbench."""

    def __init__(self, device: str, id: int, place: dict[str, float]) -> None:
        super().__init__(device, id, place, is_touch=True, type_id="touch")

    def depack(self, args: dict[str, float]) -> None:
        self.sx, self.sy = args["x"], args["y"]
        self.profile = ["pos"]
        super().depack(args)
