"""The paper between the roll and the hand: 80 mm wide, 8 dots to the millimetre, the cutter some way above the head."""

from PIL import Image, ImageOps

DOTS_PER_MM = 8
PAPER_WIDTH = 640
"""80 mm of paper, of which the head reaches the middle 72."""
CUTTER_DOTS = 112
"""Head to cutter, 14 mm: a slip begins with so much blank paper, as receipts do."""
LONGEST = 16_000
"""Dots (2 m) after which a strip that nobody cuts tears off by its own weight; bounds the memory."""
_GROWTH = 2048


class Strip:
    """The paper that has left the roll and is not cut off. Its last CUTTER_DOTS are still inside."""

    def __init__(self) -> None:
        self._begin(Image.new("L", (PAPER_WIDTH, CUTTER_DOTS), 0), [])

    def _begin(self, inside: Image.Image, texts: list[tuple[int, str]]) -> None:
        """A strip of which nothing is above the cutter: `inside`, CUTTER_DOTS long."""
        self._ink = Image.new("L", (PAPER_WIDTH, _GROWTH), 0)
        self._ink.paste(inside, (0, 0))
        self._texts = texts
        self.length = CUTTER_DOTS
        self.printed = 0
        """Dots that moved since the last cut."""

    def say(self, text: str) -> None:
        """The line that begins here reads `text`."""
        self._texts.append((self.length, text))

    def advance(self, dots: Image.Image | None, rows: int) -> None:
        """The paper moves on by `rows`, taking `dots` with it."""
        while self.length + rows > self._ink.height:
            taller = Image.new("L", (PAPER_WIDTH, self._ink.height + _GROWTH), 0)
            taller.paste(self._ink, (0, 0))
            self._ink = taller
        if dots is not None:
            self._ink.paste(dots, ((PAPER_WIDTH - dots.width) // 2, self.length))
        self.length += rows
        self.printed += rows

    def cut(self) -> tuple[Image.Image, str] | None:
        """Cuts at the cutter. The slip, black on white, and its text line by line; None if nothing was above it."""
        at = self.length - CUTTER_DOTS
        if at <= 0:
            return None
        slip = ImageOps.invert(self._ink.crop((0, 0, PAPER_WIDTH, at)))
        text = "\n".join(line for row, line in self._texts if row < at)
        rest = self._ink.crop((0, at, PAPER_WIDTH, self.length))
        texts = [(row - at, line) for row, line in self._texts if row >= at]
        self._begin(rest, texts)
        return slip, text
