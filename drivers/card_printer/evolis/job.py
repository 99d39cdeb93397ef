"""The bytes of one print job, on the card that is already inside: front, or front and back."""

from collections.abc import Iterator
from functools import partial

from PIL.Image import Image

from drivers.card_printer.evolis.colour import usable
from drivers.card_printer.evolis.options import Options
from drivers.card_printer.evolis.panels import compressed, packed
from drivers.card_printer.evolis.protocol import frame
from drivers.card_printer.evolis.raster import black_panel, checked, colour_panels, varnish_panel
from drivers.contract.card_printer import FACE_SIZE
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause

_CODES = {"ymcko": "0", "half-ymcko": "0", "k": "100"}
LINES, DOTS = FACE_SIZE
HALF = LINES // 2


def preparation(options: Options) -> list[bytes]:
    """What is set before the sequence: resolution, ribbon (`t` stays as the maker sends it), host error management
    (nothing is resumed by the printer itself), where the card stays at the end, and the ribbon motor sync."""
    code = options.ribbon_code or _CODES.get(options.ribbon, options.ribbon)
    ribbon = f"Pr;{code};t" if code.isdigit() else f"Pr;{code}"
    keep = ("Pneab;E",) if options.no_eject else ()
    settings = ("Pem;2", "Pwres;300;300;0", ribbon, f"Pcem;{options.hold_tray}", *keep, "Mr;s")
    return [frame(command) for command in settings]


def sequence(options: Options, front: Image, back: Image | None = None) -> Iterator[bytes]:
    """`Ss`, `Sr` and the panels of the front in the order y, m, c, k, o; `Sv` and those of the back; `Se`, which
    prints. One framed command at a time: a panel is made when the one before it has gone.

    DeviceError INVALID_DATA, before the first, for artwork of another size or that the ribbon cannot show,
    or an ICC profile of no use."""
    for face in (front, back):
        if face is not None:
            _fits(checked(face), options)
    if options.colour_profile is not None:
        usable(options.colour_profile)
    return _sequence(options, front, back)


def _sequence(options: Options, front: Image, back: Image | None) -> Iterator[bytes]:
    yield frame("Ss")
    yield frame("Sr")
    yield from _side(front, options, colour=options.ribbon not in ("k", "ko"), over=options.ribbon != "k")
    if back is not None:
        yield frame("Sv")
        whole = options.ribbon in ("ymcko", "half-ymcko")
        plain = options.model_copy(update={"varnish": "none" if options.varnish == "none" else "full"})
        yield from _side(back, plain, colour=whole, over=whole or options.ribbon == "ko")
    yield frame("Se")


def _side(face: Image, options: Options, *, colour: bool, over: bool) -> Iterator[bytes]:
    """The panels of one side; `over`: the ribbon has varnish for it."""
    if colour:
        yield from map(partial(_panel, options), colour_panels(face, options))  # keeps no panel longer than needed
    else:
        yield _mono("k", black_panel(face, options), options)
    if over and options.varnish != "none":
        yield _mono("o", varnish_panel(options.varnish), options)


def _panel(options: Options, panel: tuple[str, bytes]) -> bytes:
    name, dots = panel
    if name == "k":
        return _mono(name, dots, options)
    return frame(f"Db;{name};{1 << options.colour_bits};", packed(dots, options.colour_bits))


def _mono(name: str, bits: bytes, options: Options) -> bytes:
    if options.compressed:
        return frame(f"Dbc;{name};2;", compressed(bits) + b";")
    return frame(f"Db;{name};2;", bits)


def _fits(face: Image, options: Options) -> None:
    """On a half-panel ribbon colour may stand only where the half panel lies; black and varnish are whole."""
    if options.ribbon != "half-ymcko":
        return
    plain = {(255, 255, 255)} if options.black == "none" else {(0, 0, 0), (255, 255, 255)}
    begins, ends = options.half_begins, options.half_begins + HALF
    for box in ((0, 0, begins, DOTS), (ends, 0, LINES, DOTS)):
        outside = face.crop(box)
        colours = outside.getcolors(maxcolors=2) if outside.width else []
        if colours is None or any(colour not in plain for _, colour in colours):
            raise DeviceError(
                DeviceCause.RIBBON_WRONG,
                f"card artwork has colour outside columns {begins} to {ends - 1}, where the half-panel ribbon has none",
                completion=Completion.INVALID_DATA,
            )


def render_job(front: Image, options: Options | None = None, back: Image | None = None) -> bytes:
    """All the bytes the driver sends to print `front` (and `back`), 1016x648 RGB, in order: about 2.14 MB a side.

    On TCP each framed command goes over a connection of its own; the bytes are the same.
    DeviceError INVALID_DATA for artwork of another size or mode.
    """
    chosen = options or Options()
    return b"".join([*preparation(chosen), *sequence(chosen, front, back)])
