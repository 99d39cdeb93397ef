"""Colours and sizes of the touchscreen, as plain tables: the view draws from them, a test computes contrast from them.

The canvas is 1080 x 1920 px, portrait, about 300 mm wide: 3.6 px per mm. Noto Sans has a cap height of 0.714 em.
"""

WIDTH, HEIGHT = 1080, 1920
MARGIN = 64
GAP = 24
HEADER = 112
BANNER = 60
FOOTER = 168
CAP_HEIGHT = 0.714

COLOURS = {
    "paper": "#F3F6F9",
    "card": "#FFFFFF",
    "ink": "#0E2238",
    "muted": "#35434F",
    "line": "#8695A4",
    "header": "#0E2238",
    "on_header": "#FFFFFF",
    "primary": "#0B4A8F",
    "primary_down": "#072F5C",
    "second": "#0A5748",
    "second_down": "#06382E",
    "on_primary": "#FFFFFF",
    "disabled": "#E1E7ED",
    "on_disabled": "#35434F",
    "good": "#0A5748",
    "warn": "#FFE1A3",
    "on_warn": "#3A2500",
    "wrong": "#FFDAD6",
    "on_wrong": "#6B0008",
    "tint": "#DCE9F7",
}

TEXT_ON = (
    ("ink", "paper"),
    ("ink", "card"),
    ("muted", "paper"),
    ("muted", "card"),
    ("on_header", "header"),
    ("on_primary", "primary"),
    ("on_primary", "primary_down"),
    ("on_primary", "second"),
    ("on_primary", "second_down"),
    ("primary", "card"),
    ("primary", "paper"),
    ("primary", "tint"),
    ("ink", "tint"),
    ("on_disabled", "disabled"),
    ("good", "paper"),
    ("on_warn", "warn"),
    ("on_wrong", "wrong"),
)
"""Every pair of text and ground that the view uses; all reach 7:1."""

FONT = {
    "title": 80,
    "body": 56,
    "label": 58,
    "tile": 72,
    "choice": 50,
    "choice_note": 40,
    "note": 42,
    "key": 84,
    "key_word": 56,
    "small": 42,
    "banner": 38,
    "number": 330,
    "number_small": 230,
    "step": 58,
    "box": 60,
}
"""Font sizes in px. Main text is 56 and more: capitals of 40 px, readable at arm's length."""


def rgba(name: str) -> tuple[float, float, float, float]:
    """A colour of the table, 0..1 each."""
    text = COLOURS[name]
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, 1.0


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours of the table, 1..21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(name: str) -> float:
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in rgba(name)[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
