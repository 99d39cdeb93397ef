"""Blocks to bytes, by python-escpos, and what that library leaves to its caller.

Native QR codes; pictures by `raster`; widths and code pages by `models`.
"""

import textwrap
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import segno
from escpos.constants import QR_ECLEVEL_M
from escpos.magicencode import Encoder
from escpos.printer import Dummy

from drivers.contract.errors import DeviceError
from drivers.contract.thermal_printer import Align, Block, Columns, Feed, Picture, Qr, Rule, Text
from drivers.contract.words import Completion, DeviceCause
from drivers.thermal_printer.escpos import raster
from drivers.thermal_printer.escpos.models import MODELS, Model
from drivers.thermal_printer.escpos.presenter import handed_out
from drivers.thermal_printer.escpos.status import ASB_ON

STANDARD = MODELS["tm-t20ii"]
WIDTH_DOTS = STANDARD.width_dots
COLUMNS = STANDARD.columns
QUIET_MODULES = 4
"""White that a QR code needs on each side, ISO/IEC 18004 section 9.1."""

INITIALISE = b"\x1b@"
PLAIN_ASCII = b"\x1bR\x00"
"""International characters: U.S.A.; a printer set up for another country prints a yen sign for a backslash."""
NO_KANJI = b"\x1c."
"""Printers sold in Asia may start in a two-byte mode, in which any accented letter swallows the next one."""


class SlipError(DeviceError):
    """The blocks themselves cannot be printed, by any printer of this kind. Nothing was sent."""

    def __init__(self, detail: str) -> None:
        super().__init__(DeviceCause.PROTOCOL, detail, completion=Completion.INVALID_DATA)


class _Pages(Encoder):  # type: ignore[misc]  # python-escpos is untyped here
    """The library's own choice of code pages, with Python's codecs behind it: its own tables are made anew for each
    slip."""

    def can_encode(self, encoding: str, char: str) -> bool:
        return char in _characters(encoding)

    def encode(self, text: str, encoding: str, defaultchar: str = "?") -> bytes:
        return text.encode(encoding)


@lru_cache
def _characters(codec: str) -> frozenset[str]:
    return frozenset(bytes(range(256)).decode(codec, errors="ignore"))


def encode(
    blocks: tuple[Block, ...], model: Model = STANDARD, *, cut_first: bool = False, present_mm: int = 0
) -> list[bytes]:
    """The slip as a list of whole commands or lines, between which other commands may be sent.

    `cut_first` cuts off what an earlier, broken slip left in the printer. A model with a presenter then hands the slip
    out by `present_mm`. SlipError for a picture or QR too large.
    """
    pen = Dummy(profile=model.name, magic_encode_args={"encoder": _Pages(dict(model.code_pages))})
    pieces = [INITIALISE + ASB_ON + NO_KANJI + PLAIN_ASCII]
    if cut_first:
        pen.cut(feed=False)
        pieces.append(_taken(pen))
    for block in blocks:
        pieces.extend(_block(pen, block, model))
    pen.print_and_feed(1)
    pen.cut(feed=False)  # GS V 66 0: feeds the end of the slip to the cutter by itself
    pieces.append(_taken(pen))
    if model.presenter:
        pieces.append(handed_out(present_mm))
    return pieces


def _taken(pen: Dummy) -> bytes:
    output: bytes = pen.output
    pen.clear()
    return output


def _block(pen: Dummy, block: Block, model: Model) -> Iterator[bytes]:
    columns = model.columns
    match block:
        case Text():
            size = min(max(block.size, 1), 8)
            lines = _wrapped(plain(block.text, model), columns // size)
            yield _style(model.name, block.align, block.bold, size) + b"".join(_said(pen, line) for line in lines)
        case Columns():
            shown = b"".join(_said(pen, line) for line in _columns(block, model))
            yield _style(model.name, Align.LEFT, block.bold, 1) + shown
        case Rule():
            yield _style(model.name, Align.LEFT, False, 1) + _said(pen, "─" * columns)
        case Qr():
            module = _module(block, model)
            pen.set(align="center", custom_size=True, width=1, height=1)
            pen.print_and_feed(1)
            pen.qr(block.data, ec=QR_ECLEVEL_M, size=module, native=True)
            pen.print_and_feed(1)
            yield _taken(pen)
        case Picture():
            pen.set(align="left")
            yield _taken(pen)
            yield from _picture(block, model)
        case Feed():
            pen.print_and_feed(min(max(block.lines, 0), 255))
            yield _taken(pen)


@lru_cache(maxsize=128)
def _style(model: str, align: Align, bold: bool, size: int) -> bytes:
    """The library's commands for it. Each line of each slip begins with some, and they never change."""
    pen = Dummy(profile=model)
    pen.set(align=align.value, bold=bold, custom_size=True, width=size, height=size)
    return _taken(pen)


# -- text --------------------------------------------------------------------------------------------------------


def plain(text: str, model: Model = STANDARD) -> str:
    """`text` as the printer can show it: no control characters; the plain letter, or `?`, for what no page has."""
    if text.isascii() and text.isprintable():
        return text
    shown = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in ("Zs", "Zl", "Zp") or char in "\t\r\n":
            shown.append(" ")
        elif category[0] != "C":
            shown.append(char if _printable(char, model) else _letter(char))
    return "".join(shown)


def _printable(char: str, model: Model) -> bool:
    for codec, _ in model.code_pages:
        try:
            char.encode(codec)
        except UnicodeEncodeError:
            continue
        return True
    return False


def _letter(char: str) -> str:
    base = "".join(part for part in unicodedata.normalize("NFKD", char) if part.isascii() and part.isprintable())
    return base or "?"


def _said(pen: Dummy, line: str) -> bytes:
    """A line in the code page that is chosen already, or else in those that the library finds for its characters."""
    page = pen.magic.encoding
    try:
        if page is not None:
            return f"{line}\n".encode(page)
    except UnicodeEncodeError:
        pass
    pen.textln(line)
    return _taken(pen)


def _wrapped(text: str, width: int) -> list[str]:
    if len(text) <= width:
        return [text.rstrip()]
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]


def _columns(block: Columns, model: Model) -> list[str]:
    left, right, columns = plain(block.left, model), plain(block.right, model), model.columns
    gap = columns - len(left) - len(right)
    if gap >= 1:
        return [left + " " * gap + right]
    return _wrapped(left, columns) + [line.rjust(columns) for line in _wrapped(right, columns)]


# -- dots --------------------------------------------------------------------------------------------------------


def _module(block: Qr, model: Model) -> int:
    """The dot size at which the code and its quiet zone fit the paper, at most what was asked for."""
    if not block.data.isprintable():
        raise SlipError("QR: holds control characters")
    try:
        modules = _modules(len(block.data.encode()))
    except ValueError as error:
        raise SlipError(f"QR: {len(block.data)} characters are more than a code can hold") from error
    return min(max(block.module, 1), 16, model.width_dots // modules)


@lru_cache(maxsize=256)
def _modules(size: int) -> int:
    """The side of a code of so many bytes, with its quiet zone. Any mask will do, and any bytes."""
    code = segno.make_qr(b"a" * size, error="m", mode="byte", boost_error=False, mask=0)
    return int(code.symbol_size(border=QUIET_MODULES)[0])


def _picture(block: Picture, model: Model) -> Iterator[bytes]:
    image = block.image
    if image.width > model.width_dots or not image.width or not image.height:
        size = f"{image.width}x{image.height}"
        raise SlipError(f"picture {size}: expected 1..{model.width_dots} dots wide, at least 1 high")
    yield from raster.commands(image, model.width_dots)


__all__ = ["COLUMNS", "WIDTH_DOTS", "Align", "SlipError", "encode", "plain"]
