"""Blocks to bytes, by python-escpos, and what that library leaves to its caller.

Profile TM-T20II: 576 dots, font A of 12x24 dots, 48 columns, native QR codes (reference: printers 2.1). Only three code
pages are used, which practically every ESC/POS printer has: CP437, CP858 and Windows-1252.
"""

import os
import shutil
import textwrap
import unicodedata
from collections.abc import Iterator

import segno
from escpos import capabilities
from escpos.constants import QR_ECLEVEL_M
from escpos.magicencode import Encoder
from escpos.printer import Dummy
from PIL import Image, ImageOps

from drivers.contract.errors import DeviceError
from drivers.contract.thermal_printer import Align, Block, Columns, Feed, Picture, Qr, Rule, Text
from drivers.contract.words import Completion, DeviceCause
from drivers.thermal_printer.escpos.status import ASB_ON

if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:
    # python-escpos 3.1 keeps a cache in a fresh directory under /tmp at each import and never removes it.
    shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)

WIDTH_DOTS = 576
COLUMNS = 48
FRAGMENT_ROWS = 128
"""Pictures go in slices: some printers print long ones as text (python-escpos issue 631)."""
QUIET_MODULES = 4
"""White that a QR code needs on each side, ISO/IEC 18004 section 9.1."""

CODE_PAGES = {"CP437": "0", "CP1252": "16", "CP858": "19"}
"""By the number that ESC t takes, in the TM-T20II's table."""

INITIALISE = b"\x1b@"
PLAIN_ASCII = b"\x1bR\x00"
"""International characters: U.S.A.; a printer set up for another country prints a yen sign for a backslash."""
NO_KANJI = b"\x1c."
"""Printers sold in Asia may start in a two-byte mode, in which any accented letter swallows the next one."""


class SlipError(DeviceError):
    """The blocks themselves cannot be printed, by any printer of this kind. Nothing was sent."""

    def __init__(self, detail: str) -> None:
        super().__init__(DeviceCause.PROTOCOL, detail, completion=Completion.INVALID_DATA)


def encode(blocks: tuple[Block, ...], *, cut_first: bool = False) -> list[bytes]:
    """The slip as a list of whole commands or lines, between which other commands may be sent.

    `cut_first` cuts off what an earlier, broken slip left in the printer. SlipError for a picture or QR too large.
    """
    pen = Dummy(profile="TM-T20II", magic_encode_args={"encoder": Encoder(CODE_PAGES)})
    pieces = [INITIALISE + ASB_ON + NO_KANJI + PLAIN_ASCII]
    if cut_first:
        pen.cut(feed=False)
        pieces.append(_taken(pen))
    for block in blocks:
        pieces.extend(_block(pen, block))
    pen.print_and_feed(1)
    pen.cut(feed=False)  # GS V 66 0: feeds the end of the slip to the cutter by itself
    pieces.append(_taken(pen))
    return pieces


def _taken(pen: Dummy) -> bytes:
    output: bytes = pen.output
    pen.clear()
    return output


def _block(pen: Dummy, block: Block) -> Iterator[bytes]:
    match block:
        case Text():
            size = min(max(block.size, 1), 8)
            pen.set(align=block.align.value, bold=block.bold, custom_size=True, width=size, height=size)
            for line in _wrapped(block.text, COLUMNS // size):
                pen.textln(line)
        case Columns():
            pen.set(align="left", bold=block.bold, custom_size=True, width=1, height=1)
            for line in _columns(block):
                pen.textln(line)
        case Rule():
            pen.set(align="left", bold=False, custom_size=True, width=1, height=1)
            pen.textln("─" * COLUMNS)
        case Qr():
            module = _module(block)
            pen.set(align="center", custom_size=True, width=1, height=1)
            pen.print_and_feed(1)
            pen.qr(block.data, ec=QR_ECLEVEL_M, size=module, native=True)
            pen.print_and_feed(1)
        case Picture():
            pen.set(align="left")
            for part in _slices(block.image):
                pen.image(part, impl="bitImageRaster", fragment_height=FRAGMENT_ROWS)
                yield _taken(pen)
            return
        case Feed():
            pen.print_and_feed(min(max(block.lines, 0), 255))
    yield _taken(pen)


# -- text --------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """`text` as the printer can show it: no control characters; the plain letter, or `?`, for what no page has."""
    shown = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in ("Zs", "Zl", "Zp") or char in "\t\r\n":
            shown.append(" ")
        elif category[0] != "C":
            shown.append(char if _printable(char) else _letter(char))
    return "".join(shown)


def _printable(char: str) -> bool:
    for codec in CODE_PAGES:
        try:
            char.encode(codec)
        except UnicodeEncodeError:
            continue
        return True
    return False


def _letter(char: str) -> str:
    base = "".join(part for part in unicodedata.normalize("NFKD", char) if part.isascii() and part.isprintable())
    return base or "?"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(plain(text), width, break_on_hyphens=False) or [""]


def _columns(block: Columns) -> list[str]:
    left, right = plain(block.left), plain(block.right)
    gap = COLUMNS - len(left) - len(right)
    if gap >= 1:
        return [left + " " * gap + right]
    return _wrapped(left, COLUMNS) + [line.rjust(COLUMNS) for line in _wrapped(right, COLUMNS)]


# -- dots --------------------------------------------------------------------------------------------------------


def _module(block: Qr) -> int:
    """The dot size at which the code and its quiet zone fit the paper, at most what was asked for."""
    if not block.data.isprintable():
        raise SlipError("QR: holds control characters")
    try:
        code = segno.make_qr(block.data, error="m", mode="byte", boost_error=False)
    except ValueError as error:
        raise SlipError(f"QR: {len(block.data)} characters are more than a code can hold") from error
    modules = int(code.symbol_size(border=QUIET_MODULES)[0])
    return min(max(block.module, 1), 16, WIDTH_DOTS // modules)


def _slices(image: Image.Image) -> Iterator[Image.Image]:
    """Black and white slices, the picture centred, at most FRAGMENT_ROWS high and free of real-time commands."""
    if image.width > WIDTH_DOTS or not image.width or not image.height:
        raise SlipError(f"picture {image.width}x{image.height}: expected 1..{WIDTH_DOTS} dots wide, at least 1 high")
    flat = Image.new("RGBA", image.size, "white")
    flat.alpha_composite(image.convert("RGBA"))
    ink = flat.convert("L").point(lambda grey: 255 if grey < 128 else 0)
    left = (WIDTH_DOTS - image.width) // 2
    row = Image.new("L", ((left + image.width + 7) // 8 * 8, image.height), 0)
    row.paste(ink, (left, 0))
    bits = row.convert("1", dither=Image.Dither.NONE)
    for top in range(0, image.height, FRAGMENT_ROWS):
        part = bits.crop((0, top, bits.width, min(top + FRAGMENT_ROWS, image.height)))
        safe = Image.frombytes("1", part.size, _without_realtime(part.tobytes()))
        yield ImageOps.invert(safe.convert("L"))


def _without_realtime(raster: bytes) -> bytes:
    """A printer obeys DLE EOT, DLE ENQ and DLE DC4 even in the middle of a picture; one lost dot prevents that."""
    for second in (b"\x04", b"\x05", b"\x14"):
        raster = raster.replace(b"\x10" + second, b"\x00" + second)
    return raster


__all__ = ["COLUMNS", "WIDTH_DOTS", "Align", "SlipError", "encode", "plain"]
