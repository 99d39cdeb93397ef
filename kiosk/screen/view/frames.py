"""Draws models one at a time, without the running loop: for pictures, and for the audit of what was drawn."""

from typing import Any

from kivy.base import EventLoop, runTouchApp
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels
from PIL import Image

from kiosk.screen.present.model import ScreenModel
from kiosk.screen.theme import HEIGHT, WIDTH
from kiosk.screen.view.stage import Stage
from kiosk.screen.view.widgets import SMALLEST, Say, Target


def pixels(width: int, height: int) -> Image.Image:
    """The frame in the back buffer. Call between drawing and swapping: after the swap the buffer is undefined."""
    raw = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
    return Image.frombytes("RGB", (width, height), bytes(raw)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)


class Frames:
    """One window of the canvas's size, drawn on request."""

    def __init__(self) -> None:
        self.stage = Stage(lambda _action: None)
        Window.size = (WIDTH, HEIGHT)
        Window.add_widget(self.stage)
        runTouchApp(embedded=True)

    def show(self, model: ScreenModel) -> None:
        self.stage.show(model)
        EventLoop.idle()

    def picture(self) -> Image.Image:
        Window.canvas.ask_update()
        Window.dispatch("on_draw")
        return pixels(WIDTH, HEIGHT)

    def audit(self) -> dict[str, Any]:
        """Targets as [id, x, y, w, h, enabled] with y from the top, in focus order; `faults` in words."""
        model = self.stage.model
        placed = self.stage.plan
        if model is None or placed is None:
            raise RuntimeError("show a model first")
        targets = [
            [action.id, at.x, at.y, at.w, at.h, action.enabled]
            for action, at in zip(model.actions, placed.targets, strict=True)
        ]
        texts = [one for one in self.stage.walk() if isinstance(one, Say) and one.text]
        faults = [fault for one in texts for fault in _faults(one)]
        lowest = placed.content.y + placed.content.h
        for one in texts:
            inside = any(isinstance(parent, Target) and parent.action for parent in one.walk_reverse())
            if not inside and one.parent is self.stage.layers[1] and HEIGHT - one.y > lowest + 2:
                faults.append(f"runs into the buttons: {one.text!r}")
        smallest = min((round(one.font_size) for one in texts), default=0)
        drawn = [box.action for box in reversed(self.stage.layers[2].children)]
        return {"targets": targets, "drawn": drawn, "faults": faults, "smallest": smallest}


def _faults(one: Say) -> list[str]:
    wide, high = one.texture_size
    found = []
    if wide > one.width + 1 or high > one.height + 1:
        found.append(f"does not fit: {one.text!r} is {wide}x{high}, has {one.width:.0f}x{one.height:.0f}")
    if one.longest_word() > one.width:
        found.append(f"a word is cut: {one.text!r}")
    if one.x < 0 or one.right > WIDTH or one.y < 0 or one.top > HEIGHT + 1:
        found.append(f"leaves the screen: {one.text!r}")
    box = one.parent
    if isinstance(box, Target) and (one.x < box.x or one.right > box.right or one.y < box.y or one.top > box.top):
        found.append(f"leaves its target: {one.text!r}")
    if one.font_size < SMALLEST:
        found.append(f"too small: {one.text!r}")
    return found
