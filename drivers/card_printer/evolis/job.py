"""The bytes of one print job: front side, YMCKO, on the card that is already inside."""

from PIL.Image import Image

from drivers.card_printer.evolis.options import Options
from drivers.card_printer.evolis.protocol import frame
from drivers.card_printer.evolis.raster import MONO_BYTES, separate


def preparation(options: Options) -> list[bytes]:
    """What is set before the sequence: resolution, ribbon (`t` stays as the maker sends it), host error management
    (nothing is resumed by the printer itself), where the card stays at the end, and the ribbon motor sync."""
    commands = ("Pem;2", "Pwres;300;300;0", f"Pr;{options.ribbon};t", f"Pcem;{options.hold_tray}", "Mr;s")
    return [frame(command) for command in commands]


def sequence(face: Image, options: Options) -> list[bytes]:
    """`Ss`, front side, the panels in the order y, m, c, k, o, and `Se`, which prints. One framed command each.

    DeviceError INVALID_DATA for artwork of another size."""
    panels = separate(face)
    commands = [
        frame("Ss"),
        frame("Sr"),
        frame("Db;y;256;", panels.yellow),
        frame("Db;m;256;", panels.magenta),
        frame("Db;c;256;", panels.cyan),
        frame("Db;k;2;", panels.black),
    ]
    if options.varnish:
        commands.append(frame("Db;o;2;", b"\xff" * MONO_BYTES))
    commands.append(frame("Se"))
    return commands


def render_job(face: Image, options: Options | None = None) -> bytes:
    """All the bytes the driver sends to print `face` (1016x648 RGB), in order: about 2.14 MB.

    On TCP each framed command goes over a connection of its own; the bytes are the same.
    DeviceError INVALID_DATA for artwork of another size or mode.
    """
    chosen = options or Options()
    return b"".join([*preparation(chosen), *sequence(face, chosen)])
