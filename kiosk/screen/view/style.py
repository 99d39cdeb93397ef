"""What the kv rules may read: fonts and theme."""

from kiosk.fonts import BOLD as _BOLD
from kiosk.fonts import REGULAR as _REGULAR
from kiosk.screen.theme import FONT, rgba

BOLD, REGULAR = str(_BOLD), str(_REGULAR)

__all__ = ["BOLD", "FONT", "REGULAR", "rgba"]
