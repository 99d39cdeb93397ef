"""The few widgets that every screen is made of. Styles are in widgets.kv; colours and sizes come from the theme."""

from pathlib import Path
from typing import Any

from kivy.graphics.texture import Texture
from kivy.lang import Builder
from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.image import Image
from kivy.uix.label import Label
from kivy.uix.widget import Widget
from PIL import Image as Pillow

from kiosk.screen.theme import FONT

SMALLEST = 34
"""No text is ever shrunk below this."""


class Say(Label):
    """A text as wide as the widget, wrapped; never drawn over an edge without a test seeing it."""

    strong = BooleanProperty(False)
    ink = StringProperty("ink")

    def fit(self, width: float, height: float, size: int) -> None:
        """Sets the largest font size up to `size` at which the text fits into the box."""
        self.width = width
        for smaller in range(size, SMALLEST - 1, -4):
            self.font_size = smaller
            self.text_size = (width, None)
            self.texture_update()
            if self.texture_size[1] <= height and self.longest_word() <= width:
                break
        self.height = height

    def wrap(self, width: float, size: int) -> None:
        """Sets the text at `size`, as high as it needs."""
        self.fit(width, float("inf"), size)
        self.height = self.texture_size[1]

    def longest_word(self) -> float:
        extents = self._label.get_extents
        return max((extents(word)[0] for word in self.text.split()), default=0)


class Bar(FloatLayout):
    ground = StringProperty("header")


class Strip(Widget):
    """A coloured strip for what must be noticed."""

    text = StringProperty("")
    ground = StringProperty("warn")
    ink = StringProperty("on_warn")
    font_size = NumericProperty(FONT["body"])

    def __init__(self, text: str, width: float, font_size: int, look: tuple[str, str]) -> None:
        super().__init__(
            text=text, size_hint=(None, None), width=width, font_size=font_size, ground=look[0], ink=look[1]
        )
        said: Say = self.ids.said
        said.wrap(width - 64, font_size)
        self.height = said.height + 40


class Target(ButtonBehavior, FloatLayout):
    """Something to touch: a rounded box. Acts on release inside the same target; shows the press at once."""

    action = StringProperty("")
    ground = StringProperty("card")
    edge = StringProperty("card")
    line = NumericProperty(0)
    round = NumericProperty(28)

    def __init__(self, look: "tuple[str, str, str]", **kwargs: Any) -> None:
        """`look`: ground, ground while pressed, edge."""
        self._look = look
        super().__init__(ground=look[0], edge=look[2], **kwargs)

    def on_state(self, _target: object, state: str) -> None:
        self.ground = self._look[1] if state == "down" else self._look[0]


def drawn(image: Pillow.Image) -> Image:
    """A Pillow picture as a widget of its own size."""
    texture = Texture.create(size=image.size, colorfmt="rgba")
    texture.blit_buffer(image.tobytes(), colorfmt="rgba", bufferfmt="ubyte")
    texture.flip_vertical()
    return Image(texture=texture, size_hint=(None, None), size=image.size)


def said(text: str, width: float, style: str, *, ink: str = "ink", strong: bool = False, centre: bool = False) -> Say:
    """A wrapped text in a style of the theme, as high as it needs."""
    label = Say(text=text, ink=ink, strong=strong, size_hint=(None, None))
    label.halign = "center" if centre else "left"
    label.wrap(width, FONT[style])
    return label


Builder.load_file(str(Path(__file__).with_name("widgets.kv")))
