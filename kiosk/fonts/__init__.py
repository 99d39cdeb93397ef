"""The typefaces that the card face, the screen and the slips are set in: Noto Sans, under the SIL Open Font License.

Shipped with the program, so that a card looks the same on every kiosk and in every test; `OFL.txt` is their licence.
May import: nothing of ours.
"""

from pathlib import Path

REGULAR = Path(__file__).with_name("NotoSans-Regular.ttf")
BOLD = Path(__file__).with_name("NotoSans-Bold.ttf")

__all__ = ["BOLD", "REGULAR"]
