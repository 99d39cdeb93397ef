"""What commands make the printer do: modes, the line being composed, and the acts that follow.

Standard mode of Epson's ESC/POS reference at 203 dpi; motion units are one dot (GS P 203 203). Page mode is not
modelled: its text prints as it comes. Barcodes print their text. Nothing here takes time or touches paper, and nothing
is drawn: a line knows how, for whoever looks at the slip.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

from PIL import Image

from sim.thermal_printer import raster, text
from sim.thermal_printer.language import Command
from sim.thermal_printer.qr import QrCodes

WIDTH = 576
LINE_SPACING = 30
"""ESC 2: one sixth of an inch, 3.75 mm."""
WIDEST_TAB = 8

Draw = Callable[[], Image.Image]


class Line(NamedTuple):
    """Paper moves on by `height` dots; `draw` gives what is burnt into the first `inked`, WIDTH wide, ink 255."""

    height: int
    inked: int = 0
    draw: Draw | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """`feed` None cuts where the paper is; a number first moves what was printed past the cutter, and so many more."""

    feed: int | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """A question that had to wait its turn: `sensor` n (GS r), `identity` n (GS I) or `done` id (GS ( H)."""

    what: str
    argument: bytes


@dataclass(frozen=True, slots=True)
class Watch:
    """GS a: which changes to push from now on."""

    mask: int


@dataclass(frozen=True, slots=True)
class Present:
    """GS e n: what a presenter's rollers shall do with the slip that was cut."""

    n: int


Act = Line | Cut | Tell | Watch | Present


_MODES = frozenset(
    {
        *("ESC !", "GS !", "ESC E", "ESC G", "ESC M", "ESC -", "ESC {", "GS B", "ESC a", "ESC t"),
        *("ESC 2", "ESC 3", "ESC +", "ESC A", "ESC SP", "ESC D", "GS L", "GS W"),
    }
)
"""The commands that do no more than change a mode."""


class _Modes(NamedTuple):
    """What ESC @ sets back."""

    align: int = 0
    bold: bool = False
    double: bool = False
    wide: int = 1
    high: int = 1
    font: int = 0
    underline: int = 0
    white_on_black: bool = False
    upside_down: bool = False
    page: int = 0
    spacing: int = LINE_SPACING
    gap: int = 0
    margin: int = 0
    area: int = WIDTH
    tabs: tuple[int, ...] = tuple(range(8, 48, WIDEST_TAB))


@lru_cache(maxsize=256)
def _set(modes: _Modes, command: Command) -> _Modes:
    """The modes after a command of _MODES. Most come in every slip, and each says the same every time."""
    name, data = command
    first = data[0] if data else 0
    match name:
        case "ESC !":
            style = modes._replace(font=first & 1, bold=bool(first & 0x08), underline=1 if first & 0x80 else 0)
            return style._replace(high=1 + bool(first & 0x10), wide=1 + bool(first & 0x20))
        case "GS !":
            return modes._replace(wide=(first >> 4 & 7) + 1, high=(first & 7) + 1)
        case "ESC E":
            return modes._replace(bold=bool(first & 1))
        case "ESC G":
            return modes._replace(double=bool(first & 1))
        case "ESC M" if first in (0, 1, 48, 49):
            return modes._replace(font=first & 1)
        case "ESC -" if first in (0, 1, 2, 48, 49, 50):
            return modes._replace(underline=first % 48)
        case "ESC {":
            return modes._replace(upside_down=bool(first & 1))
        case "GS B":
            return modes._replace(white_on_black=bool(first & 1))
        case "ESC a" if first in (0, 1, 2, 48, 49, 50):
            return modes._replace(align=first % 48)
        case "ESC t":
            return modes._replace(page=first)
        case "ESC 2":
            return modes._replace(spacing=LINE_SPACING)
        case "ESC 3" | "ESC +" | "ESC A":
            return modes._replace(spacing=first)
        case "ESC SP":
            return modes._replace(gap=first)
        case "ESC D":
            return modes._replace(tabs=tuple(data[:-1]))
        case "GS L":
            margin = min(first | data[1] << 8, WIDTH - 12)
            return modes._replace(margin=margin, area=min(modes.area, WIDTH - margin))
        case "GS W":
            return modes._replace(area=min(max(first | data[1] << 8, 12), WIDTH - modes.margin))
    return modes


class _Item(NamedTuple):
    """Something in a line, at `x` dots from its beginning."""

    x: int
    width: int
    height: int
    draw: Draw


@dataclass
class _Composing:
    """The line in the print buffer."""

    x: int = 0
    height: int = 0
    items: list[_Item] = field(default_factory=list)
    text: str = ""

    def add(self, item: _Item) -> None:
        self.items.append(item)
        self.x += item.width
        self.height = max(self.height, item.height)


class Interpreter:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Power on, and what ESC @ does: modes to their defaults, the unprinted line and stored pictures forgotten."""
        self._modes = _Modes()
        self._line = _Composing()
        self._qr = QrCodes()
        self._graphics = raster.Graphics()

    def forget_line(self) -> None:
        """The print buffer is cleared; modes stay."""
        self._line = _Composing()

    def obey(self, command: Command) -> list[Act]:
        """The acts that `command` leads to, in order."""
        data = command.data
        if command.name in _MODES:
            self._modes = _set(self._modes, command)
            return []
        match command.name:
            case "text":
                return self._text(text.decode(data, self._modes.page))
            case "LF" | "FF":
                return self._end_line()
            case "HT":
                self._tab()
            case "CAN":
                self.forget_line()
            case "ESC @":
                self.reset()
                return [Watch(0)]
            case "ESC d":
                feed = data[0] * self._modes.spacing
                return [*self._flush(), *([Line(feed)] if feed else [])]
            case "ESC J":
                return [*self._flush(), *([Line(data[0])] if data[0] else [])]
            case "GS V":
                return [*self._flush(), Cut(data[1] if len(data) > 1 else None)]
            case "ESC i" | "ESC m":
                return [*self._flush(), Cut()]
            case "GS v":
                return self._raster(data)
            case "GS (":
                return self._group(chr(data[0]), data[3:])
            case "GS 8":
                return self._graphic(data[5:])
            case "ESC *":
                return self._columns(data)
            case "GS k":
                shown = data[2:] if data[0] >= 65 else data[1:-1]
                return [*self._flush(), *self._text(text.decode(shown, 0)), *self._end_line()]
            case "GS r":
                return [Tell("sensor", data)]
            case "GS I":
                return [Tell("identity", data)]
            case "GS e":
                return [*self._flush(), Present(data[0])]
            case "GS a":
                return [Watch(data[0])]
            case "ESC $" | "ESC \\":
                self._move(command.name, data)
        return []

    def _move(self, name: str, data: bytes) -> None:
        """ESC $ and ESC \\: where in the line the next character stands."""
        line = self._line
        if name == "ESC $":
            moved = data[0] | data[1] << 8
        else:
            moved = max(line.x + int.from_bytes(data[:2], "little", signed=True), 0)
        line.x = min(moved, self._modes.area)

    # -- the line ------------------------------------------------------------------------------------------------

    def _text(self, shown: str) -> list[Act]:
        """Adds to the line as many characters as it holds; a line that is full prints first."""
        acts: list[Act] = []
        modes = self._modes
        cell, height = text.cell(modes.font, modes.wide, modes.high)
        step = cell + modes.gap * modes.wide
        while shown:
            line = self._line
            fits = (modes.area - line.x - cell) // step + 1
            if fits < 1 and line.items:
                acts += self._end_line()
                continue
            run, shown = shown[: max(fits, 1)], shown[max(fits, 1) :]
            line.add(_Item(line.x, len(run) * step, height, partial(_written, run, modes, step)))
            line.text += run
        return acts

    def _put(self, width: int, height: int, draw: Draw) -> list[Act]:
        """Adds a picture to the line; a line that is full prints first."""
        acts: list[Act] = []
        if self._line.x + width > self._modes.area and self._line.items:
            acts = self._end_line()
        self._line.add(_Item(self._line.x, width, height, draw))
        return acts

    def _tab(self) -> None:
        cell = text.CELLS[self._modes.font][0]
        for column in self._modes.tabs:
            if column * cell > self._line.x:
                self._line.text += " " * max(column - len(self._line.text), 1)
                self._line.x = min(column * cell, self._modes.area)
                return

    def _end_line(self) -> list[Act]:
        """LF: the line is printed and the paper moves by the spacing, by more if the line is higher."""
        return self._flush() or [Line(self._modes.spacing)]

    def _flush(self) -> list[Act]:
        line, self._line = self._line, _Composing()
        if not line.items:
            return []
        draw = partial(_aligned, partial(_composed, line.items, line.height), self._modes)
        return [Line(max(self._modes.spacing, line.height), line.height, draw, line.text.rstrip())]

    # -- pictures ------------------------------------------------------------------------------------------------

    def _picture(self, height: int, draw: Draw, shown: str = "") -> list[Act]:
        """A picture that is a line of its own, printed at once."""
        return [*self._flush(), Line(height, height, partial(_aligned, draw, self._modes), shown)]

    def _raster(self, data: bytes) -> list[Act]:
        """GS v 0 m xL xH yL yH d1..dk."""
        mode, width, height = data[1] & 3, data[2] | data[3] << 8, data[4] | data[5] << 8
        if not width or not height:
            return []
        wide, high = 1 + (mode & 1), 1 + (mode >> 1)
        return self._picture(height * high, lambda: raster.enlarged(raster.rows(data[6:], width, height), wide, high))

    def _graphic(self, body: bytes) -> list[Act]:
        """GS ( L and GS 8 L."""
        stored = self._graphics.obey(body)
        return self._picture(stored.height, lambda: stored) if stored is not None else []

    def _columns(self, data: bytes) -> list[Act]:
        """ESC * m nL nH d1..dk: 8 or 24 dots high; 8-dot modes have dots three high, single density two wide."""
        mode = data[0]
        if mode not in (0, 1, 32, 33) or len(data) == 3:
            return []
        tall = mode >= 32
        picture = raster.columns(data[3:], 3 if tall else 1)
        picture = raster.enlarged(picture, 1 if mode & 1 else 2, 1 if tall else 3)
        return self._put(picture.width, picture.height, lambda: picture)

    def _group(self, family: str, body: bytes) -> list[Act]:
        """GS ( x: two-dimensional codes, graphics, and the request to tell when this point has been reached."""
        match family:
            case "k":
                code = self._qr.obey(body)
                return self._picture(code.side, code.draw, f"[QR:{code.text}]") if code else []
            case "L":
                return self._graphic(body)
            case "H" if len(body) == 6 and body[:2] == b"00":
                return [Tell("done", body[2:])]
        return []


# -- drawing -----------------------------------------------------------------------------------------------------


def _written(run: str, modes: _Modes, step: int) -> Image.Image:
    """A run of characters in one mode, `step` dots from one to the next."""
    width, height = text.cell(modes.font, modes.wide, modes.high)
    drawn = Image.new("L", (len(run) * step, height), 0)
    for at, char in enumerate(run):
        cell = text.glyph(char, modes.font, modes.bold or modes.double, modes.wide, modes.high)
        if modes.underline:
            cell = cell.copy()
            cell.paste(255, (0, height - modes.underline, width, height))
        if modes.white_on_black:
            cell = raster.inverted(cell)
        drawn.paste(cell, (at * step, 0))
    return drawn


def _composed(items: list[_Item], height: int) -> Image.Image:
    row = Image.new("L", (max(item.x + item.width for item in items), height), 0)
    for item in items:
        row.paste(item.draw(), (item.x, height - item.height))
    return row


def _aligned(draw: Draw, modes: _Modes) -> Image.Image:
    row = draw()
    if modes.upside_down:
        row = row.rotate(180)
    free = max(modes.area - row.width, 0)
    left = modes.margin + (0, free // 2, free)[modes.align]
    full = Image.new("L", (WIDTH, row.height), 0)
    full.paste(row, (left, 0))
    return full


__all__ = ["LINE_SPACING", "WIDTH", "Act", "Cut", "Interpreter", "Line", "Present", "Tell", "Watch"]
