"""What commands make the printer do: modes, the line being composed, and the acts that follow.

Standard mode of Epson's ESC/POS reference at 203 dpi; motion units are one dot (GS P 203 203). Page mode is not
modelled: its text prints as it comes. Barcodes print their text. Nothing here takes time or touches paper.
"""

from dataclasses import dataclass, field

from PIL import Image

from sim.thermal_printer import raster, text
from sim.thermal_printer.language import Command
from sim.thermal_printer.qr import QrCodes

WIDTH = 576
LINE_SPACING = 30
"""ESC 2: one sixth of an inch, 3.75 mm."""
WIDEST_TAB = 8


@dataclass(frozen=True, slots=True)
class Line:
    """Paper moves on by `height` dots; `dots` (WIDTH wide, ink 255) is burnt into the first of them."""

    height: int
    dots: Image.Image | None = None
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


@dataclass
class _Modes:
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


@dataclass
class _Composing:
    """The line in the print buffer: pictures at their places."""

    x: int = 0
    items: list[tuple[int, Image.Image]] = field(default_factory=list)
    text: str = ""


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
                return self._picture(self._raster(data))
            case "GS (":
                return self._group(chr(data[0]), data[3:])
            case "GS 8":
                return self._picture(self._graphics.obey(data[5:]))
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
            case _:
                self._set(command.name, data)
        return []

    # -- modes ---------------------------------------------------------------------------------------------------

    def _set(self, name: str, data: bytes) -> None:
        modes = self._modes
        first = data[0] if data else 0
        match name:
            case "ESC !":
                modes.font, modes.bold = first & 1, bool(first & 0x08)
                modes.high, modes.wide = 1 + bool(first & 0x10), 1 + bool(first & 0x20)
                modes.underline = 1 if first & 0x80 else 0
            case "GS !":
                modes.wide, modes.high = (first >> 4 & 7) + 1, (first & 7) + 1
            case "ESC E":
                modes.bold = bool(first & 1)
            case "ESC G":
                modes.double = bool(first & 1)
            case "ESC M":
                modes.font = first & 1 if first in (0, 1, 48, 49) else modes.font
            case "ESC -":
                modes.underline = first % 48 if first in (0, 1, 2, 48, 49, 50) else modes.underline
            case "ESC {":
                modes.upside_down = bool(first & 1)
            case "GS B":
                modes.white_on_black = bool(first & 1)
            case "ESC a":
                modes.align = first % 48 if first in (0, 1, 2, 48, 49, 50) else modes.align
            case "ESC t":
                modes.page = first
            case "ESC 2":
                modes.spacing = LINE_SPACING
            case "ESC 3" | "ESC +" | "ESC A":
                modes.spacing = first
            case "ESC SP":
                modes.gap = first
            case "ESC D":
                modes.tabs = tuple(data[:-1])
            case "ESC $":
                self._line.x = min(first | data[1] << 8, modes.area)
            case "ESC \\":
                moved = int.from_bytes(data[:2], "little", signed=True)
                self._line.x = min(max(self._line.x + moved, 0), modes.area)
            case "GS L":
                modes.margin = min(first | data[1] << 8, WIDTH - 12)
                modes.area = min(modes.area, WIDTH - modes.margin)
            case "GS W":
                modes.area = min(max(first | data[1] << 8, 12), WIDTH - modes.margin)

    # -- the line ------------------------------------------------------------------------------------------------

    def _text(self, shown: str) -> list[Act]:
        acts: list[Act] = []
        modes = self._modes
        for char in shown:
            cell = text.glyph(char, modes.font, modes.bold or modes.double, modes.wide, modes.high)
            if modes.underline:
                cell = cell.copy()
                cell.paste(255, (0, cell.height - modes.underline, cell.width, cell.height))
            if modes.white_on_black:
                cell = raster.inverted(cell)
            acts += self._put(cell, modes.gap * modes.wide)
            self._line.text += char
        return acts

    def _put(self, picture: Image.Image, gap: int = 0) -> list[Act]:
        """Adds to the line; a line that is full prints first."""
        acts: list[Act] = []
        if self._line.x + picture.width > self._modes.area and self._line.items:
            acts = self._end_line()
        self._line.items.append((self._line.x, picture))
        self._line.x += picture.width + gap
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
        height = max(picture.height for _, picture in line.items)
        row = Image.new("L", (max(x + picture.width for x, picture in line.items), height), 0)
        for x, picture in line.items:
            row.paste(picture, (x, height - picture.height))
        return [Line(max(self._modes.spacing, height), self._aligned(row), line.text.rstrip())]

    def _aligned(self, row: Image.Image) -> Image.Image:
        if self._modes.upside_down:
            row = row.rotate(180)
        free = max(self._modes.area - row.width, 0)
        left = self._modes.margin + (0, free // 2, free)[self._modes.align]
        full = Image.new("L", (WIDTH, row.height), 0)
        full.paste(row, (left, 0))
        return full

    # -- pictures ------------------------------------------------------------------------------------------------

    def _picture(self, picture: Image.Image | None, shown: str = "") -> list[Act]:
        """A picture that is a line of its own, printed at once."""
        if picture is None:
            return []
        return [*self._flush(), Line(picture.height, self._aligned(picture), shown)]

    def _raster(self, data: bytes) -> Image.Image | None:
        """GS v 0 m xL xH yL yH d1..dk."""
        mode, width, height = data[1] & 3, data[2] | data[3] << 8, data[4] | data[5] << 8
        if not width or not height:
            return None
        return raster.enlarged(raster.rows(data[6:], width, height), 1 + (mode & 1), 1 + (mode >> 1))

    def _columns(self, data: bytes) -> list[Act]:
        """ESC * m nL nH d1..dk: 8 or 24 dots high; 8-dot modes have dots three high, single density two wide."""
        mode = data[0]
        if mode not in (0, 1, 32, 33) or len(data) == 3:
            return []
        tall = mode >= 32
        picture = raster.columns(data[3:], 3 if tall else 1)
        return self._put(raster.enlarged(picture, 1 if mode & 1 else 2, 1 if tall else 3))

    def _group(self, family: str, body: bytes) -> list[Act]:
        """GS ( x: two-dimensional codes, graphics, and the request to tell when this point has been reached."""
        match family:
            case "k":
                drawn = self._qr.obey(body)
                return self._picture(drawn[0], f"[QR:{drawn[1]}]") if drawn else []
            case "L":
                return self._picture(self._graphics.obey(body))
            case "H" if len(body) == 6 and body[:2] == b"00":
                return [Tell("done", body[2:])]
        return []


__all__ = ["LINE_SPACING", "WIDTH", "Act", "Cut", "Interpreter", "Line", "Present", "Tell", "Watch"]
